"""An OTLP/HTTP receiver: what a product's exporter is pointed at for a run.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. It answers every request itself and raises nothing into the run:
what it cannot read it refuses with a sentence, which exporters write into their log.
"""

from __future__ import annotations

import errno
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any

from flowprobe.core.telemetry import Telemetry
from flowprobe.errors import EnvironmentBroken
from flowprobe.telemetry.otlp import JSON, LIMIT, PROTOBUF, TooLarge, logs, traces

__all__ = ["Receiver"]

_AT_ONCE = 4
"""So many requests are read at once: each may be large."""
_CONNECTIONS = 256
_PATIENCE_S = 30.0
_LINE = 1_000


class Receiver:
    """Listens from `start` until `close`. `take` is given what arrived, from more than one thread, and does not
    raise."""

    def __init__(self, address: tuple[str, int], take: Callable[[Iterable[Telemetry]], None]) -> None:
        self._address, self._take = address, take
        self._server: _Server | None = None

    def start(self) -> None:
        """Raises EnvironmentBroken where nobody can listen there."""
        host, port = self._address
        try:
            self._server = _Server(self._address, self._take)
        except (OSError, OverflowError) as error:
            why = "something else listens there already" if getattr(error, "errno", 0) == errno.EADDRINUSE else (
                getattr(error, "strerror", None) or str(error))
            raise EnvironmentBroken(f"cannot listen for what the product says of itself on {host}:{port}: {why}; give "
                                    "`telemetry: {otlp: …}` another port, and the product's exporter too") from error
        self._address = (host, self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="telemetry",
                         daemon=True).start()

    @property
    def url(self) -> str:
        """What an exporter is given as its endpoint; it appends /v1/traces itself."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def close(self) -> None:
        """Closing twice is harmless."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], take: Callable[[Iterable[Telemetry]], None]) -> None:
        self.take = take
        self.reading = threading.BoundedSemaphore(_AT_ONCE)
        self._room = threading.BoundedSemaphore(_CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Request)

    def server_bind(self) -> None:
        """Without the name of the host, which may take seconds to be looked up."""
        socketserver.TCPServer.server_bind(self)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Whether there is room for one more connection."""
        return self._room.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away: nothing to say, and nobody to say it to."""


class _Unread(Exception):
    """A request whose body was not read to its end: its connection cannot go on."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_S
    server: _Server

    def do_POST(self) -> None:
        media = self.headers.get("content-type", "")
        try:
            with self.server.reading:
                status, sentence = self._taken(self._body(), media)
        except _Unread as error:
            self.close_connection = True
            status, sentence = error.status, str(error)
        self._answer(status, sentence, media.partition(";")[0].strip().lower())

    def _taken(self, body: bytes, media: str) -> tuple[int, str]:
        """What became of a request: a status, and why it was refused."""
        encoding = self.headers.get("content-encoding", "")
        try:
            match self.path.partition("?")[0]:
                case "/v1/traces":
                    self.server.take(traces(body, media, encoding=encoding))
                case "/v1/logs":
                    self.server.take(logs(body, media, encoding=encoding))
                case "/v1/metrics":  # an exporter that sends all three is not to fail for these
                    pass
                case _:
                    return 404, "expected /v1/traces or /v1/logs"
        except TooLarge as error:
            return 413, str(error)
        except ValueError as error:
            return 400, str(error)
        return 200, ""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return _chunked(self.rfile)
        length = self.headers.get("content-length", "")
        if not length.isascii() or not length.isdigit():
            raise _Unread(411, "expected Content-Length")
        if len(length) > len(str(LIMIT)) or int(length) > LIMIT:
            raise _Unread(413, f"a request has at most {LIMIT} bytes")
        return _exactly(self.rfile, int(length))

    def _answer(self, status: int, sentence: str, media: str) -> None:
        """In the encoding of the request, as OTLP wants it."""
        self.send_response_only(status)
        body = _json_said(sentence) if media == JSON else _said(sentence)
        self.send_header("Content-Type", JSON if media == JSON else PROTOBUF)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the terminal is the run's."""


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise _Unread(400, "the content ends before its length")
    return found


def _chunked(stream: BufferedIOBase) -> bytes:
    """https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding, without what trailers say."""
    parts: list[bytes] = []
    left = LIMIT
    while size := _chunk_size(stream):
        left -= size
        if left < 0:
            raise _Unread(413, f"a request has at most {LIMIT} bytes")
        parts.append(_exactly(stream, size))
        if stream.readline(_LINE).strip():
            raise _Unread(400, "a chunk does not end where it says")
    while stream.readline(_LINE).strip():
        pass
    return b"".join(parts)


def _chunk_size(stream: BufferedIOBase) -> int:
    digits = stream.readline(_LINE).partition(b";")[0].strip()
    try:
        size = int(digits, 16)
    except ValueError:
        size = -1
    if size < 0 or len(digits) > 8:
        raise _Unread(400, "a chunk has no size")
    return size


def _json_said(sentence: str) -> bytes:
    return json.dumps({"message": sentence} if sentence else {}).encode()


def _said(sentence: str) -> bytes:
    """google.rpc.Status as protobuf, of which the second field is the message; nothing where nothing is said."""
    text = sentence.encode()[:120]
    return b"\x12" + bytes([len(text)]) + text if text else b""

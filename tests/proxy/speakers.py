"""Callers that show every frame: HTTP/2 through a forward edge, and WebSockets, with a server that echoes them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events
import wsproto
import wsproto.events as ws

MAIL = "api.mail.example"
_WAIT_S = 10.0


def tunnel(proxy: str, host: str = MAIL) -> socket.socket:
    """A connection to a host through a proxy, before anything is said on it."""
    parts = urlsplit(proxy)
    sock = socket.create_connection((parts.hostname, parts.port), timeout=_WAIT_S)
    sock.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    assert b" 200 " in head
    return sock


def secured(sock: socket.socket, ca: str, *, alpn: str, host: str = MAIL) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols([alpn])
    return context.wrap_socket(sock, server_hostname=host)


@dataclass
class Stream:
    status: int = 0
    body: bytes = b""
    ended: bool = False
    reset: int | None = None


@dataclass
class Http2Caller:
    """One HTTP/2 connection, and what came of each of its streams."""

    sock: ssl.SSLSocket
    streams: dict[int, Stream] = field(default_factory=dict)
    goaway: tuple[int, int] | None = None
    _open: bool = True

    def __post_init__(self) -> None:
        assert self.sock.selected_alpn_protocol() == "h2"
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.connection.initiate_connection()
        self._send()

    def _send(self) -> None:
        self.sock.sendall(self.connection.data_to_send())

    def ask(self, path: str = "/v1/charges", headers: dict[str, str] | None = None) -> int:
        stream = self.connection.get_next_available_stream_id()
        names = {":method": "GET", ":scheme": "https", ":authority": MAIL, ":path": path, **(headers or {})}
        self.connection.send_headers(stream, list(names.items()), end_stream=True)
        self.streams[stream] = Stream()
        self._send()
        return stream

    def ask_all_the_same(self, path: str) -> int:
        """Begin a stream after a GOAWAY, which the library does not let anybody do."""
        stream = max(self.streams) + 2
        names = {":method": "GET", ":scheme": "https", ":authority": MAIL, ":path": path}
        block = self.connection.encoder.encode(list(names.items()))
        self.sock.sendall(len(block).to_bytes(3) + b"\x01\x05" + stream.to_bytes(4) + block)
        return stream

    def step(self) -> bool:
        """Take what is there; False at the end of the connection."""
        data = self.sock.recv(65536)
        for event in self.connection.receive_data(data) if data else ():
            self._take(event)
        if self.goaway is None:
            self._send()
        return bool(data)

    def _take(self, event: object) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=stream, headers=headers):
                self.streams[stream].status = int(dict(headers)[":status"])
            case h2.events.DataReceived(stream_id=stream, data=data):
                self.streams[stream].body += data
                self.connection.acknowledge_received_data(len(data), stream)
            case h2.events.StreamEnded(stream_id=stream):
                self.streams[stream].ended = True
            case h2.events.StreamReset(stream_id=stream, error_code=code):
                self.streams[stream].reset = int(code)
            case h2.events.ConnectionTerminated(error_code=code, last_stream_id=last):
                self.goaway = (int(code), int(last))

    def wait(self, *streams: int) -> list[Stream]:
        """Until these streams are at their end, one way or the other."""
        wanted = [self.streams[stream] for stream in streams]
        while not all(stream.ended or stream.reset is not None for stream in wanted):
            assert self.step(), "the connection ended"
        return wanted

    def close(self) -> None:
        self.sock.close()


@contextmanager
def http2(proxy: str, ca: str) -> Iterator[Http2Caller]:
    caller = Http2Caller(secured(tunnel(proxy), ca, alpn="h2"))
    try:
        yield caller
    finally:
        caller.close()


# --- WebSockets -----------------------------------------------------------------------------------


@dataclass
class Socket:
    """One side of a WebSocket."""

    sock: socket.socket
    connection: wsproto.WSConnection
    inbox: list[ws.Event] = field(default_factory=list)

    def send(self, event: ws.Event) -> None:
        self.sock.sendall(self.connection.send(event))

    def say(self, text: str) -> None:
        self.send(ws.TextMessage(text))

    def next(self) -> ws.Event | None:
        """The next event; None at the end of the connection."""
        while not self.inbox:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.connection.receive_data(data)
            self.inbox += self.connection.events()
        return self.inbox.pop(0)


@contextmanager
def websocket(url: str, path: str, headers: dict[str, str]) -> Iterator[Socket]:
    """A WebSocket to a base URL; what answered the upgrade is its first event."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=_WAIT_S) as sock:
        side = Socket(sock, wsproto.WSConnection(wsproto.ConnectionType.CLIENT))
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        side.send(ws.Request(host=parts.netloc, target=path, extra_headers=extra))
        yield side


@contextmanager
def serve_echo() -> Iterator[str]:
    """A server that accepts every WebSocket and sends back each of its messages."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo, args=(sock,), daemon=True).start()


def _echo(sock: socket.socket) -> None:
    side = Socket(sock, wsproto.WSConnection(wsproto.ConnectionType.SERVER))
    with sock:
        try:
            while event := side.next():
                match event:
                    case ws.Request():
                        side.send(ws.AcceptConnection())
                    case ws.TextMessage(data=text):
                        side.say(text)
                    case ws.CloseConnection():
                        side.send(event.response())
                        return
        except (OSError, wsproto.utilities.LocalProtocolError):
            pass

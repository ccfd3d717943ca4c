"""Makes its calls with a bare socket, and says what was on the wire: `error` is how the connection ended."""

from __future__ import annotations

import select
import socket
import time
from urllib.parse import urlsplit

from lines import Call, Seen, answer

_AFTER_S = 0.1
"""So long it waits for the end of a connection whose answer is whole."""


def make(call: Call, seen: Seen) -> None:
    url = urlsplit(call["url"])
    try:
        with socket.create_connection((url.hostname, url.port), timeout=call["patience_s"]) as connection:
            connection.sendall(_request(call, url.netloc, url.path or "/"))
            _receive(connection, call["patience_s"], seen)
    except ConnectionRefusedError:
        seen.error = "refused"


def _request(call: Call, host: str, target: str) -> bytes:
    body = call["body"].encode()
    lines = [f"{call['method']} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}",
             *(f"{name}: {value}" for name, value in call["headers"].items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _receive(connection: socket.socket, patience_s: float, seen: Seen) -> None:
    received, deadline = b"", time.monotonic() + patience_s
    while not seen.error:
        left = min(deadline - time.monotonic(), _AFTER_S if _whole(received) else patience_s)
        if left <= 0 or not select.select([connection], [], [], left)[0]:
            seen.error = "" if _whole(received) else "silence"
            break
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            seen.error = "RST"
        else:
            received += piece
            seen.error = "" if piece else "FIN"
    _split(received, seen)


def _split(received: bytes, seen: Seen) -> None:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return
    first, *lines = head.decode("latin-1").split("\r\n")
    seen.head(int(first.split()[1]), dict(line.split(": ", 1) for line in lines))
    seen.body(body)


def _whole(received: bytes) -> bool:
    """Whether the answer is all there, as far as its Content-Length or its last chunk says so."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    fields = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
    if "chunked" in fields.get("transfer-encoding", ""):
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(fields.get("content-length", 1 << 62))


if __name__ == "__main__":
    answer(make)

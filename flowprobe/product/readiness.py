"""Ask once whether a product is ready, within a deadline that also ends a reply that drips."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Probe", "probe_of"]

_LINE = 1_000
_DRAIN = 65_536
_COURTESY_S = 0.2
"""How long the rest of an answer is taken: a product that keeps the connection open does not keep us."""


@dataclass(frozen=True, slots=True)
class Probe:
    """`METHOD target` on host:port; `ask` sends it."""

    method: str
    host: str
    port: int
    target: str
    tls: bool
    ca: Path | None = None
    verify: bool = True

    def ask(self, until: float) -> int | None:
        """The status of the reply, or None without one before `until` (seconds of the monotonic clock)."""
        try:
            with socket.create_connection((self.host, self.port), timeout=_left(until)) as plain:
                if not self.tls:
                    return self._ask_on(plain, until)
                with self._context().wrap_socket(plain, server_hostname=self.host) as wrapped:
                    return self._ask_on(wrapped, until)
        except (OSError, ValueError):
            return None

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # since 3.13; our calls are not that strict on any version
        if self.ca is not None:
            context.load_verify_locations(cafile=self.ca)
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _ask_on(self, sock: socket.socket, until: float) -> int:
        host = f"[{self.host}]" if ":" in self.host else self.host
        sock.sendall(
            f"{self.method} {self.target} HTTP/1.1\r\nHost: {host}:{self.port}\r\nAccept: */*\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        status = int(_first_line(sock, until).split(b" ")[1])
        _drain(sock, min(until, time.monotonic() + _COURTESY_S))
        return status


def probe_of(method: str, url: str) -> Probe:
    """The probe for an absolute http(s) URL; raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is not an absolute http:// or https:// URL")
    tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Probe(method.upper(), parts.hostname, parts.port or (443 if tls else 80), target, tls)


def _first_line(sock: socket.socket, until: float) -> bytes:
    data = b""
    while b"\n" not in data and len(data) < _LINE:
        sock.settimeout(_left(until))
        more = sock.recv(_LINE)
        if not more:
            break
        data += more
    line = data.split(b"\n")[0]
    if not line.startswith(b"HTTP/1.") or line.count(b" ") < 1:
        raise ValueError("not HTTP")
    return line


def _drain(sock: socket.socket, until: float) -> None:
    """Take the rest, or the product logs a broken connection for each question."""
    taken = 0
    try:
        while taken < _DRAIN:
            sock.settimeout(_left(until))
            more = sock.recv(_DRAIN)
            if not more:
                return
            taken += len(more)
    except OSError:
        return


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left

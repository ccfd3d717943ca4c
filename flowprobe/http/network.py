"""The network backend of httpcore in which every wait ends at the total deadline of the call.

httpcore's own time-outs bound one read each, so a product that drips one byte a second holds a call for ever
(https://github.com/encode/httpx/issues/1450). Here each connect, handshake, read and write gets what is left
of the budget. Which call that is, a thread-local says: in synchronous httpcore the whole call runs in the
thread that made it, and a pooled connection outlives the calls that it serves.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import httpcore

from flowprobe.core.wire import NoReplyReason
from flowprobe.http.dial import dial
from flowprobe.http.flight import Ended, Flight

__all__ = ["Current", "DeadlineBackend", "DeadlineStream"]

_SocketOption: TypeAlias = (
    "tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]"
)


_REFUSAL_S = 0.2
"""How long an alert may take to come that is on its way already."""


class Current(threading.local):
    """The call that this thread is making: one for a driver."""

    flight: Flight


class DeadlineBackend(httpcore.NetworkBackend):
    """Connections for one persona. `trust` makes the TLS context when the first handshake needs it."""

    def __init__(self, *, trust: Callable[[], ssl.SSLContext], proxied: bool, current: Current) -> None:
        self.current = current
        self._trust = trust
        self._unreachable: NoReplyReason = "proxy" if proxied else "connect"
        self._who = "our own proxy" if proxied else "the target"

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the flight knows better
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[_SocketOption] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        flight = self.current.flight
        if flight.wrote:  # httpcore's pool would send the call again, which hides what the product did
            raise Ended("closed", "The product ended the connection (GOAWAY) and had not taken the call.")
        flight.connections += 1
        try:
            sock = dial(host, port, flight)
        except OSError as exc:
            if isinstance(exc, TimeoutError) and flight.clock() >= flight.deadline:
                raise flight.expired() from exc
            raise Ended(self._unreachable, self._sentence(host, port, exc, flight)) from exc
        return DeadlineStream(sock, self.current, self._trust)

    def _sentence(self, host: str, port: int, exc: OSError, flight: Flight) -> str:
        if isinstance(exc, socket.gaierror):
            return f"The name {host} of {self._who} could not be resolved."
        if isinstance(exc, TimeoutError):
            return f"No connection to {self._who} ({host}:{port}) within {flight.limits.connect:g} s."
        why = os.strerror(exc.errno).lower() if exc.errno else "no address"
        return f"No connection to {self._who} ({host}:{port}): {why}."


class DeadlineStream(httpcore.NetworkStream):
    """One connection; it lives in a pool and serves one call after the other."""

    def __init__(self, sock: socket.socket, current: Current, trust: Callable[[], ssl.SSLContext]) -> None:
        self._heard = False
        self._sock = sock
        self._current = current
        self._trust = trust
        # Not `sock.shutdown`: on a TLS socket that drops the session under the thread that reads from it.
        self._cut = partial(socket.socket.shutdown, sock, socket.SHUT_RDWR)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        flight = self._current.flight
        flight.hold(self._cut)
        room = flight.room(max_bytes)
        if flight.status is None:
            flight.doing = "waiting for the reply"
        try:
            self._sock.settimeout(flight.left())
            data = self._sock.recv(room)
        except TimeoutError as exc:
            raise flight.expired() from exc
        except OSError as exc:
            raise self._unreadable(exc) from exc
        self._heard = True
        flight.received(len(data))
        return data

    def _unreadable(self, exc: OSError) -> Exception:
        """Since TLS 1.3 a server refuses our certificate, or the lack of one, after our side of the handshake."""
        reason = exc.reason if isinstance(exc, ssl.SSLError) and exc.reason else ""
        if self._heard or "ALERT" not in reason:
            return httpcore.ReadError()
        return Ended("connect", f"The target refused the TLS connection: {_alert(reason)}.")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        flight = self._current.flight
        flight.hold(self._cut)
        flight.doing = "sending the request"
        flight.wrote = True
        try:
            while buffer:
                self._sock.settimeout(flight.left())
                if flight.sent is None:
                    flight.sent = flight.clock()
                buffer = buffer[self._sock.send(buffer):]
        except TimeoutError as exc:
            raise flight.expired() from exc
        except OSError as exc:
            raise self._refusal(flight) or httpcore.WriteError from exc  # httpcore then looks for an early reply

    def _refusal(self, flight: Flight) -> Exception | None:
        """Why TLS was refused while we wrote: over HTTP/2 nobody reads after a write that failed."""
        if self._heard or not isinstance(self._sock, ssl.SSLSocket) or self._sock.selected_alpn_protocol() != "h2":
            return None
        try:
            self._sock.settimeout(min(flight.left(), _REFUSAL_S))
            self._sock.recv(1)
        except OSError as exc:
            return self._unreadable(exc)
        return None

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002  the pool's has no roots, see `client.py`
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        flight = self._current.flight
        flight.doing = f"setting up TLS with {server_hostname}"
        stream = self._wrapped(server_hostname)
        try:
            stream._handshake(flight)
        except BaseException:
            stream.close()
            raise
        flight.restart_stamps()
        return stream

    def _wrapped(self, server_hostname: str | None) -> DeadlineStream:
        flight = self._current.flight
        flight.release(self._cut)  # wrapping takes the file descriptor away from our socket
        try:
            sock = self._trust().wrap_socket(
                self._sock, server_hostname=server_hostname, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as exc:
            self._sock.close()
            raise Ended("connect", f"TLS with {server_hostname} could not be started.") from exc
        except BaseException:
            self._sock.close()
            raise
        return DeadlineStream(sock, self._current, self._trust)

    def _handshake(self, flight: Flight) -> None:
        assert isinstance(self._sock, ssl.SSLSocket)
        flight.hold(self._cut)
        wait = min(flight.left(), flight.limits.connect)
        try:
            self._sock.settimeout(wait)
            self._sock.do_handshake()
        except TimeoutError as exc:
            flight.left()
            raise Ended("connect", f"No TLS handshake within {flight.limits.connect:g} s.") from exc
        except ssl.SSLCertVerificationError as exc:
            raise Ended("connect", f"The TLS certificate was refused: {exc.verify_message}.") from exc
        except OSError as exc:
            raise Ended("connect", "The TLS handshake failed: " + _tls_reason(exc)) from exc

    def close(self) -> None:
        flight = getattr(self._current, "flight", None)
        if flight is not None:
            flight.release(self._cut)
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return _is_readable(self._sock)
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "socket":
            return self._sock
        if info == "server_addr":
            return self._sock.getpeername()
        return self._sock.getsockname() if info == "client_addr" else None


def _alert(reason: str) -> str:
    """OpenSSL's `TLSV13_ALERT_CERTIFICATE_REQUIRED` in words, and what it asks of us."""
    words = reason.partition("ALERT_")[2].replace("_", " ").lower()
    if "certificate required" in words or "handshake failure" in words:
        return f"{words}; it may want a client certificate, and the persona shows none"
    if "certificate" in words or words in ("unknown ca", "decrypt error"):
        return f"{words}; it does not take the client certificate of the persona"
    return words


def _tls_reason(exc: OSError) -> str:
    if isinstance(exc, ssl.SSLEOFError | ConnectionError):
        return "the connection ended in the middle of it."
    if isinstance(exc, ssl.SSLError) and exc.reason and "ALERT" in exc.reason:
        return _alert(exc.reason) + "."
    if isinstance(exc, ssl.SSLError) and exc.reason:
        return exc.reason.replace("_", " ").lower() + "."
    return "the connection broke."


def _is_readable(sock: socket.socket) -> bool:
    """Whether an idle connection has something to say: it can only be its end."""
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))

"""One connection of its own, past every pool, with the time of each of its phases: name, line, TLS, first byte.

For finding out why a call failed, not for making calls: it keeps nothing, follows nothing, and shows no certificate.
"""

from __future__ import annotations

import email.utils
import errno
import os
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpcore

from flowprobe.core.phases import Phase, Phases
from flowprobe.core.wire import Call
from flowprobe.http.dial import connect, resolve
from flowprobe.http.failures import FAILURES, explain
from flowprobe.http.flight import Ended, Flight
from flowprobe.http.limits import DEFAULT_LIMITS, Limits
from flowprobe.http.network import Current, DeadlineStream
from flowprobe.http.request import build_request
from flowprobe.http.trust import EVERYDAY, Trust, trusting

__all__ = ["phase_of", "time_apart"]

_T = TypeVar("_T")
_Ended: TypeAlias = tuple[Phase | Literal[""], bool]
_PLAINLY: tuple[tuple[str, Phase], ...] = (
    ("could not be resolved", "dns"), ("while resolving", "dns"), ("No connection to the target", "tcp"),
    ("while connecting", "tcp"), ("TLS", "tls"), ("while waiting for the reply", "first byte"))
"""What our own sentences say of the phase; the first that is in one decides."""
_OURS = ("client certificate", "our own proxy", "Our own proxy")
_EXPECTED: tuple[type[Exception], ...] = (Ended, *FAILURES)
_UNLISTENED = os.strerror(errno.ECONNREFUSED).lower()


def phase_of(detail: str) -> _Ended:
    """In which phase a call ended that brought this sentence back instead of a reply, '' where it is none of them; and
    whether the host refused the connection. What our own proxy, or a certificate of ours, did is none."""
    if any(word in detail for word in _OURS):
        return "", False
    phase: Phase | Literal[""] = next((phase for words, phase in _PLAINLY if words in detail), "")
    return phase, phase == "tcp" and _UNLISTENED in detail


def time_apart(call: Call, *, tls: Trust = EVERYDAY, asks: bool = True, limits: Limits = DEFAULT_LIMITS,
               clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> Phases:
    """Connect to where `call` would go, and make it where `asks`, within its budget; without, it ends with TLS. Any
    reply will do. Raises ToolFailed where a CA file cannot be used."""
    looking = _Looking(call, tls, Flight(budget=call.budget, limits=limits, clock=clock))
    try:
        looking.open()
        if asks:
            looking.ask(wall)
    except _EXPECTED as exc:
        looking.fail(exc)
    finally:
        looking.close()
    return looking.phases()


class _Looking:
    def __init__(self, call: Call, tls: Trust, flight: Flight) -> None:
        parts = urlsplit(call.url)
        self._call, self._flight, self._tls = call, flight, tls
        flight.connections = 1
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        self._stream: httpcore.NetworkStream | None = None
        self._phase: Phase = "dns"
        self._took: dict[Phase, float] = {}
        self._failed: Phase | Literal[""] = ""
        self._refused, self._detail = False, ""
        self._status: int | None = None
        self._ahead: float | None = None

    def phases(self) -> Phases:
        took = self._took.get
        return Phases(f"{self._host}:{self._port}", took("dns"), took("tcp"), took("tls"), took("first byte"),
                      self._failed, self._refused, self._detail, self._status, self._ahead)

    def open(self) -> None:
        flight = self._flight
        until = min(flight.deadline, flight.clock() + flight.limits.connect)
        addresses = self._timed("dns", lambda: resolve(self._host, self._port, flight, until))
        where = f"{self._host}:{self._port}"
        sock = self._timed("tcp", lambda: connect(addresses, where, flight, until))
        current = Current()
        current.flight = flight
        stream: httpcore.NetworkStream = DeadlineStream(sock, current, partial(trusting, None, self._tls))
        self._stream = stream
        if self._secure:
            self._stream = self._timed("tls", lambda: stream.start_tls(None, self._host))  # type: ignore[arg-type]

    def ask(self, wall: Callable[[], float]) -> None:
        assert self._stream is not None, "it was opened"
        request = build_request(self._call).to_core([])
        connection = httpcore.HTTP11Connection(request.url.origin, self._stream)
        response = self._timed("first byte", lambda: connection.handle_request(request))
        self._status = response.status
        date = next((value for name, value in response.headers if name.lower() == b"date"), b"")
        self._ahead = _ahead(date.decode("latin-1"), wall())

    def fail(self, exc: Exception) -> None:
        """A client certificate that is asked for is as good as an answer: who we are is not what is looked at."""
        reason, self._detail = ("connect", self._told(exc)) if isinstance(exc, OSError) else explain(exc, self._flight)
        if "client certificate" not in self._detail and reason != "stopped":
            self._failed = self._phase

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _timed(self, phase: Phase, do: Callable[[], _T]) -> _T:
        self._phase = phase
        began = self._flight.clock()
        try:
            return do()
        finally:
            self._took[phase] = self._flight.clock() - began

    def _told(self, exc: OSError) -> str:
        if isinstance(exc, socket.gaierror):
            return f"The name {self._host} could not be resolved."
        self._refused = exc.errno == errno.ECONNREFUSED
        if isinstance(exc, TimeoutError):
            return f"Nothing came while {self._flight.doing}."
        return f"{os.strerror(exc.errno).capitalize()}." if exc.errno else "There was no connection."


def _ahead(date: str, now: float) -> float | None:
    """A `Date` is cut to the second: half of one is added."""
    try:
        return round(now - email.utils.parsedate_to_datetime(date).timestamp() - 0.5, 3)
    except (TypeError, ValueError):
        return None

"""The driver of a walk: it sends a `Call` and brings back a `Reply` or a `NoReply`, and never raises for what
the product does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Self

import httpcore

from flowprobe.core.wire import Call, NoReply, NoReplyReason, Reply
from flowprobe.http.body import read_body
from flowprobe.http.client import make_pool, proxy_of
from flowprobe.http.failures import FAILURES, explain
from flowprobe.http.flight import Ended, Flight
from flowprobe.http.jar import Jar
from flowprobe.http.limits import DEFAULT_LIMITS, Limits
from flowprobe.http.network import DeadlineBackend
from flowprobe.http.request import build_request
from flowprobe.http.trust import trusting

__all__ = ["Driver"]

_EXPECTED: tuple[type[Exception], ...] = (Ended, *FAILURES)


@dataclass(slots=True)
class _Session:
    """The connections and the cookies of one persona in one trial."""

    pool: httpcore.ConnectionPool
    jar: Jar


class Driver:
    """Sends calls from any number of threads; each (trial, persona) has its own client and cookie jar.

    `proxy` is the user edge, `http://user:password@host:port`; `ca` the PEM file of its certificate
    authority, trusted beside the roots of the system. `clock` gives monotonic seconds and stamps what comes
    back. Raises `ValueError` for a proxy that is not one.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._proxy = None if proxy is None else proxy_of(proxy)
        self._backend = DeadlineBackend(trust=partial(trusting, ca), proxied=proxy is not None)
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._flights: set[Flight] = set()
        self._stopped = False

    def send(self, call: Call) -> Reply | NoReply:
        """Make one call, within `call.budget` seconds for connection, TLS, request and reply together."""
        flight = Flight(budget=call.budget, limits=self._limits, clock=self._clock)
        self._enter(flight)
        try:
            return self._exchange(call, flight)
        except _EXPECTED as exc:
            reason, detail = explain(exc, flight)
            return self._no_reply(call, flight, reason, detail)
        finally:
            self._flights.discard(flight)

    def stop(self) -> None:
        """End every call in flight now, and let no other start. Safe from any thread, and to call again."""
        with self._lock:
            self._stopped = True
            flights = list(self._flights)
        for flight in flights:
            flight.abort()

    def forget(self, trial: str) -> None:
        """Close the clients of a trial that is over; its cookies are gone."""
        with self._lock:
            keys = [key for key in self._sessions if key[0] == trial]
            sessions = [self._sessions.pop(key) for key in keys]
        for session in sessions:
            session.pool.close()

    def close(self) -> None:
        """Stop, and close every connection."""
        self.stop()
        for trial in {key[0] for key in list(self._sessions)}:
            self.forget(trial)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self, flight: Flight) -> None:
        self._backend.current.flight = flight
        with self._lock:
            self._flights.add(flight)
            flight.stopped = self._stopped

    def _exchange(self, call: Call, flight: Flight) -> Reply:
        request = build_request(call)
        if flight.stopped:
            raise Ended("stopped", "We were asked to stop.")
        flight.left()
        session = self._session(call)
        cookies = session.jar.header(request.method, request.url, request.headers)
        response = session.pool.handle_request(request.to_core(cookies))
        try:
            session.jar.take(request.method, request.url, response.status, response.headers)
            return self._reply(call, flight, response)
        finally:
            response.close()

    def _reply(self, call: Call, flight: Flight, response: httpcore.Response) -> Reply:
        flight.answered(response.status)
        head_at = self._clock()
        if len(response.headers) > self._limits.headers:
            raise Ended("too-large", f"The reply has more than {self._limits.headers} headers.")
        headers = tuple(_text(name, value) for name, value in response.headers)
        coding = next((value for name, value in headers if name == "content-encoding"), "")
        assert isinstance(response.stream, Iterable), "a synchronous pool has synchronous streams"
        body, truncated = read_body(response.stream, coding, self._limits)
        version = response.extensions.get("http_version", b"HTTP/1.1")
        return Reply(
            call=call.id, status=response.status, headers=headers, body=body,
            sent=flight.started if flight.sent is None else flight.sent,
            first_byte=head_at if flight.first_byte is None else flight.first_byte,
            ended=self._clock(), truncated=truncated, http_version=version.decode("ascii", "replace"),
        )

    def _no_reply(self, call: Call, flight: Flight, reason: NoReplyReason, detail: str) -> NoReply:
        sent = flight.started if flight.sent is None else flight.sent
        return NoReply(call.id, reason, detail, sent=sent, ended=self._clock(), status=flight.status)

    def _session(self, call: Call) -> _Session:
        key = (call.trial, call.persona)
        session = self._sessions.get(key)
        if session is None:
            with self._lock:
                session = self._sessions.get(key)
                if session is None:
                    session = self._sessions[key] = _Session(self._make_pool(), Jar())
        return session

    def _make_pool(self) -> httpcore.ConnectionPool:
        return make_pool(backend=self._backend, limits=self._limits, proxy=self._proxy)


@lru_cache(maxsize=4096)
def _text(name: bytes, value: bytes) -> tuple[str, str]:
    lower = name.decode("ascii", "replace").lower()
    try:
        return lower, value.decode("utf-8")
    except UnicodeDecodeError:
        return lower, value.decode("latin-1")

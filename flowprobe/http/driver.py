"""The driver of a walk: it sends a `Call` and brings back a `Reply` or a `NoReply`, and never raises for what
the product does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Self

import httpcore

from flowprobe.core.wire import Call, NoReply, NoReplyReason, Reply
from flowprobe.http.body import read_body
from flowprobe.http.client import Pool, make_pool, proxy_of
from flowprobe.http.failures import FAILURES, explain
from flowprobe.http.flight import Ended, Flight
from flowprobe.http.jar import Jar
from flowprobe.http.limits import DEFAULT_LIMITS, Limits
from flowprobe.http.network import Current, DeadlineBackend
from flowprobe.http.redirects import REDIRECTS, Chain
from flowprobe.http.request import build_request
from flowprobe.http.trust import EVERYDAY, ClientCertificate, Trust, trusting

__all__ = ["Driver", "Permit"]

Permit = Callable[[str, str], str]
"""Takes the method and the URL of a call."""
NONE: Mapping[str, ClientCertificate] = MappingProxyType({})
_EXPECTED: tuple[type[Exception], ...] = (Ended, *FAILURES)


@dataclass(slots=True)
class _Session:
    """The connections and the cookies of one persona in one trial."""

    pool: Pool
    jar: Jar


class Driver:
    """Sends calls from any number of threads; each (trial, persona) has its own client and cookie jar.

    `proxy` is the user edge, `http://user:password@host:port`; `ca` the PEM file of its certificate
    authority, trusted beside the roots of the system. `clock` gives monotonic seconds and stamps what comes
    back. Raises `ValueError` for a proxy that is not one.

    `permit` is asked about every call, those of redirects too: '' lets it pass, anything else is the sentence why
    not. `tls` is whom to believe besides, `certificates` what each persona shows of itself: its own connections, and
    nobody else's. `http2` offers HTTP/2 where there is TLS.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca: Path | None = None,
        permit: Permit | None = None,
        tls: Trust = EVERYDAY,
        certificates: Mapping[str, ClientCertificate] = NONE,
        http2: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._proxy = None if proxy is None else proxy_of(proxy)
        self._permit = permit
        self._trust = partial(trusting, ca, tls, http2)
        self._certificates = certificates
        self._http2 = http2
        self._current = Current()
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
            return self._chain(call, flight) if call.redirects else self._exchange(call, flight)
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
        self._current.flight = flight
        with self._lock:
            self._flights.add(flight)
            flight.stopped = self._stopped

    def _chain(self, call: Call, flight: Flight) -> Reply | NoReply:
        """The call, and those that its redirects lead to."""
        chain = Chain((), set())
        try:
            while True:
                reply = self._exchange(call, flight, chain)
                location = reply.header("location") if reply.status in REDIRECTS else None
                if location is None:
                    return replace(reply, redirects=chain.urls)
                call = chain.next(call, reply.status, location)
                flight.redirected()
        except _EXPECTED as exc:
            reason, detail = explain(exc, flight)
            return replace(self._no_reply(call, flight, reason, detail), redirects=chain.urls)

    def _exchange(self, call: Call, flight: Flight, chain: Chain | None = None) -> Reply:
        request = build_request(call)
        if self._permit is not None and (why_not := self._permit(request.method, call.url)):
            raise Ended("refused", why_not)
        if flight.stopped:
            raise Ended("stopped", "We were asked to stop.")
        flight.left()
        session = self._session(call)
        cookies = session.jar.header(request.method, request.url, request.headers, call.cookies)
        if chain is not None:
            chain.meet(call, cookies)
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
            ended=self._clock(), truncated=truncated, http_version=version.decode("ascii", "replace"), url=call.url,
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
                    session = self._sessions[key] = _Session(self._make_pool(call.persona), Jar())
        return session

    def _make_pool(self, persona: str) -> Pool:
        trust = partial(self._trust, self._certificates.get(persona))
        backend = DeadlineBackend(trust=trust, proxied=self._proxy is not None, current=self._current)
        make = partial(make_pool, backend=backend, limits=self._limits, proxy=self._proxy, http2=self._http2)
        if not self._http2:
            return make()
        from flowprobe.http.http2 import Lanes

        return Lanes(make)


@lru_cache(maxsize=4096)
def _text(name: bytes, value: bytes) -> tuple[str, str]:
    lower = name.decode("ascii", "replace").lower()
    try:
        return lower, value.decode("utf-8")
    except UnicodeDecodeError:
        return lower, value.decode("latin-1")

"""The driver of a walk: it sends a `Call` and brings back a `Reply` or a `NoReply`, and never raises for what
the product does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import httpx

from flowprobe.core.wire import Call, NoReply, NoReplyReason, Reply
from flowprobe.http.body import read_body
from flowprobe.http.client import make_client, proxy_of
from flowprobe.http.failures import FAILURES, explain
from flowprobe.http.flight import Ended, Flight
from flowprobe.http.limits import DEFAULT_LIMITS, Limits
from flowprobe.http.network import DeadlineBackend
from flowprobe.http.request import build_request
from flowprobe.http.trust import trusting

__all__ = ["Driver"]

_NO_AUTH = httpx.Auth()  # headers arrive ready; without it httpx looks for credentials in the URL
_EXPECTED: tuple[type[Exception], ...] = (Ended, *FAILURES)


@dataclass(slots=True)
class _Session:
    """The client of one persona in one trial. `has_cookies` spares the jar's cost until there is a cookie."""

    client: httpx.Client
    has_cookies: bool = False


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
            session.client.close()

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
        if session.has_cookies:
            session.client.cookies.set_cookie_header(request)
        response = session.client.send(request, stream=True, auth=_NO_AUTH)
        try:
            return self._reply(call, flight, session, response)
        finally:
            response.close()

    def _reply(self, call: Call, flight: Flight, session: _Session, response: httpx.Response) -> Reply:
        flight.answered(response.status_code)
        head_at = self._clock()
        headers = tuple(_text(name, value) for name, value in response.headers.raw)
        session.has_cookies = session.has_cookies or any(name == "set-cookie" for name, _ in headers)
        coding = next((value for name, value in headers if name == "content-encoding"), "")
        assert isinstance(response.stream, httpx.SyncByteStream)
        body, truncated = read_body(response.stream, coding, self._limits)
        return Reply(
            call=call.id, status=response.status_code, headers=headers, body=body,
            sent=flight.started if flight.sent is None else flight.sent,
            first_byte=head_at if flight.first_byte is None else flight.first_byte,
            ended=self._clock(), truncated=truncated, http_version=response.http_version,
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
                    session = self._sessions[key] = _Session(self._make_client())
        return session

    def _make_client(self) -> httpx.Client:
        return make_client(backend=self._backend, limits=self._limits, proxy=self._proxy)


def _text(name: bytes, value: bytes) -> tuple[str, str]:
    lower = name.decode("ascii", "replace").lower()
    try:
        return lower, value.decode("utf-8")
    except UnicodeDecodeError:
        return lower, value.decode("latin-1")

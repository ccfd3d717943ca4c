"""One request on its way through the proxy, and the waiting that faults put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mitmproxy.http import Response

from flowprobe.core.attribution import NOBODY, Attribution
from flowprobe.core.decide import Counters, Injection
from flowprobe.core.tracing import CallId
from flowprobe.proxy.answering import Earlier

__all__ = ["Exchange", "Shown", "Waits"]


@dataclass(slots=True)
class Shown:
    """What the head of a request shows of whose it is: the call ids in its headers, its target and its values as one
    text, the customers that it may be for (digests), the user of our proxy that sent it, how its body is coded;
    in a probe also which carriers it has, and the values of all other headers."""

    carried: tuple[tuple[str, CallId], ...] = ()
    target: bytes = b""
    head: bytes = b""
    customers: frozenset[str] = frozenset()
    names_customer: bool = False
    user: str = ""
    coding: str = ""
    carriers: tuple[str, ...] = ()
    others: bytes = b""


_UNSEEN = Shown()
_NOTHING: Mapping[str, str] = {}

@dataclass(slots=True, eq=False)
class Exchange:
    """What we know of one request. `arrived` is the stamp of our first hook, `ready` that of the whole request, both
    on the monotonic clock: delays count from `ready`, or a slow upload would use them up.

    `settled` says that its trial is decided (it is open for every trial until then), `held` that a fault keeps it
    waiting, `paid` that what the proxy itself costs has come off one of its delays, `messages` counts those of a
    WebSocket, `done` that its end is in the journal. `earlier` is where its reply is kept for later, `heard` the
    reply that the caller is to have instead of the one that comes. `receipted` are the faults that have happened to
    it, `counters` those of its lease; `streams`: its reply passes in pieces. `spared` says why no fault may fall on
    it, `collision` how likely it is somebody else's all the same, `carriers` what came through of a probe.
    """

    id: str
    edge: str
    method: str
    host: str
    path: str
    client: str
    arrived: float
    ready: float = 0.0
    shown: Shown = field(default_factory=lambda: _UNSEEN)
    whose: Attribution = NOBODY
    spared: str = ""
    collision: float | None = None
    carriers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    lease: str = ""
    injections: tuple[Injection, ...] = ()
    counters: Counters | None = None
    receipted: set[str] = field(default_factory=set)
    settled: bool = False
    held: bool = False
    answered: bool = False
    streams: bool = False
    paid: bool = False
    done: bool = False
    site: str = ""
    upstream_status: int | None = None
    error: str = ""
    request_bytes: int = 0
    reply_bytes: int = 0
    key: str = ""
    body: str = ""
    retry_after_s: float | None = None
    earlier: Earlier | None = None
    heard: Response | None = None
    protocol: str = ""
    messages: int = 0

    def acted(self, status: int) -> None:
        """The provider has answered a delivery. Of several, one that it did what was asked for is not forgotten."""
        if self.upstream_status is None or not 200 <= self.upstream_status < 300:
            self.upstream_status = status


@dataclass(slots=True, eq=False)
class _Wait:
    over: asyncio.Future[str]
    lease: str
    client: str


@dataclass(slots=True)
class Waits:
    """Every exchange that we hold up now. A wait ends as `elapsed`, `gone` (the caller went away) or, with its
    lease, as `released`."""

    clock: Callable[[], float]
    _waits: set[_Wait] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._waits)

    async def until(self, deadline: float, exchange: Exchange) -> str:
        """Keep an exchange waiting, and return how that ended."""
        loop = asyncio.get_running_loop()
        wait = _Wait(loop.create_future(), exchange.lease, exchange.client)
        timer = loop.call_later(max(0.0, deadline - self.clock()), _end, wait, "elapsed")
        self._waits.add(wait)
        exchange.held = True
        try:
            return await wait.over
        finally:
            exchange.held = False
            timer.cancel()
            self._waits.discard(wait)

    def end_lease(self, lease: str) -> None:
        self._end_where(lambda wait: wait.lease == lease, "released")

    def end_client(self, client: str) -> None:
        self._end_where(lambda wait: wait.client == client, "gone")

    def _end_where(self, falls: Callable[[_Wait], bool], how: str) -> None:
        for wait in [wait for wait in self._waits if falls(wait)]:
            _end(wait, how)


def _end(wait: _Wait, how: str) -> None:
    if not wait.over.done():
        wait.over.set_result(how)

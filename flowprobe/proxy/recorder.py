"""Turns exchanges and injections into journal lines: digests and sizes, never headers or bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b

from flowprobe.core.decide import Injection
from flowprobe.core.events import Event, ExchangeEnded, HookFailed, Injected
from flowprobe.core.faults.actions import CutReply
from flowprobe.core.faults.kinds import kind_name
from flowprobe.core.faults.turns import depends_on
from flowprobe.proxy.exchange import Exchange

__all__ = ["Recorder", "digest"]


def digest(content: bytes | None) -> str:
    """A short name for bytes that we do not keep; '' for none."""
    return blake2b(content, digest_size=8).hexdigest() if content else ""


class Recorder:
    """Writes what happened, once for each exchange, and knows what is still under way."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.write: Callable[[Event], object] = lambda _: None  # until we have calibrated: that is nobody's traffic
        self._clock = clock
        self._open: dict[str, Exchange] = {}
        self._moved = asyncio.Event()
        self._count = 0

    def next_id(self) -> str:
        self._count += 1
        return f"x{self._count}"

    def began(self, exchange: Exchange) -> None:
        self._open[exchange.id] = exchange

    def settled(self, exchange: Exchange) -> None:
        """An exchange is attributed: those who wait for other trials need not wait for it any more."""
        exchange.settled = True
        self._moved.set()

    def ended(self, exchange: Exchange, status: int | None) -> None:
        """Write the end of an exchange; what comes after the first end is not told again."""
        if exchange.done:
            return
        exchange.done = True
        self._open.pop(exchange.id, None)
        _note_unused(exchange)
        self.write(self._event(exchange, status))
        self._moved.set()

    def _event(self, x: Exchange, status: int | None) -> ExchangeEnded:
        return ExchangeEnded(
            exchange=x.id, edge=x.edge, method=x.method, host=x.host, path=x.path, site=x.site,
            trial=x.whose.trial, call=x.whose.call, evidence=x.whose.evidence, started=x.arrived,
            ended=self._clock(), status=status, upstream_status=x.upstream_status, error=x.error,
            request_bytes=x.request_bytes, reply_bytes=x.reply_bytes, key=x.key, body=x.body, protocol=x.protocol,
            retry_after_s=x.retry_after_s,
            spared=x.spared, carriers=x.carriers,
        )

    def disarm(self, lease: str) -> None:
        """What was decided under this lease and has not happened yet is not going to."""
        for exchange in self._open.values():
            if exchange.lease == lease:
                exchange.injections = ()

    def client_left(self, client: str) -> None:
        """The connection is gone: what was open on it ended with it; what is held says so itself, with a receipt."""
        for exchange in [x for x in self.open_on(client) if not x.held]:
            exchange.error = exchange.error or "the caller went away"
            self.ended(exchange, None)

    def injected(
        self, x: Exchange, injection: Injection, *, asked_s: float = 0.0, slept_s: float = 0.0,
        realised_s: float = 0.0, gave_up_s: float | None = None, detail: str = "", moved: int = 0,
    ) -> None:
        """Write the receipt of one injection."""
        fault = injection.fault
        x.receipted.add(fault.id)
        self.write(Injected(
            exchange=x.id, trial=x.whose.trial or "", fault=fault.id, kind=kind_name(fault.kind), edge=x.edge,
            site=injection.site, ordinal=injection.ordinal, at=self._clock(), asked_s=asked_s, slept_s=slept_s,
            realised_s=realised_s, gave_up_s=gave_up_s, detail=detail, depends_on=depends_on(fault), moved=moved,
            evidence=x.whose.evidence, collision=x.collision,
        ))

    def failed(self, hook: str, detail: str, exchange: Exchange | None = None) -> None:
        """Write that a hook failed, and in which exchange where that is known."""
        trial = exchange.whose.trial if exchange else None
        self.write(HookFailed(hook, detail, exchange.id if exchange else "", trial))

    @property
    def under_way(self) -> int:
        return len(self._open)

    def open_on(self, client: str) -> list[Exchange]:
        return [x for x in self._open.values() if x.client == client]

    def active(self, lease: str, fault: str) -> int:
        """How many exchanges are under way on which a fault of a lease has fallen."""
        return sum(1 for x in self._open.values()
                   if x.lease == lease and any(injection.fault.id == fault for injection in x.injections))

    def open_of(self, trial: str) -> int:
        """How many exchanges are under way that are this trial's, or may turn out to be."""
        return sum(1 for x in self._open.values() if not x.settled or x.whose.trial == trial)

    async def quiet(self, trial: str, deadline: float) -> int:
        """Wait until nothing of a trial is under way; returns what still is at the deadline."""
        while (still := self.open_of(trial)) and (left := deadline - self._clock()) > 0:
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                continue
        return still


def _note_unused(exchange: Exchange) -> None:
    """What was decided for an exchange that is over, and did not happen to it."""
    if exchange.counters is None:
        return
    for injection in exchange.injections:
        if injection.fault.id not in exchange.receipted:
            exchange.counters.unused(injection, _why_unused(exchange, injection))


def _why_unused(exchange: Exchange, injection: Injection) -> str:
    cut = injection.action
    if isinstance(cut, CutReply) and cut.after and exchange.upstream_status is not None and not exchange.error:
        return "shorter"  # it came to its end, and the place of the cut was not reached
    return "reply-streams" if exchange.streams else "nothing-to-spoil"

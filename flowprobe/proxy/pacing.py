"""Slow lines: bandwidth and pieces, from the first byte of an exchange to its last.

A paced exchange ends when its last byte has gone on, which is after mitmproxy is done with it: its receipt says how
many bytes went over the line, and how fast that was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mitmproxy.connection import Client, Connection
from mitmproxy.http import HTTPFlow

from flowprobe.core.decide import Injection
from flowprobe.core.faults.actions import Dribble, Slow
from flowprobe.core.faults.rates import in_words
from flowprobe.proxy import mitm
from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.line import Beat, Line, Moved
from flowprobe.proxy.recorder import Recorder

__all__ = ["Pacing"]


@dataclass(slots=True, eq=False)
class _Way:
    """One direction of one exchange: the line, and what had gone over it before."""

    line: Line
    before: Moved

    def moved(self) -> Moved:
        return self.line.moved.since(self.before)


@dataclass(slots=True, eq=False)
class _Paced:
    """One exchange. `then` is what has to be done when its last byte has gone on."""

    exchange: Exchange
    flow: HTTPFlow
    client: str
    lease: str
    injections: tuple[Injection, ...]
    ways: dict[str, _Way] = field(default_factory=dict)
    then: Callable[[], None] | None = None
    detail: str = ""


class Pacing:
    """Every exchange whose bytes are paced now."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self.engine: mitm.Engine
        self._recorder = recorder
        self._clock = clock
        self._paced: dict[str, _Paced] = {}

    # --- what is paced ---

    def forwarding(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """The request is about to go on: pace the connection by which it will, new or not."""
        if beat := _beat(exchange.injections, "up"):
            paced = self._taken_up(exchange, flow)
            for server in mitm.servers_of(self.engine, flow.client_conn):
                self._watch(flow, server, paced, beat)

    def connected(self, client: Client, server: Connection) -> None:
        """A connection to a provider is there, maybe for one of ours."""
        for paced in [each for each in self._paced.values() if each.client == client.id and "up" not in each.ways]:
            if beat := _beat(paced.injections, "up"):
                self._watch(paced.flow, server, paced, beat)

    def _watch(self, flow: HTTPFlow, server: Connection, paced: _Paced, beat: Beat) -> None:
        """Which connection a request goes by is known when it is written, and not before."""
        line = mitm.line_of(self.engine, flow.client_conn, server)
        if line is None:
            return

        def begin() -> bool:
            if paced.exchange.id not in self._paced or "up" in paced.ways:
                return True
            if flow.server_conn is not server:
                return False
            paced.ways["up"] = _Way(line, line.pace(paced, beat))
            line.after_message(len(flow.request.raw_content or b""), lambda: line.free(paced))
            return True

        line.watchers.append(begin)

    def replying(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """The head of a reply is about to go on: pace it and what follows."""
        beat = _beat(exchange.injections, "down")
        line = mitm.line_of(self.engine, flow.client_conn, flow.client_conn) if beat else None
        if beat and line:
            if flow.response and flow.response.stream:
                beat = replace(beat, piece=0)  # it is cut where it passes: over TLS, each piece has records of its own
            paced = self._taken_up(exchange, flow)
            paced.ways["down"] = _Way(line, line.pace(paced, beat))

    def _taken_up(self, exchange: Exchange, flow: HTTPFlow) -> _Paced:
        ours = tuple(each for each in exchange.injections if isinstance(each.action, Slow | Dribble))
        fresh = _Paced(exchange, flow, flow.client_conn.id, exchange.lease, ours)
        return self._paced.setdefault(exchange.id, fresh)

    # --- how it ends ---

    def finish(self, flow: HTTPFlow, exchange: Exchange, then: Callable[[], None]) -> None:
        """mitmproxy is done with an exchange, or will be when it has written the whole reply: do `then` when the last
        byte of it has gone on."""
        paced = self._paced.get(exchange.id)
        down = paced.ways.get("down") if paced else None
        if paced is None or down is None or flow.response is None or flow.error:
            self.stop(exchange)
            then()
            return
        paced.then = then
        if flow.response.stream:
            down.line.after(0, lambda: self._conclude(paced, gave_up=down.line.dropped))
        else:
            length = len(flow.response.raw_content or b"")
            down.line.after_message(length, lambda: self._conclude(paced, gave_up=down.line.dropped))

    def stop(self, exchange: Exchange, *, gave_up: bool = False) -> None:
        """Pace an exchange no more, and write the receipts."""
        if paced := self._paced.get(exchange.id):
            self._conclude(paced, gave_up=gave_up)

    def end_lease(self, lease: str) -> None:
        """From here on these go as fast as they can."""
        for paced in [each for each in self._paced.values() if each.lease == lease]:
            paced.detail = "the lease ended"
            self._conclude(paced) if paced.then is None else self._free(paced)

    def end_client(self, client: str) -> None:
        """A caller's connection is gone: what mitmproxy has closed may still be emptying itself."""
        for paced in [each for each in self._paced.values() if each.client == client]:
            down = paced.ways.get("down")
            if down and down.line.emptying:
                paced.exchange.held = True
            else:
                self._conclude(paced, gave_up=True)

    def _conclude(self, paced: _Paced, *, gave_up: bool = False) -> None:
        if self._paced.pop(paced.exchange.id, None) is None:
            return
        exchange = paced.exchange
        gone = self._clock() - exchange.ready if gave_up else None
        for injection in paced.injections:
            self._receipt(paced, injection, gone)
        self._free(paced)
        if gave_up:
            exchange.error = exchange.error or "the caller gave up"
        if paced.then:
            paced.then()

    def _free(self, paced: _Paced) -> None:
        for way in paced.ways.values():
            way.line.free(paced)

    # --- receipts ---

    def _receipt(self, paced: _Paced, injection: Injection, gone: float | None) -> None:
        """What moved, and how; nothing where nothing moved."""
        match injection.action:
            case Slow(up, down):
                self._slow(paced, injection, gone, {"up": up, "down": down})
            case Dribble(seconds) if way := paced.ways.get("down"):
                moved = way.moved()
                if moved.gaps:
                    self._recorder.injected(
                        paced.exchange, injection, asked_s=seconds, slept_s=moved.gaps_s,
                        realised_s=moved.gaps_s / moved.gaps, gave_up_s=gone, detail=paced.detail, moved=moved.bytes,
                    )
            case _:
                pass

    def _slow(self, paced: _Paced, injection: Injection, gone: float | None, rates: dict[str, float | None]) -> None:
        ways = [(name, rate, way.moved()) for name, way in paced.ways.items() if (rate := rates[name])]
        ways = [(name, rate, moved) for name, rate, moved in ways if moved.busy_s]
        if not ways:
            return
        said = (f"{moved.bytes} bytes {name} at {in_words(moved.bytes / moved.busy_s)}" for name, _, moved in ways)
        busy = sum(moved.busy_s for *_, moved in ways)
        self._recorder.injected(
            paced.exchange, injection, asked_s=sum(moved.bytes / rate for _, rate, moved in ways), slept_s=busy,
            realised_s=busy, gave_up_s=gone, detail="; ".join([*said, *([paced.detail] if paced.detail else [])]),
            moved=sum(moved.bytes for *_, moved in ways),
        )


def _beat(injections: tuple[Injection, ...], way: str) -> Beat | None:
    """How the bytes of one direction are to go; None where nobody asks for anything."""
    combined: Beat | None = None
    for injection in injections:
        beat = _one_beat(injection.action, way)
        if beat:
            combined = combined.slower(beat) if combined else beat
    return combined


def _one_beat(action: object, way: str) -> Beat | None:
    match action:
        case Slow(up, down, part) if rate := up if way == "up" else down:
            return Beat(rate=rate, part=part or 0)
        case Dribble(seconds, piece) if way == "down":
            return Beat(gap_s=seconds, piece=piece)
        case _:
            return None

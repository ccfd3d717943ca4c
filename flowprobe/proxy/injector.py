"""Carries out what was decided for one exchange, and writes a receipt for each thing that really happened."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import assert_never

from mitmproxy.http import HTTPFlow, Response

from flowprobe.core.decide import Injection
from flowprobe.core.faults.actions import (
    Answer,
    Cut,
    CutReply,
    Dribble,
    Hold,
    Late,
    Replace,
    Rewriting,
    Shorten,
    Sleep,
    Slow,
    Withhold,
)
from flowprobe.core.faults.answers import Limited, Recall, Redirect
from flowprobe.core.faults.connecting import Forge, Shut, SlowHandshake
from flowprobe.core.faults.delivery import Deliver, Lose
from flowprobe.core.faults.messages import CutMessages, SleepMessages
from flowprobe.core.faults.spoiling import Pad, Spoiling, Spoilt
from flowprobe.core.faults.streams import Farewell, ResetStream
from flowprobe.core.faults.webhooks import Again, Drop, Later, Shuffle
from flowprobe.proxy import mitm
from flowprobe.proxy.answering import answer
from flowprobe.proxy.delivering import Delivering
from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.holding import Holding
from flowprobe.proxy.line import Line
from flowprobe.proxy.messages import Messages
from flowprobe.proxy.pacing import Pacing
from flowprobe.proxy.passing import Passing
from flowprobe.proxy.recorder import Recorder
from flowprobe.proxy.spoiling import can_have_body, padded, rewrite, spoil
from flowprobe.proxy.streams import Streams
from flowprobe.proxy.webhooks import Webhooks

__all__ = ["Injector", "can_have_body"]


class Injector:
    """The actions, in the order of their stages."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self._engine: mitm.Engine
        self.holding = Holding(recorder, clock)
        self.pacing = Pacing(recorder, clock)
        self.streams = Streams(recorder, clock)
        self.messages = Messages(recorder, self.holding.waits, clock)
        self.webhooks = Webhooks(recorder, self.holding.waits, clock)
        self._recorder = recorder
        self._clock = clock
        self._delivering = Delivering(recorder, self.holding.waits, clock)

    @property
    def engine(self) -> mitm.Engine:
        return self._engine

    @engine.setter
    def engine(self, engine: mitm.Engine) -> None:
        self._engine = self.pacing.engine = engine

    async def before_forwarding(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """What happens before the provider is asked, or in its place."""
        since = exchange.ready  # a delay counts from the deadline of the one before it: they add up
        for injection in exchange.injections:
            if not exchange.injections:
                return  # the caller or the lease went away while we waited
            match injection.action:
                case Sleep(seconds):
                    since = await self.holding.delay(exchange, injection, seconds, since=since)
                case Slow():
                    self.pacing.forwarding(flow, exchange)
                case Hold(seconds):
                    await self.holding.hold(exchange, injection, seconds)
                    self._cut(flow, exchange, reset=False)
                case Answer() | Limited() | Redirect() as action:
                    self._answer(flow, exchange, injection, answer(action, flow.request, time.time()))
                case Recall():
                    self._recall(flow, exchange, injection)
                case Deliver() as action:
                    if flow.response is None and flow.live:
                        await self._delivering.again(self.engine, flow, exchange, injection, action)
                case Cut(reset):
                    self._recorder.injected(exchange, injection)
                    self._cut(flow, exchange, reset=reset)
                case Replace() | Shorten() | CutReply() | Lose() | Dribble() | Late() | Withhold():
                    pass  # these need the reply
                case ResetStream() | Farewell():
                    self.streams.carry_out(flow, exchange, injection)
                case Later() | Shuffle() | Drop() | Again() as delivery:
                    self.webhooks.take(flow, exchange, injection, delivery)
                case SleepMessages() | CutMessages():
                    pass  # these wait for messages
                case Shut() | Forge() | SlowHandshake():
                    pass  # these fall on connections
                case action if isinstance(action, Spoiling):
                    pass
                case strange:
                    assert_never(strange)

    def _answer(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, reply: Response) -> None:
        flow.response = reply
        exchange.answered = True
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)

    def _recall(self, flow: HTTPFlow, exchange: Exchange, injection: Injection) -> None:
        """It was decided on because there is one: what is kept stays."""
        if exchange.earlier and (reply := exchange.earlier.of(flow)):
            self._answer(flow, exchange, injection, reply)

    def _cut(self, flow: HTTPFlow, exchange: Exchange, *, reset: bool) -> None:
        # Written first: the caller must not be able to see the end before it is in the journal.
        exchange.error = exchange.error or ("reset by a fault" if reset else "closed by a fault")
        self.pacing.stop(exchange)
        self._recorder.ended(exchange, None)
        if reset and not flow.request.is_http2:
            mitm.reset(self.engine, flow.client_conn)
        mitm.kill(flow)

    def disarm(self, lease: str) -> None:
        """Let go of what a lease holds, and of what it slows."""
        self.holding.waits.end_lease(lease)
        self.pacing.end_lease(lease)
        self.webhooks.release(lease)

    def client_left(self, client: str) -> None:
        self.holding.waits.end_client(client)
        self.pacing.end_client(client)
        self.streams.forget(client)

    # --- replies ---

    async def lose_reply(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """Let a reply whose head is here never arrive."""
        await self._delivering.lose(self.engine, flow, exchange)

    def pad_reply(self, flow: HTTPFlow, exchange: Exchange) -> bool:
        """Let a reply grow while it streams, where nothing else needs the whole of it; False where it cannot."""
        needing = [injection for injection in exchange.injections if isinstance(injection.action, Rewriting | Spoiling)]
        reply = flow.response
        if len(needing) != 1 or not isinstance(needing[0].action, Pad) or reply is None or not can_have_body(flow):
            return False

        def began(missing: int) -> None:
            exchange.reply_bytes += missing
            self._recorder.injected(exchange, needing[0], realised_s=self._clock() - exchange.ready,
                                    detail=f"{missing} bytes more")

        stream = padded(reply, needing[0].action, began)
        if stream is None:
            return False

        def counted(chunk: bytes) -> Iterable[bytes]:
            exchange.reply_bytes += len(chunk)
            return stream(chunk)

        reply.stream = counted
        return True

    def before_reply(self, flow: HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        """What happens when the head of a reply is here; what has to wait is returned."""
        self.pacing.replying(flow, exchange)
        passing = flow.response.stream if flow.response else False
        for injection in exchange.injections:
            if isinstance(injection.action, Dribble) and isinstance(passing, Passing):
                passing.piece = min(passing.piece or injection.action.piece, injection.action.piece)
        held = [each for each in exchange.injections if isinstance(each.action, Late | Withhold)]
        if held:
            return self._keep_back(flow, exchange, held)
        self._arm_cut(flow, exchange)
        return None

    async def _keep_back(self, flow: HTTPFlow, exchange: Exchange, held: list[Injection]) -> None:
        """Hold a reply; over HTTP/1.1, its body stays with the provider meanwhile."""
        line = None if flow.request.is_http2 else self._line(flow)
        if line:
            line.stop(True)
        try:
            await self._hold_reply(flow, exchange, held)
        finally:
            if line:
                line.stop(False)

    async def _hold_reply(self, flow: HTTPFlow, exchange: Exchange, held: list[Injection]) -> None:
        came = self._clock()
        for injection in sorted(held, key=_place_before_head):
            if not exchange.injections:
                return
            match injection.action:
                case Late(seconds, at_least):
                    since = exchange.ready if at_least else max(came, self._clock())
                    await self.holding.delay(exchange, injection, seconds, since=since, floor=at_least)
                case Withhold(seconds):
                    await self.holding.hold(exchange, injection, seconds)
                    self._cut(flow, exchange, reset=False)
        self._arm_cut(flow, exchange)

    def spoil_reply(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """Do to a whole reply what was decided for it; a reply that cannot have a body stays as it is."""
        if flow.response is None or not can_have_body(flow):
            return
        for injection in exchange.injections:
            detail = self._spoil(flow.response, injection)
            if detail is None:
                continue
            if isinstance(injection.action, Shorten) and not injection.action.honest:
                mitm.cut_stream(flow)
            self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready, detail=detail)
            if isinstance(injection.action, CutReply):
                length = len(flow.response.raw_content or b"")
                self._end_when_written(flow, exchange, injection.action, length)

    def _spoil(self, reply: Response, injection: Injection) -> str | None:
        """What the receipt says; None where nothing was done."""
        action = injection.action
        if isinstance(action, Rewriting):
            return "" if rewrite(reply, action) else None
        if isinstance(action, Spoiling):
            outcome = spoil(reply, action)
            return outcome.detail if isinstance(outcome, Spoilt) else None
        return None

    def _end_when_written(self, flow: HTTPFlow, exchange: Exchange, cut: CutReply, length: int) -> None:
        """End a reply that mitmproxy is going to write as soon as we let it."""
        exchange.error = _said(cut)
        line = None if flow.request.is_http2 else self._line(flow)
        if line is None:
            mitm.cut_stream(flow)
        else:
            line.after_message(length, lambda: self._end(flow, exchange, cut))

    # --- ends within a reply that passes as it is sent ---

    def _arm_cut(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """Cut it after its head, or after so many bytes of its body."""
        passing = flow.response.stream if flow.response else False
        for injection in exchange.injections:
            cut = injection.action
            if not isinstance(cut, CutReply) or not isinstance(passing, Passing) or not _is_longer(flow, cut.after):
                continue
            end = functools.partial(self._cut_off, flow, exchange, injection, cut)
            line = None if flow.request.is_http2 else self._line(flow)
            if cut.after or line is None:  # of a stream of HTTP/2, the head is gone when the first of the body is here
                passing.limit, passing.ended = cut.after, end
            else:
                line.after(1, end)  # the head is what is written next

    def _cut_off(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, cut: CutReply) -> bool:
        """Let nothing more pass, and end it when what passed has gone on. False where its lease is over."""
        if exchange.done or injection not in exchange.injections:
            return False
        line = None if flow.request.is_http2 else self._line(flow)

        def end() -> None:
            exchange.error = _said(cut)
            self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)
            self._end(flow, exchange, cut)

        if line:
            line.after(0, end)
        else:
            end()
        return True

    def _end(self, flow: HTTPFlow, exchange: Exchange, cut: CutReply) -> None:
        # Written first: the caller must not be able to see the end before it is in the journal.
        self.pacing.stop(exchange)
        self._recorder.ended(exchange, flow.response.status_code if flow.response else None)
        line = None if flow.request.is_http2 else self._line(flow)
        if line:
            line.end(by_reset=cut.reset)
            return
        mitm.kill(flow)
        if flow.response and not flow.response.is_http2:
            mitm.drop_server(self.engine, flow.client_conn, flow.server_conn)  # so that mitmproxy looks after it now

    def _line(self, flow: HTTPFlow) -> Line | None:
        return mitm.line_of(self.engine, flow.client_conn, flow.client_conn)


def _place_before_head(injection: Injection) -> int:
    """What the provider is to have taken at least comes first, then what is added to it, then what never ends."""
    match injection.action:
        case Late(at_least=at_least):
            return 0 if at_least else 1
        case _:
            return 2


def _is_longer(flow: HTTPFlow, count: int) -> bool:
    """Whether a reply has more than so many bytes; one that does not say how long it is may have."""
    said = flow.response.headers.get("content-length", "") if flow.response else ""
    return not count or not said.isdigit() or int(said) > count


def _said(cut: CutReply) -> str:
    where = f"after {cut.after} bytes of the body" if cut.after else "after the head"
    return f"{'reset' if cut.reset else 'closed'} by a fault {where}"

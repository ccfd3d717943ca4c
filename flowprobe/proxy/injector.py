"""Carries out what was decided for one exchange, and writes a receipt for each thing that really happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import assert_never

from mitmproxy.http import HTTPFlow, Response

from flowprobe.core.decide import Injection
from flowprobe.core.faults.actions import (
    Answer,
    Cut,
    CutReply,
    Hold,
    Replace,
    Rewriting,
    Shorten,
    Sleep,
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
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.messages import Messages
from flowprobe.proxy.recorder import Recorder
from flowprobe.proxy.spoiling import can_have_body, padded, rewrite, spoil
from flowprobe.proxy.streams import Streams
from flowprobe.proxy.webhooks import Webhooks

__all__ = ["Injector"]

_HEAD_TRAVELS_S = 0.02
"""Between the head of a reply and the reset after it: what is still under way would be lost with the reset."""


class Injector:
    """The actions. `own_cost_s` is what the proxy itself adds to a call; it comes off each delay."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self.engine: mitm.Engine
        self.own_cost_s = 0.0
        self.waits = Waits(clock)
        self.streams = Streams(recorder, clock)
        self.messages = Messages(recorder, self.waits, clock)
        self.webhooks = Webhooks(recorder, self.waits, clock)
        self._recorder = recorder
        self._clock = clock
        self._delivering = Delivering(recorder, self.waits, clock)

    async def before_forwarding(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """What happens before the provider is asked, or in its place."""
        for injection in exchange.injections:
            if not exchange.injections:
                return  # the caller or the lease went away while we waited
            match injection.action:
                case Sleep(seconds):
                    await self._sleep(exchange, injection, seconds)
                case Hold(seconds):
                    await self._hold(flow, exchange, injection, seconds)
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
                case Replace() | Shorten() | CutReply() | Lose():
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

    async def _sleep(self, exchange: Exchange, injection: Injection, seconds: float) -> None:
        began = self._clock()
        deadline = exchange.ready + seconds - self.own_cost_s
        how = await self.waits.until(deadline, exchange)
        now = self._clock()
        gone = now - exchange.ready if how == "gone" else None
        self._recorder.injected(
            exchange, injection, asked_s=seconds, slept_s=now - began,
            realised_s=now - exchange.ready + self.own_cost_s, gave_up_s=gone,
            detail="the lease ended" if how == "released" else "",
        )
        if how == "gone":
            exchange.error, exchange.injections = "the caller gave up", ()
            self._recorder.ended(exchange, None)

    async def _hold(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, seconds: float) -> None:
        began = self._clock()
        how = await self.waits.until(began + seconds, exchange)
        now = self._clock()
        gone = now - exchange.ready if how == "gone" else None
        words = {"gone": "the caller gave up", "released": "the lease ended", "elapsed": "the ceiling was reached"}
        self._recorder.injected(
            exchange, injection, asked_s=seconds, slept_s=now - began, realised_s=now - exchange.ready,
            gave_up_s=gone, detail=words[how],
        )
        self._cut(flow, exchange, reset=False)

    def _answer(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, reply: Response) -> None:
        flow.response = reply
        exchange.answered = True
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)

    def _recall(self, flow: HTTPFlow, exchange: Exchange, injection: Injection) -> None:
        """Nothing earlier is no fault: the call goes on, and may become what a later one is answered with."""
        if exchange.earlier and (reply := exchange.earlier.of(flow)):
            self._answer(flow, exchange, injection, reply)

    def _cut(self, flow: HTTPFlow, exchange: Exchange, *, reset: bool) -> None:
        # Written first: the caller must not be able to see the end before it is in the journal.
        exchange.error = exchange.error or ("reset by a fault" if reset else "closed by a fault")
        self._recorder.ended(exchange, None)
        if reset and not flow.request.is_http2:
            mitm.reset(self.engine, flow.client_conn)
        mitm.kill(flow)

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
                self._end_after_head(flow, exchange, reset=injection.action.reset)

    def _spoil(self, reply: Response, injection: Injection) -> str | None:
        """What the receipt says; None where nothing was done."""
        action = injection.action
        if isinstance(action, Rewriting):
            return "" if rewrite(reply, action) else None
        if isinstance(action, Spoiling):
            outcome = spoil(reply, action)
            return outcome.detail if isinstance(outcome, Spoilt) else None
        return None

    def _end_after_head(self, flow: HTTPFlow, exchange: Exchange, *, reset: bool) -> None:
        exchange.error = "reset by a fault after the head" if reset else "closed by a fault after the head"
        if flow.request.is_http2:
            mitm.cut_stream(flow)
        elif reset:
            loop = asyncio.get_running_loop()
            loop.call_later(_HEAD_TRAVELS_S, mitm.reset, self.engine, flow.client_conn)

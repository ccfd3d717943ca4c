"""Carries out what was decided for one exchange, and writes a receipt for each thing that really happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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
    Rewritten,
    Shorten,
    Sleep,
)
from flowprobe.proxy import mitm
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.recorder import Recorder

__all__ = ["Injector"]

_HEAD_TRAVELS_S = 0.02
"""Between the head of a reply and the reset after it: what is still under way would be lost with the reset."""


class Injector:
    """The actions. `own_cost_s` is what the proxy itself adds to a call; it comes off each delay."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self.engine: mitm.Engine
        self.own_cost_s = 0.0
        self.waits = Waits(clock)
        self._recorder = recorder
        self._clock = clock

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
                case Answer(status, headers, body):
                    self._answer(flow, exchange, injection, Answer(status, headers, body))
                case Cut(reset):
                    self._recorder.injected(exchange, injection)
                    self._cut(flow, exchange, reset=reset)
                case Replace() | Shorten() | CutReply():
                    pass  # these need the reply
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

    def _answer(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, answer: Answer) -> None:
        reply = Response.make(answer.status, answer.body)
        for name, value in answer.headers:
            reply.headers[name] = value
        flow.response = reply
        exchange.answered = True
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)

    def _cut(self, flow: HTTPFlow, exchange: Exchange, *, reset: bool) -> None:
        # Written first: the caller must not be able to see the end before it is in the journal.
        exchange.error = exchange.error or ("reset by a fault" if reset else "closed by a fault")
        self._recorder.ended(exchange, None)
        if reset and not flow.request.is_http2:
            mitm.reset(self.engine, flow.client_conn)
        mitm.kill(flow)

    # --- replies ---

    def spoil_reply(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """Do to a whole reply what was decided for it; a reply that cannot have a body stays as it is."""
        if flow.response is None or not _can_have_body(flow):
            return
        for injection in exchange.injections:
            action = injection.action
            changed = action.rewrite(flow.response.raw_content or b"") if isinstance(action, Rewriting) else None
            if changed is None:
                continue
            _put(flow.response, changed)
            self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)
            if isinstance(action, CutReply):
                self._end_after_head(flow, exchange, reset=action.reset)

    def _end_after_head(self, flow: HTTPFlow, exchange: Exchange, *, reset: bool) -> None:
        exchange.error = "reset by a fault after the head" if reset else "closed by a fault after the head"
        if flow.request.is_http2:
            mitm.kill(flow)
        elif reset:
            loop = asyncio.get_running_loop()
            loop.call_later(_HEAD_TRAVELS_S, mitm.reset, self.engine, flow.client_conn)


def _can_have_body(flow: HTTPFlow) -> bool:
    status = flow.response.status_code if flow.response else 0
    return flow.request.method.upper() != "HEAD" and status >= 200 and status not in (204, 304)


def _put(reply: Response, changed: Rewritten) -> None:
    reply.raw_content = changed.body
    reply.headers.pop("transfer-encoding", None)
    reply.headers["content-length"] = str(changed.length)
    if changed.media_type is not None:
        reply.headers["content-type"] = changed.media_type
        reply.headers.pop("content-encoding", None)
    if changed.ends_early:
        reply.headers["connection"] = "close"

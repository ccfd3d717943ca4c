"""The messages of a WebSocket: they are counted, held up, and come to an end.

mitmproxy passes one message after the other, in both directions: one that is held up holds up those behind it, as on
a slow network.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mitmproxy.http import HTTPFlow

from flowprobe.core.decide import Injection
from flowprobe.core.faults.messages import CutMessages, SleepMessages
from flowprobe.proxy import mitm
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.recorder import Recorder

__all__ = ["Messages"]

_GOING_AWAY = 1001  # RFC 6455, section 7.4.1


class Messages:
    """Does to messages what was decided for their upgrade. `engine` is set when we listen."""

    def __init__(self, recorder: Recorder, waits: Waits, clock: Callable[[], float]) -> None:
        self.engine: mitm.Engine
        self._recorder = recorder
        self._waits = waits
        self._clock = clock

    def passes(self, flow: HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        """One message is here, and goes on when this is over."""
        assert flow.websocket is not None, "a message is one of a WebSocket"
        message = flow.websocket.messages[-1]
        exchange.messages += 1
        if message.from_client:
            exchange.request_bytes += len(message.content)
        else:
            exchange.reply_bytes += len(message.content)
        flow.websocket.messages.clear()  # mitmproxy keeps them all; we keep none
        flow.websocket.messages.append(message)
        wanted = [each for each in exchange.injections if isinstance(each.action, SleepMessages | CutMessages)]
        return self._suffers(flow, exchange, wanted) if wanted else None

    async def _suffers(self, flow: HTTPFlow, exchange: Exchange, wanted: list[Injection]) -> None:
        for injection in wanted:
            match injection.action:
                case SleepMessages(seconds):
                    await self._sleep(exchange, injection, seconds)
                case CutMessages() as cut if exchange.messages == cut.after + 1:
                    self._cut(flow, exchange, injection, reset=cut.reset)
                case _:
                    pass

    async def _sleep(self, exchange: Exchange, injection: Injection, seconds: float) -> None:
        came = self._clock()
        how = await self._waits.until(came + seconds, exchange)
        now = self._clock()
        self._recorder.injected(
            exchange, injection, asked_s=seconds, slept_s=now - came, realised_s=now - came,
            gave_up_s=now - came if how == "gone" else None,
            detail=f"message {exchange.messages}" + (": the lease ended" if how == "released" else ""),
        )

    def _cut(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, *, reset: bool) -> None:
        exchange.error = ("reset" if reset else "closed") + f" by a fault after {exchange.messages - 1} messages"
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)
        self._recorder.ended(exchange, flow.response.status_code if flow.response else None)
        end = mitm.reset if reset else mitm.close
        end(self.engine, flow.client_conn)

    def ended(self, flow: HTTPFlow) -> str:
        """Why a WebSocket ended, '' where that was in good order."""
        code = flow.websocket.close_code if flow.websocket else None
        return "" if code in (None, 1000, _GOING_AWAY) else f"the WebSocket was closed with the code {code}"

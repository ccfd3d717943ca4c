"""The way to the provider and back: requests that it gets more than once, replies that never arrive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from mitmproxy.http import HTTPFlow

from flowprobe.core.decide import Injection
from flowprobe.core.faults.delivery import Deliver, Lose
from flowprobe.proxy import mitm
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.recorder import Recorder

__all__ = ["Delivering", "losing"]

_PATIENCE_S = 30.0
"""How long one more delivery may take; the call itself goes on after it."""


def losing(exchange: Exchange) -> tuple[Injection, Lose] | None:
    """The fault that takes this exchange's reply away."""
    for injection in exchange.injections:
        if isinstance(injection.action, Lose):
            return injection, injection.action
    return None


class Delivering:
    """Carries out `Deliver` and `Lose`."""

    def __init__(self, recorder: Recorder, waits: Waits, clock: Callable[[], float]) -> None:
        self._recorder = recorder
        self._waits = waits
        self._clock = clock

    async def again(self, engine: mitm.Engine, flow: HTTPFlow, exchange: Exchange, injection: Injection,
                    action: Deliver) -> None:
        """Deliver what comes beside the call itself, which is forwarded afterwards. What the provider did not answer
        was not delivered, as far as we know: no receipt."""
        began, statuses = self._clock(), []
        for _ in range(action.times - 1):
            with contextlib.suppress(asyncio.TimeoutError):
                copy = await engine.deliver(flow, _PATIENCE_S)
                if copy.response is not None:
                    statuses.append(copy.response.status_code)
                    exchange.acted(copy.response.status_code)
                    exchange.heard = exchange.heard or (copy.response if action.first else None)
        if statuses:
            self._recorder.injected(
                exchange, injection, realised_s=self._clock() - began,
                detail=f"delivered {len(statuses)} more {'time' if len(statuses) == 1 else 'times'}, answered "
                       f"{', '.join(map(str, statuses))}",
            )

    async def lose(self, engine: mitm.Engine, flow: HTTPFlow, exchange: Exchange) -> None:
        """The provider has answered: end the connection in its place."""
        if (found := losing(exchange)) is None:
            return
        injection, action = found
        began = self._clock()
        how = await self._waits.until(began + action.ceiling, exchange) if action.how == "hang" else ""
        now = self._clock()
        words = {"gone": "the caller gave up", "released": "the lease ended", "elapsed": "the ceiling was reached"}
        ended = [f"the provider answered {exchange.upstream_status}", *([words[how]] if how else [])]
        self._recorder.injected(
            exchange, injection, asked_s=action.ceiling if how else 0.0, slept_s=now - began if how else 0.0,
            realised_s=now - exchange.ready, gave_up_s=now - exchange.ready if how == "gone" else None,
            detail="; ".join(ended),
        )
        exchange.error = exchange.error or f"the reply was lost by a fault ({action.how})"
        self._recorder.ended(exchange, None)
        if action.how == "reset" and not flow.request.is_http2:
            mitm.reset(engine, flow.client_conn)
        mitm.kill(flow)

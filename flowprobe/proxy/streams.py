"""`h2`: what is done to one stream, or to the connection after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from mitmproxy.http import HTTPFlow

from flowprobe.core.decide import Injection
from flowprobe.core.faults.streams import Farewell, ResetStream
from flowprobe.proxy import mitm
from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.recorder import Recorder

__all__ = ["Streams"]


class Streams:
    """Counts the calls of each connection that a GOAWAY is waiting for."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self._recorder = recorder
        self._clock = clock
        self._calls: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))  # client -> lease/fault -> calls

    def forget(self, client_id: str) -> None:
        self._calls.pop(client_id, None)

    def carry_out(self, flow: HTTPFlow, exchange: Exchange, injection: Injection) -> None:
        match injection.action:
            case ResetStream(code):
                self._reset(flow, exchange, injection, code)
            case Farewell(after):
                self._farewell(flow, exchange, injection, after)
            case _:
                pass

    def _reset(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, code: int) -> None:
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)
        exchange.error = exchange.error or "its stream was reset by a fault"
        self._recorder.ended(exchange, None)
        mitm.reset_stream(flow, code)

    def _farewell(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, after: int) -> None:
        calls = self._calls[exchange.client]
        key = f"{exchange.lease}/{injection.fault.id}"
        calls[key] += 1
        if calls[key] == after:
            mitm.say_goodbye(flow, lambda: self._said(exchange, injection))

    def _said(self, exchange: Exchange, injection: Injection) -> bool:
        """Write the receipt, right before it is said; with the lease, what was not said yet is not going to be."""
        if injection not in exchange.injections:
            return False
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready)
        return True

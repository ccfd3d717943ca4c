"""What the proxy itself adds to a delayed call: the same small request straight to an echo and, with a known
delay, through a listener, in turn. The lateness of the loop's timers is in it, and comes off every delay.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable

from flowprobe.core import tracing
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Fault, FaultPlan, Position
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.leases import Lease, Leases

__all__ = ["EDGE", "Echo", "edge", "own_cost", "rules"]

EDGE = "calibration"
_TRIAL = "ca11b0a7ca11b0a7"
_WARM_UP, _ROUNDS = 5, 20
_ASKED_S = 0.005
_TRACE = tracing.traceparent(tracing.call_id(_TRIAL, 1, 1)).encode()
_REQUEST = b"GET /calibrate HTTP/1.1\r\nHost: echo\r\nAccept: */*\r\ntraceparent: " + _TRACE + b"\r\n\r\n"
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def edge(echo: tuple[str, int]) -> EdgeSpec:
    """The edge that is measured, and dropped before anyone else can use the proxy."""
    return EdgeSpec(EDGE, "reverse", f"http://{echo[0]}:{echo[1]}")


def rules(now: float) -> Leases:
    """Leases of its own, so that no real one sees this trial."""
    leases = Leases(lambda *_: None)
    plan = FaultPlan(EDGE, (Fault(EDGE, EDGE, Latency(_ASKED_S), Position("", 0, 0)),))
    leases.apply(Lease(EDGE, _TRIAL, plan, 0, ttl_s=60, ceiling_s=60, steps={}, armed_at=now, renewed_at=now))
    return leases


class Echo:
    """A server of one reply, in this process."""

    async def start(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(_REPLY)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def stop(self) -> None:
        self._server.close()


class _Caller:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def call(self) -> None:
        self.writer.write(_REQUEST)
        await self._reader.readuntil(b"\r\n\r\n{}")


async def own_cost(direct: tuple[str, int], through: tuple[str, int], clock: Callable[[], float]) -> float:
    """What a delayed call takes beyond its delay and a direct call; never below zero.

    The lower quartile: while we start, the runner is busy as well, and what it takes from us is not our cost.
    """
    plain = _Caller(*await asyncio.open_connection(*direct))
    proxied = _Caller(*await asyncio.open_connection(*through))
    rounds = range(_WARM_UP + _ROUNDS)
    try:
        pairs = [(await _timed(plain, clock), await _timed(proxied, clock)) for _ in rounds]
    finally:
        plain.writer.close()
        proxied.writer.close()
    added = [slow - fast - _ASKED_S for fast, slow in pairs[_WARM_UP:]]
    return max(0.0, statistics.quantiles(added, n=4)[0])


async def _timed(caller: _Caller, clock: Callable[[], float]) -> float:
    began = clock()
    await caller.call()
    return clock() - began

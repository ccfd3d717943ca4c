"""`refuse`: the listener of a reverse edge is closed while the fault is in force, and opened again on the same port.

The kernel refuses, so it is the kernel that has to tell (`attempts`): a receipt is one connection that was tried and
never made, and a product that never tried leaves none. That we do refuse is asked by a connection of our own, after
closing and before opening. Where the kernel does not tell, or the port cannot be kept, the listener stays and each
connection is reset as soon as it is there: the receipt says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow

from flowprobe.core.decide import draw
from flowprobe.core.faults.fault import Fault
from flowprobe.core.faults.refuse import Refuse
from flowprobe.proxy import mitm
from flowprobe.proxy.attempts import Attempts, Gone
from flowprobe.proxy.edges import Listener
from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.exclusive import Exclusive
from flowprobe.proxy.leases import Lease

__all__ = ["Door", "Doors"]

_TOLD_S = 0.02
"""So long after a caller has closed its socket the kernel has told of it."""

_PROBE_S = 1.0
_REFUSED = "refused by a fault"
_HOW = {
    False: "refused: nobody listened",
    True: "reset as soon as it was there: this system does not tell of refused connections",
}


@dataclass(frozen=True, slots=True)
class Door:
    """The listener of one reverse edge. `kept`: its port stays ours while nobody listens."""

    listener: Listener
    address: tuple[str, int]
    kept: bool


@dataclass(slots=True, eq=False)
class _Shut:
    lease: Lease
    fault: Fault
    door: Door
    since: float
    resets: bool


class Doors:
    """Which edges refuse, and what came of it. `engine` and `doors` (by edge) are set when we listen. `kernel_tells`
    is False where it is not even to be asked."""

    def __init__(self, exclusive: Exclusive) -> None:
        self.engine: mitm.Engine
        self.doors: Mapping[str, Door] = {}
        self.kernel_tells = True
        self._exclusive = exclusive
        self._recorder = exclusive.recorder
        self._clock = exclusive.clock
        self._shut: dict[str, _Shut] = {}
        self._attempts = Attempts(self._gone)
        self._own_ports: set[int] = set()
        self._lock = asyncio.Lock()

    # --- closing and opening ---

    @property
    def due(self) -> bool:
        """Whether some door is not as the leases want it."""
        wanted = self._wanted()
        return wanted.keys() != self._shut.keys() or any(
            self._shut[edge].lease is not lease for edge, (lease, _) in wanted.items())

    async def settle(self) -> None:
        """Close and open what has to be; when this returns it is done."""
        if not (self._shut or self._wanted()):
            return
        async with self._lock:
            wanted = self._wanted()
            for edge, shut in list(self._shut.items()):
                if edge not in wanted or wanted[edge][0] is not shut.lease:
                    await self._open(edge, shut)
            for edge, (lease, fault) in wanted.items():
                if edge not in self._shut:
                    await self._close(edge, lease, fault)
            if not self._shut:
                self._attempts.close()
                self._own_ports.clear()

    def _wanted(self) -> dict[str, tuple[Lease, Fault]]:
        lease, faults = self._exclusive.in_force()
        if lease is None:
            return {}
        return {fault.edge: (lease, fault) for fault in reversed(faults)
                if isinstance(fault.kind, Refuse) and fault.edge in self.doors and self._falls(lease, fault)}

    def _falls(self, lease: Lease, fault: Fault) -> bool:
        """Drawn once for a trial: what nobody sees cannot be counted."""
        limit, age = fault.limit.seconds, self._clock() - lease.armed_at
        likely = fault.when.probability
        drawn = likely >= 1 or draw(lease.seed, fault.id, fault.edge) < likely
        return drawn and (limit is None or age < limit)

    async def _close(self, edge: str, lease: Lease, fault: Fault) -> None:
        door = self.doors[edge]
        resets = not (door.kept and self.kernel_tells and self._attempts.open())
        shut = _Shut(lease, fault, door, self._clock(), resets)
        self._shut[edge] = shut
        if not resets:
            await self.engine.drop(door.listener.spec)
        clients = self.engine.clients_of(door.listener.spec)
        await self.engine.end(client for client in clients if not self._recorder.open_on(client.id))
        if not resets:
            await self._prove(shut)

    async def _open(self, edge: str, shut: _Shut) -> None:
        if not shut.resets:
            await self._prove(shut)
            await asyncio.sleep(_TOLD_S)
            self._attempts.read()
            if not await self.engine.listen(shut.door.listener.spec):
                self._failed(shut, "its port cannot be opened again yet")
                return  # `due` stays true, and we come back
        del self._shut[edge]

    async def _prove(self, shut: _Shut) -> None:
        if not await self._is_refused(shut.door.address):
            self._failed(shut, "a connection of our own was not refused")

    async def _is_refused(self, address: tuple[str, int]) -> bool:
        own = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        with contextlib.closing(own):
            own.setblocking(False)
            own.bind((address[0], 0))
            self._own_ports.add(own.getsockname()[1])
            try:
                await asyncio.wait_for(asyncio.get_running_loop().sock_connect(own, address), _PROBE_S)
            except ConnectionRefusedError:
                return True
            except OSError:
                return False
        return False

    def _failed(self, shut: _Shut, why: str) -> None:
        self._recorder.failed("refuse", f"{shut.fault.edge}: {why}")

    # --- those who come meanwhile ---

    def _gone(self, gone: Gone) -> None:
        if gone.connected or gone.port in self._own_ports:
            return
        for shut in self._shut.values():
            if gone.to == shut.door.address and not shut.resets:
                self._receipt(shut)

    def connected(self, client: Client) -> None:
        """Reset a connection that should not have come into being."""
        spec = mitm.spec_of(client)
        for shut in self._shut.values():
            if shut.resets and shut.door.listener.spec == spec and self._exclusive.holds(shut.lease):
                self._receipt(shut)
                mitm.reset(self.engine, client)

    def _receipt(self, shut: _Shut) -> None:
        if not self._exclusive.holds(shut.lease):
            return  # somebody else may have knocked
        exchange = self._exclusive.began(shut.lease, shut.fault.edge, shut.door.address[0])
        self._write(shut, exchange, _HOW[shut.resets])

    def resets(self, flow: HTTPFlow, exchange: Exchange) -> bool:
        """Whether a call on a connection from before is reset: its server is gone."""
        shut = self._shut.get(exchange.edge)
        if shut is None or exchange.whose.trial != shut.lease.trial:
            return False
        self._write(shut, exchange, "a connection from before was reset")
        mitm.reset(self.engine, flow.client_conn)
        mitm.kill(flow)
        return True

    def _write(self, shut: _Shut, exchange: Exchange, detail: str) -> None:
        injection = self._exclusive.fired(shut.lease, shut.fault, exchange)
        exchange.error = _REFUSED
        self._recorder.injected(exchange, injection, realised_s=self._clock() - shut.since, detail=detail)
        self._recorder.ended(exchange, None)

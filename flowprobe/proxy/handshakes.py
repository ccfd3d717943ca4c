"""`tls`: the handshake of a client with a provider is slow, refused, or shows a certificate that is wrong.

A forward edge only: there the client speaks TLS with us. What it makes of a wrong certificate is its own decision; the
receipt says which, and is written when it is known.
"""

from __future__ import annotations

import asyncio

from mitmproxy.connection import Client

from flowprobe.core.decide import Injection, Seen, decide
from flowprobe.core.faults.connecting import Forge, SlowHandshake
from flowprobe.core.faults.tls import Tls
from flowprobe.proxy import mitm
from flowprobe.proxy.certificates import Forger
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.exclusive import Exclusive
from flowprobe.proxy.leases import Lease

__all__ = ["Handshakes"]

_HANDSHAKE_FAILURE = 40  # RFC 8446, section 6
_REPLY_TRAVELS_S = 0.02
_LOOK_S = 0.05
_METHOD = "CONNECT"


class Handshakes:
    """The handshakes that faults fall on, by client. `engine` is set when we listen."""

    def __init__(self, exclusive: Exclusive, waits: Waits) -> None:
        self.engine: mitm.Engine
        self._exclusive = exclusive
        self._recorder = exclusive.recorder
        self._clock = exclusive.clock
        self._waits = waits
        self._tunnels: dict[str, str] = {}  # client -> edge
        self._leaving: set[str] = set()
        self._under_way: dict[str, Exchange] = {}
        self._armed: tuple[Lease | None, frozenset[str]] = (None, frozenset())
        self._forger: Forger | None = None

    # --- connections from before ---

    def tunnel(self, client: Client, edge: str) -> None:
        """A client of a forward listener has a way to a provider."""
        self._tunnels[client.id] = edge

    def forget(self, client_id: str) -> None:
        self._tunnels.pop(client_id, None)
        self._leaving.discard(client_id)
        self._under_way.pop(client_id, None)

    async def settle(self) -> None:
        """Close what was connected before the faults came into force; what is busy, when it was answered."""
        lease, faults = self._exclusive.in_force()
        edges = frozenset(fault.edge for fault in faults if isinstance(fault.kind, Tls))
        if (lease, edges) == self._armed:
            return
        self._armed = (lease, edges)
        self._leaving = {client for client, edge in self._tunnels.items() if edge in edges}
        clients = (self.engine.client(client_id) for client_id in self._leaving)
        await self.engine.end([each for each in clients if each and not self._recorder.open_on(each.id)])

    def answered(self, client_id: str) -> None:
        """An exchange is over: a connection that was only kept for it may go."""
        if client_id in self._leaving:
            asyncio.get_running_loop().call_later(_REPLY_TRAVELS_S, self._close_idle, client_id)

    def _close_idle(self, client_id: str) -> None:
        client = self.engine.client(client_id)
        if client and client_id in self._leaving and not self._recorder.open_on(client_id):
            mitm.close(self.engine, client)

    # --- new ones ---

    def hello(self, client: Client, host: str) -> None:
        """A client begins a handshake; what falls on it is decided here."""
        lease, faults = self._exclusive.in_force()
        edge = self._tunnels.get(client.id)
        faults = tuple(fault for fault in faults if isinstance(fault.kind, Tls) and fault.edge == edge)
        if lease is None or edge is None or not faults:
            return
        seen = Seen(edge, _METHOD, host)
        armed_s = self._clock() - lease.armed_at
        decided = decide(faults, seen, lease.counters, seed=lease.seed, armed_s=armed_s)
        if decided:
            exchange = self._exclusive.began(lease, edge, host, client.id)
            exchange.injections = decided
            self._under_way[client.id] = exchange

    async def start(self, client: Client) -> None:
        """Carry out what was decided, before the handshake is answered."""
        exchange = self._under_way.get(client.id)
        for injection in exchange.injections if exchange else ():
            assert exchange is not None, "who has injections is there"
            if not exchange.injections:
                return
            match injection.action:
                case SlowHandshake(seconds):
                    await self._stand_still(client, exchange, injection, seconds)
                case Forge(""):
                    self._refuse(client, exchange, injection)
                case Forge(wrong):
                    self._show(client, exchange, wrong)
                case _:
                    pass

    @property
    def busy(self) -> bool:
        return bool(self._under_way)

    async def _stand_still(self, client: Client, exchange: Exchange, injection: Injection, seconds: float) -> None:
        began = self._clock()
        how = await self._wait(client, exchange, exchange.ready + seconds)
        now = self._clock()
        details = {"gone": "the caller gave up", "released": "the lease ended", "elapsed": ""}
        self._recorder.injected(
            exchange, injection, asked_s=seconds, slept_s=now - began, realised_s=now - exchange.ready,
            gave_up_s=now - exchange.ready if how == "gone" else None, detail=details[how],
        )
        if how == "gone":
            exchange.error, exchange.injections = "the caller gave up", ()
            self._recorder.ended(exchange, None)

    async def _wait(self, client: Client, exchange: Exchange, deadline: float) -> str:
        """In a handshake mitmproxy does not hear its client go away before we let go of it: so we look."""
        while client.connected:
            how = await self._waits.until(min(deadline, self._clock() + _LOOK_S), exchange)
            if how != "elapsed" or self._clock() >= deadline:
                return how
        return "gone"

    def _refuse(self, client: Client, exchange: Exchange, injection: Injection) -> None:
        exchange.error = "the handshake was refused by a fault"
        self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready,
                                detail="the handshake was answered by a fatal alert")
        self._recorder.ended(exchange, None)
        mitm.alert(self.engine, client, _HANDSHAKE_FAILURE)

    def _show(self, client: Client, exchange: Exchange, wrong: str) -> None:
        self._forger = self._forger or Forger(self.engine.authority)
        self.engine.show(client, self._forger.make(wrong, client.sni or exchange.host))

    def ended(self, client: Client, refused: str) -> None:
        """A handshake has come to its end: `refused` says why it failed, '' that it did not."""
        exchange = self._under_way.pop(client.id, None)
        if exchange is None or exchange.done:
            return
        for injection in exchange.injections:
            if isinstance(injection.action, Forge):
                detail = f"the caller refused it: {refused}" if refused else "the caller took it all the same"
                self._recorder.injected(exchange, injection, realised_s=self._clock() - exchange.ready, detail=detail)
        exchange.error = exchange.error or refused
        self._recorder.ended(exchange, None if refused else 200)

"""What happens before any header cannot be attributed by one: it needs a product that we started, and one trial."""

from __future__ import annotations

from collections.abc import Callable

from flowprobe.core.attribution import Attribution
from flowprobe.core.decide import Injection
from flowprobe.core.faults.fault import Fault
from flowprobe.core.faults.kinds import before_calls
from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.leases import Lease, Leases
from flowprobe.proxy.recorder import Recorder

__all__ = ["Exclusive"]

_METHOD = "CONNECT"


class Exclusive:
    """The faults of connections that are in force. `leases` is None until we are open for real."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self.leases: Leases | None = None
        self.recorder = recorder
        self.clock = clock

    def in_force(self) -> tuple[Lease | None, tuple[Fault, ...]]:
        """The lease of the one trial for which the product can be working now, and its faults of connections; none
        where there are two trials, or nobody."""
        if self.leases is None:
            return None, ()
        lease = self.leases.of_trial(self.leases.sole(self.clock()), self.clock())
        faults = tuple(fault for fault in lease.plan.faults if before_calls(fault.kind)) if lease else ()
        return (lease, faults) if faults else (None, ())

    def holds(self, lease: Lease) -> bool:
        """Whether whoever connects now can only do so for this lease's trial."""
        return self.leases is not None and self.leases.sole(self.clock()) == lease.trial

    def began(self, lease: Lease, edge: str, host: str, client: str = "") -> Exchange:
        """A connection as the journal knows it: an exchange of the method CONNECT."""
        now = self.clock()
        exchange = Exchange(
            self.recorder.next_id(), edge, _METHOD, host, "", client, now, ready=now, lease=lease.id,
            whose=Attribution(lease.trial, "owned"), settled=True, site=f"{_METHOD} {host}",
        )
        self.recorder.began(exchange)
        return exchange

    def fired(self, lease: Lease, fault: Fault, exchange: Exchange) -> Injection:
        """An injection that nobody could draw: the connection was there before we knew of it."""
        lease.counters.injections[fault.id] += 1
        return Injection(fault, fault.kind.action(), exchange.site, lease.counters.injections[fault.id])

"""What a proxy tells of itself: what has passed, what is in force, and how well it keeps time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flowprobe.core.events import Event, ExchangeEnded, HookFailed, Injected, Saturated
from flowprobe.core.faults.kinds import describe
from flowprobe.proxy.leases import Lease

__all__ = ["Counts", "faults_in_force", "leases_held"]


@dataclass(slots=True)
class Counts:
    """What the journal was told, counted: `passed` by edge, `injected` by edge, and how late we were at the worst."""

    passed: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    nobodys: int = 0
    failures: int = 0
    late_s: float = 0.0
    late_times: int = 0

    def take(self, event: Event) -> None:
        match event:
            case ExchangeEnded(edge=edge, trial=trial):
                self.passed[edge] += 1
                self.nobodys += trial is None
            case Injected(edge=edge):
                self.injected[edge] += 1
            case HookFailed():
                self.failures += 1
            case Saturated(lag_s=lag):
                self.late_s = max(self.late_s, lag)
                self.late_times += 1
            case _:
                pass

    def told(self) -> dict[str, Any]:
        return {
            "calls": dict(self.passed), "injections": dict(self.injected), "unattributed": self.nobodys,
            "hook_failures": self.failures, "saturated": {"times": self.late_times, "worst_s": round(self.late_s, 4)},
        }


def leases_held(leases: Iterable[Lease], holders: dict[str, str], now: float) -> list[dict[str, Any]]:
    """Each lease with its time left: until it ends if nobody renews it, and until its ceiling."""
    return [{
        "lease": lease.id, "trial": None if lease.unscoped else lease.trial, "plan": lease.plan.name,
        "faults": len(lease.plan.faults), "holder": holders.get(lease.id, ""),
        "left_s": round(max(0.0, min(lease.renewed_at + lease.ttl_s, _ceiling(lease)) - now), 3),
        "ceiling_left_s": round(max(0.0, _ceiling(lease) - now), 3),
    } for lease in leases]


def _ceiling(lease: Lease) -> float:
    return lease.armed_at + lease.ceiling_s


def faults_in_force(leases: Iterable[Lease], now: float) -> list[dict[str, Any]]:
    """Each fault of each lease that holds at `now`, with its injections so far."""
    return [{
        "fault": fault.id, "edge": fault.edge, "kind": describe(fault.kind), "plan": lease.plan.name,
        "trial": None if lease.unscoped else lease.trial, "lease": lease.id,
        "injections": lease.counters.injections.get(fault.id, 0),
    } for lease in leases if not lease.end_reason(now) for fault in lease.plan.faults]

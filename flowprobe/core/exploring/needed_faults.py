"""From a fault plan that broke a promise to the smallest one that breaks the same.

Faults are left out, waits that each call draws become fixed ones, delays are brought down to the shortest that breaks.
Whatever else a fault says stays as it is: which calls it means, when, and how far it may go. So does the name of the
plan, by which the scenario may promise something else under it; and the account is in the trial's own state throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeAlias

from flowprobe.core.cause import Cause, Part
from flowprobe.core.exploring.bench import Bench, broken
from flowprobe.core.exploring.ceilings import is_about_ceiling
from flowprobe.core.exploring.confirming import Confirmed, counted, longer, surest
from flowprobe.core.exploring.delays import hinted, shortest
from flowprobe.core.exploring.model import Break, Enough, Learned
from flowprobe.core.exploring.simpler import delay_of, delayed, fixed
from flowprobe.core.exploring.smaller import fewest, singly_needed
from flowprobe.core.faults.fault import Fault, FaultPlan
from flowprobe.core.faults.kinds import Kind, describe, kind_name
from flowprobe.core.plain import Plain, plain

__all__ = ["CONFIRMED", "Planning", "cause_of", "effort", "no_cause"]

CONFIRMED = 3
"""So often the smallest plan is tried again."""
_FOR_A_DELAY = 10

Planning: TypeAlias = Callable[[FaultPlan], Learned]
"""Makes one trial under a plan. Raises Enough when nothing more may be tried."""


@plain
class _Attempt(Plain):
    plan: FaultPlan

    @property
    def key(self) -> Hashable:
        return tuple(map(repr, self.plan.faults))


@plain
class _Smallest(Plain):
    """The smallest plan; `held` are the longest delays that were seen not to break, by the id of their fault."""

    plan: FaultPlan
    held: dict[str, float]


def cause_of(plan: FaultPlan, learned: Learned, planning: Planning, *, most: int) -> Cause:
    """Why a trial broke: `learned` is what came of it under `plan`, and without any fault it is known to hold. Its
    first break is what is looked for. No more than `most` trials; of these, a few are kept to see it break again, and
    the last one is without any fault, or the last few where it broke now and then only."""
    purse = _Purse(planning, most)
    bench = _Bench(plan, learned, purse, max(0, most - CONFIRMED))
    ended = bench.reduced()
    left = min(CONFIRMED, most - purse.made)  # and one more, without any fault, where the budget has it
    measured = any(fault.id in bench.held for fault in bench.best.plan.faults)
    smallest, confirmed = surest(
        _Smallest(bench.best.plan, bench.held),
        lambda each: counted(lambda: purse(each.plan), left, wanted=bench.wanted), _later if measured else None)
    times = (CONFIRMED if confirmed.is_flaky else 1) if confirmed.k else 0
    held = _held_without(smallest.plan, purse, bench.wanted, times)
    return replace(_cause(plan, smallest, confirmed, bench, trials=purse.made, ended=ended), holds_without=held)


def no_cause(plan: FaultPlan, learned: Learned) -> Cause:
    """What is known at once where no fault of the plan fell: it is none of them."""
    broke = next(iter(learned.breaks), Break("", "", ""))
    return Cause((), tuple(_part(fault, {}) for fault in plan.faults), broke.step, broke.sentence)


def effort(plan: FaultPlan) -> int:
    """About how many trials it takes to take a plan apart."""
    delays = sum(delay_of(fault.kind) is not None or fixed(fault.kind) is not None for fault in plan.faults)
    return 2 * (len(plan.faults) - 1) + _FOR_A_DELAY * delays + CONFIRMED + 1


def _held_without(plan: FaultPlan, planning: Planning, wanted: Break | None, times: int) -> bool | None:
    """Whether it holds without any fault by now: what has worn out would break under whatever it is given, and what
    comes and goes might break once of so many `times`. None: nobody can tell, or nothing more may be tried."""
    held: bool | None = None
    for _ in range(times):
        try:
            learned = planning(replace(plan, faults=()))
        except Enough:
            break
        if broken(learned, wanted):
            return False
        held = held if learned.judged == "inconclusive" else True
    return held


class _Purse:
    """Makes no more than `most` trials."""

    def __init__(self, planning: Planning, most: int) -> None:
        self._planning, self.most, self.made = planning, most, 0

    def __call__(self, plan: FaultPlan) -> Learned:
        if self.made >= self.most:
            raise Enough(f"{self.most} trials were not enough")
        learned = self._planning(plan)
        self.made += 1
        return learned


class _Bench(Bench[_Attempt]):
    def __init__(self, plan: FaultPlan, learned: Learned, purse: _Purse, most: int) -> None:
        super().__init__(lambda attempt: purse(attempt.plan), next(iter(learned.breaks), None), most,
                         _Attempt(plan), learned)
        self.holds(_Attempt(replace(plan, faults=())))
        self.held: dict[str, float] = {}
        self._purse = purse

    def reduced(self) -> str:
        """Make it as small as it gets; '' or why it may not be the smallest."""
        try:
            fewest(self.best.plan.faults, self._kept)
            self._fix()
            for fault in self.best.plan.faults:
                self._bisect(fault.id)
            singly_needed(self.best.plan.faults, self._kept)
        except Enough as enough:
            spent = self.is_spent and self._purse.made == self.tries
            return f"{self._purse.most} trials were not enough" if spent else str(enough) or "stopped"
        return ""

    def _kept(self, faults: Sequence[Fault]) -> bool:
        return self.breaks(_Attempt(replace(self.best.plan, faults=tuple(faults))))

    def _fix(self) -> None:
        for fault in self.best.plan.faults:
            if (kind := fixed(fault.kind)) is not None:
                self._with(fault.id, kind)

    def _bisect(self, id: str) -> None:
        """When the product itself gave up on this provider tells where to look first."""
        fault = next(each for each in self.best.plan.faults if each.id == id)
        delay = delay_of(fault.kind)
        if delay is None or is_about_ceiling(self.wanted):
            return
        waits = [each.gave_up_s for each in self.learned.reached if each.site.edge == fault.edge and each.gave_up_s]
        self.held[id] = 0.0

        def breaks(seconds: float) -> bool:
            broke = self._with(id, delayed(fault.kind, seconds))
            if not broke:
                self.held[id] = seconds
            return broke

        shortest(delay, breaks, hinted(waits))

    def _with(self, id: str, kind: Kind) -> bool:
        """The same with another kind in place of that of one fault."""
        return self._kept([replace(each, kind=kind) if each.id == id else each for each in self.best.plan.faults])


def _later(smallest: _Smallest) -> _Smallest:
    """Each delay that was measured a little longer: at the very edge it may break now and then only."""
    return replace(smallest, plan=replace(smallest.plan, faults=tuple(
        replace(fault, kind=delayed(fault.kind, longer(delay_of(fault.kind) or 0.0))) if fault.id in smallest.held
        else fault for fault in smallest.plan.faults)))


def _cause(plan: FaultPlan, smallest: _Smallest, confirmed: Confirmed, bench: _Bench, *, trials: int,
           ended: str) -> Cause:
    kept = {fault.id for fault in smallest.plan.faults}
    broke = bench.wanted or Break("", "", "")
    return Cause(
        tuple(_part(fault, smallest.held) for fault in smallest.plan.faults),
        tuple(_part(fault, {}) for fault in plan.faults if fault.id not in kept),
        broke.step, broke.sentence, confirmed.k, confirmed.n, trials, not ended, ended)


def _part(fault: Fault, held: dict[str, float]) -> Part:
    holds = held.get(fault.id)
    return Part(fault.id, fault.edge, kind_name(fault.kind), describe(fault.kind),
                None if holds is None else delay_of(fault.kind), holds)

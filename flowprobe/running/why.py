"""`run --why`: the trials that failed under faults, taken apart until the smallest plan that breaks the same is known.

It is done when all trials have been made, in the same session: so the product, the personas and the account's state are
those of the failure.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Protocol

from flowprobe.core.cause import Cause
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.exploring.lessons import learned
from flowprobe.core.exploring.model import Enough, Learned
from flowprobe.core.exploring.needed_faults import CONFIRMED, cause_of, effort, no_cause
from flowprobe.core.faults.fault import FaultPlan
from flowprobe.core.trial import Trial
from flowprobe.core.verdict import Blame, Kind, Verdict, leftovers
from flowprobe.running.engine import Engine, Judged, Trouble
from flowprobe.running.run import in_groups
from flowprobe.running.trying import Bounds, Making

__all__ = ["Explained", "Why"]


class Explained(Protocol):
    """Whoever shows how causes are looked for. Called from one thread."""

    def looking(self, trial: Trial) -> None: ...
    def tried(self, trial: TrialEvidence, verdict: Verdict) -> None: ...
    def found(self, trial: Trial, cause: Cause) -> None: ...
    def left(self, trial: Trial, because: str) -> None: ...


class Why:
    """The program of a run that explains its failures, with so many trials in all: those first that take few, and each
    gets its part of what those before it left. Nothing is left behind twice in a product that is not ours."""

    def __init__(self, most: int, shown: Explained) -> None:
        self._left, self._shown = most, shown
        self._failed: list[tuple[Trial, Judged]] = []
        self._unhit: list[tuple[Trial, Judged]] = []

    def program(self, engine: Engine, trouble: Trouble | None) -> None:
        in_groups(engine, trouble, self._made)
        for trial, judged in self._unhit:
            self._tell(engine, trial, no_cause(trial.plan, _learned(trial.plan, judged)))
        self._failed.sort(key=lambda failed: effort(failed[0].plan))
        for number, (trial, judged) in enumerate(self._failed):
            share = self._share(trial.plan, others=len(self._failed) - number - 1)
            if hindrance := engine.hindrance():
                self._leave(hindrance[0], number)
                return
            self._explain(engine, trial, judged, share)

    def _leave(self, because: str, first: int) -> None:
        for trial, _ in self._failed[first:]:
            self._shown.left(trial, because)

    def _share(self, plan: FaultPlan, *, others: int) -> int:
        """What it takes, where enough is left to see each of the others again; an equal part where that is more."""
        spare = self._left - CONFIRMED * others
        return max(self._left // (others + 1), min(effort(plan), spare))

    def _made(self, trial: Trial, judged: Judged) -> None:
        """Only what failed under faults that fell has a cause among them; where its twin failed, nothing was made."""
        if trial.plan.faults and judged.verdict.kind is Kind.FAIL:
            (self._failed if judged.evidence.receipts else self._unhit).append((trial, judged))

    def _explain(self, engine: Engine, trial: Trial, judged: Judged, share: int) -> None:
        self._shown.looking(trial)
        making = Making(engine, trial.scenario, Bounds(share))
        left = False

        def planning(plan: FaultPlan) -> Learned:
            nonlocal left
            if left and not engine.owned:
                raise Enough("a trial left something behind, and the next might too: `flowprobe cleanup`")
            making.refuse()
            aside = replace(trial, id=secrets.token_hex(8), plan=plan, explains=trial.id)
            found = making.make(aside)
            left = bool(leftovers(found.evidence))
            self._shown.tried(found.evidence, found.verdict)
            return _learned(plan, found)

        cause = cause_of(trial.plan, _learned(trial.plan, judged), planning, most=share)
        self._left -= making.made
        self._tell(engine, trial, cause)

    def _tell(self, engine: Engine, trial: Trial, cause: Cause) -> None:
        engine.explain(trial, cause)
        self._shown.found(trial, cause)


def _learned(plan: FaultPlan, judged: Judged) -> Learned:
    """What the scenario itself promises counts, and nothing else; a fault that fell on nothing broke nothing."""
    found = learned(plan.faults, judged.evidence, judged.verdict, oracles=())
    return replace(found, judged="pass") if judged.verdict.blame is Blame.FAULT else found

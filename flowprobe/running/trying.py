"""One trial for each try of a search, by the engine that makes those of a run: policy, cleanup and evidence hold."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from flowprobe.core.events import CallUnanswered
from flowprobe.core.exploring.kept import Known
from flowprobe.core.exploring.leaving_out import shortened
from flowprobe.core.exploring.lessons import learned
from flowprobe.core.exploring.model import Enough, Learned, Try
from flowprobe.core.exploring.notebook import AIMED
from flowprobe.core.exploring.plans import plan_of
from flowprobe.core.faults.concerns import ordinary
from flowprobe.core.oracles import ORACLES
from flowprobe.core.plan import Bindings, trial_of
from flowprobe.core.policy import demand
from flowprobe.core.scenario import Scenario
from flowprobe.core.trial import NO_FAULTS, Trial
from flowprobe.errors import ToolFailed
from flowprobe.report.exploring_told import odd_fields, place_words
from flowprobe.running.engine import Begun, Engine, Judged
from flowprobe.running.side_by_side import Room, SideBySide
from flowprobe.running.tries import Tries

__all__ = ["Bounds", "Making", "Trials"]

_HEARD_OF_S = 0.3
"""A call that got no reply may be the first sign that the product is gone."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a search may go: so many tries, so many seconds; None: as far as it leads. This share of both is `kept`
    for making small what it has found by then."""

    tries: int | None = None
    seconds: float | None = None
    kept: float = 0.0

    def used_up(self, made: int, seconds: float, *, aimed: bool) -> str:
        """Which of them is, '' for none; `aimed` at what was found, the whole of them may be used."""
        share = 0.0 if aimed else self.kept
        kept = ", but for what is kept for making finds small" if share else ""
        if self.tries is not None and made >= self.tries - int(share * self.tries):
            return f"the budget of {self.tries} tries is used up{kept if made < self.tries else ''}"
        if self.seconds is not None and seconds >= self.seconds * (1 - share):
            return f"the budget of {self.seconds:g} seconds is used up{kept if seconds < self.seconds else ''}"
        return ""


class Making:
    """Makes trials of one scenario, as many as the bounds, the environment's budget and whoever stops the run allow.
    `hindrance` is what ended it other than its bounds; `unkept` is why what was learned could not be written down."""

    def __init__(self, engine: Engine, scenario: Scenario, bounds: Bounds, *,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._bounds, self._clock, self._began = engine, bounds, clock, clock()
        calls, writes = demand([(scenario, 1)], engine.setting.given)
        self._need = (calls.most or calls.least, writes.most or writes.least)
        self.made = self._under_way = 0
        self.hindrance: tuple[str, str] | None = None
        self.unkept = ""

    def refuse(self, *, aimed: bool = False) -> None:
        """Raise Enough where no further trial may be made, beside those that are under way; `aimed` at what was found
        already."""
        self._refuse_stopped()
        if used_up := self._bounds.used_up(self.made, self._clock() - self._began, aimed=aimed):
            raise Enough(used_up)
        calls, writes = (each * (1 + self._under_way) for each in self._need)
        if lacking := self._engine.lacks(calls=calls, writes=writes):
            raise Enough(f"{lacking} does not suffice for another trial")

    def make(self, trial: Trial) -> Judged:
        """Raises Enough where the trial was cut off: it teaches nothing."""
        before = self._engine.spent
        judged = self._engine.make(trial)
        self._need = tuple(max(need, now - then) for need, now, then in
                           zip(self._need, self._engine.spent, before, strict=True))  # type: ignore[assignment]
        self.made += 1
        return self._whole(judged)

    def begin(self, trial: Trial, *, aimed: bool = False) -> Begun:
        """Beside others. Raises Enough where it may not be made."""
        self.refuse(aimed=aimed)
        self.made, self._under_way = self.made + 1, self._under_way + 1
        return self._engine.begin(trial)

    def end(self, begun: Begun) -> Judged:
        """Raises Enough where the trial was cut off."""
        self._under_way -= 1
        return self._whole(self._engine.end(begun))

    def call_off(self, begun: Begun) -> bool:
        """Whether a trial that was begun is not made at all."""
        if not begun.cancel():
            return False
        self.made, self._under_way = self.made - 1, self._under_way - 1
        return True

    def _whole(self, judged: Judged) -> Judged:
        if any(isinstance(call.outcome, CallUnanswered) for call in judged.evidence.calls):
            self._engine.hindrance_within(_HEARD_OF_S)
        self._refuse_stopped()
        return judged

    def _refuse_stopped(self) -> None:
        if hindrance := self._engine.hindrance() or (self.unkept and (self.unkept, "tool")):
            self.give_up(*hindrance)

    def give_up(self, because: str, blame: str) -> NoReturn:
        """End the search, for a reason that is none of its budget. Raises Enough."""
        self.hindrance = because, blame
        raise Enough(because)


class Trials:
    """Makes the trial of each try. What `known` says of a try is not tried again; `seen` is told of each trial that was
    made. `hindrance` is what ended the search other than its budget: why, and whose doing it is. Where there is `room`,
    what is foreseen is made side by side, unless tries disturb each other: `say` is told, and `disturbed` of the one
    that broke by that."""

    def __init__(self, engine: Engine, scenario: Scenario, binding: Bindings, *, bounds: Bounds, tries: Tries,
                 known: Known, oracles: Collection[str] = tuple(ORACLES),
                 seen: Callable[[Try, Judged], None] = lambda _made, _judged: None,
                 room: Room | None = None, say: Callable[[str], None] = lambda _: None,
                 disturbed: Callable[[Try, Learned], None] = lambda _made, _found: None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._scenario, self._binding = engine, scenario, binding
        self._tries, self._known, self._oracles, self._seen = tries, known, oracles, seen
        self._making = Making(engine, scenario, bounds, clock=clock)
        self._side_by_side = SideBySide(self, room or Room(), say=say, disturbed=disturbed)
        self.remembered = 0

    @property
    def made(self) -> int:
        return self._making.made

    @property
    def hindrance(self) -> tuple[str, str] | None:
        return self._making.hindrance

    def __call__(self, made: Try) -> Learned:
        """What came of a try. Raises Enough where nothing more may be tried."""
        if earlier := self._known.get(made.key):
            self.remembered += 1
            found = earlier.pop(0)
            self._side_by_side.learn(made, found)
            return self._keep(made, found)
        return self._keep(made, self._side_by_side(made))

    def foresee(self, tries: Sequence[Try]) -> None:
        """These are asked for next: what is not known may be begun."""
        self._side_by_side.foresee([each for each in tries if not self._known.get(each.key)])

    def rest(self) -> Iterator[tuple[Try, Learned]]:
        """What was made and not asked for, for the search has ended. What broke and could not be tried alone is told,
        and tried again by whoever goes on."""
        for made, found in self._side_by_side.rest():
            yield made, found if found.broke else self._keep(made, found)

    # --- one try ---

    def alone(self, made: Try) -> Learned:
        self._making.refuse(aimed=made.phase in AIMED)
        trial = self.trial(made)
        try:
            judged = self._making.make(trial)
        except Enough:
            self._keep_deadly(made, trial)
            raise
        return self._learned(made, judged)

    def begin(self, made: Try) -> Begun:
        return self._making.begin(self.trial(made), aimed=made.phase in AIMED)

    def end(self, made: Try, begun: Begun) -> Learned:
        return self._learned(made, self._making.end(begun))

    def call_off(self, begun: Begun) -> bool:
        return self._making.call_off(begun)

    def _learned(self, made: Try, judged: Judged) -> Learned:
        self._seen(made, judged)
        return learned(plan_of(made.faults, "").faults, judged.evidence, judged.verdict, oracles=self._oracles)

    def _keep(self, made: Try, found: Learned) -> Learned:
        """What cannot be kept has been learned all the same: there is just no further try."""
        try:
            self._tries.add(made, found)
        except ToolFailed as failed:
            self._making.unkept = str(failed)
        return found

    def _keep_deadly(self, made: Try, trial: Trial) -> None:
        """A try that the product did not survive is named and kept: a search that goes on steps over it. The untroubled
        journey is no such try. Raises Enough."""
        because, blame = self.hindrance or ("", "")
        odd = odd_fields(made.state, ordinary(self._scenario))
        words = [*map(str, odd), *map(place_words, made.faults)]
        if blame != "environment" or not words:
            return
        because = f"{because}; while trying: {' + '.join(words)}"
        self._keep(made, Learned("inconclusive", because=because, trial=trial.id))
        self.give_up(because, blame)

    def give_up(self, because: str, blame: str) -> NoReturn:
        """End the search, for a reason that is none of its budget. Raises Enough."""
        self._making.give_up(because, blame)

    def trial(self, made: Try) -> Trial:
        """The trial that a try would be."""
        plan = plan_of(made.faults, f"try-{self.made + 1}") if made.faults else NO_FAULTS
        scenario = shortened(self._scenario, made.without)
        return trial_of(scenario, self._binding, plan, self._engine.setting, now=self._engine.now,
                        id=secrets.token_hex(8), account=made.state)

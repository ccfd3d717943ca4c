"""The program of a night: which trials are made, in which order, and when what failed is made again.

First everything once: each journey without faults, and then under each of its plans. Then the unfaulted ones again and
again, in turns with the controls and with each other, so that what the hour does to one it does to all. What fails is
made again while the rest goes on, spread over the time that the environment gives it; nothing of the first making is
replaced. What was made is kept in the history at once.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.nights.classified import open_attempt
from flowprobe.core.nights.gathering import Tally, attempt_of, journey_of
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Attempt, Journey, Sample, Series
from flowprobe.core.nights.outcomes import PASSING
from flowprobe.core.nights.settings import Nightly
from flowprobe.core.plan import Group
from flowprobe.core.policy import demand
from flowprobe.core.trial import Trial
from flowprobe.core.verdict import Blame, Kind
from flowprobe.core.wire import Reply
from flowprobe.errors import ToolFailed
from flowprobe.running.engine import Engine, Judged, Trouble

__all__ = ["Making", "Task"]

StandingOut: TypeAlias = Callable[[Sequence[Sample]], Sequence[Series]]
"""Of tonight's measurements those that have to be taken again tonight."""
_BATCHES = 2
_SPARE = 1.5
"""So much longer than it took at most the next making of a journey may take, by what is laid aside of the time."""


@dataclass(eq=False, slots=True)
class Task:
    """A journey of this night: `trial` is what is made of it, `of` the unfaulted one that it is compared with (None:
    it is that itself). `left` are the samples that are still to be taken, `waiting` says that what is left of it waits
    until it is known whether it recovers."""

    journey: Journey
    trial: Trial
    of: Task | None = None
    attempts: list[Attempt] = field(default_factory=list)
    twin: TrialEvidence | None = None
    first: str = ""
    broke_at: float = 0.0
    left: int = 0
    waiting: bool = False
    longest: float = 0.0
    calls: int = 0
    writes: int = 0

    @property
    def passed(self) -> bool:
        return any(each.verdict in PASSING for each in self.attempts)


class Making:
    """One night's. `earlier` are the attempts of the same night that were kept before it was cut off: what they settle
    is not made again. `measured` is what was measured in a night that had come to its end: what is among its attempts
    is settled, and only the rest is made. `now` gives seconds since the epoch, `standing_out` what has to be measured
    again; without `words` no text of a reply is kept. `notes` says what was left out, `unkept` why the history does not
    have all of it."""

    def __init__(self, nightly: Nightly, history: History, environment: str, night: str, *,
                 earlier: Sequence[Attempt] = (), measured: Tally | None = None,
                 now: Callable[[], float] = time.time, standing_out: StandingOut = lambda _: (),
                 words: bool = True) -> None:
        self._nightly, self._history, self._now = nightly, history, now
        self._environment, self._night, self._earlier = environment, night, earlier
        self._standing_out = standing_out
        self._ended = measured is not None
        self.tally = self._into = Tally(words=words) if measured is None else measured
        self.batches: tuple[Sequence[Sample], ...] = ()
        self.tasks: list[Task] = []
        self.notes: list[str] = []
        self.made = self.samples = 0
        self._queue: deque[Callable[[], None]] = deque()
        self._silent: dict[str, str] = {}
        self._scarce = ""
        self.unkept = ""

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those of the night: also of journeys that were made before it went on, and are not asked for any more."""
        tasks = {task.journey for task in self.tasks}
        return (*(each for each in self._earlier if each.journey not in tasks),
                *(attempt for task in self.tasks for attempt in task.attempts))

    @property
    def planned(self) -> int:
        """How many journeys the night has where nothing cuts it off."""
        return len({*(each.journey for each in self._earlier), *(task.journey for task in self.tasks)})

    def __call__(self, engine: Engine, trouble: Trouble | None) -> None:
        self._engine, self._trouble = engine, trouble
        known = {each.journey for each in self._earlier} if self._ended else set()
        for group in engine.groups:
            if not known.issuperset(map(_journey, group.trials)):
                self._plan(group)
        self._queue.append(self._sample)
        self._go_on()
        self._measure_again()
        self._go_on()
        self._tell_left_out()
        self.keep()

    def _go_on(self) -> None:
        """Until there is nothing more to make, and nothing to wait for."""
        while self._queue or self._soonest() is not None:
            self._make_due()
            if self._queue:
                self._queue.popleft()()
            elif (soonest := self._soonest()) is not None:
                self._wait_for(soonest)

    def keep(self) -> None:
        """Let the history have what was measured until now."""
        self._kept(lambda: self._history.keep_measured(
            self._environment, self._night, samples=self.tally.samples, counted=self.tally.counted,
            shapes=self.tally.shapes))

    def _kept(self, keep: Callable[[], None]) -> None:
        """What cannot be kept was made all the same: the night goes on, and says at its end what is missing."""
        try:
            keep()
        except ToolFailed as failed:
            self.unkept = str(failed)

    # --- everything once ---

    def _plan(self, group: Group) -> None:
        first = self._task(group.twin, None)
        first.left = self._nightly.samples - 1
        self._queue.append(lambda: self._first(first))
        for trial in group.faulted:
            self._later(self._task(trial, first))

    def _later(self, task: Task) -> None:
        self._queue.append(lambda: self._faulted(task))

    def _task(self, trial: Trial, of: Task | None) -> Task:
        journey = _journey(trial)
        calls, writes = demand([(trial.scenario, 1)], self._engine.setting.given)
        task = Task(journey, trial, of, [each for each in self._earlier if each.journey == journey],
                    calls=calls.most or calls.least, writes=writes.most or writes.least)
        if task.attempts:
            task.broke_at = next((each.at for each in task.attempts if each.verdict not in PASSING), 0.0)
            task.waiting = self._number(task) > 0
        self.tasks.append(task)
        return task

    def _first(self, task: Task) -> None:
        """The unfaulted journey. One that passed before the night was cut off is measured again, for its times went
        with it."""
        if not task.waiting and (not task.attempts or task.passed):
            self._make(task, task.trial)

    def _faulted(self, task: Task) -> None:
        """Only where there is something to compare it with: it waits for that as long as that may recover."""
        if task.attempts and task.attempts[-1].blame is not Blame.BASELINE:
            return
        assert task.of is not None
        if task.of.waiting:
            task.waiting = True
            return
        task.waiting = False
        if task.of.passed or self._trouble is not None:
            self._make(task, task.trial)
        else:
            last = task.of.attempts[-1].verdict if task.of.attempts else Kind.INCONCLUSIVE
            because = f"its unfaulted trial came out as {last}, so there is nothing to compare with"
            self._keep(task, self._engine.skip(task.trial, because, "baseline"), self._now())

    # --- again and again, for the times ---

    def _sample(self) -> None:
        """One round: each journey once more, with the controls before it."""
        self.keep()
        todo = [task for task in self.tasks if task.of is None and task.left and not task.waiting and task.passed]
        for task in todo:
            if self._scarce or self._engine.hindrance():
                return
            self._make_due()
            self._scarce = self._lacking(task)
            if not self._scarce and not task.waiting:
                self._measure()
                self._again(task)
        if todo:
            self._queue.append(self._sample)

    def _again(self, task: Task) -> None:
        task.left -= 1
        self.samples += 1
        self._make(task, replace(task.trial, id=secrets.token_hex(8), repeats=task.first))

    def _lacking(self, task: Task) -> str:
        """What would not suffice for another sample and, after it, for what has to be made again."""
        due = [each for each in self.tasks if self._number(each)]
        more = self._nightly.attempts.most - 1
        calls = task.calls + more * max([task.calls, *(each.calls for each in due)]) * max(1, len(due))
        writes = task.writes + more * max([task.writes, *(each.writes for each in due)]) * max(1, len(due))
        if lacking := self._engine.lacks(calls=calls, writes=writes):
            return lacking
        left = self._engine.seconds_left
        longest = max((each.longest for each in self.tasks), default=0.0)
        if left is not None and left < longest * _SPARE * (1 + more * max(1, len(due))):
            return "the seconds of the environment's budget"
        return ""

    def _measure(self) -> None:
        for name, call in self._nightly.controls.items():
            outcome = self._engine.measure(call, secrets.token_hex(16))
            if isinstance(outcome, Reply) and outcome.status < 500:
                self._into.control(name, outcome.seconds)
            else:
                self._silent[name] = (f"answered {outcome.status}" if isinstance(outcome, Reply)
                                      else outcome.detail or outcome.reason)

    def _measure_again(self) -> None:
        """In two more batches what is far slower than it was on other nights: where they say the same, it is sure
        tonight."""
        slow = {(series.scenario, series.personas) for series in self._standing_out(self.tally.samples)}
        tasks = [task for task in self.tasks if task.of is None and task.passed and not task.waiting
                 and (task.journey.scenario, task.journey.personas) in slow]
        batches = [self._batch(tasks) for _ in range(_BATCHES if tasks else 0)]
        self._into = self.tally
        self.batches = tuple(batch for batch in batches if batch)

    def _batch(self, tasks: Sequence[Task]) -> Sequence[Sample]:
        """Nothing where it could not be taken whole."""
        self._into = Tally()
        for _ in range(self._nightly.samples):
            for task in tasks:
                if task.waiting or self._engine.hindrance() or self._lacking(task):
                    return ()
                self._measure()
                self._again(task)
        return self._into.samples

    # --- what failed, once more ---

    def _number(self, task: Task) -> int:
        return open_attempt(task.attempts, self._nightly.attempts.most)

    def _due(self, task: Task) -> float:
        """When it is made again; sooner than it should be where the run's seconds end before."""
        due = self._nightly.attempts.due(task.broke_at, self._number(task))
        left = self._engine.seconds_left
        return due if left is None else min(due, self._now() + max(0.0, left - _SPARE * task.longest))

    def _soonest(self) -> Task | None:
        return min((task for task in self.tasks if task.waiting and self._number(task)), key=self._due, default=None)

    def _make_due(self) -> None:
        while (task := self._soonest()) is not None and self._due(task) <= self._now():
            self._try_again(task)

    def _wait_for(self, task: Task) -> None:
        """It is not worth while to wait where nothing can be made any more."""
        if self._hopeless():
            task.waiting = False
            self._settled(task)
            return
        self._engine.wait(min(1.0, max(0.0, self._due(task) - self._now())))

    def _try_again(self, task: Task) -> None:
        if self._trouble is not None:
            self._trouble = self._engine.identified_again(self._trouble)
        if self._hopeless():
            task.waiting = False
        else:
            self._make(task, replace(task.trial, id=secrets.token_hex(8)))
        if not task.waiting:
            self._settled(task)

    def _hopeless(self) -> bool:
        """Nothing can be made any more, however long one waits."""
        return bool(self._engine.hindrance()) or (self._trouble is not None and not self._engine.opened)

    def _settled(self, task: Task) -> None:
        """It is known now whether it recovers: what waited for that goes on, or is left out."""
        for each in self.tasks:
            if each.of is task and each.waiting and not self._number(each):
                self._later(each)
        if task.left and task.passed and self._sample not in self._queue:
            self._queue.append(self._sample)

    # --- one making ---

    def _make(self, task: Task, trial: Trial) -> None:
        at = self._now()
        calls, writes = self._engine.spent
        broken = self._trouble or self._engine.hindrance()
        self._compare(task)
        judged = self._engine.skip(trial, *broken) if broken else self._engine.make(trial)
        if not broken:
            self._learn(task, judged, calls, writes)
        self._keep(task, judged, at)

    def _compare(self, task: Task) -> None:
        """An unfaulted journey is compared with nothing."""
        if task.of is not None and task.of.twin is not None:
            self._engine.compare_with(task.of.twin)
        else:
            self._engine.compare_anew()

    def _learn(self, task: Task, judged: Judged, calls: int, writes: int) -> None:
        """What a making takes, by the makings that there were."""
        after = self._engine.spent
        task.calls, task.writes = max(task.calls, after[0] - calls), max(task.writes, after[1] - writes)
        task.longest = max(task.longest, judged.evidence.seconds)
        if task.of is None and judged.verdict.kind in PASSING:
            task.twin = task.twin or judged.evidence
            task.first = task.first or judged.evidence.started.trial

    def _keep(self, task: Task, judged: Judged, at: float) -> None:
        """In the history at once. What was stopped was not made; a further sample is an attempt where it broke, or
        where the one before did."""
        verdict = judged.verdict
        if verdict.blame is Blame.STOPPED:
            task.waiting = False
            return
        self.made += 1
        again = task.attempts and task.attempts[-1].verdict not in PASSING
        if not again or task.attempts[-1].blame is Blame.BASELINE:
            self._into.add(task.journey, judged.evidence, verdict,
                           lambda: self._engine.bodies(judged.evidence))
        if task.attempts and not again and (verdict.kind in PASSING or len(task.attempts) > 1):
            task.left = task.left if verdict.kind in PASSING else 0  # it recovered once, and is not trusted again
            return
        self._add(task, judged, at)

    def _add(self, task: Task, judged: Judged, at: float) -> None:
        """The first failure of a journey takes the place of what passed before it: its attempts count from there."""
        number = self._number(task) or 1
        attempt = attempt_of(task.journey, judged.evidence, judged.verdict, number=number, at=at,
                             twin=task.of.twin if task.of else None, redact=self._engine.redact)
        task.attempts = [each for each in task.attempts if each.number < number] + [attempt]
        self._kept(lambda: self._history.keep_attempts(self._environment, self._night, [attempt]))
        if attempt.verdict not in PASSING and number == 1:
            task.broke_at = at
        task.waiting = self._number(task) > 0

    # --- what is said ---

    def _tell_left_out(self) -> None:
        wanted = sum(self._nightly.samples - 1 for task in self.tasks if task.of is None and task.passed)
        if self._scarce and self.samples < wanted:
            self.notes.append(f"{self.samples} of {wanted} further samples were taken: {self._scarce} does not suffice "
                              "for more")
        self.notes += [f"the control {name!r} did not answer each time: {why}" for name, why in self._silent.items()]


def _journey(trial: Trial) -> Journey:
    personas = {role: persona.name for role, persona in trial.personas.items()}
    return journey_of(trial.scenario.name, personas, trial.plan.name if trial.plan.faults else "")

"""Probing as a dialogue, by the rules of `core.walk`: when a journey has ended, however it did, and its faults are off,
the probes are made, and the invariants judged by what they show.

 1. Each probe is made once. One with patience is made again, until every invariant holds that looks at it or its
    patience is over; the last answers count.
 2. A probe that needs a capture which is not there is not made.
 3. Every invariant ends in exactly one `InvariantJudged`, also when we were stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flowprobe.core.attempts import Stop
from flowprobe.core.emit import Dialogue, Emit, Steps, Wait, reply_event, sent_event
from flowprobe.core.events import InvariantJudged
from flowprobe.core.invariants import Asked, Seen, judge_invariant, unjudged
from flowprobe.core.journey import Journey, Scope
from flowprobe.core.parsed import Parsed
from flowprobe.core.request import build_call
from flowprobe.core.resolve import Absent, Names, WrongType
from flowprobe.core.statements import PROBE, Probe
from flowprobe.core.trial import Trial
from flowprobe.core.wire import NoReply, Outcome, Reply

__all__ = ["probe"]


def probe(trial: Trial, names: Names, look: Callable[[], Seen]) -> Dialogue:
    """Make the probes of a trial and judge its invariants. `names` is what its journey knew at its end; `look` tells
    what has been seen of it until now."""
    probing = _Probing(trial, names)
    try:
        judged: tuple[InvariantJudged, ...] = yield from probing.rounds(look)
    except Stop:
        judged = tuple(unjudged(each, trial.id, "we were stopped before it could be judged")
                       for each in trial.scenario.invariants)
    for each in judged:
        yield Emit(each)


class _Probing:
    """`asked` has the last answer of each probe, `began` when it was first sent and `due` when it may be made again, on
    the clock of the outcomes."""

    def __init__(self, trial: Trial, names: Names) -> None:
        self._trial, self._names = trial, names
        self._actor = Scope.outermost(Journey(trial)).actor
        self._numbers = trial.numbers()
        self._asked: dict[str, Asked] = {}
        self._made: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._now = 0.0

    def rounds(self, look: Callable[[], Seen]) -> Steps:
        """Ask until nothing more can come of it; returns what was judged."""
        scenario = self._trial.scenario
        for each in scenario.probes:
            yield from self._ask(each)
        while True:
            seen = look()
            judged = tuple(judge_invariant(each, seen, scenario.probes, self._asked, self._names)
                           for each in scenario.invariants)
            open_ones = self._open(judged)
            if not open_ones:
                return judged
            pause = max(0.0, min(self._due[each.name] for each in open_ones) - self._now)
            yield Wait(pause)
            for each in open_ones:
                if self._due[each.name] <= self._now + pause:
                    yield from self._ask(each)

    def _open(self, judged: Iterable[InvariantJudged]) -> tuple[Probe, ...]:
        """The probes that may yet show something else, and have the time for it."""
        scenario = self._trial.scenario
        wanted = {name for each, found in zip(scenario.invariants, judged, strict=True) if found.outcome != "held"
                  for name in each.probes}
        return tuple(each for each in scenario.probes if each.name in wanted and each.name in self._due
                     and self._due[each.name] - self._began[each.name] <= each.patience)

    def _ask(self, wanted: Probe) -> Steps:
        made = self._made.get(wanted.name, 0)
        try:
            call = build_call(self._trial, self._numbers[wanted.step.name], wanted.step, self._names,
                              self._actor(wanted.step.role), made=made)
        except (Absent, WrongType) as error:
            self._asked[wanted.name] = Asked(unmade=f"it was not made: {error}")
            return
        yield Emit(sent_event(call, phase=PROBE))
        outcome: Outcome = yield call
        yield Emit(reply_event(outcome))
        if isinstance(outcome, NoReply) and outcome.reason == "stopped":
            raise Stop
        self._made[wanted.name] = made + 1
        self._asked[wanted.name] = Asked(outcome, Parsed(outcome) if isinstance(outcome, Reply) else None)
        self._began.setdefault(wanted.name, outcome.sent)
        self._due[wanted.name] = outcome.ended + wanted.every
        self._now = max(self._now, outcome.ended)

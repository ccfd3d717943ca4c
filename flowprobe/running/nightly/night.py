"""`nightly`: one night of an environment, from the lock that keeps a second one out to what the history keeps of it.

The same command may come as often as it likes: a night that ended is told again and not made again, but goes on with
journeys that are asked for and were not made in it; one that was cut off goes on where it was. What the history has of
a night is true at every instant, whatever ends the process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import flowprobe
from flowprobe.core.nights.classified import Classified, classified, has_answered, night_code, night_verdict
from flowprobe.core.nights.cost import Cost, cost_of
from flowprobe.core.nights.gathering import Tally, journey_of
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Alert, Attempt, Journey, Night, Overview, Sample, State
from flowprobe.core.nights.naming import another, named
from flowprobe.core.nights.settings import Nightly
from flowprobe.core.scenario import Environment
from flowprobe.core.verdict import ExitCode
from flowprobe.errors import FlowProbeError, Refused, ToolFailed
from flowprobe.report.model import RunReport
from flowprobe.running.alerting import keep_and_post, notifier_for
from flowprobe.running.concerned import concerned_plans
from flowprobe.running.engine import Engine, Watcher
from flowprobe.running.flight import one_night, single_flight
from flowprobe.running.nightly.around import diagnosed
from flowprobe.running.nightly.judging import Judge
from flowprobe.running.nightly.making import Making
from flowprobe.running.notifying import Delivery, Notifier
from flowprobe.running.review import review
from flowprobe.running.selection import Request, Selection, bindings

__all__ = ["Made", "Wish", "make_night"]

_LOST = "its process ended without a word"
_NEWEST = 50
"""So many nights are looked through for those of today, and for one that nobody ended."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a night beside the run: `again` makes another where tonight's has ended; `samples` stand in for
    those of the environment. `now` gives seconds since the epoch, `warn` is told who could not be told of what."""

    again: bool = False
    samples: int | None = None
    now: Callable[[], float] = time.time
    warn: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Made:
    """A night as it stands now. `report` is that of its run, None where nothing was sent: it had ended before. `found`
    says how it was begun, where that was not afresh."""

    night: Night
    journeys: tuple[Classified, ...]
    overview: Overview
    report: RunReport | None = None
    found: str = ""
    notes: tuple[str, ...] = ()
    delivery: Delivery = field(default_factory=Delivery)
    samples: int = 0
    cost: Cost | None = None
    planned: int = 0

    @property
    def told(self) -> tuple[str, ...]:
        """Who heard of an alert. Who did not was said when it was tried."""
        return tuple(f"told {each.to}" for each in self.delivery.answers if not each.problem)

    @property
    def exit_code(self) -> int:
        """That of the night; one of which somebody has to know who could not be told is not all right."""
        code = self.night.exit_code
        return self.delivery.exit_code if code == ExitCode.OK else ExitCode.INCONCLUSIVE if code is None else code


def make_night(request: Request, selection: Selection, watcher: Watcher, history: History, wish: Wish) -> Made:
    """Make tonight's. Raises as `run` does before anything is sent, Refused also where a night is on; what was refused
    or broke off is in the history as that."""
    with one_night(selection.environment):
        return _Night(request, selection, watcher, history, wish).make()


@dataclass(slots=True)
class _Begun:
    """The night that is to be made: `earlier` is what was kept of it before it was cut off, or before more was asked
    of it. `ended` is that night as it ended, where it did; `missing` says that there is something to make in it."""

    night: Night
    earlier: tuple[Attempt, ...] = ()
    found: str = ""
    ended: Night | None = None
    missing: bool = False


class _Night:
    """Made while the lock of its environment is held."""

    def __init__(self, request: Request, selection: Selection, watcher: Watcher, history: History,
                 wish: Wish) -> None:
        self._request, self._selection, self._watcher = request, selection, watcher
        self._history, self._wish = history, wish
        self._environment = selection.environment
        self._nightly = _settled(selection.environment, wish)

    def make(self) -> Made:
        begun = self._begin()
        if begun.ended is not None and not begun.missing:
            return self._as_it_was(begun.ended, begun.found)
        if begun.found:
            self._watcher.notice(begun.found)
        try:
            return self._run(begun)
        except Refused as refused:
            self._end(begun, State.REFUSED, ExitCode.REFUSED, str(refused))
            raise
        except FlowProbeError as failed:
            self._end(begun, State.CUT_OFF, ExitCode.INCONCLUSIVE, str(failed))
            raise
        except BaseException as failed:
            self._end(begun, State.CUT_OFF, ExitCode.INTERNAL, type(failed).__name__,
                      tell=isinstance(failed, Exception))
            raise

    # --- which night it is ---

    def _begin(self) -> _Begun:
        """Tonight's as the history knows it. Whoever holds the lock knows that no night is running."""
        at = self._wish.now()
        name = named(datetime.fromtimestamp(at, UTC), self._environment.zone)
        self._mark_lost(name)
        known = self._tonights(name)
        last = known[-1] if known else None
        if last is None:
            return _Begun(self._fresh(name, at))
        if last.state is State.ENDED:
            if not self._wish.again:
                return self._ended(last)
            return _Begun(self._fresh(another(name, [each.name for each in known]), at))
        return self._resumed(last)

    def _tonights(self, name: str) -> list[Night]:
        """Those of the same date, oldest first."""
        nights = self._history.nights(self._environment.name, last=_NEWEST)
        return [each for each in nights if each.name == name or each.name.startswith(f"{name}.")]

    def _mark_lost(self, tonight: str) -> None:
        for each in self._history.nights(self._environment.name, last=_NEWEST):
            if each.state is State.RUNNING and each.name.partition(".")[0] != tonight:
                self._history.keep_night(replace(each, state=State.CUT_OFF, because=each.because or _LOST))

    def _fresh(self, name: str, at: float) -> Night:
        return Night(self._environment.name, name, State.RUNNING, at, flowprobe=flowprobe.__version__)

    def _ended(self, last: Night) -> _Begun:
        """One that ended goes on where journeys are asked for that were not made in it."""
        earlier = self._history.attempts(last.environment, nights=[last.name]).get(last.name, ())
        reviewed = review(self._request, self._selection, datetime.fromtimestamp(self._wish.now(), UTC))
        missing = len(_journeys(reviewed.selection) - {each.journey for each in earlier})
        if not missing:
            return _Begun(last, earlier, f"the night {last.name} has ended already", last)
        more = ("1 journey was not made in it and is made now" if missing == 1 else
                f"{missing} journeys were not made in it and are made now")
        return _Begun(replace(last, state=State.RUNNING), earlier, f"the night {last.name} has ended; {more}", last,
                      missing=True)

    def _measured(self, night: Night) -> Tally:
        """What the history has of the times of a night that ended."""
        found = Tally(words=not self._environment.production)
        environment, name = night.environment, night.name
        samples = self._history.samples(environment, last=_NEWEST)
        found.recall(
            [Sample(series, seconds) for series, nights in samples.items() for each, seconds in nights if each == name],
            [counted for each, counted in self._history.counted(environment, last=_NEWEST) if each == name],
            [shape for each, shape in self._history.shapes(environment, last=_NEWEST) if each == name])
        return found

    def _resumed(self, last: Night) -> _Begun:
        """One that did not end goes on: what was made of it stands, unless another version made it."""
        because = last.because or _LOST
        if last.state is State.REFUSED:
            return _Begun(replace(last, state=State.RUNNING, because=""))
        found = f"the night {last.name} was cut off ({because}) and goes on"
        if last.flowprobe != flowprobe.__version__:
            return _Begun(replace(last, state=State.RUNNING, because="", flowprobe=flowprobe.__version__),
                          found=f"the night {last.name} was cut off ({because}) under FlowProbe {last.flowprobe}: "
                          "it is made anew")
        earlier = self._history.attempts(self._environment.name, nights=[last.name]).get(last.name, ())
        return _Begun(replace(last, state=State.RUNNING, because=""), earlier, found)

    # --- making it ---

    def _run(self, begun: _Begun) -> Made:
        reviewed = review(self._request, self._selection, datetime.fromtimestamp(self._wish.now(), UTC))
        reviewed.enforce()
        selection = replace(reviewed.selection, notes=reviewed.notes)
        seed = self._request.seed if self._request.seed is not None else begun.night.seed or None
        with single_flight(self._environment):
            measured = self._measured(begun.ended) if begun.ended is not None else None
            engine = Engine(replace(self._request, seed=seed), selection, self._watcher)
            night = replace(begun.night, run=engine.folder.name, seed=engine.setting.seed)
            self._history.keep_night(night)
            begun.night = night
            judge = Judge(self._history, night.environment, night.name)
            making = Making(self._nightly, self._history, night.environment, night.name, earlier=begun.earlier,
                            measured=measured, now=self._wish.now, standing_out=judge.standing_out,
                            words=not self._environment.production)
            answered = judge.answered or has_answered(begun.earlier)
            report = engine.execute(diagnosed(making, self._nightly, answered=answered))
        night = replace(night, calls=begun.night.calls + engine.spent[0])
        return self._over(night, begun, making, report, judge)

    def _over(self, night: Night, begun: _Begun, making: Making, report: RunReport, judge: Judge) -> Made:
        found = classified(making.attempts, making.tally.counted)
        verdict = night_verdict(found)
        code = night_code(report.exit_code, verdict, trouble=bool(report.evidence.trouble or making.unkept))
        because = _cut_off(report, code)
        night = replace(night, state=State.CUT_OFF if because else State.ENDED, ended=self._wish.now(),
                        verdict=verdict, exit_code=int(code), because=because, journeys=len(found))
        overview = judge.overview(night, making.attempts, making.tally, making.batches)
        link = self._nightly.page(report.folder.name, str((report.folder / "report.html").resolve()))
        alerts = judge.raised(overview, link, self._nightly.attempts.most)
        overview = replace(overview, alerts=alerts)
        unkept, delivery = self._tell(night, alerts, judge)
        unkept = unkept or making.unkept
        if unkept and code in (ExitCode.OK, ExitCode.FAIL):
            night = replace(night, exit_code=int(code or ExitCode.INCONCLUSIVE))
        lacking = (f"the history lacks some of this night: {unkept}",) if unkept else ()
        notes = (*report.notes, *making.notes, *lacking)
        if not self._environment.alerts and any(not each.resolved for each in alerts):
            notes = (*notes, f"nobody is told: {night.environment} names no `alerts`")
        return Made(night, found, overview, report, begun.found, notes, delivery, making.samples,
                    cost_of(overview.nights, self._nightly.prices), making.planned)

    def _tell(self, night: Night, alerts: Sequence[Alert], judge: Judge) -> tuple[str, Delivery]:
        """Keep what came of the night, and tell of it: what went wrong with the former, '' for nothing. Whoever waits
        for a sign of life hears of the night last."""
        notifier = self._notifier()
        try:
            keep_and_post(alerts, self._history, notifier, before=judge.alerts, night=night.name)
            self._history.keep_night(night)
            if self._nightly.keep is not None and night.state is State.ENDED:
                self._history.prune(self._environment.name, keep=self._nightly.keep)
        except ToolFailed as failed:
            return str(failed), self._delivered(notifier)
        delivery = self._delivered(notifier)
        unheard = self._beat(night, notifier)
        return "", replace(delivery, waiting=(*delivery.waiting, *unheard))

    def _notifier(self) -> Notifier:
        return notifier_for(self._selection.project, self._environment, allow_exec=self._request.allow_exec)

    def _delivered(self, notifier: Notifier) -> Delivery:
        """What came of all that waits to be told."""
        delivery = notifier.deliver(self._environment.name)
        for waiting in delivery.waiting:
            self._wish.warn(f"alert not delivered: {waiting}")
        return delivery

    def _beat(self, night: Night, notifier: Notifier) -> tuple[str, ...]:
        """Who waits for the signal that a night was made, and did not take it."""
        if night.state is not State.ENDED:
            return ()
        answers = notifier.beat(f"{night.environment} {night.name}: {night.verdict}")
        unheard = tuple(f"{each.to} did not hear that the night was made: {each.problem}"
                        for each in answers if each.problem)
        for each in unheard:
            self._wish.warn(each)
        return unheard

    def _end(self, begun: _Begun, state: State, code: int, because: str, *, tell: bool = True) -> None:
        """A night that came to no good end, and is told of as that; a history that fails too is not what has to be told
        then. Who presses Ctrl-C does not wait for the telling. One that had ended stands as it was where nothing more
        was made in it."""
        night = replace(begun.night, state=state, ended=self._wish.now(), exit_code=int(code), because=because)
        stands = begun.ended is not None and (state is State.REFUSED or begun.night.run == begun.ended.run)
        try:
            self._history.keep_night(begun.ended if stands and begun.ended is not None else night)
            if tell and not stands:
                self._tell_unmade(night)
        except FlowProbeError as failed:
            self._wish.warn(f"of the night {night.name} nobody was told: {failed}")

    def _tell_unmade(self, night: Night) -> None:
        """What was made of it until then is in the history."""
        judge = Judge(self._history, night.environment, night.name)
        attempts = self._history.attempts(night.environment, nights=[night.name]).get(night.name, ())
        overview = judge.so_far(night, attempts)
        unkept, _ = self._tell(night, judge.raised(overview, "", self._nightly.attempts.most), judge)
        if unkept:
            raise ToolFailed(unkept)

    def _as_it_was(self, night: Night, found: str) -> Made:
        attempts = self._history.attempts(night.environment, nights=[night.name]).get(night.name, ())
        measured = self._measured(night)
        overview = Judge(self._history, night.environment, night.name).overview(night, attempts, measured)
        delivery = self._late()
        heard = sorted({each.to for each in delivery.answers if not each.problem})
        notes = (f"what had not been delivered was sent now: {', '.join(heard)}",) if heard else ()
        return Made(night, classified(attempts, measured.counted), overview, found=found, notes=notes,
                    delivery=delivery, cost=cost_of(overview.nights, self._nightly.prices))

    def _late(self) -> Delivery:
        """What waits from before is told now, though there is nothing new."""
        try:
            return self._delivered(self._notifier())
        except ToolFailed as failed:
            self._wish.warn(str(failed))
            return Delivery(waiting=(str(failed),))


def _journeys(selection: Selection) -> set[Journey]:
    """All that a run of it makes: each scenario by each of its personas, without faults and under each plan."""
    return {journey_of(item.scenario.name, binding, plan) for item in selection.chosen for binding in bindings(item)
            for plan in ("", *(each.name for each in concerned_plans(item, binding)))}


def _settled(environment: Environment, wish: Wish) -> Nightly:
    said = environment.nightly or Nightly()
    return said if wish.samples is None else replace(said, samples=wish.samples)


def _cut_off(report: RunReport, code: int) -> str:
    """Why a run did not come to its end; '' where it did."""
    if report.evidence.interrupted:
        return report.evidence.interrupted
    if report.evidence.halted:
        return next((trial.halted for trial in report.evidence.trials if trial.halted), report.evidence.halted)
    return "a bug of FlowProbe showed" if code == ExitCode.INTERNAL else ""

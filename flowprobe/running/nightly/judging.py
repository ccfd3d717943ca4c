"""What a night means beside those before it: trends, rates, flakes, and the alerts that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from flowprobe.core.nights.alerting import raised
from flowprobe.core.nights.classified import has_answered
from flowprobe.core.nights.flakes import flakes
from flowprobe.core.nights.gathering import Tally
from flowprobe.core.nights.history import History
from flowprobe.core.nights.latency import NEWEST, candidates, confirmed, readings, trend
from flowprobe.core.nights.model import Alert, Attempt, Deed, Mark, Night, Overview, Sample, Series, Trend
from flowprobe.core.nights.rates import rates
from flowprobe.core.nights.shapes import drifts
from flowprobe.errors import ToolFailed

__all__ = ["Judge"]


class Judge:
    """Knows the nights before one, as the history had them when it began. Where a series stood out and was measured
    again in the same night is known by the alert that was opened then."""

    def __init__(self, history: History, environment: str, night: str) -> None:
        self._history, self._environment, self._night = history, environment, night
        self._nights = tuple(each for each in history.nights(environment, last=NEWEST) if each.name != night)
        self._attempts = history.attempts(environment, nights=[each.name for each in self._nights])
        self._samples = {series: before for series, found in history.samples(environment, last=NEWEST).items()
                         if (before := tuple(each for each in found if each[0] != night))}
        self._counted = tuple(each for each in history.counted(environment, last=NEWEST) if each[0] != night)
        self._shapes = tuple(each for each in history.shapes(environment, last=NEWEST) if each[0] != night)
        self._marks = history.marks(environment)
        self._rebased = _rebased(self._marks)
        self.alerts = history.alerts(environment)

    @property
    def answered(self) -> bool:
        """Whether the product has answered in one of the nights before."""
        return any(has_answered(made) for made in self._attempts.values())

    def standing_out(self, tonight: Sequence[Sample]) -> tuple[Series, ...]:
        """The series that have to be measured again tonight before anything is said of them."""
        return candidates(self._samples, tonight, rebased=self._rebased)

    def overview(self, night: Night, attempts: Sequence[Attempt], tally: Tally,
                 batches: Sequence[Sequence[Sample]] = ()) -> Overview:
        """The environment's nights up to this one; `batches` are the further measurements of what stood out."""
        made = {**self._attempts, night.name: tuple(attempts)}
        found = readings(self._with(tally.samples))
        again = {each for each in (self.standing_out(tally.samples) if batches else ())
                 if confirmed(each, self._samples, (tally.samples, *batches), rebased=self._rebased)}
        trends = tuple(self._trend(series, read, series in again) for series, read in found.items() if read)
        counted = (*self._counted, *((night.name, each) for each in tally.counted))
        return Overview(
            night.environment, (*self._nights, night), made, trends,
            {series: tuple((name, seconds) for name, seconds, _ in read) for series, read in found.items()},
            rates(counted, rebased=self._rebased), flakes(made, self._marks, tonight=night.name),
            drifts((*self._shapes, *((night.name, each) for each in tally.shapes)), rebased=self._rebased),
            alerts=self.alerts, marks=self._marks)

    def so_far(self, night: Night, attempts: Sequence[Attempt]) -> Overview:
        """The environment's nights up to one that was not made to its end, of which no more is judged than what
        broke."""
        made = {**self._attempts, night.name: tuple(attempts)}
        return Overview(night.environment, (*self._nights, night), made,
                        flakes=flakes(made, self._marks, tonight=night.name), alerts=self.alerts, marks=self._marks)

    def _with(self, tonight: Sequence[Sample]) -> dict[Series, tuple[tuple[str, tuple[float, ...]], ...]]:
        known = dict(self._samples)
        for sample in tonight:
            known[sample.series] = (*known.get(sample.series, ()), (self._night, sample.seconds))
        return known

    def _trend(self, series: Series, read: Sequence[tuple[str, float, float]], again: bool) -> Trend:
        stood_out = {alert.opened for alert in self.alerts
                     if alert.key.startswith("latency/") and str(series) in alert.journeys}
        return trend(series, read, rebased=self._rebased.get(str(series), ""),
                     confirmed=stood_out | ({self._night} if again else set()))

    def raised(self, overview: Overview, link: str, confirming: int) -> tuple[Alert, ...]:
        """The alerts as they stand after this night. That it is missing may have been told while it was on."""
        with suppress(ToolFailed):
            self.alerts = self._history.alerts(self._environment)
        return raised(overview, before=self.alerts, night=self._night, link=link, confirming=confirming)


def _rebased(marks: Sequence[Mark]) -> Mapping[str, str]:
    """The night from which on a series or a journey is as usual; the newest word of a person counts."""
    return {mark.subject: mark.night for mark in marks if mark.deed is Deed.REBASE}

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowprobe.core.nights.gathering import Tally
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Deed, Mark, Sample, Series, Trending
from flowprobe.history import open_history
from flowprobe.running.nightly.judging import Judge
from tests.nights import FIND, NAMES, SEARCH, attempt, broken, night

HEALTH = Series("control", "health")
USUAL = (0.20, 0.21, 0.19, 0.20, 0.20, 0.21, 0.19, 0.20, 0.22, 0.20)
TONIGHT = NAMES[-1]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Five weeks but for tonight."""
    found = open_history(str(tmp_path / "history.db"))
    for place, name in enumerate(NAMES[:-1]):
        wobble = 1 + place % 5 / 200
        found.keep_night(night(name))
        found.keep_measured("production", name, samples=(measured(FIND, wobble), Sample(HEALTH, (0.01,) * 10)),
                            counted=(), shapes=())
    yield found
    found.close()


def measured(series: Series, factor: float = 1.0) -> Sample:
    return Sample(series, tuple(seconds * factor for seconds in USUAL))


class Tonight(Tally):
    def __init__(self, *samples: Sample) -> None:
        super().__init__()
        self._taken = samples

    @property
    def samples(self) -> tuple[Sample, ...]:
        return self._taken


def tonight(factor: float) -> Tonight:
    return Tonight(measured(FIND, factor), Sample(HEALTH, (0.01,) * 10))


def test_tonight_is_judged_before_the_history_has_it(history: History) -> None:
    overview = Judge(history, "production", TONIGHT).overview(night(TONIGHT), [attempt(SEARCH)], tonight(1.0))
    trend, = overview.trends
    assert (trend.state, trend.nights, len(overview.readings[FIND])) == (Trending.STEADY, len(NAMES), len(NAMES))
    assert overview.nights[-1].name == TONIGHT
    assert overview.attempts[TONIGHT] == (attempt(SEARCH),)


def test_what_stands_out_is_said_tonight_where_it_was_measured_again(history: History) -> None:
    judge, slow = Judge(history, "production", TONIGHT), tonight(2.0)
    assert judge.standing_out(slow.samples) == (FIND,)
    assert judge.standing_out(tonight(1.0).samples) == ()
    batch = tonight(2.0).samples
    sure = judge.overview(night(TONIGHT), [], slow, (batch, batch))
    assert (sure.trends[0].state, sure.trends[0].since) == (Trending.CHANGED, TONIGHT)
    chance = judge.overview(night(TONIGHT), [], slow, (tonight(1.0).samples, tonight(1.0).samples))
    assert chance.trends[0].state is not Trending.CHANGED


def test_a_person_may_say_that_it_is_as_usual_from_now_on(history: History) -> None:
    history.keep_mark(Mark("production", Deed.REBASE, str(FIND), TONIGHT, "ana", "a larger index", 1.0))
    judge = Judge(history, "production", TONIGHT)
    assert judge.overview(night(TONIGHT), [], tonight(2.0)).trends[0].state is Trending.LEARNING


def test_a_confirmed_failure_opens_an_alert_and_the_next_night_knows_of_it(history: History) -> None:
    judge = Judge(history, "production", TONIGHT)
    overview = judge.overview(night(TONIGHT), [broken(SEARCH, number) for number in (1, 2, 3)], Tally())
    alert, = judge.raised(overview, "page.html", 3)
    assert (alert.opened, alert.link, alert.journeys) == (TONIGHT, "page.html", (str(SEARCH),))
    history.keep_alerts((alert,))
    assert Judge(history, "production", "2026-11-23").alerts == (alert,)

"""What every history promises, whichever store it is in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import (
    Alert,
    Attempt,
    Counted,
    Deed,
    Journey,
    Mark,
    Night,
    Sample,
    Series,
    Severity,
    Shape,
    State,
)
from flowprobe.core.verdict import Blame, Kind
from flowprobe.errors import ToolFailed
from flowprobe.history import open_history

SEARCH = Journey("Search", "user=pro-eu")
FIND = Series("step", "find", "Search", "user=pro-eu")
HEALTH = Series("control", "health")
NIGHT = Night("staging", "2026-03-01", State.ENDED, 1000.5, 2000.25, Kind.FAIL, 1, "runs/1", "why", 12, 3, 99, "0.1.0")
ATTEMPT = Attempt(SEARCH, 1, 1001.5, 0.25, Kind.FAIL, Blame.PRODUCT, "sig", "it broke", "find", "search-api", "t1")
ALERT = Alert("staging", "key", Severity.PAGE, Blame.PRODUCT, "it broke", ("Search", "Pay"), "2026-03-01",
              "2026-03-02", "2026-03-03", "http://page")
MARK = Mark("staging", Deed.QUARANTINE, "Search (user=pro-eu)", "2026-03-01", "ann", "it wobbles", 5000.5, "2026-03-15")


@pytest.fixture(params=["memory", "file", "postgres"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    match request.param:
        case "memory":
            place = ":memory:"
        case "file":
            place = str(tmp_path / "history.db")
        case _:
            place = request.getfixturevalue("postgres")
    opened = open_history(place)
    yield opened
    opened.close()


def _nights(history: History, count: int, *, environment: str = "staging", state: State = State.ENDED) -> list[Night]:
    nights = [Night(environment, f"2026-03-{day:02}", state, 1000.0 * day) for day in range(1, count + 1)]
    for night in nights:
        history.keep_night(night)
    return nights


# --- nights ---------------------------------------------------------------------------------------


def test_a_night_is_kept_with_everything_that_is_known_of_it(history: History) -> None:
    unlike = [part.name for part in fields(Night) if getattr(NIGHT, part.name) == part.default]
    assert not unlike, "the night of this test has to differ from a new one in every part"
    history.keep_night(NIGHT)
    assert history.night("staging", "2026-03-01") == NIGHT


def test_what_is_not_known_of_a_night_stays_unknown(history: History) -> None:
    running = Night("staging", "2026-03-01", State.RUNNING, 1000.0)
    history.keep_night(running)
    assert history.night("staging", "2026-03-01") == running


def test_a_night_that_is_kept_again_takes_its_own_place_and_leaves_what_was_made_in_it(history: History) -> None:
    history.keep_night(replace(NIGHT, state=State.RUNNING, ended=None, verdict=None, exit_code=None))
    history.keep_attempts("staging", NIGHT.name, [ATTEMPT])
    history.keep_night(NIGHT)
    assert history.nights("staging") == (NIGHT,)
    assert history.attempts("staging", nights=[NIGHT.name]) == {NIGHT.name: (ATTEMPT,)}


def test_nobody_knows_a_night_that_was_not_kept(history: History) -> None:
    assert history.night("staging", "2026-03-01") is None
    assert history.nights("staging") == ()


def test_the_newest_nights_come_oldest_first(history: History) -> None:
    nights = _nights(history, 5)
    history.keep_night(late := Night("staging", "2026-02-28b", State.ENDED, 9000.0))
    assert history.nights("staging", last=3) == (*nights[3:], late)
    assert history.nights("staging") == (*nights, late)


def test_environments_do_not_mix(history: History) -> None:
    _nights(history, 1)
    (other,) = _nights(history, 1, environment="production")
    history.keep_mark(replace(MARK, environment="elsewhere"))
    assert history.nights("production") == (other,)
    assert history.environments() == ("elsewhere", "production", "staging")


# --- attempts -------------------------------------------------------------------------------------


def test_an_attempt_is_kept_with_everything_that_is_known_of_it(history: History) -> None:
    assert not [part.name for part in fields(Attempt) if getattr(ATTEMPT, part.name) == part.default]
    history.keep_night(NIGHT)
    history.keep_attempts("staging", NIGHT.name, [ATTEMPT])
    assert history.attempts("staging", nights=[NIGHT.name]) == {NIGHT.name: (ATTEMPT,)}


def test_attempts_come_in_the_order_in_which_they_were_made_and_one_again_is_replaced(history: History) -> None:
    history.keep_night(NIGHT)
    second = replace(ATTEMPT, number=2, at=1500.0, verdict=Kind.PASS, blame=Blame.NONE)
    other = replace(ATTEMPT, journey=replace(SEARCH, plan="slow"), at=1200.0)
    history.keep_attempts("staging", NIGHT.name, [second, ATTEMPT])
    history.keep_attempts("staging", NIGHT.name, [other, changed := replace(ATTEMPT, sentence="it broke otherwise")])
    assert history.attempts("staging", nights=[NIGHT.name])[NIGHT.name] == (changed, other, second)


def test_every_night_that_is_asked_for_is_told_of(history: History) -> None:
    _nights(history, 2)
    history.keep_attempts("staging", "2026-03-02", [ATTEMPT])
    assert history.attempts("staging", nights=["2026-03-01", "2026-03-02", "never"]) == {
        "2026-03-01": (), "2026-03-02": (ATTEMPT,), "never": ()}
    assert history.attempts("staging", nights=[]) == {}


def test_many_nights_can_be_asked_for_at_once(history: History) -> None:
    names = [f"night-{number}" for number in range(1200)]
    for name in (names[0], names[-1]):
        history.keep_night(replace(NIGHT, name=name))
        history.keep_attempts("staging", name, [ATTEMPT])
    found = history.attempts("staging", nights=names)
    assert [name for name, attempts in found.items() if attempts] == [names[0], names[-1]]
    assert len(found) == 1200


def test_what_was_made_belongs_to_a_night_that_is_there(history: History) -> None:
    with pytest.raises(ToolFailed, match="no night 2026-03-01 of staging"):
        history.keep_attempts("staging", "2026-03-01", [ATTEMPT])
    with pytest.raises(ToolFailed, match="no night 2026-03-01 of staging"):
        history.keep_measured("staging", "2026-03-01", samples=[], counted=[], shapes=[])


@pytest.mark.parametrize("said", ["naïve ☂ \U0001f600", "a\0b", "half \ud83d", "", "'; DROP TABLE nights; --", "?", "%s %"],
                         ids=["unicode", "nul", "surrogate", "empty", "quote", "mark", "percent"])
def test_whatever_a_product_says_can_be_kept(history: History, said: str) -> None:
    history.keep_night(NIGHT)
    history.keep_attempts("staging", NIGHT.name, [replace(ATTEMPT, sentence=said)])
    history.keep_measured("staging", NIGHT.name, samples=[], counted=[],
                          shapes=[Shape("Search", "find", {f"$.{said}": (f'"{said}"', "string")})])
    history.keep_alerts([replace(ALERT, sentence=said, journeys=(said,))])
    (attempt,) = history.attempts("staging", nights=[NIGHT.name])[NIGHT.name]
    told = said.replace("\0", "\\x00").replace("\ud83d", "\\ud83d")
    assert attempt.sentence == told
    assert history.shapes("staging", last=1)[0][1].paths == {f"$.{told}": (f'"{told}"', "string")}
    assert history.alerts("staging")[0].journeys == (told,)
    assert all(json.loads(line) for line in history.lines())


# --- what was measured ----------------------------------------------------------------------------


def test_what_was_measured_is_read_back_to_the_last_bit(history: History) -> None:
    _nights(history, 2)
    seconds = (0.1, 1 / 3, 2.0, 1e-7, 123456.789)
    for name in ("2026-03-01", "2026-03-02"):
        history.keep_measured("staging", name, samples=[Sample(FIND, seconds), Sample(HEALTH, ())],
                              counted=[Counted(SEARCH, "", 3, 1), Counted(SEARCH, "find", 3, 0)],
                              shapes=[Shape("Search", "find", {"$.a": ("number", "string"), "$.b": ('"x"',)})])
    assert history.samples("staging", last=5) == {
        FIND: (("2026-03-01", seconds), ("2026-03-02", seconds)), HEALTH: (("2026-03-01", ()), ("2026-03-02", ()))}
    assert history.counted("staging", last=1) == (
        ("2026-03-02", Counted(SEARCH, "", 3, 1)), ("2026-03-02", Counted(SEARCH, "find", 3, 0)))
    shape = Shape("Search", "find", {"$.a": ("number", "string"), "$.b": ('"x"',)})
    assert history.shapes("staging", last=5) == (("2026-03-01", shape), ("2026-03-02", shape))


def test_what_is_measured_again_takes_the_place_of_what_was(history: History) -> None:
    history.keep_night(NIGHT)
    for again in (False, True):
        history.keep_measured("staging", NIGHT.name, samples=[Sample(HEALTH if again else FIND, (0.5,))],
                              counted=[] if again else [Counted(SEARCH, "", 3, 1)],
                              shapes=[Shape("Search", "find", {"$": ("object" if again else "array",)})])
    assert history.samples("staging", last=9) == {HEALTH: ((NIGHT.name, (0.5,)),)}
    assert history.counted("staging", last=9) == ()
    assert [shape.paths for _, shape in history.shapes("staging", last=9)] == [{"$": ("object",)}]


@pytest.mark.parametrize("state", [State.RUNNING, State.CUT_OFF, State.REFUSED])
def test_only_nights_that_ended_are_measured_by(history: History, state: State) -> None:
    nights = _nights(history, 3)
    history.keep_night(replace(nights[1], state=state))
    for night in nights:
        history.keep_measured("staging", night.name, samples=[Sample(FIND, (night.began,))],
                              counted=[Counted(SEARCH, "", 1, 0)], shapes=[Shape("Search", "find")])
    ended = ["2026-03-01", "2026-03-03"]
    assert [name for name, _ in history.samples("staging", last=2)[FIND]] == ended
    assert [name for name, _ in history.counted("staging", last=2)] == ended
    assert [name for name, _ in history.shapes("staging", last=2)] == ended


# --- alerts and marks -----------------------------------------------------------------------------


def test_an_alert_is_kept_with_everything_that_is_known_of_it(history: History) -> None:
    assert not [part.name for part in fields(Alert) if getattr(ALERT, part.name) == part.default]
    history.keep_alerts([ALERT])
    assert history.alerts("staging") == (ALERT,)


def test_an_alert_is_seen_again_resolved_and_may_be_opened_anew(history: History) -> None:
    first = replace(ALERT, resolved="")
    history.keep_alerts([first])
    history.keep_alerts([ALERT, anew := replace(first, opened="2026-03-05", last="2026-03-05")])
    assert history.alerts("staging") == (ALERT, anew)
    assert history.alerts("staging", open_only=True) == (anew,)
    assert history.alerts("staging", last=1) == (anew,)


def test_marks_come_in_the_order_in_which_they_were_made(history: History) -> None:
    release = replace(MARK, deed=Deed.RELEASE, at=7000.0, until="")
    for mark in (release, MARK, MARK):
        history.keep_mark(mark)
    assert history.marks("staging") == (MARK, release)
    assert not [part.name for part in fields(Mark) if getattr(MARK, part.name) == part.default]


# --- all of it ------------------------------------------------------------------------------------


def test_pruning_forgets_the_oldest_nights_and_what_was_measured_in_them(history: History) -> None:
    nights = _nights(history, 4)
    for night in nights:
        history.keep_attempts("staging", night.name, [ATTEMPT])
        history.keep_measured("staging", night.name, samples=[Sample(FIND, (night.began,))],
                              counted=[Counted(SEARCH, "", 1, 0)], shapes=[Shape("Search", night.name)])
    (other,) = _nights(history, 1, environment="production")
    assert history.prune("staging", keep=2) == 2
    assert history.nights("staging") == tuple(nights[2:])
    assert [line["night"] for line in map(json.loads, history.lines()) if line["kind"] == "shape"] == [
        "2026-03-03", "2026-03-04"]
    assert [name for name, _ in history.samples("staging", last=9)[FIND]] == ["2026-03-03", "2026-03-04"]
    assert history.nights("production") == (other,)
    assert history.prune("staging", keep=2) == 0


def test_pruning_leaves_open_alerts_and_marks(history: History) -> None:
    _nights(history, 5)
    still = replace(ALERT, key="other", resolved="")
    lately = replace(ALERT, key="third", resolved="2026-03-05")
    history.keep_alerts([ALERT, still, lately])
    history.keep_mark(MARK)
    history.prune("staging", keep=1)
    assert history.alerts("staging") == (still, lately)
    assert history.marks("staging") == (MARK,)


def test_all_of_it_can_be_told_as_lines(history: History) -> None:
    history.keep_night(NIGHT)
    history.keep_attempts("staging", NIGHT.name, [ATTEMPT])
    history.keep_measured("staging", NIGHT.name, samples=[Sample(FIND, (0.5, 0.25))],
                          counted=[Counted(SEARCH, "find", 3, 1)], shapes=[Shape("Search", "find", {"$": ("object",)})])
    history.keep_alerts([ALERT])
    history.keep_mark(MARK)
    _nights(history, 1, environment="production")
    lines = [json.loads(line) for line in history.lines("staging")]
    assert [line["kind"] for line in lines] == ["night", "attempt", "sample", "counted", "shape", "alert", "mark"]
    assert {line["environment"] for line in lines} == {"staging"}
    assert lines[2] == {"kind": "sample", "environment": "staging", "night": NIGHT.name, "seconds": [0.5, 0.25],
                        "series": {"kind": "step", "name": "find", "scenario": "Search", "personas": "user=pro-eu"}}
    assert [json.loads(line)["environment"] for line in history.lines()] == ["production"] + ["staging"] * 7


def test_what_cannot_be_kept_whole_is_not_kept_at_all(history: History) -> None:
    history.keep_night(NIGHT)
    with pytest.raises(ToolFailed):
        history.keep_attempts("staging", NIGHT.name, [ATTEMPT, replace(ATTEMPT, number=None)])  # type: ignore[arg-type]
    assert history.attempts("staging", nights=[NIGHT.name]) == {NIGHT.name: ()}
    history.keep_attempts("staging", NIGHT.name, [ATTEMPT])
    assert history.attempts("staging", nights=[NIGHT.name]) == {NIGHT.name: (ATTEMPT,)}

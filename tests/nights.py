"""Nights to show: five weeks of an environment, with a journey that broke, one that flakes, one that became slower."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from flowprobe.core.nights.cost import Cost, Price, cost_of
from flowprobe.core.nights.model import (
    Alert,
    Attempt,
    Change,
    Deed,
    Drift,
    Flake,
    Journey,
    Mark,
    Night,
    Overview,
    Rate,
    Series,
    Severity,
    State,
    Trend,
    Trending,
)
from flowprobe.core.verdict import Blame, Kind

NAMES = tuple((date(2026, 10, 19) + timedelta(days)).isoformat() for days in range(35))
SEARCH = Journey("Search", "user=pro-eu")
SLOW = Journey("Search", "user=pro-eu", "slow-index")
EXPORT = Journey("Export", "user=acme")
SENTENCE = "Search for pro-eu fails: the product gives up after 800 ms"
FIND = Series("step", "find", "Search", "user=pro-eu")
INDEX = Series("provider", "index", "Search", "user=pro-eu")


def night(name: str, *, verdict: Kind | None = Kind.PASS, state: State = State.ENDED, because: str = "") -> Night:
    began = datetime.fromisoformat(name).replace(tzinfo=UTC).timestamp() + 7200
    made = state is State.ENDED
    return Night("production", name, state, began, began + 65 if made else None, verdict if made else None,
                 (1 if verdict is Kind.FAIL else 0) if made else None, f"run-{name}" if made else "", because,
                 100 if made else 0, 3 if made else 0, 7, "0.1.0")


def attempt(journey: Journey, verdict: Kind = Kind.PASS, number: int = 1, *, blame: Blame = Blame.NONE,
            sentence: str = "", at: float = 1000.0) -> Attempt:
    return Attempt(journey, number, at, 1.5, verdict, blame, "signature" if sentence else "", sentence, "find", "index",
                   f"{number:016x}")


def broken(journey: Journey, number: int = 1) -> Attempt:
    return attempt(journey, Kind.FAIL, number, blame=Blame.PRODUCT, sentence=SENTENCE)


def made(place: int) -> tuple[Attempt, ...]:
    """What was made in the night at this place: `SLOW` fails from the thirty-first on, `EXPORT` flakes every tenth."""
    slow = (broken(SLOW), broken(SLOW, 2), broken(SLOW, 3)) if place > 29 else (attempt(SLOW),)
    flaky = (broken(EXPORT), attempt(EXPORT, number=2)) if place % 10 == 4 else (attempt(EXPORT),)
    return (attempt(SEARCH), *slow, *flaky)


def overview() -> Overview:
    nights = tuple(night(name, verdict=Kind.FAIL if place > 29 else Kind.PASS) for place, name in enumerate(NAMES))
    frozen = night(NAMES[20], state=State.REFUSED, because="frozen until 2026-11-09")
    readings = tuple((name, 0.3 if place > 31 else 0.2) for place, name in enumerate(NAMES))
    return Overview(
        "production", (*nights[:20], frozen, *nights[21:]),
        {name: made(place) for place, name in enumerate(NAMES) if place != 20},
        trends=(Trend(INDEX, Trending.STEADY, 34, 0.1, 0.09, 0.11, 0.1),
                Trend(FIND, Trending.CHANGED, 34, 0.2, 0.18, 0.22, 0.3, 1.5, NAMES[32]),
                Trend(Series("step", "open", "Export", "user=acme"), Trending.LEARNING, 1, tonight_s=0.4)),
        readings={FIND: readings, INDEX: readings[-5:]},
        rates=(Rate(EXPORT, "open", Trending.CHANGED, 700, 31, 0.004, 0.07, 0.997),
               Rate(SEARCH, "", Trending.STEADY, 700, 0, 0.0, 0.0, 0.0)),
        flakes=(Flake(EXPORT, 0.08, 3, "2026-12-07"),),
        drifts=(Drift("Search", "find", "$.items[*].state", Change.WORD, ('"open"',), ('"open"', '"shut"'), NAMES[33]),),
        alerts=(Alert("production", "a", Severity.NOTICE, Blame.ENVIRONMENT, "api.acme.example does not resolve",
                      ("Export (user=acme)",), NAMES[10], NAMES[11], NAMES[12]),
                Alert("production", "b", Severity.NOTICE, Blame.NONE, "find became slower", ("Search (user=pro-eu)",),
                      NAMES[32], NAMES[34]),
                Alert("production", "c", Severity.PAGE, Blame.PRODUCT, SENTENCE, ("Search under slow-index",), NAMES[30],
                      NAMES[34], link="../runs/run-x/report.html")),
        marks=(Mark("production", Deed.REBASE, str(INDEX), NAMES[5], "ana", "a larger index", 1.0),))


def cost() -> Cost:
    return cost_of(overview().nights, (Price("Monitors of Acme", 12.0, "USD", 1000),))

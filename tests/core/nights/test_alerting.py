from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.alerting import Telling, Why, missing, raised, to_tell
from flowprobe.core.nights.model import (
    Alert,
    Attempt,
    Change,
    Drift,
    Flake,
    Journey,
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

SEATS = Journey("seats", "admin=pro-eu")
NIGHTS = tuple(f"2026-11-{day:02}" for day in range(1, 31))


def attempt(journey: Journey = SEATS, number: int = 1, verdict: Kind = Kind.FAIL, blame: Blame | None = None,
            signature: str = "invite 500", provider: str = "") -> Attempt:
    whose = {Kind.FAIL: Blame.PRODUCT, Kind.INCONCLUSIVE: Blame.ENVIRONMENT}.get(verdict, Blame.NONE)
    blame = whose if blame is None else blame
    broken = verdict in (Kind.FAIL, Kind.INCONCLUSIVE)
    return Attempt(journey, number, 0.0, 1.0, verdict, blame, signature if broken else "",
                   f"invite: {signature}" if broken else "", "invite" if broken else "", provider, f"t{number}")


def failing(*journeys: Journey, times: int = 3, **fields: str) -> tuple[Attempt, ...]:
    return tuple(attempt(journey, number, **fields) for number in range(1, times + 1) for journey in journeys)  # type: ignore[arg-type]


def passing(*journeys: Journey) -> tuple[Attempt, ...]:
    return tuple(attempt(journey, verdict=Kind.PASS) for journey in journeys or (SEATS,))


def inconclusive(blame: Blame, *journeys: Journey, signature: str = "no such host") -> tuple[Attempt, ...]:
    return tuple(attempt(journey, verdict=Kind.INCONCLUSIVE, blame=blame, signature=signature)
                 for journey in journeys or (SEATS,))


def night(number: int, state: State = State.ENDED, exit_code: int = 0, because: str = "") -> Night:
    return Night("prod", NIGHTS[number], state, float(number), exit_code=exit_code, because=because)


class Watch:
    """Night after night, as they are judged and told of."""

    def __init__(self) -> None:
        self.nights: list[Night] = []
        self.attempts: dict[str, tuple[Attempt, ...]] = {}
        self.alerts: tuple[Alert, ...] = ()
        self.over: list[Alert] = []

    def night(self, *attempts: Attempt, state: State = State.ENDED, exit_code: int = 0, because: str = "",
              **judged: tuple[object, ...]) -> list[tuple[str, str]]:
        self.nights.append(night(len(self.nights), state, exit_code, because))
        return self.again(*attempts, **judged)

    def again(self, *attempts: Attempt, **judged: tuple[object, ...]) -> list[tuple[str, str]]:
        """Judge the newest night."""
        tonight = self.nights[-1].name
        self.attempts[tonight] = attempts
        overview = Overview("prod", tuple(self.nights), self.attempts, **judged)  # type: ignore[arg-type]
        after = raised(overview, before=self.alerts, night=tonight, link=f"{tonight}/report.html")
        told = to_tell(after, before=self.alerts, night=tonight)
        self.over += [alert for alert in after if alert.resolved]
        self.alerts = tuple(alert for alert in after if not alert.resolved)
        return [(telling.why.value, str(telling.alert.severity)) for telling in told]


def test_a_failure_that_was_confirmed_pages_the_same_night() -> None:
    watch = Watch()
    assert watch.night(*failing(SEATS)) == [("opened", "page")]
    alert = watch.alerts[0]
    assert (alert.sentence, alert.journeys, alert.blame) == ("invite: invite 500", (str(SEATS),), Blame.PRODUCT)
    assert (alert.opened, alert.last, alert.link) == (NIGHTS[0], NIGHTS[0], f"{NIGHTS[0]}/report.html")


@pytest.mark.parametrize("attempts", [
    failing(SEATS, times=2),
    (*failing(SEATS, times=2), attempt(number=3, signature="invite 503")),
    (*failing(SEATS, times=2), attempt(number=3, verdict=Kind.INCONCLUSIVE)),
], ids=["too few attempts", "another signature", "one that nobody can judge"])
def test_a_failure_that_was_not_confirmed_pages_nobody_and_is_a_notice_the_second_night(
        attempts: tuple[Attempt, ...]) -> None:
    watch = Watch()
    assert watch.night(*attempts) == []
    assert watch.night(*attempts) == [("opened", "notice")]


def test_what_passed_at_a_later_try_opens_nothing_on_any_night() -> None:
    watch = Watch()
    for _ in range(3):
        assert watch.night(*failing(SEATS, times=2), attempt(number=3, verdict=Kind.PASS)) == []


def test_a_notice_that_is_confirmed_later_is_told_again_as_a_page() -> None:
    watch = Watch()
    watch.night(*failing(SEATS, times=2))
    assert watch.night(*failing(SEATS, times=2)) == [("opened", "notice")]
    assert watch.night(*failing(SEATS)) == [("escalated", "page")]
    assert watch.night(*failing(SEATS, times=2)) == [], "and it stays a page"
    assert watch.alerts[0].severity is Severity.PAGE


@given(st.integers(1, 50), st.sampled_from(["payments", ""]))
def test_one_cause_is_one_alert_however_many_journeys_it_breaks(number: int, provider: str) -> None:
    journeys = [Journey("seats", f"admin=p{index}") for index in range(number)]
    watch = Watch()
    assert watch.night(*failing(*journeys, provider=provider)) == [("opened", "page")]
    assert watch.alerts[0].journeys == tuple(map(str, journeys))


def test_a_provider_folds_what_breaks_in_different_ways() -> None:
    other = Journey("refunds", "admin=pro-eu")
    watch = Watch()
    assert watch.night(*failing(SEATS, provider="payments"),
                       *failing(other, provider="payments", signature="refund 504")) == [("opened", "page")]
    assert watch.alerts[0].key == "product/provider:payments"


def under(plan: str, scenario: str = "seats") -> Journey:
    return Journey(scenario, "admin=pro-eu", plan)


def test_what_the_faults_of_one_provider_break_is_one_notice_on_the_first_night() -> None:
    watch = Watch()
    broken = [failing(under(plan, scenario), provider="payments", signature=f"{scenario} {plan}")
              for scenario in ("seats", "refunds", "plans") for plan in ("slow", "down", "500")]
    assert watch.night(*passing(), *(each for attempts in broken for each in attempts)) == [("opened", "notice")]
    alert, = watch.alerts
    assert (alert.key, len(alert.journeys)) == ("product/under:payments", 9)
    assert alert.sentence == "invite: seats slow. Under faults of payments 3 journeys break, in 3 plans."


def test_what_breaks_under_faults_pages_where_it_passed_under_them_before() -> None:
    watch = Watch()
    weak = failing(under("down"), provider="payments")
    assert watch.night(*passing(under("slow")), *weak) == [("opened", "notice")]
    assert watch.night(*passing(under("slow")), *weak) == []
    assert watch.night(*failing(under("slow"), provider="payments"), *weak) == [("escalated", "page")]
    assert len(watch.alerts) == 1
    assert watch.night(*passing(under("slow"), under("down"))) == [("resolved", "page")]


def test_what_breaks_under_faults_of_which_nobody_knows_whose_they_are_is_a_notice_too() -> None:
    assert Watch().night(*failing(under("slow"))) == [("opened", "notice")]


def test_what_breaks_without_a_cause_in_common_is_told_one_by_one() -> None:
    watch = Watch()
    told = watch.night(*failing(SEATS), *failing(Journey("refunds", ""), signature="refund 504"))
    assert told == [("opened", "page")] * 2


@pytest.mark.parametrize("blame", [Blame.ENVIRONMENT, Blame.ACCOUNT, Blame.TOOL, Blame.SCENARIO, Blame.FAULT])
def test_what_is_not_the_products_doing_is_a_notice_after_two_nights_running(blame: Blame) -> None:
    watch = Watch()
    watch.night(*passing())
    assert watch.night(*inconclusive(blame)) == []
    assert watch.night(*inconclusive(blame)) == [("opened", "notice")]


def test_where_nobody_has_ever_answered_it_is_one_notice_on_the_first_night_until_somebody_does() -> None:
    watch = Watch()
    assert watch.night(*inconclusive(Blame.ENVIRONMENT), *inconclusive(
        Blame.ENVIRONMENT, Journey("refunds", ""), signature="connection refused")) == [("opened", "notice")]
    alert, = watch.alerts
    assert alert.sentence == "nobody answered at all: invite: no such host"
    assert alert.journeys == (str(SEATS), "refunds")
    assert watch.night(*inconclusive(Blame.ENVIRONMENT)) == []
    assert watch.night(*passing(), *passing(Journey("refunds", ""))) == [("resolved", "notice")]
    assert watch.night(*inconclusive(Blame.ENVIRONMENT)) == [], "it has answered before"


def test_two_nights_with_different_causes_are_not_two_nights_running() -> None:
    watch = Watch()
    watch.night(*passing())
    assert watch.night(*inconclusive(Blame.ENVIRONMENT)) == []
    assert watch.night(*inconclusive(Blame.ENVIRONMENT, signature="connection refused")) == []


def test_a_night_between_that_was_well_begins_the_count_anew() -> None:
    watch = Watch()
    assert watch.night(*inconclusive(Blame.TOOL)) == []
    assert watch.night(*passing()) == []
    assert watch.night(*inconclusive(Blame.TOOL)) == []


@pytest.mark.parametrize("blame", [Blame.STOPPED, Blame.BASELINE])
def test_of_what_a_person_stopped_and_of_what_another_trial_broke_nobody_is_told(blame: Blame) -> None:
    watch = Watch()
    for _ in range(3):
        assert watch.night(*inconclusive(blame)) == []


def test_a_journey_in_quarantine_never_pages_and_is_a_notice_while_it_lasts() -> None:
    flake = Flake(SEATS, 0.2, 30, until=NIGHTS[2])
    watch = Watch()
    assert watch.night(*failing(SEATS), flakes=(flake,)) == [("opened", "notice")]
    assert watch.night(*failing(SEATS), flakes=(flake,)) == []
    assert watch.night(*failing(SEATS), flakes=(flake,)) == [("escalated", "page")], "it is over"


def test_a_cause_pages_for_the_journeys_that_are_in_no_quarantine_and_lists_the_others() -> None:
    other = Journey("refunds", "admin=pro-eu")
    watch = Watch()
    told = watch.night(*failing(SEATS, other), flakes=(Flake(SEATS, 0.2, 30, until=NIGHTS[9]),))
    assert told == [("opened", "page")]
    assert set(watch.alerts[0].journeys) == {str(SEATS), str(other)}


def test_cleanup_that_is_incomplete_pages_until_a_night_ends_with_nothing_left() -> None:
    watch = Watch()
    left = attempt(verdict=Kind.INCONCLUSIVE, blame=Blame.CLEANUP)
    assert watch.night(left, exit_code=7) == [("opened", "page")]
    assert watch.night(*passing(), exit_code=7) == []
    assert watch.night(*passing(), state=State.CUT_OFF) == []
    assert watch.night(*passing()) == [("resolved", "page")]


def test_what_was_broken_is_resolved_once_when_its_journey_is_well() -> None:
    watch = Watch()
    watch.night(*failing(SEATS))
    assert watch.night(*passing()) == [("resolved", "page")]
    assert watch.over[0].resolved == NIGHTS[1]
    assert watch.night(*passing()) == []


@pytest.mark.parametrize("state", [State.REFUSED, State.CUT_OFF])
def test_a_night_that_was_not_made_to_its_end_resolves_nothing(state: State) -> None:
    watch = Watch()
    watch.night(*failing(SEATS))
    assert watch.night(*passing(), state=state) == []
    assert [alert.resolved for alert in watch.alerts if alert.severity is Severity.PAGE] == [""]


def test_a_night_that_did_not_make_the_journey_resolves_nothing() -> None:
    watch = Watch()
    watch.night(*failing(SEATS))
    assert watch.night(*passing(Journey("refunds", ""))) == []
    assert watch.night(*inconclusive(Blame.ENVIRONMENT)) == [], "nobody knows whether it would have failed"
    assert [alert.resolved for alert in watch.alerts] == [""]


def test_an_alert_is_over_when_each_of_its_journeys_was_seen_to_be_well() -> None:
    other = Journey("refunds", "admin=pro-eu")
    watch = Watch()
    watch.night(*failing(SEATS, other))
    assert watch.night(*passing(SEATS)) == []
    assert watch.alerts[0].journeys == (str(other),)
    assert watch.night(*passing(other)) == [("resolved", "page")]


def test_a_journey_that_is_made_no_more_holds_no_alert_open_after_seven_nights() -> None:
    watch = Watch()
    watch.night(*failing(SEATS))
    told = [watch.night(*passing(Journey("refunds", ""))) for _ in range(7)]
    assert told == [*[[]] * 6, [("resolved", "page")]]


def test_a_cause_that_shows_in_one_attempt_alone_is_not_over() -> None:
    watch = Watch()
    watch.night(*failing(SEATS))
    assert watch.night(attempt(number=1), attempt(number=2, verdict=Kind.PASS)) == []
    assert watch.alerts[0].last == NIGHTS[1]


def test_a_page_is_told_again_every_third_day_and_a_notice_every_seventh() -> None:
    pages, notices = Watch(), Watch()
    told = [bool(pages.night(*failing(SEATS))) for _ in range(8)]
    assert told == [True, False, False, True, False, False, True, False]
    told = [bool(notices.night(*inconclusive(Blame.TOOL))) for _ in range(10)]
    assert told == [False, True, *[False] * 6, True, False]


def test_a_reminder_is_told_by_the_next_night_where_none_fell_on_its_day() -> None:
    watch = Watch()
    watch.night(*failing(SEATS))
    for _ in range(3):
        watch.night(state=State.REFUSED)
    assert ("reminder", "page") in watch.night(*failing(SEATS))


def test_nights_that_are_refused_or_cut_off_twice_running_are_told_of_until_one_is_made() -> None:
    watch = Watch()
    assert watch.night(state=State.REFUSED, because="no window is open") == []
    assert watch.night(state=State.CUT_OFF) == [("opened", "notice")]
    assert watch.night(*passing()) == [("resolved", "notice")]


def slow(state: Trending, kind: str = "step", name: str = "invite", factor: float = 1.5) -> Trend:
    control = kind == "control"
    return Trend(Series(kind, name, "" if control else "seats", "" if control else "admin=pro-eu"), state, 30,  # type: ignore[arg-type]
                 0.2, 0.18, 0.22, 0.3, factor, NIGHTS[0])


def test_a_latency_that_changed_is_a_notice_until_it_is_usual_again_or_somebody_starts_it_anew() -> None:
    for quiet in (Trending.STEADY, Trending.LEARNING):
        watch = Watch()
        assert watch.night(*passing(), trends=(slow(Trending.SUSPECT),)) == []
        assert watch.night(*passing(), trends=(slow(Trending.CHANGED, factor=9.0),)) == [("opened", "notice")]
        assert "300 ms where 200 ms was usual (×9.00 with what the controls did taken off)" in watch.alerts[0].sentence
        assert watch.night(*passing(), trends=(slow(Trending.SUSPECT),)) == []
        assert watch.night(*passing(), trends=()) == [], "it was not measured"
        assert watch.night(*passing(), trends=(slow(quiet),)) == [("resolved", "notice")]


def test_a_provider_that_is_slower_takes_the_steps_of_its_journeys_with_it() -> None:
    watch = Watch()
    trends = (slow(Trending.CHANGED), slow(Trending.CHANGED, "provider", "payments"))
    assert watch.night(*passing(), trends=trends) == [("opened", "notice")]
    assert watch.alerts[0].key == "latency/provider:payments"


def test_a_control_that_is_slower_is_the_environments() -> None:
    watch = Watch()
    watch.night(*passing(), trends=(slow(Trending.CHANGED, "control", "health"),))
    assert watch.alerts[0].blame is Blame.ENVIRONMENT


def often(state: Trending, recent: float = 0.08) -> Rate:
    return Rate(SEATS, "invite", state, 100, 8, 0.01, recent, 0.995)


def test_a_step_that_breaks_more_often_is_a_notice_and_a_page_from_a_fifth_on() -> None:
    watch = Watch()
    assert watch.night(*passing(), rates=(often(Trending.CHANGED),)) == [("opened", "notice")]
    assert watch.night(*passing(), rates=(often(Trending.CHANGED, 0.2),)) == [("escalated", "page")]
    assert watch.night(*passing(), rates=(often(Trending.STEADY),)) == [("resolved", "page")]


def test_a_step_in_quarantine_does_not_page_by_breaking_often() -> None:
    watch = Watch()
    flake = Flake(SEATS, 0.5, 30, until=NIGHTS[9])
    assert watch.night(*passing(), rates=(often(Trending.CHANGED, 0.5),), flakes=(flake,)) == [("opened", "notice")]


def test_how_often_a_journey_breaks_is_not_told_beside_what_breaks_it() -> None:
    watch = Watch()
    assert watch.night(*failing(SEATS), rates=(often(Trending.CHANGED, 0.5),)) == [("opened", "page")]


def test_a_reply_that_looks_different_is_a_notice_until_it_does_not() -> None:
    drift = Drift("seats", "invite", "$.state", Change.WORD, ('"sent"',), ('"sent"', '"queued"'), NIGHTS[0])
    watch = Watch()
    assert watch.night(*passing(), drifts=(drift, replace(drift, path="$.id"))) == [("opened", "notice")]
    assert watch.alerts[0].sentence.endswith('$.state word ("sent" → "sent", "queued") and 1 more')
    assert watch.night(drifts=()) == [], "its scenario was not made"
    assert watch.night(*passing(), drifts=()) == [("resolved", "notice")]


def test_a_night_that_did_not_happen_is_told_of_each_time_until_one_does() -> None:
    first = missing("prod", before=(), night=NIGHTS[0], because="no night of 2026-11-01 is there at 07:00")
    assert to_tell((first,), before=(), night=NIGHTS[0]) == (Telling(first, Why.OPENED, NIGHTS[0]),)
    again = missing("prod", before=(first,), night=NIGHTS[0], because=first.sentence)
    assert to_tell((again,), before=(first,), night=NIGHTS[0]) == ()
    second = missing("prod", before=(first,), night=NIGHTS[1], because="nor is that of 2026-11-02")
    assert [each.why for each in to_tell((second,), before=(first,), night=NIGHTS[1])] == [Why.REMINDER]
    watch = Watch()
    watch.nights, watch.alerts = [night(0), night(1)], (second,)
    assert watch.night(*passing()) == [("resolved", "notice")]


def test_a_night_that_comes_late_resolves_that_it_was_missing_the_same_night() -> None:
    watch = Watch()
    watch.alerts = (missing("prod", before=(), night=NIGHTS[0], because="no night of prod has begun"),)
    assert watch.night(*passing()) == [("resolved", "notice")]
    assert watch.again(*passing()) == []


def test_pages_are_told_first_and_what_is_over_last() -> None:
    watch = Watch()
    watch.night(*failing(Journey("refunds", ""), signature="refund 504"))
    told = watch.night(*passing(Journey("refunds", "")), *failing(SEATS), trends=(slow(Trending.CHANGED),))
    assert told == [("opened", "page"), ("opened", "notice"), ("resolved", "page")]


def test_a_key_stays_short_and_on_one_line_and_tells_causes_apart() -> None:
    watch = Watch()
    watch.night(*failing(SEATS, signature="x" * 500), *failing(Journey("b", ""), signature="x" * 501),
                *failing(Journey("c", ""), signature="a\nb\x00"))
    keys = [alert.key for alert in watch.alerts]
    assert len(set(keys)) == 3
    assert all(len(key) <= 120 and key.isprintable() for key in keys)


JOURNEYS = [Journey("seats", f"admin=p{index}") for index in range(3)]
WORLDS = st.lists(st.tuples(
    st.sampled_from([State.ENDED, State.ENDED, State.ENDED, State.CUT_OFF, State.REFUSED]),
    st.lists(st.tuples(st.sampled_from(JOURNEYS), st.sampled_from(["pass", "a", "b", "environment"])),
             unique_by=lambda made: made[0], max_size=3),
    st.sampled_from([0, 0, 7])), max_size=20)


@given(WORLDS)
def test_what_is_opened_is_resolved_once_and_nothing_is_told_twice_in_a_night(world: list) -> None:  # type: ignore[type-arg]
    watch, said = Watch(), []
    for state, made, code in world:
        attempts = tuple(each for journey, what in made for each in _made(journey, what))
        told = watch.night(*attempts, state=state, exit_code=code)
        assert watch.again(*attempts) == [], "judged again, the night has nothing new to say"
        said += told
        keys = [alert.key for alert in watch.alerts]
        assert len(keys) == len(set(keys))
    opened = sum(why == "opened" for why, _ in said)
    assert opened == len(watch.alerts) + len(watch.over)
    assert sum(why == "resolved" for why, _ in said) == len(watch.over)
    assert len({(alert.key, alert.opened) for alert in watch.over}) == len(watch.over)


def _made(journey: Journey, what: str) -> tuple[Attempt, ...]:
    match what:
        case "pass":
            return passing(journey)
        case "environment":
            return inconclusive(Blame.ENVIRONMENT, journey)
        case _:
            return failing(journey, signature=what)

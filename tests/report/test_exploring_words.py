from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.exploring.exploration import Ended, Exploration, Patience, StatesTried, Unseen
from flowprobe.core.exploring.model import Site
from flowprobe.report.exploring import exploration_lines
from flowprobe.report.exploring_json import exploration_json
from flowprobe.report.exploring_page import exploration_page
from flowprobe.report.exploring_summary import exploration_summary
from flowprobe.report.exploring_told import About
from flowprobe.report.exploring_words import (
    effort_words,
    ended_words,
    left_behind_words,
    left_words,
    mood_of,
    patience_words,
    pruned_words,
    site_words,
    states_words,
    unseen_words,
    verdict_words,
)
from tests.explorations import ABOUT, CHARGE, QUIET, WHOLE


@pytest.mark.parametrize(("site", "words"), [
    (CHARGE, "POST /v1/charges in pay"),
    (Site("mail", "POST /send", "", 2), "POST /send #2"),
    (Site("mail", "POST /send", "invite", 0), "POST /send (each) in invite"),
])
def test_a_call_is_told_without_its_provider(site: Site, words: str) -> None:
    assert site_words(site) == words


@pytest.mark.parametrize(("ended", "because", "words"), [
    ("whole", "", "all that was planned was tried"),
    ("saturated", "", "ended early: the last tries have shown nothing new"),
    ("stopped", "SIGINT", "stopped before its end: SIGINT"),
])
def test_how_it_ended(ended: Ended, because: str, words: str) -> None:
    assert ended_words(Exploration(ended, because, WHOLE.baseline, phases={"singles": 1})) == words


def test_where_there_is_nothing_to_search_it_is_not_green() -> None:
    nothing = Exploration("whole", "", WHOLE.baseline, 3, phases={"calibrate": 3})
    assert (mood_of(nothing), verdict_words(nothing)) == ("odd", "there is nothing to search")
    assert ended_words(nothing).startswith("no call to a provider was seen")


def test_a_chance_that_is_not_nothing_is_never_told_as_zero() -> None:
    assert "a chance of under 1\N{NO-BREAK SPACE}%" in unseen_words(Unseen(9, 1, 500, 0.002, 0.0, "fair"))
    assert "a chance of 0\N{NO-BREAK SPACE}%; no further kind" in unseen_words(Unseen(9, 0, 500, 0.0, 0.0, "fair"))
    assert "a chance of 20\N{NO-BREAK SPACE}%; at least 1 more kind of outcome to be expected (a guess)" in unseen_words(
        Unseen(9, 1, 5, 0.2, 1.2, "a guess"))
    assert unseen_words(None).startswith("nothing was tried")


def test_patience_says_what_was_not_seen_too() -> None:
    assert patience_words(Patience(CHARGE, 10.0, None, 5.0)) == (
        "still waited after 10.0 s: no timeout was seen; holds at 5.0 s")


def test_states_that_nobody_counted_are_not_told_as_none() -> None:
    assert states_words(StatesTried()) == "no odd account state was tried"
    assert states_words(StatesTried(1)) == "1 state tried, 0 refused by the product"


def test_states_that_could_not_be_judged_are_told_with_why_and_are_nothing_good() -> None:
    doubtful = replace(QUIET, states=StatesTried(3, unjudged=2, because=("saw 500", "saw 501", "saw 502", "saw 503")))
    assert (mood_of(doubtful), verdict_words(doubtful)) == ("odd", "no case found, and 2 states could not be judged")
    words = "2 states could not be judged: saw 500; saw 501; saw 502; and 1 more reason"
    assert [*left_words(doubtful)] == [words]
    shown = "\n".join("".join(span.text for span in line) for line in exploration_lines(doubtful, (), About("x"), width=120))
    assert words in shown
    assert "3 states tried" in shown
    assert words in exploration_page(doubtful, (), About("x"))
    assert words in exploration_summary(doubtful, (), About("x"))
    assert not [*left_words(QUIET)]


def test_what_was_left_out_most_often_comes_first() -> None:
    assert pruned_words(tuple(reversed(WHOLE.pruned))) == pruned_words(WHOLE.pruned)
    assert pruned_words(()) == "nothing was left out"


def test_the_effort_is_told_with_its_bound() -> None:
    assert effort_words(QUIET, About("x", budget="10 min")) == "9 tries, 40 calls, 3.5 s in them (budget: 10 min)"


def test_the_first_of_what_was_left_behind_and_what_to_do() -> None:
    told = list(left_behind_words([f"left behind by 'try-{number}': order" for number in (0, 0, 1, 2, 3, 4)]))
    assert told == ["left behind by 'try-0': order (2 times)", "left behind by 'try-1': order",
                    "left behind by 'try-2': order", "and 2 more left behind", "`flowprobe cleanup` tries once more to clean it up"]
    assert not list(left_behind_words([]))


def test_what_was_left_behind_is_in_every_report() -> None:
    left = "left behind by 'try-2': order: 500 to DELETE /v1/orders/1"
    about = replace(ABOUT, left_behind=(left,), exit_code=7)
    lines = "\n".join("".join(span.text for span in line) for line in exploration_lines(QUIET, (), about))
    reports = (lines, exploration_page(QUIET, (), about), exploration_summary(QUIET, (), about))
    assert all("try-2" in report and "flowprobe cleanup" in report for report in reports)
    assert exploration_json(QUIET, (), about)["left_behind"] == [left]

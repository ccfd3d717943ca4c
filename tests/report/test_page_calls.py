from __future__ import annotations

import re

from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.report.model import Beside
from flowprobe.report.page_calls import step_anchor, trial_anchor, waterfall
from tests.journals import Journal, ended, exchange, finding, injected, replied, sent, started, step_ended, unanswered
from tests.report.pages import read


def trial(journal: Journal) -> TrialEvidence:
    return fold(journal.lines).trials[0]


SLOW = Journal().runner(
    started(), sent("one"), replied(at=100.0, seconds=1.0), step_ended("one", "broken", finding()),
    sent("two", 2), unanswered(2), step_ended("two", "broken"), step_ended("three", "not-reached", because="two failed"),
    ended()).proxy(exchange(), injected())


def test_a_provider_call_stands_under_the_call_that_caused_it_with_what_was_injected() -> None:
    page = read("".join(waterfall(trial(SLOW), Beside())))
    assert page.texts["code"][:2] == ["GET /one", "└ payments: POST /v1/charges"]
    assert "+ latency injected: asked 500 ms, realised 501 ms" in page.texts["p"]
    assert "no reply (connect) · 10 ms" in page.texts["span"]
    assert "not reached: two failed" in page.texts["p"]


def test_bars_lie_between_the_first_byte_and_the_last() -> None:
    text = "".join(waterfall(trial(SLOW), Beside()))
    bars = re.findall(r'<i class="(\w+)" style="left:([\d.]+)%;width:([\d.]+)%"></i>', text)
    assert ("ours", "0.00", "100.00") in bars
    assert {style for style, _, _ in bars} == {"ours", "theirs", "injected"}
    assert all(float(left) + float(width) <= 100.01 for _, left, width in bars)


def test_the_expectation_stands_beside_what_came() -> None:
    page = read("".join(waterfall(trial(SLOW), Beside())))
    assert page.texts["strong"] == ["612 ms"]
    assert "at most 400 ms" in page.texts["td"]
    assert "scenarios/test.yaml:9:7" in page.texts["td"]


def test_each_step_has_an_anchor_and_a_link_to_itself() -> None:
    one = trial(SLOW)
    page = read("".join(waterfall(one, Beside())))
    ids = [attributes["id"] for _, attributes in page.having("id")]
    assert ids == [step_anchor(one, number) for number in (1, 2, 3)]
    assert [attributes["href"] for _, attributes in page.having("href")] == [f"#{each}" for each in ids]
    assert ids[0].startswith(trial_anchor(one))


def test_of_many_calls_of_a_step_the_first_and_the_last_are_shown() -> None:
    calls = [event for number in range(1, 101) for event in (sent("poll", number), replied(number, at=100.0 + number))]
    page = read("".join(waterfall(trial(Journal().runner(started(), *calls, step_ended("poll"), ended())), Beside())))
    assert len(page.texts["code"]) == 20
    assert "80 more calls, which the journal has" in page.texts["p"]


def test_a_trial_without_a_call_is_a_list_without_bars() -> None:
    text = "".join(waterfall(trial(Journal().runner(started(), step_ended("one", "skipped", because="it was told to"), ended())), Beside()))
    assert "skipped: it was told to" in text
    assert "<i " not in text

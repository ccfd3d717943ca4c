import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import InvariantJudged
from flowprobe.core.findings import Finding
from flowprobe.report.model import RunReport
from flowprobe.report.result_json import indented, result_text
from tests.journals import (
    SLOW,
    Journal,
    ended,
    exchange,
    finding,
    injected,
    replied,
    sent,
    started,
    step_ended,
    unanswered,
)
from tests.reports import report_of
from tests.scenes import TRIAL


def test_the_result_has_the_trial_its_steps_its_provider_calls_and_their_receipts() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    result = read(report_of(journal.proxy(exchange(), injected())))
    trial = result["trials"][0]
    assert (result["version"], result["verdict"], result["exit_code"]) == (1, "fail", 1)
    assert (trial["plan"], trial["verdict"], trial["blame"], trial["rerun"]) == ("slow", "fail", "product", "flowprobe run …")
    assert trial["steps"][0]["findings"][0]["place"] == "scenarios/test.yaml:9:7"
    found = trial["steps"][0]["calls"][0]["exchanges"][0]
    assert (found["edge"], found["joined_by"], found["injections"][0]["realised_s"]) == ("payments", "call", 0.501)
    assert trial["receipts"][0]["fault"] == "payments"


def test_a_call_without_a_reply_has_its_reason() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")), ended())
    call = read(report_of(journal))["trials"][0]["steps"][0]["calls"][0]
    assert (call["status"], call["no_reply"]["reason"]) == (None, "connect")


def test_what_is_promised_of_the_whole_journey_is_told_with_its_outcome() -> None:
    lost = Finding("always", "invites $.items", "a length of 1", "a length of 0", "f:1:1")
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(), InvariantJudged(
        TRIAL, "always", "paid and there", "broken", (lost,), "while it was charged"))
    trial = read(report_of(journal))["trials"][0]
    assert (trial["verdict"], trial["why"]) == ("fail", (
        "'A journey' for pro-eu fails its promise always 'paid and there': invites $.items: expected a length of 1, saw a length of 0, while it was charged; "
        "nothing had been injected by then."))
    (told,) = trial["invariants"]
    assert {key: told[key] for key in ("promise", "name", "outcome", "because")} == {
        "promise": "always", "name": "paid and there", "outcome": "broken", "because": "while it was charged"}
    assert told["findings"][0]["where"] == "invites $.items"


@pytest.mark.parametrize("trials", [0, 1, 3])
def test_the_text_that_is_written_step_by_step_is_the_whole(trials: int) -> None:
    journal = Journal()
    for number in range(trials):
        name = f"{number:016x}"
        journal.runner(started(trial=name), sent("one", trial=name), replied(trial=name), sent("two", 2, trial=name), replied(2, trial=name))
        journal.runner(step_ended("one", trial=name), step_ended("two", "broken", finding(), trial=name), ended(trial=name))
    report = report_of(journal)
    found = read(report)
    assert [trial["trial"] for trial in found["trials"]] == [f"{number:016x}" for number in range(trials)]
    assert [[step["step"] for step in trial["steps"]] for trial in found["trials"]] == [["one", "two"]] * trials
    assert "".join(indented(result_text(report))) == json.dumps(found, indent=1, ensure_ascii=False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3))


@given(VALUES)
def test_whatever_it_says_it_is_indented_as_json_does_it(value: object) -> None:
    text = json.dumps({"value": value}, ensure_ascii=False)
    assert "".join(indented([text + "\n"])) == json.dumps({"value": value}, indent=1, ensure_ascii=False)


@given(st.text(st.sampled_from('[]{}",: \\«a1\n')))
def test_what_redaction_left_of_a_text_is_indented_without_losing_any_of_it(text: str) -> None:
    shown = "".join(indented([text]))
    assert shown.translate(BLANK) == text.translate(BLANK)


BLANK = {ord(" "): None, ord("\n"): None}


def read(report: RunReport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(result_text(report)))
    return found

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from flowprobe.core.events import CallReplied, members
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.verdict import judge_trial
from flowprobe.report.closeup import step_json, step_lines, trial_lines
from flowprobe.report.spans import Line
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

BODY = '{"name": "a\\u202eb", "list": [1]}'


def text(lines: Iterable[Line]) -> str:
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)


def walked() -> TrialEvidence:
    asked = replace(sent("pay"), headers={"x-who": "me\x1b[2J"}, body=BODY)
    reply = CallReplied(asked.call, 500, 100.0, 0.02, 0.05, (("server", "acme"),), "not json\nat all", 400, True)
    journal = Journal().runner(replace(started("slow", SLOW), account={"seats": 3}), asked, reply)
    journal.proxy(exchange(status=200, upstream_status=503), injected()).runner(
        replace(step_ended("pay", "broken", finding()), captured={"id": "inv_1"}), sent("wait", 2), unanswered(2),
        step_ended("wait"), ended())
    (trial,) = fold(journal.lines).trials
    return trial


def test_a_step_has_what_was_sent_what_came_and_what_was_injected() -> None:
    said = text(step_lines(walked().steps[0]))
    assert said.startswith("pay  broken\n      ✗ within: expected at most 400 ms, saw 612 ms  scenarios/test.yaml:9:7")
    assert 'captured   id = "inv_1"' in said
    assert "→ GET http://acme.test/pay  as pro-eu" in said
    assert '      "list": [' in said, "JSON is laid out"
    assert "← 500  50 ms, first byte after 20 ms" in said
    assert "    not json\n    at all\n    … 400 bytes in all" in said
    assert "└ payments: POST payments.example/v1/charges  200, of the provider 503  20 ms · joined by call (traceparent)" in said
    assert "+ latency of the fault 'payments'  number 1 at POST /v1/charges, asked 500 ms, slept 497 ms, realised 501 ms" in said


def test_nothing_of_a_step_acts_on_a_terminal() -> None:
    said = text(step_lines(walked().steps[0]))
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "me\\x1b[2J" in said


def test_a_call_without_a_reply_says_why() -> None:
    said = text(step_lines(walked().steps[1]))
    assert "nothing that was promised of it is broken" in said
    assert "← no reply (connect): nothing listens there  10 ms" in said


def test_machines_get_the_same_of_a_step() -> None:
    found = json.loads(json.dumps(step_json(walked().steps[0]), default=members))
    (call,) = found["calls"]
    assert call["request"]["body"] == BODY
    assert (call["reply"]["event"], call["reply"]["status"]) == ("CallReplied", 500)
    assert call["exchanges"][0]["injections"][0]["kind"] == "latency"
    assert found["findings"][0]["expected"] == "at most 400 ms"


def test_a_trial_has_its_account_its_faults_and_its_number() -> None:
    trial = walked()
    said = text(trial_lines(2, trial, judge_trial(trial, reachable=True), None))
    assert "account    seats 3" in said
    assert "fault      payments latency 500ms: injected once" in said
    assert "trial      2 in its run, id" in said
    assert "✗ pay" in said


def test_the_journey_of_a_trial_that_passed_is_shown_too() -> None:
    journal = Journal().runner(started(), sent("look"), replied(), step_ended("look"), ended())
    (trial,) = fold(journal.lines).trials
    said = text(trial_lines(1, trial, judge_trial(trial, reachable=True), None))
    assert "✓ none" in said
    assert "✓ look         GET /look" in said


def test_a_call_is_told_with_where_people_look_at_it() -> None:
    step = walked().steps[0]
    call = step.calls[0].sent.call
    said = text(step_lines(step, links={"Grafana": "https://g.example/${trace}", "bad": "javascript:${trace}"}))
    assert f"look at it in Grafana: https://g.example/{call}" in said
    assert "javascript" not in said

"""What a step can say besides its call, as a real run keeps it: polls, retries, conditions, checks, secrets."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.end_to_end.conftest import Place, Result
from tests.end_to_end.odd_product import TOKEN


def steps(result: Result, plan: str = "none") -> dict[str, Any]:
    return {step["step"]: step for step in result.trial(plan)["steps"]}


def test_a_step_that_polls_waits_for_the_products_state(place: Place) -> None:
    place.workflow("""\
  - step: export
    call: GET /state/2
    poll: {until: {json: {state: done}}, every: 50ms, for: 10s}
    expect: {json: {calls: 3}}
    capture: {calls: $.calls}
  - step: compare
    call: GET /state/4
    poll: {until: {json: {calls: "${export.calls + 1}"}}, fail_if: {status: 500}, every: 50ms, for: 10s}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    assert [len(step["calls"]) for step in steps(result).values()] == [3, 4]


def test_a_poll_that_runs_out_fails_with_the_number_of_its_calls(place: Place) -> None:
    place.workflow("  - {step: export, call: GET /state/99, poll: {until: {json: {state: done}}, every: 200ms, for: 1s}}\n")
    result = place.run("journey.yaml", "--env", "bare")
    (finding,) = steps(result)["export"]["findings"]
    made = len(steps(result)["export"]["calls"])
    assert (result.code, finding["kind"], finding["where"]) == (1, "poll", "$.state")
    assert finding["expected"] == '"done" within 1000 ms'
    assert finding["seen"].startswith(f'"running", after {made} calls in ')
    assert finding["place"].startswith("journey.yaml:5:")


def test_what_a_poll_must_not_meet_ends_it_at_once(place: Place) -> None:
    place.workflow("""\
  - step: export
    call: GET /state/99?broken
    poll: {until: {json: {state: done}}, fail_if: {json: {state: broken}}, every: 5s, for: 30s}
""")
    result = place.run("journey.yaml", "--env", "bare")
    (finding,) = steps(result)["export"]["findings"]
    assert (result.code, "after 1 call in" in finding["seen"]) == (1, True), finding


def test_a_retry_that_helps_is_degraded_and_the_journal_has_each_attempt(place: Place) -> None:
    place.workflow("""\
  - step: charge
    call: POST /flaky/2
    headers: {Idempotency-Key: "${trial.id}-charge"}
    retry: {on: 503, max: 3, backoff: 20ms}
""")
    result = place.run("journey.yaml", "--env", "bare")
    charge = steps(result)["charge"]
    assert (result.code, result.json["verdict"]) == (0, "degraded"), result.out + result.err
    assert (charge["outcome"], charge["because"]) == ("degraded", "retried 2 times")
    assert [call["status"] for call in charge["calls"]] == [503, 503, 200]
    sent = [event for event in place.events() if event["event"] == "CallSent"]
    assert [event["attempt"] for event in sent] == [1, 2, 3]
    assert {event["headers"]["idempotency-key"] for event in sent} == {f"{result.trial()['trial']}-charge"}


def test_a_retry_that_does_not_help_fails(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /flaky/9, retry: {on: [connect, 503], max: 2, backoff: 20ms}}\n")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, len(steps(result)["look"]["calls"])) == (1, 3)


@pytest.mark.parametrize(("fault", "timeout"), [("reset: request", "5s"), ("close: request", "5s"), ("hang: 20s", "1s")])
def test_a_reply_that_we_took_away_ourselves_is_asked_for_again(place: Place, fault: str, timeout: str) -> None:
    place.workflow(f"  - {{step: look, call: GET /health, timeout: {timeout}, retry: {{on: no-reply, backoff: 20ms}}}}\n",
                   more=f"faults: {{cut-off: {{user: {{{fault}, when: {{first: 1}}}}}}}}\n")
    result = place.run("journey.yaml", "--env", "bare")
    cut_off = result.trial("cut-off")
    assert (result.code, cut_off["verdict"]) == (0, "degraded"), result.out + result.err
    first, second = cut_off["steps"][0]["calls"]
    assert (first["status"], second["status"]) == (None, 200)


def test_a_reply_that_we_take_away_each_time_is_nobodys_failure(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /health, retry: {on: no-reply, backoff: 20ms}}\n",
                   more="faults: {cut-off: {user: {reset: request}}}\n")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.trial("cut-off")["blame"]) == (3, "plan"), result.out + result.err


def test_a_condition_that_does_not_hold_skips_its_step(place: Place) -> None:
    place.workflow("""\
  - {step: before, call: GET /things, capture: {left: $.left}}
  - {step: clear, call: DELETE /things/one, when: {before.left: {$gt: 0}}}
  - {step: here, call: GET /health, when: {admin.team: t1, before.left: 0}}
  - {step: later, call: GET /health, when: {today: {$gt: "2020-01-01"}}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    found = {name: step["outcome"] for name, step in steps(result).items()}
    assert found == {"before": "held", "clear": "skipped", "here": "held", "later": "held"}
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    assert steps(result)["clear"]["because"] == "when before.left: expected more than 0, saw 0"
    assert not place.notes.exists()


def test_a_check_fails_the_trial_and_the_journey_goes_on(place: Place) -> None:
    place.workflow("""\
  - {step: first, call: GET /health, check: {json: {ok: false}}}
  - {step: second, call: GET /health}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (1, "fail")
    assert [step["outcome"] for step in steps(result).values()] == ["broken", "held"]
    assert [finding["kind"] for finding in steps(result)["first"]["findings"]] == ["json"]


def test_no_reply_is_one_finding_however_much_was_to_be_checked(place: Place) -> None:
    place.workflow("""\
  - {step: first, call: GET /health}
  - {step: second, call: GET /hang, timeout: 300ms, check: {json: {ok: true}}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert [finding["kind"] for finding in steps(result)["second"]["findings"]] == ["no-reply"]


def test_a_captured_secret_is_used_and_stands_in_nothing_that_is_left(place: Place) -> None:
    place.workflow("""\
  - step: login
    call: POST /login
    capture: {token: {json: $.token, secret: true}}
  - step: use
    call: GET /echo
    headers: {X-Session: "${login.token}"}
    expect: {json: {head: {$matches: nothing like it}}}
""")
    words = ("run", "journey.yaml", "--env", "bare")
    results = [place.flowprobe(*words, "--junit", "out.xml"), place.flowprobe(*words, "--json")]
    assert [result.code for result in results] == [1, 1], results[0].out + results[0].err
    assert "«redacted»" in results[0].out
    printed = "".join(result.out + result.err for result in results).encode()
    for form in (TOKEN.encode(), base64.b64encode(TOKEN.encode()).rstrip(b"=")):
        assert form not in printed
        assert [path for path in place.folder.rglob("*") if path.is_file() and form in path.read_bytes()] == []

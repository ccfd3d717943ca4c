"""What Stripe's own SDK does when Stripe is slow or broken, as FlowProbe sees it.

The SDK is stripe-python with `max_network_retries = 2` and a client that is patient for 1.5 s; Stripe is localstripe.
The figures that are expected stand in the SDK's source (`stripe/_http_client.py`): `_should_retry`,
`_sleep_time_seconds` (0.5 s at least) and `_handle_request_error`.
"""

from __future__ import annotations

import itertools
import json

import pytest

from tests.end_to_end.real_provider.runs import Json, Run

pytestmark = pytest.mark.slow

PATIENCE_S = 1.5
BACKOFF_S = 0.5
SLACK_S = 0.4
"""How late a busy machine may stamp the end of an exchange."""

EVERY_PLAN = ["none", "slow", "blip", "down", "down-for-long", "reset", "hang", "lost-reply"]
ATTEMPTS = {"none": 1, "slow": 1, "blip": 2, "down": 3, "down-for-long": 1, "reset": 3, "hang": 3, "lost-reply": 1}


def charges(run: Run, plan: str) -> list[Json]:
    return run.exchanges(plan, site="POST /v1/charges")


def answer(run: Run, plan: str) -> tuple[int, Json]:
    reply = run.answer(plan, "pay")
    return reply["status"], json.loads(reply["body"])


def receipts(run: Run, plan: str) -> list[Json]:
    return run.trial(plan)["receipts"]


# --- one plan at a time ---------------------------------------------------------------------------


def test_unfaulted_the_customer_pays_at_the_first_attempt(run: Run) -> None:
    (charge,) = charges(run, "none")
    status, body = answer(run, "none")
    assert (charge["status"], charge["upstream_status"]) == (200, 200)
    assert (status, body["status"], body["paid"]) == (201, "succeeded", 1200)
    assert run.verdict("none")[0] == "pass"
    assert receipts(run, "none") == []


def test_the_sdk_sits_out_a_delay_within_its_patience(run: Run) -> None:
    (charge,) = charges(run, "slow")
    (receipt,) = receipts(run, "slow")
    assert charge["upstream_status"] == 200
    assert receipt["asked_s"] == 0.7
    assert receipt["realised_s"] == pytest.approx(0.7, abs=SLACK_S)
    assert receipt["gave_up_s"] is None
    assert answer(run, "slow")[0] == 201
    assert run.verdict("slow")[0] == "pass"


def test_one_503_costs_a_retry_and_the_customer_never_knows(run: Run) -> None:
    first, second = charges(run, "blip")
    assert (first["status"], first["upstream_status"]) == (503, None)
    assert (second["status"], second["upstream_status"]) == (200, 200)
    assert len(receipts(run, "blip")) == 1
    assert answer(run, "blip")[0] == 201
    assert run.verdict("blip")[0] == "degraded"


def test_after_two_retries_of_a_503_the_sdk_raises_what_stripe_said(run: Run) -> None:
    assert [(c["status"], c["upstream_status"]) for c in charges(run, "down")] == [(503, None)] * 3
    assert answer(run, "down") == (503, {"error": "payment_unavailable", "because": "APIError", "paid": 0})
    assert run.verdict("down")[0] == "degraded"


def test_the_sdk_does_not_ask_again_where_stripe_says_not_to(run: Run) -> None:
    (charge,) = charges(run, "down-for-long")
    assert charge["status"] == 503
    assert answer(run, "down-for-long")[1]["because"] == "APIError"


def test_a_reset_is_retried_twice_and_never_reaches_stripe(run: Run) -> None:
    seen = charges(run, "reset")
    assert [(c["status"], c["upstream_status"], c["error"]) for c in seen] == [(None, None, "reset by a fault")] * 3
    assert answer(run, "reset")[1]["because"] == "APIConnectionError"
    assert run.verdict("reset")[0] == "degraded"


def test_a_hang_is_given_up_when_the_patience_of_the_client_ends(run: Run) -> None:
    gave_up = [receipt["gave_up_s"] for receipt in receipts(run, "hang")]
    assert gave_up == [pytest.approx(PATIENCE_S, abs=SLACK_S)] * 3
    assert {(r["asked_s"], r["detail"]) for r in receipts(run, "hang")} == {(10.0, "the caller gave up")}
    assert [c["upstream_status"] for c in charges(run, "hang")] == [None] * 3


def test_a_hang_keeps_the_customer_waiting_for_three_patiences_and_two_pauses(run: Run) -> None:
    (call,) = run.step("hang", "pay")["calls"]
    assert 3 * PATIENCE_S + 2 * BACKOFF_S <= call["seconds"] < 9
    assert answer(run, "hang")[1]["because"] == "APIConnectionError"


def test_a_reply_that_breaks_off_is_not_retried_and_the_customer_is_told_a_lie(run: Run) -> None:
    """Stripe has charged; the SDK takes a broken body for no reason to retry, and the product says `paid: 0`."""
    (charge,) = charges(run, "lost-reply")
    assert charge["upstream_status"] == 200
    assert answer(run, "lost-reply") == (
        503, {"error": "payment_unavailable", "because": "APIConnectionError", "paid": 0})
    assert run.verdict("lost-reply") == ("fail", ["statement: $.paid: expected 0, saw 1200"])


# --- every plan -----------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_the_sdk_makes_as_many_attempts_as_its_source_says(run: Run, plan: str) -> None:
    assert len(charges(run, plan)) == ATTEMPTS[plan]


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_all_attempts_of_a_charge_bear_one_idempotency_key_and_one_body(run: Run, plan: str) -> None:
    seen = charges(run, plan)
    assert all(charge["key"] for charge in seen)
    assert len({(charge["key"], charge["body"]) for charge in seen}) == 1


def test_no_two_charges_share_an_idempotency_key(run: Run) -> None:
    assert len({charges(run, plan)[0]["key"] for plan in EVERY_PLAN}) == len(EVERY_PLAN)


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_what_the_sdk_posts_has_a_key_and_what_it_reads_or_deletes_has_none(run: Run, plan: str) -> None:
    assert {e["method"]: bool(e["key"]) for e in run.exchanges(plan)} == {"POST": True, "GET": False, "DELETE": False}


@pytest.mark.parametrize("plan", ["blip", "down", "reset", "hang"])
def test_the_sdk_pauses_before_each_retry(run: Run, plan: str) -> None:
    pauses = [after["started"] - before["ended"] for before, after in itertools.pairwise(charges(run, plan))]
    assert all(pause > BACKOFF_S - SLACK_S for pause in pauses), pauses


@pytest.mark.parametrize("plan", EVERY_PLAN[1:])
def test_each_receipt_belongs_to_an_attempt_of_the_charge(run: Run, plan: str) -> None:
    trial = run.trial(plan)
    hit = {receipt["exchange"] for receipt in trial["receipts"]}
    attempts = {charge["exchange"] for charge in charges(run, plan)}
    assert hit
    assert hit <= attempts
    assert [r["ordinal"] for r in trial["receipts"]] == list(range(1, len(hit) + 1))


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_calls_are_known_by_the_trials_id_where_they_bear_it_and_else_by_whose_product_it_is(
    run: Run, plan: str,
) -> None:
    evidence = {(e["method"], e["path"].split("/")[2]): e["evidence"] for e in run.exchanges(plan)}
    assert evidence == {
        ("POST", "payment_methods"): "owned", ("POST", "customers"): "trial-id", ("POST", "charges"): "owned",
        ("GET", "charges"): "owned", ("DELETE", "customers"): "owned"}


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_the_attempts_stand_under_the_step_that_caused_them(run: Run, plan: str) -> None:
    (call,) = run.step(plan, "pay")["calls"]
    assert [e["exchange"] for e in call["exchanges"]] == [c["exchange"] for c in charges(run, plan)]
    assert {e["joined_by"] for e in call["exchanges"]} == {"window"}
    assert run.trial(plan)["exchanges"] == []


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_every_customer_is_deleted_again(run: Run, plan: str) -> None:
    assert {step: row["outcome"] for step, row in run.trial(plan)["cleanup"].items()} == {"signup": "gone"}
    (deleted,) = run.exchanges(plan, method="DELETE")
    assert deleted["upstream_status"] == 200


# --- the run --------------------------------------------------------------------------------------


def test_nothing_else_was_touched(run: Run) -> None:
    of_trials = {trial["trial"] for trial in run.result["trials"]}
    seen = [e for e in run.proxy if e["event"] in ("ExchangeEnded", "Injected")]
    assert (run.result["collateral"], run.result["unattributed"]) == (0, 0)
    assert {e["trial"] for e in seen} == of_trials
    assert {e["edge"] for e in seen} == {"stripe"}


def test_the_run_fails_by_the_lost_reply_alone(run: Run) -> None:
    assert [plan for plan in EVERY_PLAN if run.verdict(plan)[0] in ("fail", "inconclusive")] == ["lost-reply"]
    assert run.code == run.result["exit_code"] == 1


@pytest.mark.parametrize("plan", EVERY_PLAN)
def test_the_journals_alone_lead_to_the_verdict_that_was_printed(run: Run, plan: str) -> None:
    judged = run.judged_again[run.trial(plan)["trial"]]
    assert (str(judged.kind), list(judged.reasons)) == run.verdict(plan)


def test_the_key_to_stripe_is_in_no_file_of_the_run(run: Run) -> None:
    texts = [file.read_text() for file in run.folder.rglob("*") if file.is_file()]
    assert any("/v1/charges" in text for text in texts)
    assert not any("sk_of_nobody" in text for text in texts)

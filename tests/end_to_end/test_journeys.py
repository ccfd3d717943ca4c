"""The journeys that we ship, against the bundled product: what each plan comes to where the product is mended, and what
it finds where it is not. What a journey made is gone afterwards, as the product itself says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Place, Result

SCENARIOS = Path(__file__).parents[2] / "scenarios"
DEADLINE_S = 120.0
IN_DEMO = {
    "export.yaml": {"none": "pass", "line-drops": "degraded", "busy": "degraded"},
    "notes.yaml": {"none": "pass", "line-drops": "degraded", "busy": "degraded"},
    "onboard.yaml": {"none": "pass", "search-down": "pass", "slow-search": "pass", "charge-unheard": "pass",
                     "payments-down": "degraded", "mail-hangs": "degraded"},
    "payment.yaml": {"none": "pass", "charge-unheard": "pass", "payments-busy": "degraded", "line-drops": "degraded"},
    "regions.yaml": {"none": "pass", "slow-search": "pass", "hiccup": "pass"},
    "renewal.yaml": {"none": "pass", "charge-unheard": "degraded", "payments-busy": "degraded", "slow-payments": "pass",
                     "mail-down": "degraded"},
    "sign-in-and-invite.yaml": {"none": "pass", "charge-unheard": "pass", "mail-down": "degraded"},
    "upload.yaml": {"none": "pass", "scanner-busy": "degraded", "verdict-lost": "pass", "order-unheard": "degraded"},
}
FOUND_IN_WEAK = {
    ("onboard.yaml", "search-down"): "search: status: expected a status below 400, saw 502",
    ("onboard.yaml", "charge-unheard"):
        "invite: POST /v1/charges to 'payments' with effect: expected less than 2 times, saw 2 times",
    ("onboard.yaml", "payments-down"): "invite: status: expected 201 or 202, saw 502",
    ("payment.yaml", "charge-unheard"): "pay: POST /v1/charges to 'payments' with effect: expected less than 2 times, saw 2 times",
    ("payment.yaml", "payments-busy"): "pay: status: expected 202, saw 502",
    ("regions.yaml", "slow-search"): "hits: within: expected at most 400 ms",
    ("sign-in-and-invite.yaml", "charge-unheard"):
        "invite: POST /v1/charges to 'payments' with effect: expected less than 2 times, saw 2 times",
    ("upload.yaml", "verdict-lost"): "scanned: $.state: expected \"clean\" within 3.0 s, saw \"scanning\"",
    ("upload.yaml", "order-unheard"): "scanned: $.scans: expected 1, saw 2",
}
"""The first reason that is given."""

NOTHING_LEFT = """\
flowprobe: 1
scenario: Nothing is left of the journeys before this one
personas: {admin: pro-eu, operator: staff}
workflow:
  - {step: notes, call: GET /v1/notes, expect: {json: {items: []}}}
  - {step: files, call: GET /v1/files, expect: {json: {items: []}}}
  - {step: payments, call: GET /v1/payments, expect: {json: {items: {$length: {$gt: 2}, $each: {state: refunded}}}}}
  - {step: invites, call: "GET /v1/teams/${admin.team}/invites", expect: {json: {items: []}}}
  - step: state
    call: GET /test/accounts/${admin.account}
    as: operator
    expect: {json: {plan: pro, seats: 3, card: valid}}
"""


def run_all(place: Place, environment: str) -> Result:
    shutil.copytree(SCENARIOS, place.folder, dirs_exist_ok=True)
    for file in ("search.yaml", "invite-and-billing.yaml"):
        (place.folder / file).unlink()
    place.scenario(NOTHING_LEFT, "zz-nothing-left.yaml")
    return place.finish(place.start("run", ".", "--env", environment, "--json"), deadline_s=DEADLINE_S)


def verdicts(result: Result) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for trial in result.json["trials"]:
        found.setdefault((Path(trial["file"]).name, trial["plan"]), set()).add(trial["verdict"])
    return found


def wanted(environment: str) -> dict[tuple[str, str], set[str]]:
    told = {(file, plan): {verdict} for file, plans in IN_DEMO.items() for plan, verdict in plans.items()}
    weak = {key: {"fail"} for key in FOUND_IN_WEAK} if environment == "demo-weak" else {}
    return {**told, **weak, ("zz-nothing-left.yaml", "none"): {"pass"}}


@pytest.mark.parametrize("environment", ["demo", "demo-weak"])
def test_each_plan_of_each_journey_comes_out_as_it_should(place: Place, environment: str) -> None:
    for _ in range(3):  # a machine that is starved of processor time misses promises of time
        result = run_all(place, environment)
        if verdicts(result) == wanted(environment):
            break
    assert verdicts(result) == wanted(environment), [trial["reasons"] for trial in result.json["trials"]]
    assert result.code == (0 if environment == "demo" else 1), result.out + result.err
    assert result.json["collateral"] == 0
    for trial in result.json["trials"]:
        reason = FOUND_IN_WEAK.get((Path(trial["file"]).name, trial["plan"])) if trial["verdict"] == "fail" else None
        assert reason is None or trial["reasons"][0].startswith(reason), trial["reasons"]


def test_a_webhook_is_known_by_the_trace_of_its_order(place: Place) -> None:
    """The product is told of our listener; the ticket's URL is still the product's own, or the upload would be refused."""
    shutil.copytree(SCENARIOS, place.folder, dirs_exist_ok=True)
    result = place.run("upload.yaml", "--faults", "none")
    upload = next(step for step in result.trial()["steps"] if step["step"] == "upload")
    (call,) = upload["calls"]
    assert [(e["edge"], e["evidence"], e["joined_by"]) for e in call["exchanges"]] == [
        ("scanner", "traceparent", "call"), ("scanner.webhooks", "traceparent", "call")]


def test_every_secret_of_the_sign_in_stays_out_of_the_runs_folder(place: Place) -> None:
    """Cookie, code and token come from replies: nobody knew them when the run began."""
    shutil.copytree(SCENARIOS, place.folder, dirs_exist_ok=True)
    result = place.run("sign-in-and-invite.yaml", "--faults", "none")
    assert result.code == 0, result.out + result.err
    token = next(e for e in place.events() if e["event"] == "CallSent" and e["step"] == "session/token")
    assert "code=«redacted»" in token["body"]
    written = [path.read_text().replace('\\"', '"') for path in (place.folder / ".flowprobe").rglob("*") if path.is_file()]
    for name in ("acme_session=", '"access_token":"', '"refresh_token":"'):
        assert any(f"{name}«redacted»" in text for text in written)
        assert not any(name in text.replace(f"{name}«redacted»", "") for text in written)

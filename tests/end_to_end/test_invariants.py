"""What is promised of the whole journey, against the bundled product: it is judged where the journey itself breaks, after
the faults are off and before anything is cleaned up."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Place

SCENARIOS = Path(__file__).parents[2] / "scenarios"

JOURNEY = """\
flowprobe: 1
scenario: Who is charged has an invite
personas: {admin: pro-eu}
workflow:
  - step: invite
    call: POST /v1/teams/${admin.team}/invites
    headers: {Idempotency-Key: "${trial.id}-invite"}
    json: {email: "guest+${trial.id}@example.test", role: member}
    expect: {status: [201, 202]}
    capture: {id: $.id}
    cleanup:
      call: DELETE /v1/invites/${found.id}
      find:
        call: GET /v1/teams/${admin.team}/invites
        where: {email: "guest+${trial.id}@example.test"}
        id: $.items[*].id
probes:
  invites: {call: "GET /v1/teams/${admin.team}/invites", for: 600ms, every: 200ms}
  this-one: {call: "GET /v1/invites/${invite.id}"}
always:
  - name: who was charged has an invite
    if: {sends: {payments: {POST /v1/charges: {effects: {$gt: 0}}}}}
    then: {shows: {invites: {json: {items: {$contains: {email: "guest+${trial.id}@example.test"}}}}}}
  - name: an invite says who pays
    then: {shows: {this-one: {json: {payment: {$in: [paid, deferred]}}}}}
never:
  - name: two charges for one invite
    sends: {payments: {POST /v1/charges: {effects: {$gt: 1}}}}
  - name: an invite of which nobody knows who pays
    shows: {invites: {json: {items: {$contains: {email: "guest+${trial.id}@example.test", payment: unknown}}}}}
  - stack-trace
faults:
  charge-unheard: {payments: {lost_reply: close}}
  portal: {payments: {body: html}}
"""


def invariants(trial: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["outcome"] for each in trial["invariants"]}


def run(place: Place, weaknesses: str) -> Any:
    shutil.copy(SCENARIOS / "openapi.yaml", place.folder)
    project = (SCENARIOS / "flowprobe.yaml").read_text().replace("ACME_WEAKNESSES: none", f"ACME_WEAKNESSES: {weaknesses}")
    (place.folder / "flowprobe.yaml").write_text(project)
    return place.run(str(place.scenario(JOURNEY)))


def test_a_sound_product_keeps_its_promises_under_every_plan(place: Place) -> None:
    result = run(place, "none")
    assert {trial["verdict"] for trial in result.json["trials"]} == {"pass"}, [t["reasons"] for t in result.json["trials"]]
    assert {outcome for trial in result.json["trials"] for outcome in invariants(trial).values()} == {"held"}


def test_who_was_charged_and_has_no_invite_is_found_although_the_journey_broke(place: Place) -> None:
    result = run(place, "payments-double-charge")
    trial = result.trial("charge-unheard")
    assert (trial["verdict"], trial["blame"]) == ("fail", "product")
    assert invariants(trial) == {
        "who was charged has an invite": "broken", "an invite says who pays": "unsure", "two charges for one invite": "broken",
        "an invite of which nobody knows who pays": "held", "stack-trace": "held"}
    assert [reason.partition("':")[0] for reason in trial["reasons"]] == [
        "invite: status: expected 201 or 202, saw 502 (the payment provider does not work at the moment)",
        "always 'who was charged has an invite", "never 'two charges for one invite"]
    assert set(invariants(result.trial("none")).values()) == {"held"}


def test_probes_are_made_after_the_faults_and_before_the_cleanup_until_they_show_what_is_promised(place: Place) -> None:
    run(place, "payments-double-charge")
    events = place.events()
    trial = next(event["trial"] for event in events if event["event"] == "TrialStarted" and event["plan"] == "charge-unheard")
    mine = [(event["event"], event.get("phase"), event.get("step")) for event in events if event.get("trial") == trial]
    disarmed = mine.index(("FaultsDisarmed", None, None))
    asked = [place for place, event in enumerate(mine) if event == ("CallSent", "probe", "probe invites")]
    cleaning = next(place for place, event in enumerate(mine) if event[:2] == ("CallSent", "cleanup"))
    assert disarmed < asked[0]
    assert asked[-1] < cleaning
    assert len(asked) in (2, 3, 4)  # 600 ms, every 200 ms, and the calls take their time
    assert ("CallSent", "probe", "probe this-one") not in mine  # the reply that would have told its id was a 502


def test_an_invite_that_a_spoilt_reply_leaves_unpaid_and_a_stack_trace_are_found(place: Place) -> None:
    trial = run(place, "payments-trusts-200").trial("portal")
    assert trial["verdict"] == "fail"
    assert {name for name, outcome in invariants(trial).items() if outcome == "broken"} >= {"stack-trace", "an invite of which nobody knows who pays"}

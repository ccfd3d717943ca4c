"""What a step can say besides its call, as a real run keeps it: polls, retries, conditions, checks, secrets."""

from __future__ import annotations

import base64
import json
import signal
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
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


# --- the account ----------------------------------------------------------------------------------


def test_an_account_that_cannot_be_set_up_is_nobodys_failure(place: Place) -> None:
    more = "account: {seats: {default: 3, integers: {min: 0, max: 9}}}\ngiven:\n  - {call: PUT /%s, json: {seats: \"${account.seats}\"}}\n"
    place.workflow("  - {step: look, call: GET /health}\n", more=more % "refuse")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.trial()["verdict"], result.trial()["blame"]) == (3, "inconclusive", "account set-up"), result.out
    assert steps(result)["look"]["outcome"] == "not-reached"
    place.workflow("  - {step: look, call: GET /health}\n", more=more % "mirror")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    sent = [event for event in place.events() if event["event"] == "CallSent"]
    assert [(event["phase"], event["method"], event["body"]) for event in sent] == [("given", "PUT", '{"seats":3}'), ("workflow", "GET", "")]


def test_a_scenario_is_walked_by_whoever_is_as_it_says(place: Place) -> None:
    place.scenario("flowprobe: 1\nscenario: A\npersonas: {admin: {labels: [key-account], region: eu}}\n"
                   "workflow:\n  - {step: look, call: \"GET /health?${admin.team}\"}\n")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, [trial["personas"] for trial in result.json["trials"]]) == (0, [{"admin": "pro-eu"}]), result.out + result.err
    place.scenario("flowprobe: 1\nscenario: A\npersonas: {admin: {region: moon}}\nworkflow:\n  - {step: look, call: GET /health}\n")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, "no-such-persona" in result.out + result.err or "persona" in result.err) == (2, True)


# --- rounds and branches --------------------------------------------------------------------------


def test_pages_are_read_to_their_end_and_each_item_is_made_and_undone(place: Place) -> None:
    place.workflow("""\
  - step: page
    call: GET /pages
    query: {page: "${page.next}"}
    capture: {ids: {json: "$.items[*].id", append: true}, next: $.next}
    repeat: {while: {page.next: {$absent: false}}, max: 10}
  - step: make
    call: POST /things
    json: {copy_of: "${id}"}
    each: {id: "${page.ids}"}
    capture: {made: {json: $.id, append: true}, id: $.id}
    cleanup: DELETE /things/${make.id}
  - {step: count, call: GET /things, expect: {json: {left: 6}}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    assert [len(step["calls"]) for step in steps(result).values()] == [3, 6, 1]
    assert place.notes.read_text().split() == [word for n in range(6, 0, -1) for word in ("DELETE", f"thing-{n}")]


def test_branches_overlap_and_what_they_made_is_undone(place: Place) -> None:
    place.workflow("""\
  - step: both
    parallel:
      - - {step: left, call: "GET /stamps?0.5", capture: {began: $.began, ended: $.ended}}
        - {step: left-made, call: POST /things, capture: {id: $.id}, cleanup: "DELETE /things/${left-made.id}"}
      - - {step: right, call: "GET /stamps?0.5", capture: {began: $.began, ended: $.ended}}
        - {step: right-made, call: POST /things, capture: {id: $.id}, cleanup: "DELETE /things/${right-made.id}"}
  - {step: after, call: "GET /things", expect: {json: {left: 2}}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    ended = {event["step"]: event["captured"] for event in place.events() if event["event"] == "StepEnded"}
    left, right = ended["left"], ended["right"]
    assert max(left["began"], right["began"]) < min(left["ended"], right["ended"]), "the product had both at the same time"
    assert sorted(place.notes.read_text().splitlines()) == ["DELETE thing-1", "DELETE thing-2"]


def test_a_stop_in_the_middle_of_branches_leaves_nothing(place: Place) -> None:
    branches = "".join(f"      - - {{step: make-{n}, call: POST /things, capture: {{id: $.id}}, cleanup: \"DELETE /things/${{make-{n}.id}}\"}}\n"
                       f"        - {{step: wait-{n}, call: GET /hang}}\n" for n in (1, 2))
    place.workflow(f"  - step: both\n    parallel:\n{branches}  - {{step: later, call: GET /health}}\n")
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    for number in (1, 2):
        place.wait_for_event("CallSent", step=f"wait-{number}")
    process.send_signal(signal.SIGINT)
    result = place.finish(process)
    assert (result.code, result.trial()["blame"]) == (130, "stopped"), result.out + result.err
    assert sorted(place.notes.read_text().splitlines()) == ["DELETE thing-1", "DELETE thing-2"]
    assert {row["outcome"] for row in result.trial()["cleanup"].values()} == {"gone"}
    assert {name: step["outcome"] for name, step in steps(result).items()} == {
        "make-1": "held", "make-2": "held", "wait-1": "not-reached", "wait-2": "not-reached", "both": "not-reached", "later": "not-reached"}


# --- other scenarios, and who signs in ------------------------------------------------------------

SESSION = """\
flowprobe: 1
scenario: Somebody signs in
personas: {user: pro-eu}
inputs: {name: {}, scope: {default: read}}
workflow:
  - step: login
    call: POST /login
    as: guest
    form: {user: "${inputs.name}", scope: "${inputs.scope}"}
    capture: {token: $.token}
    signs_in: {user: {bearer: "${login.token}"}}
  - {step: me, call: GET /mirror, expect: {json: {bearer: {$matches: "^Bearer "}}}, capture: {bearer: $.bearer}}
outputs: {who: "${login.token}", bearer: "${me.bearer}"}
"""


def test_a_used_scenario_is_given_inputs_and_gives_outputs(place: Place) -> None:
    place.scenario(SESSION, "session.yaml")
    place.workflow("""\
  - {step: session, use: session.yaml, with: {name: "${admin.team}"}}
  - {step: again, call: GET /mirror, expect: {json: {bearer: "${session.bearer}"}}}
  - {step: never, use: session.yaml, with: {name: nobody}, when: {admin.team: other}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    assert {name: step["outcome"] for name, step in steps(result).items()} == {
        "session/login": "held", "session/me": "held", "session": "held", "again": "held", "never/login": "skipped", "never/me": "skipped", "never": "skipped"}
    login = next(event for event in place.events() if event["event"] == "CallSent" and event["step"] == "session/login")
    assert (login["body"], login["persona"]) == ("user=t1&scope=read", "guest")


def test_a_guest_who_signs_in_signs_the_cleanup_too(place: Place) -> None:
    place.workflow("""\
  - step: login
    call: POST /login
    as: guest
    capture: {token: $.token}
    signs_in: {guest: {bearer: "${login.token}"}}
  - step: make
    call: POST /things
    as: guest
    capture: {id: $.id}
    cleanup: POST /mirror/${make.id}
""".replace("POST /mirror/${make.id}", "POST /mirror?id=${make.id}"))
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    replies = {event["call"]: event["body"] for event in place.events() if event["event"] == "CallReplied"}
    cleaned = next(event for event in place.events() if event["event"] == "CallSent" and event["phase"] == "cleanup")
    assert json.loads(replies[cleaned["call"]])["bearer"] == "Bearer «redacted»"
    assert [path for path in place.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()] == []


def test_a_reply_says_where_to_go_within_the_environment(place: Place) -> None:
    place.workflow("""\
  - {step: ticket, call: POST /ticket, capture: {url: $.url}}
  - {step: upload, call: "PUT ${ticket.url}", text: content, expect: {json: {target: /mirror?ticket=1, method: PUT}}}
  - {step: trap, call: POST /ticket/elsewhere, capture: {url: $.url}}
  - {step: follow, call: "PUT ${trap.url}", text: content}
""")
    result = place.run("journey.yaml", "--env", "bare")
    found = steps(result)
    assert (result.code, found["upload"]["outcome"]) == (1, "held"), result.out + result.err
    assert [finding["kind"] for finding in found["follow"]["findings"]] == ["value"]
    assert found["follow"]["calls"] == []


# --- what is sent, and what comes back ------------------------------------------------------------


def test_bodies_arrive_as_they_are_written(place: Place) -> None:
    (place.folder / "photo.png").write_bytes(bytes(range(256)))
    place.workflow("""\
  - {step: form, call: POST /mirror, form: {a: "ä&b", c: [1, true]}}
  - {step: text, call: POST /mirror, text: "ünï\\ncode", headers: {Content-Type: text/markdown}}
  - {step: file, call: POST /mirror, file: photo.png}
  - {step: parts, call: POST /mirror, multipart: {"na\\"me": ä, data: {json: {x: "${trial.id}"}}, photo: {file: photo.png, filename: "ö.png"}}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    said = [json.loads(event["body"]) for event in place.events() if event["event"] == "CallReplied"]
    arrived = [(one["type"], base64.b64decode(one["body"])) for one in said]
    assert arrived[:3] == [
        ("application/x-www-form-urlencoded", b"a=%C3%A4%26b&c=1&c=true"), ("text/markdown", "ünï\ncode".encode()), ("image/png", bytes(range(256)))]
    head = f"MIME-Version: 1.0\r\nContent-Type: {arrived[3][0]}\r\n\r\n".encode()
    name, data, photo = BytesParser(policy=HTTP).parsebytes(head + arrived[3][1]).iter_parts()  # type: ignore[attr-defined]
    assert name["content-disposition"] == 'form-data; name="na%22me"'
    assert json.loads(data.get_payload(decode=True)) == {"x": result.trial()["trial"]}
    assert (photo.get_content_type(), photo.get_payload(decode=True)) == ("image/png", bytes(range(256)))


def test_bytes_and_headers_of_any_kind_are_judged(place: Place) -> None:
    digest = sha256(b"\xff\x00\xfe" * 100).hexdigest()
    place.workflow(f"""\
  - step: odd
    call: GET /bytes
    expect: {{headers: {{X-Two: "a, b"}}, body: {{length: 300, sha256: {digest}}}, text: {{$length: 300}}}}
    check: {{headers: {{X-Odd: caf, X-None: {{$absent: false}}}}, body: {{length: {{$lt: 3}}}}, text: "300"}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    assert result.code == 1, result.out + result.err
    assert [finding["kind"] for finding in steps(result)["odd"]["findings"]] == ["headers", "headers", "text", "body"]


# --- providers ------------------------------------------------------------------------------------


def test_a_webhook_that_the_provider_sends_back_is_counted_and_can_be_late(place: Place) -> None:
    place.workflow("""\
  - step: scan
    call: POST /scan
    expect: {status: 202, sends: {shop: {GET /v1/scan: 1}}, receives: {shop: {POST /hooks/scanned: {calls: 1, effects: 1}}}}
  - {step: done, call: GET /scanned, poll: {until: {json: {state: done}}, every: 50ms, for: 10s}}
""", more="faults: {late: {shop.webhooks: {latency: 300ms}}}\n")
    result = place.run("journey.yaml", "--env", "hooked")
    assert (result.code, [trial["verdict"] for trial in result.json["trials"]]) == (0, ["pass", "pass"]), result.out + result.err
    place.workflow("  - {step: scan, call: POST /scan, expect: {receives: {shop: {POST /hooks/scanned: 2}}}}\n")
    result = place.run("journey.yaml", "--env", "hooked")
    assert [(finding["kind"], finding["seen"]) for finding in steps(result)["scan"]["findings"]] == [("receives", "once")], result.out


def test_a_reply_that_was_lost_on_the_way_is_an_effect_all_the_same(place: Place) -> None:
    place.workflow("""\
  - step: pay
    call: POST /pay
    expect: {sends: {shop: {POST /v1/charge: {calls: {$lt: 4}, effects: 1}}}}
""", more="faults: {lost: {shop: {reset: headers, when: {first: 1}}}}\n")
    result = place.run("journey.yaml", "--env", "local")
    assert (result.code, [trial["verdict"] for trial in result.json["trials"]]) == (0, ["pass", "pass"]), result.out + result.err
    said = [event["body"] for event in place.events() if event["event"] == "CallReplied"]
    assert said == ['{"tries": 1}', '{"tries": 2}']


# --- time -----------------------------------------------------------------------------------------


def test_the_times_of_several_calls_are_one_promise(place: Place) -> None:
    place.workflow("""\
  - {step: fast, call: GET /health, expect: {within: {p90: 10s, of: 5}}}
  - {step: slow, call: "GET /sleep?0.15", expect: {within: {p50: 100ms, of: 3}}}
""")
    result = place.run("journey.yaml", "--env", "bare")
    found = steps(result)
    assert [(len(step["calls"]), step["outcome"]) for step in found.values()] == [(5, "held"), (3, "broken")], result.out + result.err
    assert found["slow"]["findings"][0]["where"] == "within.p50"


def test_a_journey_out_of_time_ends_whatever_it_waits_for(place: Place) -> None:
    for step in ('{step: one, call: "GET /sleep?30"}', "{step: one, call: GET /state/99, poll: {until: {json: {state: done}}, every: 20s, for: 60s}}"):
        place.workflow(f"  - {step}\n  - {{step: two, call: GET /health}}\n", more="timeout: 700ms\n")
        result = place.run("journey.yaml", "--env", "bare")
        assert (result.code, [found["outcome"] for found in steps(result).values()]) == (1, ["broken", "not-reached"]), result.out + result.err
        assert steps(result)["one"]["findings"][0]["kind"] == "timeout"
        assert result.trial()["seconds"] < 15, "it would be 20 s or more"


# --- oracles --------------------------------------------------------------------------------------

CHARGED_TWICE = "faults: {unheard: {shop: {reset: headers, when: {first: 1}}}}\n"


def test_a_charge_that_was_lost_and_made_again_is_noticed_in_every_run(place: Place) -> None:
    place.workflow("  - {step: pay, call: GET /pay/carelessly}\n", more=CHARGED_TWICE)
    result = place.run("journey.yaml", "--env", "local")
    assert (result.code, result.json["verdict"]) == (0, "pass"), result.out + result.err
    assert [seen["oracle"] for seen in result.trial("unheard")["observed"]] == ["duplicate-write", "unkeyed-retry"]
    assert result.trial("none")["observed"] == []


def test_a_charge_that_says_that_it_is_the_same_is_no_duplicate(place: Place) -> None:
    place.workflow("  - {step: pay, call: GET /pay, expect: {never: any}}\n", more=CHARGED_TWICE)
    result = place.run("journey.yaml", "--env", "local")
    assert (result.code, result.trial("unheard")["observed"]) == (0, []), result.out + result.err


def test_what_must_never_be_fails_the_journey(place: Place) -> None:
    place.workflow("  - {step: pay, call: GET /pay/carelessly, expect: {never: any}}\n", more=CHARGED_TWICE)
    result = place.run("journey.yaml", "--env", "local")
    findings = [finding for step in result.trial("unheard")["steps"] for finding in step["findings"]]
    assert (result.code, result.trial("unheard")["verdict"], result.trial("none")["verdict"]) == (1, "fail", "pass")
    assert [finding["where"] for finding in findings] == ["duplicate-write", "unkeyed-retry"]
    assert findings[0]["place"].startswith("journey.yaml:5:")


def test_a_product_that_waits_longer_than_promised_fails(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /provider, expect: {status: [200, 502], gives_up: 1s}}\n",
                   more="faults: {silent: {shop: {hang: 2s}}}\n")
    result = place.run("journey.yaml", "--env", "local")
    findings = [finding for step in result.trial("silent")["steps"] for finding in step["findings"]]
    assert (result.code, [finding["kind"] for finding in findings]) == (1, ["gives_up"]), result.out
    assert findings[0]["seen"] == "still waited for shop after 2s"

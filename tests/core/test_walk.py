from dataclasses import replace

import pytest

from flowprobe.core.bodies import JsonBody
from flowprobe.core.events import CleanupPlanned, CleanupSettled, TrialEnded
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Expect, Template, Under
from flowprobe.core.walk import walk
from tests.playbook import Playbook, call, emitted, ended, no_reply, over, reply
from tests.scenes import HERE, TRIAL, a_plan, a_step, a_trial, text


def test_a_journey_passes_captures_on_to_later_steps() -> None:
    trial = a_trial(
        a_step("before", "GET /billing", captures={"seats": "$.seats"}),
        a_step("invite", "POST /teams/${admin.team}/invites", body=JsonBody({"was": text("${before.seats + 1}")})),
    )
    book = Playbook(walk(trial))
    book << call("GET", "/billing", persona="pro-eu") >> reply(200, {"seats": 3})
    book << ended("before", "held")
    book << call("POST", "/teams/team_1/invites", json={"was": 4}) >> reply(201, {})
    book << ended("invite", "held") << emitted(TrialEnded, how="finished") << over


def test_every_call_bears_a_trace_id_that_names_trial_step_and_attempt() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one"), a_step("two", "GET /two"))))
    book << call("GET", "/one") >> reply()
    book << ended("one", "held") << call("GET", "/two")
    assert book.last.id == f"0000000200000001{TRIAL}"
    assert book.last.headers["traceparent"].startswith(f"00-{book.last.id}-")
    assert book.last.headers["baggage"] == f"flowprobe.call={book.last.id}"


def test_the_first_broken_step_ends_the_journey_and_the_rest_is_not_reached() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one"), a_step("two", "GET /two"))))
    book << call("GET", "/one") >> reply(500, {"error": {"message": "no"}})
    book << ended("one", "broken", "status") << ended("two", "not-reached") << emitted(TrialEnded) << over


def test_a_step_without_a_stated_status_refuses_an_error_reply() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one"))))
    book << call("GET", "/one") >> reply(404)
    book << ended("one", "broken", "status")


def test_all_findings_of_a_reply_come_together() -> None:
    expect = Expect(status=(200,), json={"seats": 4, "state": {"$in": ["a", "b"]}}, has_json=True, within=0.005)
    book = Playbook(walk(a_trial(a_step("one", "GET /one", expect=expect))))
    book << call("GET", "/one") >> reply(200, {"seats": 3, "state": "c"}, seconds=0.1)
    book << ended("one", "broken", "json", "json", "within")


def test_no_reply_is_a_finding_and_not_an_exception() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one"))))
    book << call("GET", "/one") >> no_reply("timeout")
    book << ended("one", "broken", "no-reply")


def test_a_missing_capture_is_a_finding_of_the_step_that_wanted_it() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one", captures={"id": "$.id"}))))
    book << call("GET", "/one") >> reply(200, {"other": 1})
    book << ended("one", "broken", "capture")


def test_a_missing_capture_after_a_wrong_status_is_no_news() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one", captures={"id": "$.id"}))))
    book << call("GET", "/one") >> reply(500, {})
    book << ended("one", "broken", "status")


def test_a_wrong_operand_at_run_time_is_a_finding() -> None:
    trial = a_trial(
        a_step("one", "GET /one", captures={"word": "$.word"}),
        a_step("two", "POST /two", body=JsonBody({"n": text("${one.word + 1}")})),
    )
    book = Playbook(walk(trial))
    book << call("GET", "/one") >> reply(200, {"word": "x"})
    book << ended("one", "held") << ended("two", "broken", "value")


def test_a_reply_is_never_read_as_a_template_again() -> None:
    trial = a_trial(
        a_step("one", "GET /one", captures={"word": "$.word"}),
        a_step("two", "POST /two", body=JsonBody({"again": text("${one.word}")})),
    )
    book = Playbook(walk(trial))
    book << call("GET", "/one") >> reply(200, {"word": "${admin.team}"})
    book << ended("one", "held") << call("POST", "/two", json={"again": "${admin.team}"})


def test_what_is_looked_up_cannot_leave_its_segment_of_the_path() -> None:
    trial = a_trial(a_step("one", "GET /one", captures={"id": "$.id"}), a_step("two", "GET /x/${one.id}"))
    book = Playbook(walk(trial))
    book << call("GET", "/one") >> reply(200, {"id": "../../admin?x=1"})
    book << ended("one", "held") << call("GET", "/x/..%2F..%2Fadmin%3Fx%3D1")


def test_a_check_that_does_not_hold_breaks_the_step_and_lets_the_journey_go_on() -> None:
    soft = replace(a_step("one", "GET /one"), check=Expect(json={"a": 1}, has_json=True))
    book = Playbook(walk(a_trial(soft, a_step("two", "GET /two"))))
    book << call("GET", "/one") >> reply(200, {"a": 2})
    book << ended("one", "broken", "json") << call("GET", "/two") >> reply()
    book << ended("two", "held") << emitted(TrialEnded, how="finished") << over


def test_a_step_whose_condition_does_not_fit_is_skipped_and_says_why() -> None:
    step = replace(a_step("one", "GET /one"), when={"admin.seats": {"$gt": 10}})
    book = Playbook(walk(a_trial(step, a_step("two", "GET /two"))))
    book << ended("one", "skipped")
    assert book.last.event.because == "when admin.seats: expected more than 10, saw 3"
    book << call("GET", "/two")


def test_a_step_has_a_budget_of_its_own() -> None:
    book = Playbook(walk(a_trial(replace(a_step("one", "GET /one"), timeout=2.5))))
    book << call("GET", "/one")
    assert book.last.budget == 2.5


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_that_would_name_something_else_is_never_called(id: str) -> None:
    step = a_step("invite", "POST /invites", captures={"id": "$.id"}, cleanup="DELETE /invites/${invite.id}")
    book = Playbook(walk(a_trial(step, a_step("two", "GET /invites/${invite.id}"))))
    book << emitted(CleanupPlanned) << call("POST", "/invites") >> reply(201, {"id": id})
    book << emitted(CleanupSettled, state="unknown") << ended("invite", "held") << ended("two", "broken", "value")


def test_cleanup_is_intended_before_the_call_and_due_after_it() -> None:
    step = a_step("invite", "POST /invites", captures={"id": "$.id"}, cleanup="DELETE /invites/${invite.id}")
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned, step="invite")
    book << call("POST", "/invites") >> reply(201, {"id": "inv_1"})
    book << emitted(CleanupSettled, state="due", url="http://acme.test/invites/inv_1") << ended("invite", "held")


def test_a_refused_create_needs_no_cleanup() -> None:
    step = a_step("invite", "POST /invites", captures={"id": "$.id"}, cleanup="DELETE /invites/${invite.id}")
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned) << call("POST", "/invites") >> reply(422, {})
    book << emitted(CleanupSettled, state="not-needed")


def test_a_create_whose_reply_was_lost_is_unknown_and_never_assumed_away() -> None:
    step = a_step("invite", "POST /invites", captures={"id": "$.id"}, cleanup="DELETE /invites/${invite.id}")
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned) << call("POST", "/invites") >> no_reply("timeout")
    book << emitted(CleanupSettled, state="unknown")


def test_a_cleanup_that_needs_no_id_is_due_also_after_a_lost_reply() -> None:
    step = a_step("invite", "POST /invites", cleanup="DELETE /invites/${trial.id}")
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned) << call("POST", "/invites") >> no_reply("closed")
    book << emitted(CleanupSettled, state="due", url=f"http://acme.test/invites/{TRIAL}")


def test_a_stop_before_the_call_leaves_nothing_to_clean() -> None:
    step = a_step("invite", "POST /invites", cleanup="DELETE /invites/${trial.id}")
    book = Playbook(walk(a_trial(step, a_step("two", "GET /two"))))
    book << emitted(CleanupPlanned) << call("POST", "/invites")
    book.stop()
    book << emitted(CleanupSettled, state="not-needed")
    book << ended("invite", "not-reached") << ended("two", "not-reached") << emitted(TrialEnded, how="stopped") << over


def test_a_call_that_was_cut_off_by_a_stop_ends_the_walk() -> None:
    book = Playbook(walk(a_trial(a_step("one", "GET /one"), a_step("two", "GET /two"))))
    book << call("GET", "/one") >> no_reply("stopped")
    book << ended("one", "not-reached") << ended("two", "not-reached") << emitted(TrialEnded, how="stopped") << over


def test_what_under_allows_is_degraded_and_keeps_the_ordinary_findings() -> None:
    promised = Under("slow", {"invite": Expect(status=(202,))}, HERE)
    step = a_step("invite", "POST /invites", expect=Expect(status=(201,)))
    book = Playbook(walk(a_trial(step, plan=a_plan("slow", mail=Latency(1.0)), under=(promised,))))
    book << call("POST", "/invites") >> reply(202, {})
    book << ended("invite", "degraded", "status")


def test_what_holds_in_its_ordinary_form_needs_no_allowance() -> None:
    promised = Under("slow", {"invite": Expect(status=(202,))}, HERE)
    step = a_step("invite", "POST /invites", expect=Expect(status=(201,)))
    book = Playbook(walk(a_trial(step, plan=a_plan("slow", mail=Latency(1.0)), under=(promised,))))
    book << call("POST", "/invites") >> reply(201, {})
    book << ended("invite", "held")


def test_under_replaces_only_the_parts_that_it_names() -> None:
    promised = Under("mail/latency", {"invite": Expect(status=(202,))}, HERE)
    step = a_step("invite", "POST /invites", expect=Expect(status=(201,), within=0.005))
    book = Playbook(walk(a_trial(step, plan=a_plan("slow", mail=Latency(1.0)), under=(promised,))))
    book << call("POST", "/invites") >> reply(202, {}, seconds=0.5)
    book << ended("invite", "broken", "within")


def test_the_most_specific_under_wins() -> None:
    unders = (Under("mail", {"one": Expect(status=(503,))}, HERE), Under("slow", {"one": Expect(status=(202,))}, HERE))
    step = a_step("one", "GET /one", expect=Expect(status=(200,)))
    book = Playbook(walk(a_trial(step, plan=a_plan("slow", mail=Latency(1.0)), under=unders)))
    book << call("GET", "/one") >> reply(503, {})
    book << ended("one", "broken", "status")


def test_a_promise_can_come_from_the_persona() -> None:
    budget = text("${admin.budget.invite}")
    assert isinstance(budget, Template)
    book = Playbook(walk(a_trial(a_step("one", "GET /one", expect=Expect(within=budget)))))
    book << call("GET", "/one") >> reply(200, {}, seconds=0.9)
    book << ended("one", "broken", "within")
    assert book.last.event.findings[0].expected == "at most 800 ms"

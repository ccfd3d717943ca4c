"""What a workflow can be besides a line of calls: the account, rounds, branches, other workflows, sign-ins, time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.bodies import FormBody, JsonBody
from flowprobe.core.capture import MOST_GATHERED
from flowprobe.core.drive import Hands, drive
from flowprobe.core.emit import Arm, Fork, Sign
from flowprobe.core.events import CleanupPlanned, CleanupSettled, StepEnded, TrialEnded
from flowprobe.core.faults.latency import Latency
from flowprobe.core.findings import MOST_TOLD
from flowprobe.core.journey import MOST_ROUNDS
from flowprobe.core.policy import policy_of
from flowprobe.core.scenario import (
    Capture,
    CaptureSource,
    Each,
    Environment,
    Expect,
    Parallel,
    Persona,
    Poll,
    Repeat,
    Retry,
    Samples,
    SignIn,
    Step,
    Under,
    Use,
)
from flowprobe.core.steps import Find
from flowprobe.core.trial import Trial
from flowprobe.core.walk import walk
from flowprobe.core.wire import Call, NoReply, Reply
from tests.playbook import Playbook, call, conceals, emitted, ended, no_reply, over, reply, waits
from tests.scenes import ADMIN, HERE, TRIAL, a_call, a_plan, a_scenario, a_step, a_trial, text

STAFF = Persona("staff", HERE, {"team": "none"})


def a_capture(name: str, path: str, **more: Any) -> Capture:
    return Capture(name, CaptureSource("json", path), HERE, **more)


def events(trial: Trial, answers: dict[str, Any]) -> tuple[list[StepEnded], list[Call]]:
    """Walk a whole trial: each path has its replies, one after the other, the last one for ever."""
    sent: list[Call] = []
    ends: list[StepEnded] = []

    def send(one: Call) -> Reply:
        sent.append(one)
        path = one.url.removeprefix("http://acme.test").partition("?")[0]
        found = answers.get(path, {})
        body = (found.pop(0) if len(found) > 1 else found[0]) if isinstance(found, list) else found
        return reply(200, body)(one)

    def record(event: Any) -> None:
        if isinstance(event, StepEnded):
            ends.append(event)

    drive(walk(trial), Hands(send=send, record=record))
    return ends, sent


# --- the account ----------------------------------------------------------------------------------


def given_trial(**more: Any) -> Trial:
    setup = Step("given 1", a_call("PUT /test/accounts/${admin.account}"), HERE, role="operator",
                 body=JsonBody({"seats": text("${account.seats}")}))
    scenario = replace(a_scenario(a_step("read", "GET /seats")), given=(setup,))
    trial = a_trial()
    return replace(trial, scenario=scenario, personas={"admin": ADMIN, "operator": STAFF}, account={"seats": 7}, **more)


def test_the_account_is_set_up_before_the_faults_go_on() -> None:
    generator = walk(given_trial())
    wanted: list[Any] = [next(generator)]
    while not isinstance(wanted[-1], Arm):
        answer = reply(200)(wanted[-1]) if isinstance(wanted[-1], Call) else None
        wanted.append(generator.send(answer))
    (setup,) = (one for one in wanted if isinstance(one, Call))
    assert (setup.persona, setup.url, json.loads(setup.body.content)) == ("staff", "http://acme.test/test/accounts/acc_1", {"seats": 7})


def test_a_set_up_that_fails_ends_the_trial_before_the_journey() -> None:
    book = Playbook(walk(given_trial()))
    book << call("PUT", "/test/accounts/acc_1") >> reply(409, {"error": "merged"})
    book << ended("given 1", "broken", "status") << ended("read", "not-reached")
    book << emitted(TrialEnded, how="set-up-failed") << over


def refusing(**more: Any) -> Trial:
    trial = given_trial()
    (setup,) = trial.scenario.given
    return replace(trial, scenario=replace(trial.scenario, given=(replace(setup, refuses=(409, 422), **more),)))


@pytest.mark.parametrize("expect", [Expect(), Expect(status=(200, 422))])
def test_a_state_that_the_product_may_refuse_is_refused_and_not_a_failed_set_up(expect: Expect) -> None:
    book = Playbook(walk(refusing(expect=expect)))
    book << call("PUT", "/test/accounts/acc_1") >> reply(422, {"error": "no seats"})
    book << ended("given 1", "refused") << ended("read", "not-reached")
    book << emitted(TrialEnded, how="set-up-refused") << over


def test_a_refusal_that_the_scenario_does_not_name_is_a_failed_set_up() -> None:
    book = Playbook(walk(refusing()))
    book << call("PUT", "/test/accounts/acc_1") >> reply(404)
    book << ended("given 1", "broken", "status") << ended("read", "not-reached")
    book << emitted(TrialEnded, how="set-up-failed") << over


def test_of_several_rounds_the_first_that_is_refused_is_the_last() -> None:
    book = Playbook(walk(refusing(each=Each("n", [1, 2, 3], HERE))))
    book << call("PUT", "/test/accounts/acc_1") >> reply(200)
    book << call("PUT", "/test/accounts/acc_1") >> reply(409)
    book << ended("given 1", "refused") << ended("read", "not-reached")
    book << emitted(TrialEnded, how="set-up-refused") << over


def test_an_environment_that_only_checks_makes_no_write() -> None:
    book = Playbook(walk(given_trial(given="check")))
    book << ended("given 1", "skipped") << call("GET", "/seats") >> reply(200)
    book << ended("read", "held") << emitted(TrialEnded, how="finished") << over


# --- rounds ---------------------------------------------------------------------------------------


def pages() -> Step:
    return replace(
        a_step("page", "GET /notes"), query={"tag": "a", "cursor": text("${page.next}")},
        captures=(a_capture("ids", "$.items[*].id", append=True), a_capture("next", "$.next")),
        repeat=Repeat({"page.next": {"$absent": False}}, 5, HERE))


def test_a_step_repeats_while_its_condition_holds_and_gathers_what_it_captures() -> None:
    trial = a_trial(pages(), replace(a_step("remove", "DELETE /notes/${id}"), each=Each("id", text("${page.ids}"), HERE)))
    ends, sent = events(trial, {"/notes": [{"items": [{"id": "n1"}, {"id": "n2"}], "next": "c2"}, {"items": [{"id": "n3"}]}]})
    assert [one.url.removeprefix("http://acme.test") for one in sent] == [
        "/notes?tag=a", "/notes?tag=a&cursor=c2", "/notes/n1", "/notes/n2", "/notes/n3"]
    assert [(end.step, end.outcome) for end in ends] == [("page", "held"), ("remove", "held")]
    assert ends[0].captured == {"ids": ["n1", "n2", "n3"]}
    assert len({one.id for one in sent}) == 5, "each call has a trace id of its own"


def test_a_capture_that_while_does_not_ask_about_may_not_be_missing() -> None:
    ends, _ = events(a_trial(pages()), {"/notes": {"next": None, "things": []}})
    assert [finding.where.partition(" ")[0] for finding in ends[0].findings] != []


def test_more_rounds_than_allowed_are_a_finding() -> None:
    ends, sent = events(a_trial(pages()), {"/notes": {"items": [], "next": "more"}})
    assert len(sent) == 5
    assert [(finding.kind, finding.expected) for finding in ends[0].findings] == [("repeat", "an end within 5 rounds")]


def test_nothing_to_do_it_for_skips_the_step() -> None:
    ends, sent = events(a_trial(replace(a_step("remove", "DELETE /notes/${id}"), each=Each("id", [], HERE))), {})
    assert (ends[0].outcome, sent) == ("skipped", [])


def test_what_is_no_list_is_a_finding() -> None:
    ends, _ = events(a_trial(replace(a_step("remove", "DELETE /notes/${id}"), each=Each("id", text("${admin.team}"), HERE))), {})
    assert [finding.kind for finding in ends[0].findings] == ["value"]


def test_the_round_that_breaks_ends_the_step_and_is_named() -> None:
    book = Playbook(walk(a_trial(replace(a_step("remove", "DELETE /notes/${id}"), each=Each("id", ["n1", "n2", "n3"], HERE)))))
    book << call("DELETE", "/notes/n1") >> reply(204)
    book << call("DELETE", "/notes/n2") >> reply(500)
    book << ended("remove", "broken", "status")
    assert book.last.event.findings[0].where == "status (id n2)"


def test_each_round_has_its_own_row_in_the_ledger() -> None:
    step = replace(a_step("make", "POST /notes", captures={"id": "$.id"}, cleanup="DELETE /notes/${make.id}"),
                   each=Each("title", ["a", "b"], HERE))
    book = Playbook(walk(a_trial(step)))
    for number, made in ((1, "n1"), (2, "n2")):
        book << emitted(CleanupPlanned, round=number) << call("POST", "/notes") >> reply(201, {"id": made})
        book << emitted(CleanupSettled, round=number, url=f"http://acme.test/notes/{made}")
    book << ended("make", "held")


# --- branches -------------------------------------------------------------------------------------


def both() -> Parallel:
    right = (a_step("right", "GET /right", captures={"id": "$.id"}), a_step("after", "GET /right/${right.id}"))
    return Parallel("both", HERE, ((a_step("left", "GET /left", captures={"id": "$.id"}),), right))


def test_branches_see_what_was_before_and_give_what_they_captured() -> None:
    trial = a_trial(both(), a_step("last", "GET /${left.id}/${right.id}"))
    ends, sent = events(trial, {"/left": {"id": "l"}, "/right": {"id": "r"}})
    assert {one.url.removeprefix("http://acme.test") for one in sent} == {"/left", "/right", "/right/r", "/l/r"}
    assert [(end.step, end.outcome) for end in ends] == [
        ("left", "held"), ("right", "held"), ("after", "held"), ("both", "held"), ("last", "held")]


def test_a_branch_that_breaks_lets_the_others_end() -> None:
    ends, _ = events(a_trial(both(), a_step("last", "GET /last")), {"/left": {"no": "id"}, "/right": {"id": "r"}})
    assert {end.step: end.outcome for end in ends} == {
        "left": "broken", "right": "held", "after": "held", "both": "not-reached", "last": "not-reached"}


def test_a_stop_in_a_branch_ends_the_journey() -> None:
    generator = walk(a_trial(both()))
    wanted = next(generator)
    while not isinstance(wanted, Fork):
        wanted = generator.send(None)
    hands = Hands(send=lambda one: NoReply(one.id, "stopped", "", 0, 0), record=lambda _: None)
    results = [drive(branch, hands) for branch in wanted.branches]
    left = [generator.send(results)]
    left += list(generator)
    assert [(one.event.step, one.event.because) for one in left[:-1]][-1] == ("both", "the run was stopped")
    assert left[-1].event == TrialEnded(TRIAL, "stopped")


# --- another workflow -----------------------------------------------------------------------------


def session(**more: Any) -> Use:
    login = replace(a_step("login", "POST /token", captures={"token": "$.token"}), body=FormBody({"user": text("${inputs.user}")}))
    return Use("session", HERE, "sign-in.yaml", (login,), {"token": text("${login.token}"), "who": text("${user.name}")},
               {"user": text("${admin.name}")}, {"user": "operator"}, **more)


def test_a_used_workflow_sees_its_inputs_and_gives_its_outputs() -> None:
    trial = replace(a_trial(session(), a_step("read", "GET /as/${session.who}")), personas={"admin": ADMIN, "operator": STAFF})
    ends, sent = events(trial, {"/token": {"token": "t"}})
    assert (sent[0].persona, sent[0].step, sent[0].body.content) == ("staff", "session/login", b"user=pro-eu")
    assert sent[1].url.endswith("/as/staff")
    assert [(end.step, end.outcome) for end in ends] == [("session/login", "held"), ("session", "held"), ("read", "held")]
    assert ends[1].captured == {"token": "t", "who": "staff"}


def test_a_used_workflow_that_breaks_ends_the_journey() -> None:
    trial = replace(a_trial(session(), a_step("read", "GET /read")), personas={"admin": ADMIN, "operator": STAFF})
    ends, _ = events(trial, {"/token": {}})
    assert [(end.step, end.outcome) for end in ends] == [("session/login", "broken"), ("session", "not-reached"), ("read", "not-reached")]


def test_what_is_inside_of_a_step_that_broke_is_named_before_it_with_the_reason() -> None:
    more = replace(session(), workflow=(*session().workflow, a_step("me", "GET /me")))
    trial = replace(a_trial(more, a_step("read", "GET /read")), personas={"admin": ADMIN, "operator": STAFF})
    ends, _ = events(trial, {"/token": {}})
    assert [(end.step, end.because) for end in ends] == [
        ("session/login", ""), ("session/me", "session/login failed"), ("session", "session/login failed"),
        ("read", "session/login failed")]


def test_what_is_inside_of_a_skipped_step_is_skipped_too() -> None:
    trial = replace(a_trial(session(when={"admin.team": "other"})), personas={"admin": ADMIN, "operator": STAFF})
    ends, sent = events(trial, {})
    assert ([(end.step, end.outcome) for end in ends], sent) == ([("session/login", "skipped"), ("session", "skipped")], [])
    assert {end.because for end in ends} == {'when admin.team: expected "other", saw "team_1"'}


# --- signing in -----------------------------------------------------------------------------------


def test_a_sign_in_keeps_its_token_and_signs_the_role() -> None:
    login = replace(a_step("login", "POST /token"), role="guest", captures=(a_capture("token", "$.token", secret=True),),
                    signs_in=(SignIn("guest", {"Authorization": text("Bearer ${login.token}")}, HERE),))
    book = Playbook(walk(a_trial(login)))
    book << call("POST", "/token", persona="guest") >> reply(200, {"token": "abcd1234"})
    book << conceals("abcd1234") << conceals("abcd1234")
    wanted = Sign(TRIAL, "guest", {"authorization": "Bearer abcd1234"})
    assert book._now == wanted
    assert "abcd1234" not in repr(wanted)


def test_a_sign_in_without_its_token_signs_nobody() -> None:
    login = replace(a_step("login", "POST /token", captures={"token": "$.token"}),
                    signs_in=(SignIn("admin", {"Authorization": text("Bearer ${login.token}")}, HERE),))
    book = Playbook(walk(a_trial(login)))
    book << call("POST", "/token") >> reply(200, {}) << ended("login", "broken", "capture")


# --- where a reply says to go ---------------------------------------------------------------------


def upload(url: str) -> tuple[list[StepEnded], list[Call]]:
    ticket = a_step("ticket", "POST /uploads", captures={"url": "$.url"})
    return events(a_trial(ticket, a_step("put", "PUT ${ticket.url}")), {"/uploads": {"url": url}})


def test_a_path_and_a_url_of_a_target_are_followed() -> None:
    assert [one.url for one in upload("/files/1")[1]][1] == "http://acme.test/files/1"
    (_, sent) = upload("http://acme.test/files/1?sig=x#part")
    assert (sent[1].url, sent[1].signed) == ("http://acme.test/files/1?sig=x", True)


def test_what_is_plainly_a_target_is_sent_in_its_normal_form() -> None:
    for url in ("HTTP://acme.test/v1/x", "http://ACME.test:80/v1/x", "http://acme.test:00080/v1/x", "http://acme.test:/v1/x#f", "/v1/x#f"):
        assert upload(url)[1][1].url == "http://acme.test/v1/x", url
        assert policy_of(Environment("e", HERE, {"api": "http://acme.test"})).permit("PUT", upload(url)[1][1].url) is None


def test_a_path_that_leads_elsewhere_is_a_finding_with_the_true_reason() -> None:
    ends, _ = upload("/v1/../admin")
    assert "has . or .. in its path" in str(ends[1].findings)


def test_a_url_of_somebody_else_is_a_finding_and_is_not_called() -> None:
    for url in ("http://evil.test/files/1", "http://acme.test@evil.test/", "//evil.test/x", "http://acme.test:81/", "files/1", "javascript:1",
                "http://acme.test.evil.test/", "http://[::1", " http://acme.test/x", "/a/../b", "http://acme.test/%2e%2e/x", "/a\nb",
                "http://acme.test./x", "http://acme.test:/\x00"):
        ends, sent = upload(url)
        assert [finding.kind for finding in ends[1].findings] == ["value"], url
        assert len(sent) == 1, url


def test_another_target_does_not_get_the_credentials() -> None:
    trial = a_trial(a_step("ticket", "POST /uploads", captures={"url": "$.url"}), a_step("put", "PUT ${ticket.url}"))
    trial = replace(trial, targets={**trial.targets, "files": "http://files.test"})
    _, sent = events(trial, {"/uploads": {"url": "http://files.test/1"}})
    assert [one.signed for one in sent] == [True, False]


# --- time -----------------------------------------------------------------------------------------


def timed(seconds: float, *steps: Step) -> Trial:
    trial = a_trial(*steps)
    return replace(trial, scenario=replace(trial.scenario, timeout=seconds))


def test_a_call_gets_no_more_time_than_the_journey_has_left() -> None:
    book = Playbook(walk(timed(10, a_step("one", "GET /one"), a_step("two", "GET /two"))))
    book << call("GET", "/one")
    assert book.last.budget == 10
    book >> reply(200, seconds=7.5) << ended("one", "held") << call("GET", "/two")
    assert book.last.budget == 2.5


def test_a_journey_out_of_time_says_so_and_sends_nothing_more() -> None:
    book = Playbook(walk(timed(2, a_step("one", "GET /one"), a_step("two", "POST /two", cleanup="DELETE /two"))))
    book << call("GET", "/one") >> reply(200, seconds=2.5) << ended("one", "held")
    book << emitted(CleanupPlanned) << emitted(CleanupSettled, state="not-needed") << ended("two", "broken", "timeout")
    assert book.last.event.findings[0].sentence() == "the journey: expected its end within 2.0 s, saw 2.5 s before it"


def test_a_call_that_the_journeys_end_cut_short_says_so() -> None:
    book = Playbook(walk(timed(1, a_step("one", "GET /one"))))
    book << call("GET", "/one") >> no_reply("timeout") << ended("one", "broken", "timeout", "no-reply")


def test_the_times_of_several_calls_are_judged_together() -> None:
    step = a_step("fast", "GET /fast", expect=Expect(within=Samples(75, 0.2, 4)))
    for slow, kinds in ((1, ()), (2, ("within",))):
        book = Playbook(walk(a_trial(step)))
        for number in range(4):
            book << call("GET", "/fast") >> reply(200, seconds=0.3 if number < slow else 0.1)
        book << ended("fast", "broken" if kinds else "held", *kinds)
    assert book.last.event.findings[0].seen == "300 ms (4 calls: median 100 ms, slowest 300 ms)"


def test_a_sample_that_is_answered_wrongly_ends_them() -> None:
    book = Playbook(walk(a_trial(a_step("fast", "GET /fast", expect=Expect(within=Samples(95, 0.2, 4))))))
    book << call("GET", "/fast") >> reply(200) << call("GET", "/fast") >> reply(503) << ended("fast", "broken", "status")


# --- found again ----------------------------------------------------------------------------------


def test_what_finds_a_thing_again_is_durable_before_the_call() -> None:
    step = replace(a_step("make", "POST /notes", captures={"id": "$.id"}, cleanup="DELETE /notes/${found.id}"),
                   find=Find(a_call("GET /notes"), {"tag": text("${trial.id}")}, "$.items[*]", "id"))
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned, url="http://acme.test/notes/found-id", method="DELETE")
    assert book.last.event.find.where == {"tag": TRIAL}
    book << call("POST", "/notes") >> no_reply("timeout") << emitted(CleanupSettled, state="to-find", url="http://acme.test/notes/found-id")


def test_an_id_that_came_back_needs_no_looking() -> None:
    step = replace(a_step("make", "POST /notes", captures={"id": "$.id"}, cleanup="DELETE /notes/${found.id}"),
                   find=Find(a_call("GET /notes"), {"tag": text("${trial.id}")}, "$.items[*]", "id"))
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned) << call("POST", "/notes") >> reply(201, {"id": "n1"})
    book << emitted(CleanupSettled, state="due", url="http://acme.test/notes/n1")




# --- what a hostile product can do to a journey ---------------------------------------------------


def make(name: str = "make", **more: Any) -> Step:
    return replace(a_step(name, "POST /notes", captures={"id": "$.id"}, cleanup=f"DELETE /notes/${{{name}.id}}"), **more)


def test_a_default_that_finds_nothing_is_a_finding_and_forgets_nothing() -> None:
    url = Capture("url", CaptureSource("header", "location"), HERE, has_default=True, default=text("${make.none}"))
    step = make()
    book = Playbook(walk(a_trial(replace(step, captures=(*step.captures, url)))))
    book << emitted(CleanupPlanned) << call("POST", "/notes") >> reply(201, {"id": "n1"})
    book << emitted(CleanupSettled, state="due") << ended("make", "broken", "capture")


def test_what_a_lost_attempt_may_have_made_is_not_forgotten_when_the_next_is_refused() -> None:
    step = make(headers={"Idempotency-Key": "k"}, retry=Retry(("no-reply",), 1, 0.1))
    for second in (reply(409, {}), no_reply("connect")):
        book = Playbook(walk(a_trial(step)))
        book << emitted(CleanupPlanned) << call("POST", "/notes") >> no_reply("timeout") << waits(0.1)
        book << call("POST", "/notes") >> second << emitted(CleanupSettled, state="unknown")


def test_a_list_of_more_rounds_than_allowed_is_a_finding_before_any_call() -> None:
    step = replace(a_step("remove", "DELETE /notes/${id}"), each=Each("id", ["n"] * (MOST_ROUNDS + 1), HERE))
    ends, sent = events(a_trial(step), {})
    assert ([finding.kind for finding in ends[0].findings], sent) == (["value"], [])


def test_an_item_of_each_is_told_in_few_characters() -> None:
    step = replace(a_step("remove", "POST /notes", expect=Expect(status=(500,))), each=Each("id", ["n" * 10_000], HERE))
    ends, _ = events(a_trial(step), {})
    assert len(ends[0].findings[0].where) < 200


def test_a_list_that_grows_without_end_is_a_finding() -> None:
    ends, sent = events(a_trial(pages()), {"/notes": {"items": [{"id": 1}] * (MOST_GATHERED // 2), "next": "more"}})
    assert len(sent) == 3
    assert [(finding.kind, finding.seen) for finding in ends[0].findings] == [("capture", str(MOST_GATHERED // 2 * 3))]


def test_a_million_findings_are_told_in_a_hundred() -> None:
    expect = Expect(json={"items": {"$each": {"id": 1}}}, has_json=True)
    ends, _ = events(a_trial(a_step("one", "GET /notes", expect=expect)), {"/notes": {"items": [{"id": 2}] * 100_000}})
    assert len(ends[0].findings) == MOST_TOLD
    assert ends[0].findings[-1].seen.endswith(" more")


def test_what_waits_for_years_ends_with_the_journey() -> None:
    years = {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    book = Playbook(walk(timed(5, replace(a_step("one", "GET /one"), retry=Retry((503,), 2, 0.1)))))
    book << call("GET", "/one") >> reply(503, seconds=2, headers=years)
    book << waits(3) << ended("one", "broken", "timeout", "status")


def test_without_a_limit_nobody_waits_for_longer_than_a_day() -> None:
    for asked in ("9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"):
        book = Playbook(walk(a_trial(replace(a_step("one", "GET /one"), retry=Retry((503,), 2, 0.1)))))
        book << call("GET", "/one") >> reply(503, headers={"retry-after": asked, "date": "Sun, 22 Nov 2026 12:00:00 GMT"})
        book << waits(86_400)


def test_a_poll_waits_no_longer_than_the_journey_may() -> None:
    poll = Poll(Expect(json={"done": True}, has_json=True), 10.0, 60.0, HERE)
    book = Playbook(walk(timed(15, replace(a_step("one", "GET /one"), poll=poll))))
    book << call("GET", "/one") >> reply(200, {}, at=100.0, seconds=1) << waits(10)
    book << call("GET", "/one") >> reply(200, {}, at=111.0, seconds=1) << waits(3)
    book << ended("one", "broken", "timeout")


def test_the_time_of_a_journey_is_that_of_its_workflow() -> None:
    trial = given_trial()
    book = Playbook(walk(replace(trial, scenario=replace(trial.scenario, timeout=2))))
    book << call("PUT", "/test/accounts/acc_1") >> reply(200, at=90.0, seconds=9) << ended("given 1", "held")
    book << call("GET", "/seats")
    assert book.last.budget == 2


def test_branches_that_wait_at_the_same_time_wait_once() -> None:
    """Each branch waits 3 s of the journey's 5, one after the other here: nobody is out of time."""
    done = Expect(json={"done": True}, has_json=True)
    sides = tuple((replace(a_step(name, f"GET /{name}"), poll=Poll(done, 3.0, 4.0, HERE)),) for name in ("left", "right"))
    world: dict[str, list[bool]] = {"/left": [False, True], "/right": [False, True], "/last": [True]}
    budgets: list[float] = []

    def send(one: Call) -> Reply:
        path = one.url.removeprefix("http://acme.test")
        at = {"/last": 103.5}.get(path, 100.0 if len(world[path]) == 2 else 103.1)
        budgets.append(one.budget)
        return reply(200, {"done": world[path].pop(0)}, at=at, seconds=0.1)(one)

    ends: list[StepEnded] = []
    drive(walk(timed(5, Parallel("both", HERE, sides), a_step("last", "GET /last"))),  # type: ignore[arg-type]
          Hands(send=send, record=lambda event: ends.append(event) if isinstance(event, StepEnded) else None))
    assert [(end.step, end.outcome) for end in ends] == [("left", "held"), ("right", "held"), ("both", "held"), ("last", "held")]
    assert [round(budget, 3) for budget in budgets] == [5, 1.9, 5, 1.9, 1.8]


def test_under_a_plan_the_slowest_of_several_calls_counts() -> None:
    step = a_step("fast", "GET /fast", expect=Expect(within=Samples(50, 0.1, 2)))
    trial = a_trial(step, plan=a_plan("slow", mail=Latency(1.0)), under=(Under("slow", {"fast": Expect(within=1.0)}, HERE),))
    book = Playbook(walk(trial))
    book << call("GET", "/fast") >> reply(200, seconds=3) << call("GET", "/fast") >> reply(200, seconds=0.5) << ended("fast", "broken", "within")

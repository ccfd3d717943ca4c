from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.calls import Span
from flowprobe.core.faults.latency import Latency
from flowprobe.core.policy import PRODUCTION_BUDGET, Policy, demand, policy_of, unkept
from flowprobe.core.rules import AllowRule, Budget, FaultRule
from flowprobe.core.scenario import Capture, CaptureSource, Environment, Find, Step
from tests.scenes import HERE, a_call, a_plan, a_scenario, a_step, text

API, AUTH = "https://api.acme.test/base", "http://auth.acme.test:8080"


def rule(words: str, target: str | None = None) -> AllowRule:
    methods, path = words.split(" ")
    return AllowRule(() if methods == "*" else tuple(methods.split(",")), path, HERE, target)


def a_policy(*rules: str, **more: Any) -> Policy:
    allow = tuple(rule(words) for words in rules) if rules else None
    return policy_of(Environment("production", HERE, {"api": API, "auth": AUTH}, allow=allow, **more))


# --- one call --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "url"), [
    ("GET", f"{API}/v1/seats"), ("GET", f"{API}/v1/seats?all=1"), ("GET", f"{AUTH}/v1"), ("POST", f"{API}/v1/teams/t/invites"),
    ("GET", "https://API.acme.test:443/base/v1/x"),
])
def test_what_is_listed_may_be_called(method: str, url: str) -> None:
    assert a_policy("GET /v1/**", "POST /v1/teams/*/invites").permit(method, url) is None


@pytest.mark.parametrize(("method", "url"), [
    ("DELETE", f"{API}/v1/seats"), ("POST", f"{API}/v1/teams/t/u/invites"), ("POST", f"{API}/v1/teams//invites"),
    ("POST", f"{API}/v1/teams/t%2Fu/invites"), ("GET", f"{API}/v1/..%2Fadmin"), ("GET", f"{API}/v2/seats"), ("GET", f"{API}/v1/../admin"),
    ("GET", f"{API}/v1/%2e%2e/admin"), ("GET", "https://api.acme.test/v1/seats"), ("GET", "https://evil.test/base/v1/seats"),
    ("GET", "http://api.acme.test/base/v1/seats"), ("GET", "https://api.acme.test:444/base/v1/seats"),
    ("GET", "https://api.acme.test@evil.test/base/v1/seats"), ("GET", "https://api.acme.test.evil.test/base/v1/seats"),
    ("GET", f"{API}x/v1/seats"), ("GET", "file:///etc/passwd"), ("GET", "https://api.acme.test\\@evil.test/base/v1"),
    ("GET", f"{API}/v1/a\nb"), ("GET", ""), ("GET", "https://api.acme.test:99999/base/v1"), ("get", f"{API}/v2"),
])
def test_what_is_not_listed_is_refused_with_its_rule_and_place(method: str, url: str) -> None:
    refusal = a_policy("GET /v1/**", "POST /v1/teams/*/invites").permit(method, url)
    assert refusal is not None
    assert refusal.rule in ("allow", "targets")
    assert f"`{refusal.rule}`, {HERE}" in str(refusal)


def test_an_own_call_to_an_undeclared_host_is_refused_everywhere() -> None:
    assert a_policy().permit("GET", "https://elsewhere.test/") is not None


def test_where_everything_is_allowed_an_odd_id_is_too() -> None:
    assert a_policy().permit("GET", f"{API}/things/..%2F..%2F..") is None
    assert a_policy("GET /things/*").permit("GET", f"{API}/things/..%2Fadmin") is not None
    assert not a_policy().at_target(f"{API}/things/..%2F..")
    assert a_policy().at_target(f"{API}/things/x")


def test_a_refusal_shows_no_credentials_of_a_url() -> None:
    assert "secret" not in str(a_policy().permit("GET", "https://user:secret@elsewhere.test/?token=secret"))


def test_a_rule_may_be_about_one_target() -> None:
    policy = policy_of(Environment("e", HERE, {"api": API, "auth": AUTH}, allow=(rule("PUT /x", "auth"),)))
    assert policy.permit("PUT", f"{AUTH}/x") is None
    assert policy.permit("PUT", f"{API}/x") is not None


# --- defaults --------------------------------------------------------------------------------------


def test_without_a_word_everything_is_allowed_but_on_production_only_reads() -> None:
    assert a_policy().permit("DELETE", f"{API}/v1") is None
    production = a_policy(production=True)
    assert production.permit("HEAD", f"{API}/v1") is None
    assert production.permit("DELETE", f"{API}/v1") is not None


def test_the_defaults_of_production() -> None:
    policy = a_policy(production=True, budget=Budget(calls=2000))
    assert policy.budget == Budget(2000, PRODUCTION_BUDGET.writes, PRODUCTION_BUDGET.rate, PRODUCTION_BUDGET.seconds)
    assert (policy.given, policy.faults) == ("check", FaultRule(True, False))
    assert (a_policy().given, a_policy().faults, a_policy().budget) == ("run", FaultRule(True, True), Budget())


# --- whole scenarios -------------------------------------------------------------------------------

INVITE = a_step("invite", "POST /v1/teams/${admin.team}/invites", captures={"id": "$.id"}, cleanup="DELETE /v1/invites/${invite.id}")


def test_a_cleanup_is_allowed_wherever_its_step_is() -> None:
    assert a_policy("POST /v1/teams/*/invites").judge(a_scenario(INVITE), {}) == ()


def test_a_cleanup_that_names_something_else_needs_a_rule() -> None:
    step = a_step("invite", "POST /v1/invites", cleanup="DELETE /v1/teams/${admin.team}")
    (refusal,) = a_policy("POST /v1/invites").judge(a_scenario(step), {})
    assert "the cleanup DELETE /v1/teams/${admin.team}" in str(refusal)


FOUND = Find(a_call("GET /items"), {"name": text("${trial.id}")}, "$.items[*]", "id")


def a_capture(name: str, kind: str = "json", path: str = "$.id", **more: Any) -> Capture:
    return Capture(name, CaptureSource(kind, path), HERE, **more)


@pytest.mark.parametrize("step", [
    a_step("l", "GET /items", captures={"id": "$.id"}, cleanup="DELETE /items/${l.id}"),
    a_step("l", "GET /items", captures={"id": "$.id"}, cleanup="DELETE /items/${found.id}", find=FOUND),
    a_step("l", "POST /items", captures={"id": "$.id"}, cleanup="PUT /accounts/root?x=${l.id}"),
    a_step("l", "POST /items", captures={"id": "$.id"}, cleanup="POST /accounts/${l.id}/purge"),
    a_step("l", "POST /items", captures={"id": "$.id"}, cleanup="DELETE /accounts/root?x=${l.id}"),
    a_step("l", "POST /items", captures={"id": "$.id"}, cleanup="DELETE /accounts/x-${l.id}"),
    a_step("l", "POST /items", cleanup="DELETE /items/${found.id}", find=replace(FOUND, where={"name": "x"})),
    a_step("l", "POST /items", cleanup="DELETE /items/${found.id}", find=replace(FOUND, where={"name": text("${admin.team}")})),
    replace(a_step("l", "POST /items", cleanup="DELETE /items/${l.v}"), captures=(a_capture("v", has_default=True, default="root"),)),
    replace(a_step("l", "POST /items", cleanup="DELETE /items/${l.v}"), captures=(a_capture("v", "status", ""),)),
    replace(a_step("l", "POST /items", cleanup="DELETE /items/${l.v}"), captures=(a_capture("v", "cookie", "id"),)),
    replace(a_step("l", "POST /items", cleanup="DELETE /items/${found.id}", find=FOUND), captures=(a_capture("id", has_default=True, default="root"),)),
], ids=lambda step: f"{step.call.method} then {step.cleanup.method} {step.cleanup.path}")
@pytest.mark.parametrize("production", [True, False])
def test_only_a_delete_of_what_its_own_write_made_is_a_cleanup_without_a_rule(step: Step, production: bool) -> None:
    policy = a_policy("GET /**", "POST /items", production=production)
    (refusal,) = policy.judge(a_scenario(step), {})
    assert f"the cleanup {step.cleanup.method} {step.cleanup.path}, which is no DELETE of what a write" in str(refusal)  # type: ignore[union-attr]


@pytest.mark.parametrize("step", [
    a_step("l", "POST /items", cleanup="DELETE /items/${found.id}", find=FOUND),
    a_step("l", "PUT /items", captures={"id": "$.id"}, cleanup="DELETE /items/${l.id}?now=1"),
    replace(a_step("l", "PATCH /items", cleanup="DELETE /items/${l.id}"), captures=(a_capture("id", "header", "location"),)),
    replace(a_step("l", "POST /items", cleanup="DELETE /items/${l.id}"), captures=(a_capture("id", "regex", "id=(.*)"),)),
])
def test_what_a_write_made_is_deleted_without_a_rule_also_on_production(step: Step) -> None:
    assert a_policy("GET /**", "POST,PUT,PATCH /items", production=True).judge(a_scenario(step), {}) == ()


def test_where_nothing_is_said_a_cleanup_may_be_any_call() -> None:
    step = a_step("l", "GET /items", captures={"id": "$.id"}, cleanup="POST /items/${l.id}/purge")
    assert a_policy().judge(a_scenario(step), {}) == ()


def test_a_persona_narrows_what_a_look_up_may_be() -> None:
    policy = a_policy("POST /v1/teams/t_1/invites")
    assert policy.judge(a_scenario(INVITE), {"admin": {"team": "t_1"}}) == ()
    assert len(policy.judge(a_scenario(INVITE), {"admin": {"team": "t_2"}})) == 1
    assert len(policy.judge(a_scenario(INVITE), {})) == 1


def test_every_refusal_comes_at_once() -> None:
    steps = (a_step("a", "PUT /a"), a_step("b", "GET /b"), a_step("c", "DELETE /c"))
    assert [refusal.found.split(" is ")[0] for refusal in a_policy("GET /**").judge(a_scenario(*steps), {})] == ["PUT /a", "DELETE /c"]


def test_on_production_a_delete_names_what_the_journey_made() -> None:
    make = a_step("make", "POST /things", captures={"id": "$.id"})
    find = a_step("find", "GET /things", captures={"id": "$.id"})
    policy = a_policy("* /**", production=True)
    assert policy.judge(a_scenario(make, a_step("drop", "DELETE /things/${make.id}")), {}) == ()
    assert len(policy.judge(a_scenario(find, a_step("drop", "DELETE /things/${find.id}")), {})) == 1
    assert len(policy.judge(a_scenario(make, a_step("wipe", "DELETE /things")), {})) == 1
    assert a_policy("* /**").judge(a_scenario(a_step("wipe", "DELETE /things")), {}) == ()


@pytest.mark.parametrize("path", ["/things", "/things?id=${make.id}", "/things/${make.id}/all", "/things/x-${make.id}", "/things/${make.v}",
                                  "/things/${make.code}", "/things/${make.crumb}", "/things/${admin.team}", "${make.id}", "${make.id}/${make.id}"])
def test_on_production_no_delete_ends_with_anything_else(path: str) -> None:
    make = replace(a_step("make", "POST /things"), captures=(
        a_capture("id"), a_capture("v", has_default=True), a_capture("code", "status", ""), a_capture("crumb", "cookie", "c")))
    policy = a_policy("* /**", production=True)
    (refusal,) = policy.judge(a_scenario(make, a_step("drop", f"DELETE {path}")), {})
    assert f"DELETE {path} may only name what a write of this journey made" in str(refusal)
    (refusal,) = policy.judge(a_scenario(replace(make, cleanup=a_call(f"DELETE {path}"))), {})
    assert (refusal.rule, f"the cleanup DELETE {path} may only name" in str(refusal)) == ("production", True)


def test_on_production_no_delete_follows_a_redirect() -> None:
    policy = a_policy("* /**", production=True)
    assert "is where a redirect leads" in str(policy.permit_next("DELETE", f"{API}/things"))
    assert policy.permit_next("GET", f"{API}/things") is None
    assert a_policy("* /**").permit_next("DELETE", f"{API}/things") is None


@pytest.mark.parametrize("path", ["/v1/../admin", "/v1/%2e%2e/admin", "/${admin.team}/../b", "/a/..;x/b"])
def test_a_path_with_dots_is_refused_before_the_run_with_the_true_reason(path: str) -> None:
    for policy in (a_policy("GET /**"), a_policy()):
        (refusal,) = policy.judge(a_scenario(a_step("a", f"GET {path}")), {})
        assert f"GET {path} has . or .. in its path" in str(refusal)


@pytest.mark.parametrize(("words", "rules"), [
    ("GET /v1/..%2fadmin", "GET /v1/**"), ("POST /v1/teams/a%2fb/invites", "POST /v1/teams/*/invites"),
    ("POST /v1/teams/a%2F${admin.team}/invites", "POST /v1/teams/*/invites"), ("GET /v1//admin", "GET /v1/*"), ("GET /v1/a#b", "GET /**"),
])
def test_what_the_file_spells_is_judged_before_the_run_as_it_is_in_it(words: str, rules: str) -> None:
    policy = a_policy(rules)
    method, path = words.replace("${admin.team}", "t1").split(" ")
    assert policy.permit(method, API + path) is not None
    (refusal,) = policy.judge(a_scenario(a_step("a", words)), {"admin": {"team": "t1"}})
    assert f"{words}" in str(refusal)


def test_an_own_cleanup_that_can_be_read_in_two_ways_needs_a_rule() -> None:
    step = a_step("l", "POST /items", captures={"id": "$.id"}, cleanup="DELETE /a%2Fb/${l.id}")
    assert len(a_policy("POST /items").judge(a_scenario(step), {})) == 1
    assert a_policy("POST /items", "DELETE /**").judge(a_scenario(step), {}) == ()


def test_what_the_guard_says_of_a_url_is_true() -> None:
    said = {url: str(a_policy().permit("GET", url)) for url in ("https://evil.test/", f"{API}/a#b", f"{API}/../x", f" {API}/x")}
    assert ["no target" in text for text in said.values()] == [True, False, False, False]
    assert ["reads alike" in text for text in said.values()] == [False, True, False, True]


def test_a_line_that_brings_a_whole_url_is_judged_when_that_is_known() -> None:
    assert a_policy("GET /v1").judge(a_scenario(a_step("a", "PUT ${ticket.url}")), {}) == ()


def test_plans_are_judged_by_their_edges() -> None:
    slow, own = a_plan("slow", payments=Latency(1.0), mail=Latency(1.0)), a_plan("own", user=Latency(1.0))
    production = a_policy(production=True)
    assert production.judge_plan(own) is None
    assert "faults payments, mail" in str(production.judge_plan(slow))
    named = a_policy(faults=FaultRule(user=False, provider=("payments",)))
    assert "faults mail," in str(named.judge_plan(slow))
    assert named.judge_plan(own) is not None


def test_production_is_explored_only_where_its_environment_says_so() -> None:
    assert a_policy().judge_exploring() is None
    assert a_policy(production=True, explore=True).judge_exploring() is None
    assert "may not be explored" in str(a_policy(production=True).judge_exploring())
    assert "may not be explored" in str(a_policy(explore=False).judge_exploring())


def test_a_run_that_cannot_end_within_its_budget_is_refused() -> None:
    policy = a_policy("* /**", budget=Budget(calls=4, writes=3))
    assert policy.judge_budget(*demand([(a_scenario(INVITE), 1)])) == ()
    (refusal,) = policy.judge_budget(*demand([(a_scenario(INVITE), 2)]))
    assert "at least 4 writes, cleanup included, and may make 3" in str(refusal)
    assert demand([(a_scenario(INVITE), 2)]) == (Span(4, 4), Span(4, 4))


def test_a_write_without_a_cleanup_is_named() -> None:
    steps = (INVITE, a_step("pay", "POST /pay"), a_step("drop", "DELETE /x"), a_step("read", "GET /x"))
    assert [planned.step for planned in unkept(a_scenario(*steps))] == ["pay"]

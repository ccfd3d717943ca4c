from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.calls import Span, calls_of, needs
from flowprobe.core.rules import Given
from flowprobe.core.statements import Probe
from flowprobe.core.steps import Each, Expect, Find, Parallel, Poll, Repeat, Retry, Samples, Use
from tests.scenes import HERE, a_call, a_scenario, a_step, text

POLL = Poll(Expect(), every=2.0, patience=30.0, position=HERE)


def test_a_step_is_one_call_and_its_cleanup_another() -> None:
    (planned,) = calls_of(a_scenario(a_step("make", "POST /things", captures={"id": "$.id"}, cleanup="DELETE /things/${make.id}")))
    assert (planned.writes, [(undo.call.method, undo.own, undo.looks) for undo in planned.cleanup]) == (True, [("DELETE", True, False)])
    assert needs(planned) == (Span(2, 2), Span(2, 2))


def test_a_cleanup_without_its_own_capture_is_not_its_own() -> None:
    (planned,) = calls_of(a_scenario(a_step("make", "POST /things", cleanup="DELETE /things/${admin.team}")))
    assert not planned.cleanup[0].own


@pytest.mark.parametrize(("more", "times"), [
    ({}, "1"), ({"poll": POLL}, "1 to 16"), ({"retry": Retry(("connect",), times=3)}, "1 to 4"),
    ({"poll": POLL, "retry": Retry(("connect",), times=3)}, "1 to 19"), ({"when": {"admin.plan": "pro"}}, "0 to 1"),
    ({"poll": Poll(Expect(), every=0.0, patience=1.0, position=HERE)}, "1 or more"),
])
def test_how_often_a_step_may_call(more: dict[str, object], times: str) -> None:
    (planned,) = calls_of(a_scenario(a_step("look", "GET /things", **more)))
    assert str(planned.times) == times


def test_a_retry_of_a_write_does_not_clean_up_twice() -> None:
    (planned,) = calls_of(a_scenario(a_step("make", "POST /things", captures={"id": "$.id"}, cleanup="DELETE /things/${make.id}", retry=Retry((503,), times=2))))
    assert needs(planned) == (Span(2, 4), Span(2, 4))


def test_what_a_path_ends_with_is_known() -> None:
    planned = calls_of(a_scenario(a_step("make", "POST /things", captures={"id": "$.id"}), a_step("drop", "DELETE /teams/${admin.team}/things/${make.id}"),
                                  a_step("leave", "DELETE /teams/${admin.team}"), a_step("shot", "DELETE /x/${make.id}", each=Each("make", [], HERE))))
    assert planned[0].made == {("make", "id")}
    assert [each.ends for each in planned] == [None, ("make", "id"), None, None]


def test_what_is_looked_for_is_charged_only_where_it_may_be_needed() -> None:
    find = Find(a_call("GET /things"), {"name": text("${trial.id}")}, "$.items[*]", "id")
    (planned,) = calls_of(a_scenario(a_step("make", "POST /things", cleanup="DELETE /things/${found.id}", find=find)))
    assert [(undo.call.method, undo.own, undo.looks) for undo in planned.cleanup] == [("GET", False, True), ("DELETE", True, False)]
    assert needs(planned) == (Span(2, 3), Span(2, 2))


@pytest.mark.parametrize(("more", "rounds", "times"), [
    ({"each": Each("id", ["a", "b", "c"], HERE)}, "3", "3"), ({"each": Each("id", text("${page.ids}"), HERE)}, "0 or more", "0 or more"),
    ({"repeat": Repeat({"page.next": {"$absent": False}}, 5, HERE)}, "1 to 5", "1 to 5"),
    ({"expect": Expect(within=Samples(95, 0.4, 20))}, "1", "20"),
])
def test_rounds_and_samples(more: dict[str, object], rounds: str, times: str) -> None:
    (planned,) = calls_of(a_scenario(a_step("page", "GET /things", **more)))
    assert (str(planned.rounds), str(planned.times)) == (rounds, times)


def test_what_is_used_is_told_with_the_roles_of_who_uses_it() -> None:
    inner = (a_step("token", "POST /login/${user.team}", role="user"), a_step("use", "DELETE /me/${token.id}"))
    use = Use("login", HERE, "login.yaml", inner, {}, roles={"user": "operator", "first": None})
    branches = Parallel("both", HERE, ((a_step("left", "GET /l"),), (a_step("right", "GET /r"),)), when={"admin.plan": "pro"})
    token, second, left, right = calls_of(a_scenario(use, branches, personas={"admin": ("pro-eu",), "operator": ("staff",)}))  # type: ignore[arg-type]
    assert (token.step, token.role, dict(token.roles)) == ("login/token", "operator", {"user": "operator", "first": "admin"})
    assert (second.role, second.ends) == ("operator", ("login/token", "id"))
    assert [str(each.times) for each in (token, left, right)] == ["1", "0 to 1", "0 to 1"]


@pytest.mark.parametrize(("given", "steps"), [("run", ["look", "put", "walk"]), ("check", ["look", "walk"]), ("skip", ["walk"])])
def test_of_given_the_environment_makes_what_it_says(given: Given, steps: list[str]) -> None:
    scenario = replace(a_scenario(a_step("walk", "GET /x")), given=(a_step("look", "GET /a"), a_step("put", "PUT /a")))
    assert [planned.step for planned in calls_of(scenario, given)] == steps


def test_spans_add_up_until_nothing_bounds_them() -> None:
    assert Span(1, 3) + Span(2, 2) == Span(3, 5)
    assert Span(1, 3).times(2) == Span(2, 6)
    assert (Span(1, None) + Span(1, 1)).most is None


def test_probes_are_calls_like_any_other_as_often_as_their_patience_allows() -> None:
    probes = (Probe("a", a_step("probe a", "GET /a", role="admin"), 2.0), Probe("b", a_step("probe b", "HEAD /b")))
    planned = calls_of(replace(a_scenario(a_step("one", "GET /one")), probes=probes))
    assert [(each.step, each.role, str(each.times)) for each in planned] == [
        ("one", "admin", "1"), ("probe a", "admin", "1 to 5"), ("probe b", "admin", "1")]

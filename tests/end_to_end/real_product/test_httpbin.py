"""A visit to httpbin, with a bad network between the guest and it: what a fault changes, and what it must not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.end_to_end.real_provider.runs import Json, Run

pytestmark = pytest.mark.slow

SLACK_S = 0.3
"""How late a busy machine may be."""

FAULTED = ["slow", "crawl", "busy", "busy-as-promised"]
STEPS = ["headers", "shown", "get", "post", "signin", "signed-in", "upgrade", "upgraded", "gzip", "bytes", "stream",
         "teapot", "delay"]
OF_PROXIES = {"via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"}


def echoed(run: Run, plan: str, step: str) -> Json:
    """What httpbin says it was sent."""
    said: Json = json.loads(run.answer(plan, step)["body"])
    return said


def call(run: Run, plan: str, step: str) -> Json:
    (only,) = run.step(plan, step)["calls"]
    return only


def of_everybody(headers: dict[str, str]) -> dict[str, str]:
    """Headers as they are in every trial: those that bear its id keep their names alone."""
    return {name: "" if name in ("Traceparent", "Baggage", "Cookie") else value for name, value in headers.items()}


def stable(reply: Json) -> tuple[Any, ...]:
    """A reply without what is its trial's own: date and id."""
    headers = [(name, "" if name in ("date", "set-cookie") else value) for name, value in reply["headers"]]
    return reply["status"], headers, reply["body_bytes"], reply["truncated"]


# --- the unfaulted twin ---------------------------------------------------------------------------


def test_unfaulted_the_visit_passes(run: Run) -> None:
    trial = run.trial("none")
    assert run.verdict("none") == ("pass", [])
    assert [(step["step"], step["outcome"]) for step in trial["steps"]] == [(name, "held") for name in STEPS]


def test_unfaulted_nothing_crosses_the_proxy(run: Run) -> None:
    trial = run.trial("none")
    assert trial["receipts"] == []
    assert run.exchanges("none") == []
    assert [step["calls"][0]["exchanges"] for step in trial["steps"]] == [[]] * len(STEPS)


def test_a_run_without_faults_starts_no_proxy(unfaulted: Run) -> None:
    assert (unfaulted.code, unfaulted.result["verdict"]) == (0, "pass")
    assert [trial["plan"] for trial in unfaulted.result["trials"]] == ["none"]
    assert not (unfaulted.folder / "journal" / "proxy.jsonl").exists()


# --- through the user edge: what stays as it is ---------------------------------------------------


@pytest.mark.parametrize("plan", FAULTED)
@pytest.mark.parametrize("step", ["headers", "get", "post", "gzip"])
def test_the_product_is_sent_the_same_headers_as_without_the_edge(run: Run, plan: str, step: str) -> None:
    assert of_everybody(echoed(run, plan, step)["headers"]) == of_everybody(echoed(run, "none", step)["headers"])


@pytest.mark.parametrize("plan", FAULTED)
@pytest.mark.parametrize("step", ["get", "post"])
def test_the_product_sees_the_url_the_host_and_the_origin_that_were_meant(run: Run, plan: str, step: str) -> None:
    seen, meant = echoed(run, plan, step), call(run, plan, step)["url"]
    assert seen["url"] == meant
    assert seen["headers"]["Host"] == meant.split("/")[2]
    assert seen["origin"] == "127.0.0.1"


@pytest.mark.parametrize("plan", FAULTED)
@pytest.mark.parametrize("step", ["headers", "get"])
def test_no_header_of_a_proxy_reaches_the_product(run: Run, plan: str, step: str) -> None:
    names = {name.lower() for name in echoed(run, plan, step)["headers"]}
    assert not names & OF_PROXIES
    assert not {name for name in names if name.startswith("proxy-")}


@pytest.mark.parametrize("plan", ["none", *FAULTED])
def test_and_httpbin_would_have_shown_one(run: Run, plan: str) -> None:
    headers = echoed(run, plan, "shown")["headers"]
    assert (headers["Via"], headers["X-Forwarded-For"]) == ("1.1 somebody", "192.0.2.1")


@pytest.mark.parametrize("plan", FAULTED)
def test_cookies_of_a_redirect_arrive_one_by_one_and_come_back(run: Run, plan: str) -> None:
    trial = run.trial(plan)["trial"]
    reply = run.answer(plan, "signin")
    set_cookies = [value for name, value in reply["headers"] if name == "set-cookie"]
    assert (reply["status"], dict(reply["headers"])["location"]) == (302, "/cookies")
    assert set_cookies == [f"session={trial}; Path=/", "region=eu; Path=/"]
    assert echoed(run, plan, "signed-in")["cookies"] == {"session": trial, "region": "eu"}


@pytest.mark.parametrize("plan", FAULTED)
def test_a_cookie_of_an_ordinary_reply_joins_those_that_are_there(run: Run, plan: str) -> None:
    trial = run.trial(plan)["trial"]
    assert echoed(run, plan, "upgraded")["cookies"] == {"session": trial, "region": "eu", "plan": "pro"}
    assert echoed(run, plan, "gzip")["headers"]["Cookie"] == f"session={trial}; region=eu; plan=pro"


@pytest.mark.parametrize("plan", FAULTED)
@pytest.mark.parametrize("step", [step for step in STEPS[:-2] if step != "gzip"])  # ids do not all shrink alike
def test_a_reply_is_the_same_as_without_the_edge(run: Run, plan: str, step: str) -> None:
    assert stable(run.answer(plan, step)) == stable(run.answer("none", step))


@pytest.mark.parametrize("plan", FAULTED)
@pytest.mark.parametrize(("step", "length"), [("bytes", 5000), ("stream", 70000)])
def test_bytes_arrive_whole(run: Run, plan: str, step: str, length: int) -> None:
    reply = run.answer(plan, step)
    assert reply["body_bytes"] == length
    assert reply["body"] == run.answer("none", step)["body"]


def test_a_gzipped_reply_stays_gzipped_on_the_wire(run: Run) -> None:
    assert dict(run.answer("slow", "gzip")["headers"])["content-encoding"] == "gzip"
    (crossed,) = run.exchanges("slow", path="/gzip")
    assert 0 < crossed["reply_bytes"] < run.answer("slow", "gzip")["body_bytes"]


# --- through the user edge: what a fault changes --------------------------------------------------


@pytest.mark.parametrize("plan", FAULTED)
def test_every_call_crosses_the_edge_and_says_itself_whose_it_is(run: Run, plan: str) -> None:
    calls = [call["call"] for step in run.trial(plan)["steps"] for call in step["calls"]]
    crossed = run.exchanges(plan)
    assert [each["call"] for each in crossed] == calls
    assert {(each["edge"], each["evidence"]) for each in crossed} == {("user", "traceparent")}


def test_latency_falls_on_every_call_and_is_what_was_asked(run: Run) -> None:
    receipts = run.trial("slow")["receipts"]
    assert [receipt["exchange"] for receipt in receipts] == [each["exchange"] for each in run.exchanges("slow")]
    assert {(r["kind"], r["edge"], r["asked_s"], r["gave_up_s"]) for r in receipts} == {("latency", "user", 0.3, None)}
    assert [r["realised_s"] for r in receipts] == [pytest.approx(0.3, abs=SLACK_S)] * len(STEPS)
    assert all(r["realised_s"] >= 0.3 for r in receipts)


def test_the_guest_waits_for_the_latency_and_for_the_product(run: Run) -> None:
    seconds = {name: call(run, "slow", name)["seconds"] for name in STEPS}
    assert all(seconds[name] > 0.29 for name in STEPS)
    assert seconds["delay"] > 1.29


def test_a_latency_that_every_budget_has_room_for_is_a_pass(run: Run) -> None:
    trial = run.trial("slow")
    assert run.verdict("slow") == ("pass", [])
    assert [step["outcome"] for step in trial["steps"]] == ["held"] * len(STEPS)


def test_a_latency_beyond_the_budget_breaks_the_step_that_promised_it(run: Run) -> None:
    trial, step = run.trial("crawl"), run.step("crawl", "delay")
    (finding,) = step["findings"]
    (receipt,) = trial["receipts"]
    assert (run.verdict("crawl")[0], step["outcome"]) == ("fail", "broken")
    assert (finding["kind"], finding["expected"]) == ("within", "at most 2.0 s")
    assert call(run, "crawl", "delay")["seconds"] > 2.49
    assert (receipt["site"], receipt["asked_s"]) == ("GET /delay/*", 1.5)
    assert receipt["realised_s"] == pytest.approx(1.5, abs=SLACK_S)
    assert "latency 1.5s was injected between the user and the product" in trial["why"]


def test_a_matched_fault_falls_on_the_matching_call_alone(run: Run) -> None:
    for plan, step in (("crawl", "delay"), ("busy", "teapot"), ("busy-as-promised", "teapot")):
        hit = [each["step"] for each in run.trial(plan)["steps"]
               if any(e["injections"] for c in each["calls"] for e in c["exchanges"])]
        assert hit == [step]


def test_an_injected_status_is_not_blamed_on_the_product_which_was_never_asked(run: Run) -> None:
    trial, step = run.trial("busy"), run.step("busy", "teapot")
    (finding,) = step["findings"]
    (crossed,) = run.exchanges("busy", path="/status/418")
    assert (run.verdict("busy")[0], step["outcome"]) == ("inconclusive", "broken")
    assert (finding["kind"], finding["expected"], finding["seen"]) == ("status", "418", "503")
    assert (crossed["status"], crossed["upstream_status"]) == (503, None)
    assert run.step("busy", "delay")["outcome"] == "not-reached"
    assert (trial["blame"], "status 503 was injected between the user and the product" in trial["why"]) == ("plan", True)


def test_the_same_status_is_degraded_where_it_was_promised_and_the_visit_goes_on(run: Run) -> None:
    trial = run.trial("busy-as-promised")
    outcomes = {step["step"]: step["outcome"] for step in trial["steps"]}
    reply = run.answer("busy-as-promised", "teapot")
    assert run.verdict("busy-as-promised")[0] == "degraded"
    assert outcomes == {**dict.fromkeys(STEPS, "held"), "teapot": "degraded"}
    assert (reply["status"], reply["body"], dict(reply["headers"])["retry-after"]) == (503, '{"error":"busy"}', "1")


# --- the run --------------------------------------------------------------------------------------


def test_every_planned_fault_has_its_receipt_and_nothing_else_was_touched(run: Run) -> None:
    fired = {trial["plan"]: len(trial["receipts"]) for trial in run.result["trials"]}
    assert fired == {"none": 0, "slow": len(STEPS), "crawl": 1, "busy": 1, "busy-as-promised": 1}
    assert (run.result["collateral"], run.result["unattributed"]) == (0, 0)


def test_the_run_fails_by_the_broken_visit(run: Run) -> None:
    assert [plan for plan in FAULTED if run.verdict(plan)[0] in ("fail", "inconclusive")] == ["crawl", "busy"]
    assert run.code == run.result["exit_code"] == 1

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import (
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    Diagnosed,
    EnvironmentReady,
    Halted,
    IdentityJudged,
    Interrupted,
    InvariantJudged,
    PlannedFault,
    ProcessEnded,
    Saturated,
    SendsJudged,
    StepEnded,
    ToolFailure,
    TrialEnded,
    TrialSkipped,
)
from flowprobe.core.evidence import fold
from flowprobe.core.findings import Finding
from flowprobe.core.verdict import Blame, Kind, Verdict, exit_code, foremost, judge_run, worst
from tests.journals import (
    SLOW,
    Journal,
    ended,
    exchange,
    finding,
    injected,
    replied,
    sent,
    started,
    step_ended,
    unanswered,
)
from tests.scenes import TRIAL

OTHER = "ffeeddccbbaa9988"


def judged(journal: Journal) -> Verdict:
    return judge_run(fold(journal.lines))[TRIAL]


def code(journal: Journal) -> int:
    run = fold(journal.lines)
    return exit_code(run, judge_run(run))


def passed(*extra: object) -> Journal:
    return Journal().runner(started(), sent("one"), replied(), step_ended("one"), *extra, ended())  # type: ignore[arg-type]


def test_what_was_looked_at_after_a_failure_has_the_last_word() -> None:
    journal = Journal().runner(started(), sent("one"), replied(status=401), step_ended("one", "broken", finding("status")),
                               ended(), Diagnosed(TRIAL, "account set-up", ("pro-eu is refused",)))
    assert judged(journal) == Verdict(Kind.INCONCLUSIVE, Blame.ACCOUNT, (
        "pro-eu is refused", "one: status: expected at most 400 ms, saw 612 ms"))


def test_what_was_looked_at_never_changes_a_pass_nor_what_is_known_to_be_ours() -> None:
    assert judged(passed(Diagnosed(TRIAL, "tool", ("the clock jumped",)))).kind is Kind.PASS
    ours = passed(ToolFailure("proxy", "it is gone", TRIAL), Diagnosed(TRIAL, "product", ("it is down",)))
    assert judged(ours).blame is Blame.TOOL
    assert judged(passed(Diagnosed(TRIAL, ""))).kind is Kind.PASS


def test_an_identity_that_was_told_is_an_answer() -> None:
    journal = Journal().runner(IdentityJudged("GET", "http://acme.test/health", "held"), started(), sent("one"),
                               unanswered(), step_ended("one", "broken", finding("no-reply")), ended())
    assert judged(journal).kind is Kind.FAIL


def test_everything_held_is_a_pass() -> None:
    assert judged(passed()).kind is Kind.PASS
    assert code(passed()) == 0


def test_a_broken_step_is_a_fail_of_the_product() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    assert judged(journal) == Verdict(Kind.FAIL, Blame.PRODUCT, ("one: within: expected at most 400 ms, saw 612 ms",))
    assert code(journal) == 1


def test_a_planned_fault_that_never_fired_is_never_a_pass() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended())
    verdict = judged(journal)
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.FAULT)
    assert "made no call to 'payments'" in verdict.reasons[0]
    assert code(journal) == 3


def test_of_faults_of_which_a_call_suffers_one_any_is_proof_and_none_is_not() -> None:
    late, failed = replace(SLOW, among=True), PlannedFault("payments[1]", "payments", "status", "status 503", among=True)
    journal = Journal().runner(started("friday.worst", late, failed), sent("one"), replied(), step_ended("one"), ended())
    assert judged(journal).blame is Blame.FAULT
    journal.proxy(exchange(), injected())
    assert judged(journal).kind is Kind.PASS


def test_a_fault_that_never_fired_says_which_calls_passed_by() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended()).proxy(
        exchange(), exchange("x2"))
    assert "POST /v1/charges ×2" in judged(journal).reasons[0]


@pytest.mark.parametrize(("kind", "words"), [
    ("refuse", "nobody was seen to connect there"), ("tls", "nobody began a TLS handshake there"),
    ("latency", "POST /v1/charges"),
])
def test_a_fault_that_found_nothing_to_fall_on_says_what_it_needs(kind: str, words: str) -> None:
    fault = PlannedFault("payments", "payments", kind, kind)
    journal = Journal().runner(started("line", fault), sent("one"), replied(), step_ended("one"), ended()).proxy(
        replace(exchange(), protocol="HTTP/1.1"))
    verdict = judged(journal)
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.FAULT)
    assert words in verdict.reasons[0]


def test_a_fault_that_fired_and_was_survived_is_a_pass() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended()).proxy(
        exchange(), injected())
    assert judged(journal).kind is Kind.PASS


def test_what_was_allowed_is_degraded_and_still_green() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "degraded", finding(), because="under x"),
                               ended())
    assert judged(journal) == Verdict(Kind.DEGRADED, Blame.NONE, ("one: under x",))
    assert code(journal) == 0


def test_a_failure_of_ours_outranks_a_finding_since_it_may_have_caused_it() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), ToolFailure("proxy", "killed", TRIAL),
                               step_ended("one", "broken", finding()), ended())
    assert (judged(journal).kind, judged(journal).blame) == (Kind.INCONCLUSIVE, Blame.TOOL)


@pytest.mark.parametrize(("late", "lag", "kind"), [
    (0.2, 0.05, Kind.FAIL), (0.2, 0.25, Kind.INCONCLUSIVE), (0.01, 0.06, Kind.INCONCLUSIVE), (0.2, 0.0, Kind.FAIL),
])
def test_a_saturated_proxy_matters_where_it_can_explain_what_was_missed(late: float, lag: float, kind: Kind) -> None:
    missed = Finding("within", "within", "at most 400 ms", "more", "", late)
    journal = Journal().runner(started(), sent("one"), replied()).proxy(Saturated(lag), exchange())
    journal.runner(step_ended("one", "broken", missed), ended())
    assert judged(journal).kind is kind


def test_a_saturated_proxy_does_not_hide_what_is_no_matter_of_time() -> None:
    journal = Journal().runner(started(), sent("one"), replied()).proxy(Saturated(5.0), exchange())
    journal.runner(step_ended("one", "broken", finding("status")), ended())
    assert judged(journal).kind is Kind.FAIL


def test_a_delay_that_did_not_come_out_as_asked_cannot_be_judged() -> None:
    late = replace(injected(), realised_s=0.9)
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended()).proxy(exchange(), late)
    assert (judged(journal).blame, "900 ms" in judged(journal).reasons[0]) == (Blame.TOOL, True)


def test_a_delay_that_the_end_of_the_trial_cut_short_is_as_it_was_asked() -> None:
    short = replace(injected(), realised_s=4.0, asked_s=10.0, detail="the lease ended")
    journal = Journal().runner(started("slow", SLOW), sent("one"), unanswered(1, "timeout"),
                               step_ended("one", "broken", finding("no-reply")), ended()).proxy(exchange(), short)
    assert judged(journal.runner()).kind is Kind.INCONCLUSIVE  # nothing of this run was answered …
    ready = Journal().runner(EnvironmentReady())
    ready.runner(started("slow", SLOW), sent("one"), unanswered(1, "timeout"),
                 step_ended("one", "broken", finding("no-reply")), ended()).proxy(exchange(), short)
    assert judged(ready).kind is Kind.FAIL  # … but the product had said that it was ready


@pytest.mark.parametrize(("receipt", "kind"), [
    ({"kind": "latency", "asked_s": 0.3, "realised_s": 0.9, "detail": "the provider took that long by itself"},
     Kind.PASS),
    ({"kind": "bandwidth", "asked_s": 2.0, "realised_s": 2.1, "moved": 1000, "detail": "1000 bytes down"}, Kind.PASS),
    ({"kind": "bandwidth", "asked_s": 2.0, "realised_s": 1.0, "moved": 1000, "detail": "1000 bytes down"},
     Kind.INCONCLUSIVE),
    ({"kind": "hang", "asked_s": 30.0, "realised_s": 2.0}, Kind.PASS),
])
def test_what_took_its_time_is_held_against_what_was_asked(receipt: dict[str, Any], kind: Kind) -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended())
    verdict = judged(journal.proxy(exchange(), replace(injected(), **receipt)))
    assert verdict.kind is kind
    if kind is Kind.INCONCLUSIVE:
        assert verdict.reasons == ("proxy: a line for 1000 bytes of 2000 ms on 'payments' came out as 1000 ms",)


def test_half_a_reply_is_an_answer_of_the_environment() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(1, "too-large"),
                               step_ended("one", "broken", finding("no-reply")), ended())
    assert judged(journal).kind is Kind.FAIL


@pytest.mark.parametrize("kind", ["status", "stale", "redirect_loop", "error_envelope", "expired_token"])
def test_an_answer_that_the_plan_forged_is_no_pass(kind: str) -> None:
    ours = replace(injected(fault="user"), edge="user", kind=kind)
    fault = PlannedFault("user", "user", kind, f"{kind} 200")
    journal = Journal().runner(started("us", fault), sent("one"), replied(), step_ended("one"), ended()).proxy(
        exchange(edge="user"), ours)
    assert (judged(journal).kind, judged(journal).blame) == (Kind.INCONCLUSIVE, Blame.PLAN)


def test_a_stand_in_that_dies_is_the_environments_and_a_product_that_dies_its_own() -> None:
    for stand_in, kind in ((True, Kind.INCONCLUSIVE), (False, Kind.FAIL)):
        journal = Journal().runner(started(), sent("one"), replied(status=502), step_ended("one", "broken", finding("status")),
                                   ProcessEnded(TRIAL, "1-stand-in", "was ended by SIGKILL", stand_in), ended())
        assert judged(journal).kind is kind
        assert "SIGKILL" in " ".join(judged(journal).reasons)


def test_a_delay_that_its_caller_did_not_wait_for_is_as_it_was_asked() -> None:
    short = replace(injected(), realised_s=0.15)
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended()).proxy(
        exchange(status=None), short)
    assert judged(journal).kind is Kind.PASS


@pytest.mark.parametrize("kind", ["status", "body", "field", "lost_reply", "stale", "error_envelope", "expired_token"])
def test_a_reply_that_the_plan_made_on_the_user_edge_is_not_the_products(kind: str) -> None:
    ours = replace(injected(fault="user"), edge="user", kind=kind)
    fault = PlannedFault("user", "user", kind, f"{kind} 503")
    journal = Journal().runner(started("busy", fault), sent("one"), replied(status=503),
                               step_ended("one", "broken", finding("status")), ended()).proxy(exchange(edge="user"), ours)
    assert (judged(journal).kind, judged(journal).blame) == (Kind.INCONCLUSIVE, Blame.PLAN)


def test_silence_without_any_success_is_the_environments() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")), ended())
    verdict = judged(journal)
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.ENVIRONMENT)
    assert "nothing listens there" in verdict.reasons[0]


def test_silence_after_a_success_in_this_run_is_the_products() -> None:
    journal = Journal().runner(
        started(trial=OTHER), sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", trial=OTHER), ended(trial=OTHER),
        started(), sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")), ended())
    assert judged(journal).kind is Kind.FAIL


def test_a_stopped_journey_cannot_be_judged() -> None:
    journal = Journal().runner(started(), sent("one"), step_ended("one", "not-reached"), ended("stopped"))
    assert (judged(journal).kind, judged(journal).blame) == (Kind.INCONCLUSIVE, Blame.STOPPED)


def test_a_refused_account_state_is_no_failure_and_says_what_was_refused() -> None:
    because = "the product refuses this account state (422), as `refuses` says it may"
    journal = Journal().runner(started(), StepEnded(TRIAL, "given 1", "refused", because=because, phase="given"),
                               step_ended("one", "not-reached"), ended("set-up-refused"))
    assert judged(journal) == Verdict(Kind.INCONCLUSIVE, Blame.ACCOUNT, (f"given 1: {because}",))


def test_a_journal_that_breaks_off_cannot_be_judged() -> None:
    assert judged(Journal().runner(started(), sent("one"), replied())).kind is Kind.INCONCLUSIVE


def test_a_trial_without_its_baseline_says_so() -> None:
    journal = Journal().runner(started(), TrialSkipped(TRIAL, "its unfaulted trial came out as fail", "baseline"))
    assert judged(journal) == Verdict(Kind.INCONCLUSIVE, Blame.BASELINE, ("its unfaulted trial came out as fail",))


@pytest.mark.parametrize("last", [
    CleanupPlanned(TRIAL, "one", 1, "pro-eu", "DELETE /x"),
    CleanupSettled(TRIAL, "one", 1, "pro-eu", "unknown", detail="no id came back"),
    CleanupSettled(TRIAL, "one", 1, "pro-eu", "due", "DELETE", "http://acme.test/x"),
    CleanupEnded(TRIAL, "one", "failed", "DELETE /x: answered 500"),
])
def test_an_incomplete_cleanup_is_exit_7_and_no_pass(last: object) -> None:
    assert judged(passed(last)).blame is Blame.CLEANUP
    assert code(passed(last)) == 7


@pytest.mark.parametrize("last", [
    CleanupEnded(TRIAL, "one", "gone"), CleanupSettled(TRIAL, "one", 1, "pro-eu", "not-needed"),
])
def test_a_complete_cleanup_is_a_pass(last: object) -> None:
    assert judged(passed(last)).kind is Kind.PASS


def test_an_interruption_is_130_unless_something_is_left_over() -> None:
    assert code(passed().runner(Interrupted("SIGINT"))) == 130
    left = CleanupSettled(TRIAL, "one", 1, "pro-eu", "unknown")
    assert code(passed(left).runner(Interrupted("SIGINT"))) == 7


@pytest.mark.parametrize(("kind", "exit"), [("budget", 6), ("window", 6), ("refused", 5)])
def test_a_guard_that_ended_the_run_says_why_and_has_its_own_exit(kind: str, exit: int) -> None:
    stopped = Journal().runner(started(), sent("one"), unanswered(reason="refused"), TrialEnded(TRIAL, "stopped"), Halted(TRIAL, kind, "why"))
    assert judged(stopped) == Verdict(Kind.INCONCLUSIVE, Blame.STOPPED, ("why",))
    assert code(stopped) == exit
    assert code(stopped.runner(Interrupted("SIGINT"))) == 130


def test_a_bug_of_ours_outranks_a_fail_and_yields_to_leftovers() -> None:
    broken = fold(Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended()).lines)
    assert exit_code(broken, judge_run(broken), internal=True) == 4
    left = fold(passed(CleanupSettled(TRIAL, "one", 1, "pro-eu", "unknown")).lines)
    assert exit_code(left, judge_run(left), internal=True) == 7


@given(st.permutations([Kind.PASS, Kind.DEGRADED, Kind.INCONCLUSIVE, Kind.FAIL]))
def test_the_worst_verdict_does_not_depend_on_the_order(kinds: list[Kind]) -> None:
    assert worst([Verdict(kind, Blame.NONE, ()) for kind in kinds]) is Kind.FAIL


def test_fail_outranks_inconclusive_outranks_degraded_outranks_pass() -> None:
    order = [Kind.PASS, Kind.DEGRADED, Kind.INCONCLUSIVE, Kind.FAIL]
    for left, right in permutations(order, 2):
        pair = [Verdict(left, Blame.NONE, ()), Verdict(right, Blame.NONE, ())]
        assert worst(pair) is max(left, right, key=order.index)
    assert worst([]) is Kind.INCONCLUSIVE


def test_a_sign_in_that_failed_is_the_account_set_ups_even_where_nothing_ever_answered() -> None:
    said = finding(kind="no-reply", seen="the sign-in failed: it answered 401")
    unsigned = (sent("one"), unanswered(reason="auth"), step_ended("one", "broken", said))
    verdict = judged(Journal().runner(started(), *unsigned, ended()))
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.ACCOUNT)
    assert verdict.reasons == ("one: the sign-in failed: it answered 401",)


def test_one_step_that_could_not_sign_in_does_not_hide_another_that_failed() -> None:
    journal = Journal().runner(started(), sent("zero"), replied(), step_ended("zero", "broken", finding()),
                               sent("one", number=2), unanswered(reason="auth", number=2), step_ended("one", "broken", finding()), ended())
    assert (judged(journal).kind, judged(journal).blame) == (Kind.FAIL, Blame.PRODUCT)


def test_a_step_that_needs_what_a_skipped_one_captures_is_the_scenarios_doing() -> None:
    journal = Journal().runner(started(), step_ended("b", "skipped"),
                               step_ended("c", "not-reached", because="${b.id} has no value"), ended())
    assert judged(journal) == Verdict(Kind.INCONCLUSIVE, Blame.SCENARIO, (
        "c: needs ${b.id}, which the skipped step `b` would have captured",))


def test_a_contract_that_is_wrong_itself_is_not_the_products_fail() -> None:
    wrong = Finding("contract", "document", "a path that can be read", "#/x leads nowhere", "")
    verdict = judged(Journal().runner(started(), sent("a"), replied(), step_ended("a", "broken", wrong), ended()))
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.SCENARIO)
    both = step_ended("a", "broken", wrong, finding("status", "200", "500"))
    assert judged(Journal().runner(started(), sent("a"), replied(), both, ended())).kind is Kind.FAIL


def test_a_promise_that_may_be_kept_or_not_is_neither_a_pass_nor_a_failure() -> None:
    unsure = SendsJudged(TRIAL, "one", "held", unsure=("POST /v1/charges to 'payments': 1 call passed meanwhile",))
    verdict = judged(Journal().runner(started(), sent("one"), replied(), step_ended("one"), unsure, ended()))
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.ENVIRONMENT)
    assert verdict.reasons == ("one: POST /v1/charges to 'payments': 1 call passed meanwhile",)


# --- what is promised of the whole journey --------------------------------------------------------


def promise(outcome: str, *, name: str = "paid and there", because: str = "", blame: str = "") -> InvariantJudged:
    found = (Finding("always", "invites $.items", "a length of 1", "a length of 0", "f:1:1"),) if outcome == "broken" else ()
    return InvariantJudged(TRIAL, "always", name, outcome, found, because, blame)


def test_a_broken_promise_is_a_fail_although_every_step_held() -> None:
    verdict = judged(passed().runner(promise("broken", because="while it was charged")))
    assert verdict == Verdict(Kind.FAIL, Blame.PRODUCT, (
        "always 'paid and there': invites $.items: expected a length of 1, saw a length of 0, while it was charged",))


def test_a_step_and_a_promise_that_are_both_broken_are_both_told() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended(), promise("broken"))
    assert [reason.partition(":")[0] for reason in judged(journal).reasons] == ["one", "always 'paid and there'"]


def test_what_excuses_a_broken_step_excuses_no_promise() -> None:
    spoilt = replace(injected(), edge="user", kind="status")
    journal = Journal().runner(started(), sent("one"), replied(status=503), step_ended("one", "broken", finding("status")), ended())
    journal.proxy(exchange(edge="user"), spoilt)
    assert judged(journal).blame is Blame.PLAN
    assert judged(journal.runner(promise("broken"))) == Verdict(Kind.FAIL, Blame.PRODUCT, (
        "always 'paid and there': invites $.items: expected a length of 1, saw a length of 0",))


def test_a_promise_of_which_nobody_can_tell_is_inconclusive_and_says_who_has_to_look() -> None:
    for blame in (Blame.ENVIRONMENT, Blame.SCENARIO, Blame.PRODUCT, Blame.ACCOUNT, Blame.TOOL, Blame.STOPPED):
        verdict = judged(passed().runner(promise("unsure", because="it is dark", blame=str(blame))))
        assert verdict == Verdict(Kind.INCONCLUSIVE, blame, ("always 'paid and there' cannot be judged: it is dark",))


def test_a_promise_that_nobody_could_look_at_is_listed_and_changes_nothing() -> None:
    journal = passed().runner(promise("unseen", because="POST /send to 'mail'"), promise("held"))
    assert judged(journal).kind is Kind.PASS
    assert fold(journal.lines).trials[0].unseen == ("always 'paid and there': POST /send to 'mail'",)


def test_where_nothing_ever_answered_a_broken_promise_is_the_environments() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")), ended())
    journal.runner(sent("probe invites", 2, phase="probe"), unanswered(2), promise("broken"))
    assert judged(journal).blame is Blame.ENVIRONMENT


def test_of_several_runs_the_gravest_code_is_that_of_all() -> None:
    grave = [7, 130, 6, 5, 4, 1, 3, 0]
    assert [foremost(grave[place:][::-1]) for place in range(len(grave))] == grave
    assert foremost(()) == 0

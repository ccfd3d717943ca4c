"""Whose doing a failure is, by what was looked at right after it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.nights.blaming import Credential, Failure, Probes, Runner, failure_of, settle, told
from flowprobe.core.phases import Phases
from flowprobe.core.verdict import Blame, Kind, Verdict
from tests.journals import Journal, ended, exchange, finding, replied, sent, started, step_ended, unanswered

FAILED = Verdict(Kind.FAIL, Blame.PRODUCT, ("look: status: expected 200, saw 500",))
SILENT = Verdict(Kind.INCONCLUSIVE, Blame.ENVIRONMENT, ("nothing of this environment answered",))
UNSIGNED = Verdict(Kind.INCONCLUSIVE, Blame.ACCOUNT, ("look: no token",))
API = "api.acme.example:443"
FINE = {"example.com": Phases("example.com:443", status=200), "example.org": Phases("example.org:443", status=200)}
GONE = {name: replace(each, failed="dns") for name, each in FINE.items()}
DNS = Phases(API, failed="dns", detail="The name could not be resolved.")
TLS = Phases(API, failed="tls", detail="The TLS certificate was refused: certificate has expired.")
FAR = Phases(API, failed="tcp", detail="No connection within 5 s.")
REFUSES = Phases(API, failed="tcp", refused=True)
HANGS = Phases(API, failed="first byte")


def because(probes: Probes, verdict: Verdict = FAILED) -> tuple[Kind, Blame, str]:
    found = settle(verdict, probes)
    return found.kind, found.blame, found.reasons[0]


@pytest.mark.parametrize(("probes", "said"), [
    (Probes(proxy="it is gone"), "our own proxy does not work: it is gone"),
    (Probes(runner=Runner(suspended_s=40, jumped_s=40)), "the machine of the runner slept for 40.0 s meanwhile"),
    (Probes(runner=Runner(jumped_s=3600)), "the clock of the runner jumped 3600 s forwards during the run"),
    (Probes(runner=Runner(jumped_s=-5)), "the clock of the runner jumped 5.0 s back during the run"),
    (Probes(Failure(late_s=0.3), runner=Runner(stalled_s=1.2)),
     "the runner did not get to run for 1.2 s in all, and what was missed is 300 ms"),
    (Probes(Failure(status=401), controls={"example.com": Phases("example.com:443", status=200, ahead_s=-300)}),
     "the clock of the runner is 300 s behind that of example.com"),
    (Probes(runner=Runner(disk=1 << 20)), "the disk of the runner has 1 MiB left"),
    (Probes(runner=Runner(memory=2 << 20)), "the machine of the runner has 2 MiB of memory left"),
    (Probes(runner=Runner(descriptors=2)), "the runner may open 2 files more, and no further"),
], ids=lambda each: each if isinstance(each, str) else "")
def test_what_is_wrong_with_us_is_the_tools(probes: Probes, said: str) -> None:
    assert because(probes) == (Kind.INCONCLUSIVE, Blame.TOOL, said)


@pytest.mark.parametrize("probes", [
    Probes(Failure(late_s=None), runner=Runner(stalled_s=9)),
    Probes(Failure(late_s=0.1), runner=Runner(stalled_s=0.2)),
    Probes(Failure(late_s=3), runner=Runner(stalled_s=1)),
    Probes(Failure(status=500), controls={"a": Phases("a:80", ahead_s=900)}),
    Probes(Failure(status=401), controls={"a": Phases("a:80", ahead_s=900), "b": Phases("b:80", ahead_s=0.4)}),
    Probes(Failure(status=401), targets=(Phases(API, ahead_s=900),)),
    Probes(runner=Runner(jumped_s=0.4, disk=1 << 30, memory=1 << 30, descriptors=500)),
], ids=["no-time", "little", "not-enough", "no-clock", "one-says-no", "its-own-clock", "well"])
def test_what_does_not_explain_the_failure_is_not_blamed_for_it(probes: Probes) -> None:
    assert settle(FAILED, probes) == FAILED


@pytest.mark.parametrize(("target", "controls", "said"), [
    (DNS, FINE, "api.acme.example does not resolve, while example.com and example.org answer"),
    (DNS, GONE, "api.acme.example does not resolve, and example.com and example.org do not answer either: the runner's network"),
    (DNS, {}, "api.acme.example does not resolve, and no control host is named that could tell whether others do"),
    (TLS, FINE, "TLS with api.acme.example:443 does not hold: The TLS certificate was refused: certificate has expired"),
    (FAR, FINE, "api.acme.example:443 cannot be reached (No connection within 5 s), while example.com and example.org answer"),
], ids=["dns", "dns-of-all", "dns-alone", "tls", "far"])
def test_a_connection_that_does_not_come_about_is_the_environments(target: Phases, controls: dict[str, Phases], said: str) -> None:
    probes = Probes(Failure(API, phase=target.failed), targets=(target,), controls=controls, answered=True)
    assert because(probes) == (Kind.INCONCLUSIVE, Blame.ENVIRONMENT, said)


def test_a_name_that_resolves_again_was_the_environments_all_the_same() -> None:
    probes = Probes(Failure(API, phase="dns"), targets=(Phases(API, status=200),), controls=FINE)
    assert because(probes)[1:] == (
        Blame.ENVIRONMENT, "api.acme.example did not resolve, while example.com and example.org answer")


def test_controls_that_are_all_silent_are_the_runners_network() -> None:
    assert because(Probes(Failure(API, status=500), controls=GONE))[1:] == (
        Blame.ENVIRONMENT, "example.com and example.org, which have nothing to do with the product, do not answer: the runner's network")


@pytest.mark.parametrize("verdict", [FAILED, SILENT, UNSIGNED], ids=["failed", "silent", "unsigned"])
@pytest.mark.parametrize("target", [REFUSES, HANGS], ids=["refuses", "hangs"])
def test_a_product_that_went_silent_while_others_answer_is_down(verdict: Verdict, target: Phases) -> None:
    found = settle(verdict, Probes(Failure(API), targets=(target,), controls=FINE, answered=True))
    assert (found.kind, found.blame) == (Kind.FAIL, Blame.PRODUCT)
    assert any(said.endswith("while example.com and example.org answer") for said in found.reasons)


@pytest.mark.parametrize("target", [REFUSES, HANGS], ids=["refuses", "hangs"])
def test_one_that_never_answered_may_not_be_there_at_all(target: Phases) -> None:
    assert settle(SILENT, Probes(Failure(API), targets=(target,), controls=FINE)) == SILENT


def test_credentials_that_the_product_refuses_are_the_accounts() -> None:
    asked = Credential("pro-eu", "GET /v1/me", 401)
    said = "pro-eu is refused with its own credentials: GET /v1/me is answered 401"
    assert because(Probes(Failure(API, status=401, denied=True), credential=asked)) == (
        Kind.INCONCLUSIVE, Blame.ACCOUNT, said)
    assert because(Probes(Failure(API, status=500), credential=replace(asked, own=True)))[1:] == (Blame.ACCOUNT, said)


@pytest.mark.parametrize("asked", [Credential("pro-eu", "GET /v1/me", 200, own=True), Credential("pro-eu", "GET /v1/me", 401),
                                   Credential("pro-eu", "GET /v1/me", None)], ids=["in", "in-elsewhere", "silent"])
def test_a_no_to_one_call_of_a_persona_that_is_let_in_is_the_products_word(asked: Credential) -> None:
    assert settle(FAILED, Probes(Failure(API, status=403), credential=asked)) == FAILED


def test_what_breaks_without_faults_too_is_not_broken_by_a_fault() -> None:
    assert because(Probes(Failure(API, status=500), control_run=Kind.FAIL))[1] is Blame.BASELINE
    assert settle(FAILED, Probes(Failure(API, status=500), control_run=Kind.PASS)) == FAILED


def test_a_provider_that_failed_by_itself_is_named_and_the_journey_stays_broken() -> None:
    found = settle(FAILED, Probes(Failure(API, status=502, provider="mail", how="answered 503")))
    assert found == replace(FAILED, reasons=(
        *FAILED.reasons, "the provider 'mail' failed by itself (answered 503): no fault of ours fell on it"))


ANY_PHASES = st.builds(Phases, st.sampled_from([API, "b:80"]), failed=st.sampled_from(["", "dns", "tcp", "tls", "first byte"]),
                       refused=st.booleans(), ahead_s=st.none() | st.floats(-1e4, 1e4))
ANY_PROBES = st.builds(
    Probes,
    st.builds(Failure, st.sampled_from(["", API]), st.sampled_from(["", "dns", "tcp", "tls"]), st.booleans(),
              status=st.sampled_from([None, 401, 500]), late_s=st.none() | st.floats(0, 9), denied=st.booleans(),
              provider=st.sampled_from(["", "mail"])),
    st.sampled_from(["", "gone"]),
    st.builds(Runner, st.floats(0, 9), st.floats(0, 9), st.floats(-9, 9), st.none() | st.integers(0, 1 << 30)),
    st.lists(ANY_PHASES, max_size=2).map(tuple), st.dictionaries(st.sampled_from("ab"), ANY_PHASES),
    st.none() | st.builds(Credential, st.just("pro-eu"), st.just("GET /"), st.sampled_from([None, 200, 401]), st.booleans()),
    st.booleans(), st.none() | st.sampled_from(Kind))


@given(st.sampled_from(Kind), st.sampled_from(Blame), ANY_PROBES)
def test_nothing_ever_becomes_a_pass_and_nothing_that_passed_becomes_worse(kind: Kind, blame: Blame, probes: Probes) -> None:
    before = Verdict(kind, blame, ("it was so",))
    after = settle(before, probes)
    if kind in (Kind.PASS, Kind.DEGRADED):
        assert after == before
    else:
        assert after.kind in (Kind.FAIL, Kind.INCONCLUSIVE)
        assert "it was so" in after.reasons
    if after.kind is Kind.FAIL and before.kind is not Kind.FAIL:
        assert after.blame is Blame.PRODUCT


@given(ANY_PROBES)
def test_what_is_blamed_is_told_in_sentences(probes: Probes) -> None:
    blame, said = told(probes)
    assert bool(said) == (blame is not Blame.NONE)
    assert all(said)


# --- what failed ----------------------------------------------------------------------------------


def a_trial(*events: object) -> TrialEvidence:
    return fold(Journal().runner(started(), *events, ended()).lines).trials[0]  # type: ignore[arg-type]


def test_a_call_that_never_connected_is_told_with_its_phase() -> None:
    trial = a_trial(sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")))
    found = failure_of(trial, lambda _: ("tcp", True))
    assert (found.host, found.phase, found.refused, found.status) == ("acme.test:80", "tcp", True, None)
    assert found.late_s is None


def test_a_promise_of_time_says_by_how_much_it_was_missed_and_when() -> None:
    trial = a_trial(sent("one"), replied(at=50.0, seconds=0.6), step_ended("one", "broken", finding()))
    found = failure_of(trial, lambda _: ("", False))
    assert (found.late_s, found.began, found.ended) == (0.212, 50.0, 50.6)


def test_a_call_that_was_given_up_lost_half_of_what_it_took() -> None:
    trial = a_trial(sent("one"), unanswered(reason="timeout"), step_ended("one", "broken", finding("no-reply")))
    assert failure_of(trial, lambda _: ("", False)).late_s == pytest.approx(0.005)


def test_a_wrong_answer_beside_a_late_one_is_not_about_time() -> None:
    trial = a_trial(sent("one"), replied(), step_ended("one", "broken", finding(), finding("status")))
    assert failure_of(trial, lambda _: ("", False)).late_s is None


@pytest.mark.parametrize(("first", "denied"), [(401, True), (200, False)])
def test_whoever_was_let_in_once_is_not_denied(first: int, denied: bool) -> None:
    trial = a_trial(sent("one"), replied(status=first), step_ended("one"),
                    sent("two", 2), replied(2, status=401), step_ended("two", "broken", finding("status")))
    assert failure_of(trial, lambda _: ("", False)).denied is denied


def test_a_provider_that_failed_by_itself_is_known_from_the_trial() -> None:
    journal = Journal().runner(started(), sent("one"), replied(status=502, at=100.0, seconds=0.1))
    journal.proxy(exchange(status=503)).runner(step_ended("one", "broken", finding("status")), ended())
    found = failure_of(fold(journal.lines).trials[0], lambda _: ("", False))
    assert (found.provider, found.how) == ("payments", "answered 503")


def test_a_trial_that_made_no_call_has_no_host() -> None:
    assert failure_of(a_trial(), lambda _: ("", False)) == Failure()

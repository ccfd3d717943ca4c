from dataclasses import replace

import pytest

from flowprobe.core.emit import Arm
from flowprobe.core.events import CallReplied, CallSent, CleanupPlanned, CleanupSettled, TrialEnded
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Capture, CaptureSource, Expect, Poll, Retry, Step, Under
from flowprobe.core.walk import walk
from tests.playbook import Playbook, call, conceals, emitted, ended, no_reply, over, reply, waits
from tests.scenes import HERE, TRIAL, a_call, a_plan, a_step, a_trial, text

DONE = Expect(json={"state": "done"}, has_json=True)
FAILED = Expect(json={"state": "failed"}, has_json=True)


def polled(**more: object) -> Step:
    poll = Poll(DONE, 0.5, 3.0, HERE, **more)  # type: ignore[arg-type]
    return replace(a_step("export", "GET /export", expect=Expect(json={"rows": 3}, has_json=True)), poll=poll)


def retried(*on: str | int, words: str = "GET /one", **more: object) -> Step:
    return replace(a_step("one", words, **more), retry=Retry(on, 2, 0.2))  # type: ignore[arg-type]


# --- poll ---


def test_a_poll_asks_until_the_state_is_there_and_expect_judges_the_last_reply_once() -> None:
    book = Playbook(walk(a_trial(polled())))
    book << call("GET", "/export") >> reply(200, {"state": "running"}, at=100.0)
    book << waits(0.5) << call("GET", "/export") >> reply(200, {"state": "running"}, at=100.5)
    book << waits(0.5) << call("GET", "/export") >> reply(200, {"state": "done", "rows": 3}, at=101.0)
    book << ended("export", "held") << emitted(TrialEnded) << over


def test_every_attempt_has_a_trace_of_its_own_and_says_so_in_its_headers() -> None:
    book = Playbook(walk(a_trial(polled())))
    book << call("GET", "/export") >> reply(200, {})
    book << waits(0.5) << call("GET", "/export")
    assert (book.last.id, book.last.attempt) == (f"0000000100000002{TRIAL}", 2)
    assert book.last.headers["traceparent"].startswith(f"00-{book.last.id}-")
    assert book.last.headers["baggage"] == f"flowprobe.call={book.last.id}"


def test_a_poll_that_runs_out_says_how_often_it_asked_and_what_it_last_saw() -> None:
    book = Playbook(walk(a_trial(polled())))
    for number in range(6):
        book << call("GET", "/export") >> reply(200, {"state": "running", "rows": 3}, at=100.0 + number * 0.52)
        if number < 5:
            book << waits(0.5)
    book << ended("export", "broken", "poll")
    finding = book.last.event.findings[0]
    assert (finding.where, finding.expected) == ("$.state", '"done" within 3.0 s')
    assert finding.seen == '"running", after 6 calls in 2.6 s'


def test_what_ends_a_poll_early_is_a_finding_at_once() -> None:
    book = Playbook(walk(a_trial(polled(fail_if=FAILED))))
    book << call("GET", "/export") >> reply(200, {"state": "failed", "rows": 3})
    book << ended("export", "broken", "poll")


def test_a_poll_that_needs_a_capture_that_is_not_there_sends_nothing() -> None:
    needs = Expect(json={"rows": text("${before.rows}")}, has_json=True)
    step = replace(polled(), poll=Poll(needs, 0.5, 3.0, HERE), cleanup=a_call("DELETE /export"))
    book = Playbook(walk(a_trial(step)))
    book << ended("export", "not-reached") << emitted(TrialEnded) << over


def test_a_poll_obeys_retry_after() -> None:
    book = Playbook(walk(a_trial(polled())))
    book << call("GET", "/export") >> reply(200, {}, headers={"retry-after": "2"})
    book << waits(2.0)


@pytest.mark.parametrize(("asked", "pause"), [
    ("Sun, 22 Nov 2026 09:30:02 GMT", 2.0), ("Sun, 22 Nov 2026 09:29:00 GMT", 0.5), ("soon", 0.5), ("-1", 0.5),
])
def test_a_date_in_retry_after_is_read_against_the_replys_own(asked: str, pause: float) -> None:
    book = Playbook(walk(a_trial(polled())))
    headers = {"retry-after": asked, "date": "Sun, 22 Nov 2026 09:30:00 GMT"}
    book << call("GET", "/export") >> reply(200, {}, headers=headers)
    book << waits(pause)


def test_no_reply_ends_a_poll_which_is_about_the_products_state() -> None:
    book = Playbook(walk(a_trial(polled())))
    book << call("GET", "/export") >> no_reply("timeout")
    book << ended("export", "broken", "no-reply")


def test_a_poll_that_under_gives_more_time_is_degraded_when_it_needs_it() -> None:
    promised = Under("slow", {"export": Expect(patience=10.0)}, HERE)
    book = Playbook(walk(a_trial(polled(), plan=a_plan("slow", mail=Latency(1.0)), under=(promised,))))
    book << call("GET", "/export") >> reply(200, {"state": "running"}, at=100.0)
    book << waits(0.5) << call("GET", "/export") >> reply(200, {"state": "done", "rows": 3}, at=107.0)
    book << ended("export", "degraded", "poll")


# --- retry ---


@pytest.mark.parametrize("failing", [no_reply("closed"), no_reply("timeout"), reply(503)])
def test_a_step_that_passes_after_a_retry_is_degraded_and_says_so(failing: object) -> None:
    book = Playbook(walk(a_trial(retried("no-reply", 503))))
    book << call("GET", "/one") >> failing  # type: ignore[operator]
    book << waits(0.2) << call("GET", "/one") >> reply(200, {})
    book << ended("one", "degraded")
    assert book.last.event.because == "retried once"


def test_the_pause_doubles_and_the_last_outcome_is_judged() -> None:
    book = Playbook(walk(a_trial(retried(503))))
    book << call("GET", "/one") >> reply(503)
    book << waits(0.2) << call("GET", "/one") >> reply(503)
    book << waits(0.4) << call("GET", "/one") >> reply(503)
    book << ended("one", "broken", "status")


def test_a_call_that_nobody_could_sign_is_not_retried() -> None:
    book = Playbook(walk(a_trial(retried("no-reply", "connect", 503))))
    book << call("GET", "/one") >> no_reply("auth")
    book << ended("one", "broken", "no-reply")


def test_what_is_not_named_is_not_retried() -> None:
    for failing, kind in ((no_reply("closed"), "no-reply"), (reply(500), "status")):
        book = Playbook(walk(a_trial(retried("connect", 503))))
        book << call("GET", "/one") >> failing
        book << ended("one", "broken", kind)


def test_an_idempotency_key_stays_the_same() -> None:
    step = retried(503, words="POST /one", headers={"Idempotency-Key": "k-1"})
    book = Playbook(walk(a_trial(step)))
    book << call("POST", "/one", headers={"idempotency-key": "k-1"}) >> reply(503)
    book << waits(0.2) << call("POST", "/one", headers={"idempotency-key": "k-1"})


def test_a_stop_between_two_attempts_settles_what_the_first_may_have_made() -> None:
    step = retried("no-reply", words="POST /one", cleanup="DELETE /one/${trial.id}")
    book = Playbook(walk(a_trial(step)))
    book << emitted(CleanupPlanned) << call("POST", "/one") >> no_reply("closed")
    book << waits(0.2) << call("POST", "/one")
    book.stop()
    book << emitted(CleanupSettled, state="due") << ended("one", "not-reached") << emitted(TrialEnded) << over


# --- secrets ---


def test_a_captured_secret_is_kept_before_its_reply_is_written_down() -> None:
    token = Capture("token", CaptureSource("json", "$.token"), HERE, secret=True)
    generator = walk(a_trial(replace(a_step("login", "POST /login"), captures=(token,))))
    armed, sent, wanted = next(generator), next(generator), next(generator)
    assert armed == Arm()
    assert isinstance(sent.event, CallSent)  # type: ignore[union-attr]
    concealed = generator.send(reply(200, {"token": "t-12345"})(wanted))  # type: ignore[arg-type]
    assert conceals("t-12345").fits(concealed)
    written = next(generator)
    assert isinstance(written.event, CallReplied)  # type: ignore[union-attr]

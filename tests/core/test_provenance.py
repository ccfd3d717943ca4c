"""Which headers of a step came from a secret, and what redirects mean for retries and cleanup."""

from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.bodies import JsonBody
from flowprobe.core.events import CallReplied, CallUnanswered, CleanupPlanned, CleanupSettled, from_json, to_json
from flowprobe.core.provenance import sensitive
from flowprobe.core.scenario import Capture, CaptureSource, Each, Retry, Step
from flowprobe.core.walk import walk
from flowprobe.core.wire import BODY, Call, NoReply, Outcome
from tests.playbook import Answer, Playbook, call, emitted, ended, no_reply, reply, waits
from tests.scenes import HERE, a_scenario, a_step, a_trial, text

TOKENS = (Capture("token", CaptureSource("json", "$.token"), HERE, secret=True),
          Capture("id", CaptureSource("json", "$.id"), HERE))
LOGIN = replace(a_step("login", "POST /login"), captures=TOKENS)
NEXT = ("http://acme.test/next",)


def a_use(**more: Any) -> Step:
    return a_step("use", "GET /use", redirects=3, **more)


@pytest.mark.parametrize(("value", "secret"), [
    ("${login.token}", True), ("Bearer ${login.token}", True), ("${login.token.inner}", True), ("${env.KEY}", True),
    ("${login.id}", False), ("${trial.id}", False), ("${admin.team}", False), ("plain", False), ("login.token", False),
])
def test_a_header_is_sensitive_where_its_value_looks_up_a_secret(value: str, secret: bool) -> None:
    step = a_use(headers={"X-Key": text(value), "X-Other": "o"})
    assert sensitive(step, a_scenario(LOGIN, step)) == (frozenset({"x-key"}) if secret else frozenset())


@pytest.mark.parametrize("json", [{"a": [{"b": text("${login.token}")}]}, text("${env.KEY}"), [text("x${login.token}")]])
def test_a_body_with_a_secret_anywhere_in_it(json: Any) -> None:
    step = a_use(body=JsonBody(json))
    assert sensitive(step, a_scenario(LOGIN, step)) == {BODY}


def test_the_call_is_told_only_where_it_may_be_redirected() -> None:
    for redirects, names in ((0, frozenset()), (3, frozenset({"x-key"}))):
        step = replace(a_use(headers={"X-Key": text("${login.token}")}), redirects=redirects)
        book = Playbook(walk(a_trial(replace(LOGIN, captures=TOKENS[:1]), step)))
        book << call("POST", "/login") >> reply(200, {"token": "t-1"})
        while not isinstance(book._now, Call):
            book._go(None)
        book << call("GET", "/use", headers={"x-key": "t-1"})
        assert (book.last.redirects, book.last.sensitive) == (redirects, names)


# --- what a redirect changes ----------------------------------------------------------------------


def followed(answer: Answer) -> Answer:
    def redirected(sent: Call) -> Outcome:
        return replace(answer(sent), redirects=NEXT)

    return redirected


@pytest.mark.parametrize("answer", [reply(404), no_reply("connect"), no_reply("refused"), no_reply("invalid-url")])
def test_after_a_redirect_something_may_have_been_made(answer: Answer) -> None:
    step = a_step("make", "POST /make", cleanup="DELETE /make/${trial.id}", redirects=1)
    for given, state in ((answer, "not-needed"), (followed(answer), "due")):
        book = Playbook(walk(a_trial(step)))
        book << emitted(CleanupPlanned)
        book << call("POST", "/make") >> given
        book << emitted(CleanupSettled, state=state)


def test_after_a_redirect_no_connection_is_no_reason_to_send_the_first_call_again() -> None:
    step = replace(a_step("one", "POST /one", redirects=1), retry=Retry(("connect",), 2, 0.2))
    book = Playbook(walk(a_trial(step)))
    book << call("POST", "/one") >> no_reply("connect")
    book << waits(0.2) << call("POST", "/one") >> followed(no_reply("connect"))
    book << ended("one", "broken", "no-reply")


def test_what_is_refused_is_not_tried_again() -> None:
    step = replace(a_step("one", "GET /one"), retry=Retry(("no-reply",), 2, 0.2))
    book = Playbook(walk(a_trial(step)))
    book << call("GET", "/one") >> no_reply("refused", "No.")
    book << ended("one", "not-reached")  # what the environment does not allow is no finding about the product


def test_the_journal_says_where_redirects_led() -> None:
    for answer, kind in ((reply(200), CallReplied), (no_reply("timeout"), CallUnanswered)):
        generator = walk(a_trial(a_step("one", "GET /one", redirects=1)))
        next(generator)  # the faults go on
        next(generator)
        sent = next(generator)
        assert isinstance(sent, Call)
        event = generator.send(followed(answer)(sent)).event  # type: ignore[union-attr]
        assert isinstance(event, kind)
        assert event.redirects == NEXT
        assert from_json(to_json(event)) == event
    assert NoReply("c", "timeout", "", 1.0, 2.0).redirects == ()


def test_a_secret_of_given_and_an_item_of_a_secret_list_are_secrets() -> None:
    step = a_use(headers={"X-Key": text("${login.token}")})
    scenario = replace(a_scenario(step), given=(LOGIN,))
    assert sensitive(step, scenario) == {"x-key"}
    for over, names in (("${login.token}", {"x-key"}), ("${login.id}", set())):
        rounds = replace(a_use(headers={"X-Key": text("${item.key}"), "X-Other": text("${items}")}), each=Each("item", text(over), HERE))
        assert sensitive(rounds, a_scenario(LOGIN, rounds)) == names

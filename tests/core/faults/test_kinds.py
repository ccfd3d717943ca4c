"""Each kind: what people read, and what the proxy is to do."""

from __future__ import annotations

import json
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.distributions import Lognormal, Recorded, Uniform
from flowprobe.core.faults.actions import (
    Action,
    Answer,
    Cut,
    CutReply,
    Dribble,
    Hold,
    Late,
    Replace,
    Rewritten,
    Shorten,
    Sleep,
    Slow,
    Stage,
    Withhold,
    changes_reply,
)
from flowprobe.core.faults.answers import Recall, Redirect
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.chance import Chance
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.delivery import Deliver, Lose
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.durations import in_words
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.error_envelope import ErrorEnvelope
from flowprobe.core.faults.expired_token import ExpiredToken
from flowprobe.core.faults.field import Field
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import FIELDS, KIND_NAMES, Kind, action_of, class_name, describe, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.redirect_loop import RedirectLoop
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.spoiling import Edit, Malform, Mislabel, Misname, Pad, Recharset
from flowprobe.core.faults.stale import Stale
from flowprobe.core.faults.status import Status


@pytest.mark.parametrize(("kind", "words", "action"), [
    (Latency(0.5), "latency 500ms", Sleep(0.5)),
    (Latency(90), "latency 90s", Sleep(90)),
    (Status(503), "status 503", Answer(503, (), b"")),
    (Reset(), "reset at request", Cut(True)),
    (Reset("headers"), "reset at headers", CutReply(True)),
    (Close(), "close at request", Cut(False)),
    (Close("headers"), "close at headers", CutReply(False)),
    (Hang(30), "hang 30s", Hold(30)),
    (Hang(30, "headers"), "hang 30s after the provider answered", Withhold(30)),
    (Close(After(100)), "close after 100 bytes", CutReply(False, 100)),
    (Reset(After(100)), "reset after 100 bytes", CutReply(True, 100)),
    (Latency(0.5, "headers"), "latency 500ms before the reply", Late(0.5)),
    (Latency(0.5, "headers", at_least=True), "latency at least 500ms", Late(0.5, at_least=True)),
    (Latency(0.5, "chunks", piece=100), "latency 500ms before every 100 bytes", Dribble(0.5, 100)),
    (Latency(Uniform(0.1, 0.3)), "latency 100ms to 300ms", Sleep(0.2)),
    (Bandwidth(50_000, 50_000), "bandwidth 50KB/s", Slow(50_000, 50_000)),
    (Bandwidth(20_000, 1_500_000, 1000), "bandwidth 20KB/s up, 1.5MB/s down", Slow(20_000, 1_500_000, 1000)),
    (Bandwidth(down=500), "bandwidth 500B/s down", Slow(None, 500)),
    (Body("empty"), "body empty", Replace(b"")),
    (Body(Truncate(20, "right")), "body cut to 20% with the right length", Shorten(20, True)),
    (Body(Truncate()), "body cut to 50% with the wrong length", Shorten(50, False)),
    (Body(Malform("garbage")), "body malformed by garbage", Malform("garbage")),
    (Body(Pad(1000)), "body of 1000 bytes or more", Pad(1000)),
    (Body(Mislabel("text/html")), "body labelled text/html", Mislabel("text/html")),
    (Body(Recharset("utf-16")), "body in the wrong charset utf-16", Recharset("utf-16")),
    (Body(Misname("gzip")), "body not in gzip, as it says", Misname("gzip")),
    (Field("$.a", "drop"), "field $.a dropped", Edit("$.a", "drop")),
    (Field("$.a", "set", 1), "field $.a set", Edit("$.a", "set", 1)),
    (LostReply(), "lost reply, close", Lose("close", 30)),
    (LostReply("hang", 5), "lost reply, hang 5s", Lose("hang", 5)),
    (Duplicate(), "delivered 2 times", Deliver(2, first=True)),
    (Duplicate(3, "last"), "delivered 3 times", Deliver(3, first=False)),
    (Stale(), "stale reply", Recall()),
    (RedirectLoop(), "redirect 302 to itself", Redirect(302)),
    (RedirectLoop(307, "http://b"), "redirect 307 to http://b", Redirect(307, "http://b")),
])
def test_a_kind_has_words_and_an_action(kind: Kind, words: str, action: Action) -> None:
    assert describe(kind) == words
    assert action_of(kind) == action


def test_html_is_a_page() -> None:
    action = action_of(Body("html"))
    assert isinstance(action, Replace)
    assert action.body.startswith(b"<!DOCTYPE html>")
    assert action.media_type == "text/html; charset=utf-8"


def test_every_kind_of_the_union_has_its_row_in_the_table() -> None:
    assert sorted(class_name(cls) for cls in typing.get_args(Kind)) == sorted(KIND_NAMES)
    assert all(field.doc and field.example for field in FIELDS)
    assert (kind_name(Latency(1)), kind_name(LostReply())) == ("latency", "lost_reply")


@pytest.mark.parametrize(("body", "content", "media_type"), [
    ("", b"", None),
    (None, b"", None),
    ("busy", b"busy", "text/plain; charset=utf-8"),
    ({"error": "é"}, '{"error":"é"}'.encode(), "application/json"),
    ([], b"[]", "application/json"),
    (0, b"0", "application/json"),
])
def test_a_status_sends_text_as_text_and_values_as_json(body: object, content: bytes, media_type: str | None) -> None:
    action = action_of(Status(503, {"Retry-After": "2"}, body))
    assert isinstance(action, Answer)
    headers = dict(action.headers)
    assert (action.body, headers.pop("Content-Type", None)) == (content, media_type)
    assert headers == {"Retry-After": "2"}


def test_a_status_keeps_the_content_type_that_it_is_given() -> None:
    action = action_of(Status(500, {"content-type": "application/problem+json"}, {"title": "no"}))
    assert isinstance(action, Answer)
    assert action.headers == (("content-type", "application/problem+json"),)
    assert json.loads(action.body) == {"title": "no"}


@pytest.mark.parametrize(("kind", "status", "body"), [
    (ErrorEnvelope(), 200, {"error": {"code": "internal_error", "message": "Something went wrong"}}),
    (ErrorEnvelope("graphql", "No", "forbidden"), 200,
     {"data": None, "errors": [{"message": "No", "extensions": {"code": "FORBIDDEN"}}]}),
    (ErrorEnvelope(body={"ok": False}), 200, {"ok": False}),
    (ExpiredToken(), 401, {"error": "invalid_token", "error_description": "The access token expired"}),
    (ExpiredToken("api", []), 401, []),
])
def test_an_error_of_a_kind_is_an_answer_in_json(kind: Kind, status: int, body: object) -> None:
    action = action_of(kind)
    assert isinstance(action, Answer)
    assert (action.status, json.loads(action.body)) == (status, body)
    assert dict(action.headers)["Content-Type"] == "application/json"
    assert describe(kind)


def test_an_expired_token_names_its_realm_where_it_has_one() -> None:
    said = 'error="invalid_token", error_description="The access token expired"'
    for kind, challenge in ((ExpiredToken(), f"Bearer {said}"), (ExpiredToken("api"), f'Bearer realm="api", {said}')):
        action = action_of(kind)
        assert isinstance(action, Answer)
        assert dict(action.headers)["WWW-Authenticate"] == challenge


def test_the_order_is_delay_end_body_and_the_cut_after_the_head() -> None:
    actions = [CutReply(True), Shorten(1, True), Replace(b""), Cut(True), Answer(1, (), b""), Hold(1), Sleep(1)]
    assert [action.stage for action in actions] == [
        Stage.CUT, Stage.SPOIL, Stage.SPOIL, Stage.INSTEAD, Stage.INSTEAD, Stage.INSTEAD, Stage.DELAY]
    assert list(Stage) == sorted(Stage)
    assert [action.ends for action in actions] == [True, False, False, True, True, True, False]
    assert [changes_reply(action) for action in actions] == [False, True, True, False, False, False, False]


def test_what_comes_between_the_provider_and_the_reply_has_its_place() -> None:
    actions = [Recall(), Redirect(302), Deliver(2, first=True), Lose("close", 1), Malform("garbage"), Edit("$.a", "drop")]
    assert [action.stage for action in actions] == [
        Stage.INSTEAD, Stage.INSTEAD, Stage.FORWARD, Stage.LOST, Stage.SPOIL, Stage.SPOIL]
    assert [action.ends for action in actions] == [True, True, False, True, False, False]
    assert [changes_reply(action) for action in actions] == [False, False, False, False, True, True]


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(), st.integers(0, 99), st.booleans())
def test_shortening_keeps_a_true_beginning_or_does_nothing(body: bytes, keep: int, honest: bool) -> None:
    changed = Shorten(keep, honest).rewrite(body)
    if not body:
        assert changed is None
        return
    assert changed is not None
    assert len(changed.body) < len(body)
    assert body.startswith(changed.body)
    assert changed.length == (len(changed.body) if honest else len(body))
    assert changed.ends_early is not honest


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(), st.booleans())
def test_a_cut_after_the_head_promises_a_body_that_never_comes(body: bytes, reset: bool) -> None:
    changed = CutReply(reset).rewrite(body)
    assert changed == Rewritten(b"", max(1, len(body)), ends_early=not reset)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(), st.integers(1, 40), st.booleans())
def test_a_cut_within_a_body_leaves_its_beginning_or_all_of_it(body: bytes, after: int, reset: bool) -> None:
    changed = CutReply(reset, after).rewrite(body)
    if len(body) <= after:
        assert changed is None
    else:
        assert changed == Rewritten(body[:after], len(body), ends_early=not reset)


def test_what_acts_on_time_has_its_stage_and_a_withheld_reply_is_an_end() -> None:
    actions = [Slow(1, 1), Dribble(1, 1), Late(1), Withhold(1)]
    assert [action.stage for action in actions] == [Stage.PACE, Stage.PACE, Stage.HEAD, Stage.HEAD]
    assert [action.ends for action in actions] == [False, False, False, True]
    assert not any(changes_reply(action) for action in actions)


def test_a_latency_takes_what_the_call_draws() -> None:
    drawn = Latency(Lognormal(0.1, 1))
    assert action_of(drawn, Chance(0.99)) == Sleep(pytest.approx(1))
    played = Latency(Recorded((0.3, 0.1), sampled=False))
    assert [action_of(played, Chance(0.5, ordinal)) for ordinal in (1, 2, 3)] == [Sleep(0.3), Sleep(0.1), Sleep(0.3)]


def test_replacing_a_body_by_itself_is_no_fault() -> None:
    assert Replace(b"").rewrite(b"") is None
    assert Replace(b"", "text/html").rewrite(b"x") == Rewritten(b"", 0, "text/html")


@pytest.mark.parametrize(("seconds", "words"), [
    (0.0005, "0.5ms"), (0.5, "500ms"), (1, "1s"), (1.5, "1.5s"), (90, "90s"), (0, "0ms"),
])
def test_durations_read_as_they_are_written(seconds: float, words: str) -> None:
    assert in_words(seconds) == words

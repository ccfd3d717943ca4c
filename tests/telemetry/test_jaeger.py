"""Spans from Jaeger's query service, as its own pages get them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.telemetry import LogLine, Span
from flowprobe.telemetry.jaeger import Jaeger
from flowprobe.telemetry.reading import Found
from tests.telemetry.stores import GARBAGE, HOSTILE, OTHER, TRACE, Store, always, no_reply, reply

BASE = "http://127.0.0.1:16686"
STARTED = 1_729_181_197_748_657


def tag(key: str, value: Any, kind: str = "string") -> dict[str, Any]:
    return {"key": key, "type": kind, "value": value}


def span(**given: Any) -> dict[str, Any]:
    return {"traceID": TRACE, "spanID": "00b321d76f92134d", "operationName": "POST /pay", "startTime": STARTED,
            "duration": 1503, "tags": [tag("span.kind", "server"), tag("http.status_code", 200, "int64")],
            "references": [], "logs": [], "processID": "p1", "warnings": None, **given}


def answer(*spans: Any) -> dict[str, Any]:
    return {"data": [{"traceID": TRACE, "spans": list(spans), "warnings": None,
                      "processes": {"p1": {"serviceName": "shop", "tags": [tag("hostname", "h")]}}}],
            "total": 0, "limit": 0, "offset": 0, "errors": None}


WHOLE = Span(TRACE, "00b321d76f92134d", "", "POST /pay", "shop", "server", STARTED / 1e6, STARTED / 1e6 + 0.001503,
             attributes=(("http.status_code", "200"),))


def read(*spans: Any) -> Found:
    return Jaeger(BASE, always(reply(answer(*spans)))).read((TRACE,))


def test_a_span_as_jaeger_tells_it() -> None:
    store = Store({f"{BASE}/api/traces/{TRACE}": reply(answer(span()))}, reply(b"", 500))
    assert Jaeger(f"{BASE}/", store).read((TRACE,)) == Found((WHOLE,))


def test_ids_without_their_leading_zeros_are_the_same_ids() -> None:
    short, parent = TRACE.lstrip("0"), {"refType": "CHILD_OF", "traceID": TRACE.lstrip("0"), "spanID": "a1"}
    (found,) = read(span(traceID=short, spanID="b321d76f92134d", references=[parent])).said
    assert isinstance(found, Span)
    assert (found.trace, found.span, found.parent) == (TRACE, "00b321d76f92134d", "00000000000000a1")


@pytest.mark.parametrize("reference", [
    {"refType": "FOLLOWS_FROM", "traceID": TRACE, "spanID": "a1"},
    {"refType": "CHILD_OF", "traceID": OTHER, "spanID": "a1"}])
def test_only_a_span_of_the_same_trace_is_a_parent(reference: dict[str, str]) -> None:
    (found,) = read(span(references=[reference])).said
    assert isinstance(found, Span)
    assert found.parent == ""


@pytest.mark.parametrize(("tags", "status", "said"), [
    ([tag("error", True, "bool")], "error", ""),
    ([tag("error", "true")], "error", ""),
    ([tag("otel.status_code", "ERROR"), tag("otel.status_description", "no luck")], "error", "no luck"),
    ([tag("otel.status_code", "OK")], "ok", ""),
    ([tag("error", False, "bool")], "unset", "")])
def test_how_a_span_ended(tags: list[Any], status: str, said: str) -> None:
    (found,) = read(span(tags=tags)).said
    assert isinstance(found, Span)
    assert (found.status, found.said, found.attributes) == (status, said, ())


def test_what_was_logged_in_a_span_is_a_line_of_it() -> None:
    fields = [tag("event", "exception"), tag("exception.message", "no luck"), tag("level", "error")]
    _, line = read(span(logs=[{"timestamp": STARTED + 1_000_000, "fields": fields}])).said
    assert line == LogLine(TRACE, WHOLE.span, STARTED / 1e6 + 1, "error", "shop", "exception exception.message=no luck")


def test_spans_of_other_traces_are_nobodys() -> None:
    assert read(span(traceID=OTHER)) == Found()


def test_a_span_that_brings_its_own_process() -> None:
    (found,) = read(span(process={"serviceName": "bank"}, processID="p9")).said
    assert isinstance(found, Span)
    assert found.service == "bank"


def test_a_trace_that_it_does_not_know() -> None:
    missing = {"data": None, "errors": [{"code": 404, "msg": "trace not found"}]}
    assert Jaeger(BASE, always(reply(missing, 404))).read((TRACE,)) == Found()


def test_an_empty_answer() -> None:
    assert Jaeger(BASE, always(reply({"data": None}))).read((TRACE,)) == Found()


def test_a_jaeger_that_is_away_is_asked_once() -> None:
    store = always(no_reply())
    found = Jaeger(BASE, store).read((TRACE, OTHER))
    assert (found.said, len(store.asked)) == ((), 1)
    assert found.trouble.startswith(f"Jaeger at {BASE} cannot be asked")


@pytest.mark.parametrize("body", [*GARBAGE, b'{"dat": []}'])
def test_what_is_not_of_jaeger_is_told(body: bytes) -> None:
    found = Jaeger(BASE, always(reply(body))).read((TRACE,))
    assert found.said == ()
    assert found.trouble.startswith(f"Jaeger at {BASE} is not understood: its reply ")
    assert found.trouble.endswith("; name the URL of its query service")


@pytest.mark.parametrize("given", [{"startTime": "soon"}, {"duration": -1}, {"startTime": 1e300}])
def test_a_time_that_is_none_is_told(given: Any) -> None:
    assert "a time in its reply is none" in read(span(**given)).trouble


def test_hostile_texts_stay_texts() -> None:
    (found,) = read(span(operationName=HOSTILE, tags=[tag(HOSTILE, HOSTILE)])).said
    assert isinstance(found, Span)
    assert (found.name, found.attributes) == (HOSTILE, ((HOSTILE, HOSTILE),))


ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3))
KEYS = st.sampled_from(["traceID", "spanID", "startTime", "duration", "tags", "logs", "references", "processID",
                        "operationName", "process"])


@given(st.dictionaries(KEYS, ANYTHING), ANYTHING)
def test_whatever_comes_is_spans_or_a_value_error(wrong: dict[str, Any], processes: Any) -> None:
    body = reply({"data": [{"spans": [span(**wrong)], "processes": processes}]}).body
    found = Jaeger(BASE, always(reply(body))).read((TRACE,))
    assert all(said.trace == TRACE for said in found.said)
    assert not found.trouble or "a time in its reply is none" in found.trouble

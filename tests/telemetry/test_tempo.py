"""Spans from Tempo, by the newer API and by the older one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from flowprobe.core.telemetry import Span
from flowprobe.telemetry.reading import Found
from flowprobe.telemetry.tempo import Tempo
from tests.telemetry.stores import GARBAGE, HOSTILE, OTHER, TRACE, Store, always, no_reply, reply

BASE = "https://tempo.example.com/tempo"
V2, V1 = f"{BASE}/api/v2/traces/{TRACE}", f"{BASE}/api/traces/{TRACE}"
SPAN = "eee19b7ec3c1b174"


def as_base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def resource(**given: Any) -> dict[str, Any]:
    """As protobuf's JSON has it: ids in base64, enums by their names."""
    span = {"traceId": as_base64(TRACE), "spanId": as_base64(SPAN), "name": "GET /pay", "kind": "SPAN_KIND_SERVER",
            "startTimeUnixNano": "1684778327735077898", "endTimeUnixNano": "1684778328735077898",
            "attributes": [{"key": "http.route", "value": {"stringValue": "/pay"}}],
            "status": {"code": "STATUS_CODE_ERROR", "message": "no luck"}, **given}
    return {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"scope": {"name": "x"}, "spans": [span]}]}


WHOLE = Span(TRACE, SPAN, "", "GET /pay", "shop", "server", 1684778327735077898 / 1e9, 1684778328735077898 / 1e9,
             "error", "no luck", (("http.route", "/pay"),))


def test_the_newer_api() -> None:
    store = Store({V2: reply({"trace": {"resourceSpans": [resource()]}, "metrics": {}})}, reply(b"", 500))
    assert (Tempo(BASE, store).read((TRACE,)), store.asked) == (Found((WHOLE,)), [V2])


def test_the_older_api_is_asked_where_there_is_no_newer_one() -> None:
    store = Store({V1: reply({"batches": [resource()]})}, reply(b"404 page not found", 404))
    assert (Tempo(f"{BASE}/", store).read((TRACE,)), store.asked) == (Found((WHOLE,)), [V2, V1])


def test_ids_in_hex_are_the_same_ids() -> None:
    found = resource(traceId=TRACE, spanId=SPAN, kind=2, status={"code": 2, "message": "no luck"})
    assert Tempo(BASE, always(reply({"resourceSpans": [found]}))).read((TRACE,)) == Found((WHOLE,))


def test_spans_of_other_traces_are_nobodys() -> None:
    found = reply({"trace": {"resourceSpans": [resource(traceId=as_base64(OTHER))]}})
    assert Tempo(BASE, always(found)).read((TRACE,)) == Found()


@pytest.mark.parametrize("nothing", [reply(b"", 404), reply({"trace": {}}), reply({"batches": []}),
                                     reply({"trace": {"resourceSpans": []}})])
def test_a_trace_that_it_does_not_know(nothing: Any) -> None:
    assert Tempo(BASE, always(nothing)).read((TRACE,)) == Found()


@pytest.mark.parametrize("body", [*GARBAGE, b"{}", b'{"trace": 3}', b'{"batches": [3]}',
                                  b'{"trace": {"resourceSpans": {"a": 1}}}'])
def test_what_is_not_of_tempo_is_told(body: bytes) -> None:
    found = Tempo(BASE, always(reply(body))).read((TRACE,))
    assert found.said == ()
    assert found.trouble.startswith(f"Tempo at {BASE} is not understood: ")


def test_a_tempo_that_is_away() -> None:
    assert Tempo(BASE, always(no_reply())).read((TRACE,)).trouble.startswith(f"Tempo at {BASE} cannot be asked")


def test_hostile_texts_stay_texts() -> None:
    (found,) = Tempo(BASE, always(reply({"trace": {"resourceSpans": [resource(name=HOSTILE)]}}))).read((TRACE,)).said
    assert isinstance(found, Span)
    assert found.name == HOSTILE

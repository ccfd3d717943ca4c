"""OTLP as exporters write it: each encoding gives the same values, and whatever else comes is told in a sentence."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from flowprobe.core.telemetry import LogLine, Span
from flowprobe.telemetry.otlp import (
    JSON,
    LIMIT,
    PROTOBUF,
    TooLarge,
    calls_of_protobuf,
    lines_of_json,
    logs,
    spans_of_json,
    traces,
)

TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173"
ENTRY = {"key": "http.route", "value": {"stringValue": "/pay"}}


def _spans(**given: Any) -> dict[str, Any]:
    """The example of the specification, shorter, and with other values where they are given."""
    span = {"traceId": TRACE, "spanId": SPAN, "parentSpanId": PARENT, "name": "POST /pay", "kind": 2,
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661500000000",
            "attributes": [ENTRY], **given}
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": service, "scopeSpans": [{"scope": {"name": "x"}, "spans": [span]}]}]}


def _lines(**given: Any) -> dict[str, Any]:
    line = {"timeUnixNano": "1544712660300000000", "severityNumber": 10, "traceId": TRACE, "spanId": SPAN,
            "body": {"stringValue": "paid"}, **given}
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [line]}]}]}


def _body(data: object) -> bytes:
    return json.dumps(data).encode()


def _message(data: dict[str, Any], message: Any) -> Any:
    """The same request as protobuf: ids are bytes there."""
    from google.protobuf.json_format import ParseDict

    text = json.dumps(data)
    for written in (TRACE, SPAN, PARENT):
        text = text.replace(written, base64.b64encode(bytes.fromhex(written)).decode())
    return ParseDict(json.loads(text), message)


def test_a_span_has_its_ids_names_times_and_attributes() -> None:
    (span,) = traces(_body(_spans()), JSON)
    assert span == Span(TRACE, SPAN, PARENT, "POST /pay", "shop", "server", 1544712660.0, 1544712661.5,
                        attributes=(("http.route", "/pay"),))


def test_protobuf_says_the_same_as_json() -> None:
    message = _message(_spans(), ExportTraceServiceRequest())
    assert traces(message.SerializeToString(), PROTOBUF) == traces(_body(_spans()), JSON)
    records = _message(_lines(), ExportLogsServiceRequest())
    assert logs(records.SerializeToString(), PROTOBUF) == logs(_body(_lines()), f"{JSON}; charset=utf-8")


def test_protobufs_own_json_which_some_stores_answer_with_is_understood() -> None:
    data = _spans(status={"code": 2})
    assert spans_of_json(MessageToDict(_message(data, ExportTraceServiceRequest()))) == spans_of_json(data)
    records = MessageToDict(_message(_lines(), ExportLogsServiceRequest()))
    assert lines_of_json(records) == lines_of_json(_lines())


def test_a_log_line_has_its_time_severity_and_body() -> None:
    assert logs(_body(_lines()), JSON) == (LogLine(TRACE, SPAN, 1544712660.3, "INFO", "", "paid"),)


def test_a_log_line_may_belong_to_nothing() -> None:
    (line,) = logs(_body(_lines(traceId="", spanId="")), JSON)
    assert (line.trace, line.span) == ("", "")


@pytest.mark.parametrize(("number", "text", "severity"), [
    (1, "", "TRACE"), (4, "", "TRACE"), (5, "", "DEBUG"), (13, "", "WARN"), (17, "", "ERROR"), (24, "", "FATAL"),
    (17, "oh", "oh"), (0, "", ""), (25, "", ""), ("SEVERITY_NUMBER_ERROR2", "", "ERROR"),
])
def test_a_severity_is_as_it_was_written_or_the_name_of_its_number(number: object, text: str, severity: str) -> None:
    (line,) = lines_of_json(_lines(severityNumber=number, severityText=text))
    assert line.severity == severity


def test_a_log_line_without_a_time_has_that_at_which_it_was_seen() -> None:
    (line,) = lines_of_json(_lines(timeUnixNano="0", observedTimeUnixNano="2000000000"))
    assert line.at == 2.0


def test_what_was_thrown_is_said_with_the_line() -> None:
    thrown = [{"key": "exception.type", "value": {"stringValue": "TimeoutError"}}]
    (line,) = lines_of_json(_lines(attributes=thrown))
    assert line.text == "paid · TimeoutError"


@pytest.mark.parametrize(("status", "events", "expected"), [
    ({"code": 2, "message": "no"}, [], ("error", "no")),
    ({"code": 1}, [], ("ok", "")),
    ({"code": 9}, [], ("unset", "")),
    ({"code": 2}, [("first", "1"), ("TimeoutError", "gave up")], ("error", "TimeoutError: gave up")),
])
def test_a_status_is_told_with_what_was_thrown_where_it_says_nothing_itself(
        status: object, events: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    thrown = [{"name": "exception", "attributes": [
        {"key": "exception.type", "value": {"stringValue": kind}},
        {"key": "exception.message", "value": {"stringValue": said}}]} for kind, said in events]
    (span,) = spans_of_json(_spans(status=status, events=thrown))
    assert (span.status, span.said) == expected


@pytest.mark.parametrize(("value", "text"), [
    ({"stringValue": "é"}, "é"), ({"intValue": "7"}, "7"), ({"intValue": 7}, "7"), ({"boolValue": True}, "true"),
    ({"doubleValue": 0.5}, "0.5"), ({"bytesValue": "AAE="}, "AAE="), ({}, ""), (None, ""),
    ({"arrayValue": {"values": [{"stringValue": "é"}, {"intValue": "2"}]}}, '["é", 2]'), ({"arrayValue": {}}, "[]"),
    ({"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": False}}]}}, '{"a": false}'),
])
def test_a_value_is_a_text(value: object, text: str) -> None:
    (span,) = spans_of_json(_spans(attributes=[{"key": "k", "value": value}]))
    assert span.attributes == (("k", text),)


@pytest.mark.parametrize(("encoding", "pack"), [
    ("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), (" GZIP", gzip.compress),
])
def test_a_request_may_be_packed(encoding: str, pack: Any) -> None:
    assert traces(pack(_body(_spans())), JSON, encoding=encoding) == traces(_body(_spans()), JSON)


@pytest.mark.parametrize("body", [gzip.compress(bytes(LIMIT + 1)), bytes(LIMIT + 1)], ids=["packed", "plain"])
def test_a_request_that_is_too_large_is_not_unpacked_further(body: bytes) -> None:
    with pytest.raises(TooLarge, match="at most 16777216 bytes"):
        traces(body, JSON, encoding="gzip" if body[0] else "")


@pytest.mark.parametrize(("body", "kind", "encoding", "sentence"), [
    (b"{}", "text/plain", "", "expected application/x-protobuf or application/json, found text/plain"),
    (b"{}", "", "", "found no content type"),
    (b"{}", JSON, "br", "expected gzip, deflate or no content encoding, found br"),
    (b"{}", JSON, "gzip", "not what its content encoding says"),
    (gzip.compress(b"{}", mtime=0)[:-1], JSON, "gzip", "does not end where"),
    (gzip.compress(b"{}", mtime=0) + b"x", JSON, "gzip", "does not end where"),
    (b"{", JSON, "", "the content is not JSON"),
    (b"[" * 200_000, JSON, "", "the content is not JSON"),
    (b"\xff", JSON, "", "the content is not JSON"),
    (b"\xff", PROTOBUF, "", "not a trace request as protobuf"),
])
def test_what_is_not_otlp_is_told_in_a_sentence(body: bytes, kind: str, encoding: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        traces(body, kind, encoding=encoding)


@pytest.mark.parametrize(("given", "sentence"), [
    ({"traceId": ""}, "expected traceId to be 32 hex digits, not all of them 0"),
    ({"traceId": "0" * 32}, "expected traceId to be 32 hex digits"),
    ({"traceId": "x" * 32}, "expected traceId to be 32 hex digits"),
    ({"spanId": "ab"}, "expected spanId to be 16 hex digits"),
    ({"spanId": 7}, "expected spanId to be a text"),
    ({"parentSpanId": "abc"}, "expected parentSpanId to be 16 hex digits"),
    ({"startTimeUnixNano": "soon"}, "expected startTimeUnixNano to be a whole number"),
    ({"endTimeUnixNano": "-1"}, "nanoseconds since 1970"),
    ({"endTimeUnixNano": 1e300}, "expected endTimeUnixNano to be a whole number"),
    ({"attributes": [7]}, "expected each of attributes to be an object"),
    ({"attributes": [{"key": "k", "value": "v"}]}, "to be an AnyValue"),
    ({"status": []}, "expected status to be an object"),
    ({"events": "x"}, "expected events to be a list"),
])
def test_a_wrong_span_is_told_in_a_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        spans_of_json(_spans(**given))


def test_a_value_that_is_nested_without_end_is_refused() -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(40):
        value = {"arrayValue": {"values": [value]}}
    with pytest.raises(ValueError, match="nested more than 32 deep"):
        spans_of_json(_spans(attributes=[{"key": "k", "value": value}]))


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["resourceSpans", "resource", "scopeSpans", "spans", "traceId", "spanId", "attributes", "key",
                         "value", "arrayValue", "kvlistValue", "values", "status", "code", "events", "kind"]),
        inner, max_size=4), max_leaves=25)


def _complaint(read: Callable[[], object]) -> str:
    """What is said of something that is not OTLP; '' where nothing is."""
    try:
        read()
    except ValueError as error:
        return str(error)
    return ""


SENTENCE = re.compile(r"|(expected|the content|the value) [^\n]{5,200}")


@given(TREES)
def test_any_tree_is_spans_or_a_sentence(tree: object) -> None:
    assert SENTENCE.fullmatch(_complaint(lambda: spans_of_json(tree)))
    assert SENTENCE.fullmatch(_complaint(
        lambda: spans_of_json({"resourceSpans": [{"scopeSpans": [{"spans": [tree]}]}]})))


@given(st.binary(max_size=200))
def test_any_bytes_are_spans_or_a_sentence(body: bytes) -> None:
    assert SENTENCE.fullmatch(_complaint(lambda: traces(body, PROTOBUF)))
    assert SENTENCE.fullmatch(_complaint(lambda: logs(body, PROTOBUF)))


VALUES = st.recursive(
    st.builds(AnyValue, string_value=st.text()) | st.builds(AnyValue, int_value=st.integers(-2**63, 2**63 - 1))
    | st.builds(AnyValue, bool_value=st.booleans()) | st.builds(AnyValue, double_value=st.floats()) | st.builds(AnyValue),
    lambda inner: st.builds(lambda values: AnyValue(array_value=ArrayValue(values=values)), st.lists(inner, max_size=3))
    | st.builds(lambda values: AnyValue(kvlist_value=KeyValueList(values=values)), st.lists(
        st.builds(KeyValue, key=st.text(), value=inner), max_size=3)), max_leaves=8)


@given(VALUES)
def test_whatever_a_product_can_write_is_read(value: AnyValue) -> None:
    message = _message(_spans(), ExportTraceServiceRequest())
    message.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k", value=value)
    (span,) = traces(message.SerializeToString(), PROTOBUF)
    assert [key for key, _ in span.attributes] == ["http.route", "k"]


def test_calls_of_protobuf_are_those_of_traces() -> None:
    message = ParseDict({"resourceSpans": [{"scopeSpans": [{"spans": [
        {"traceId": "q6urq6urq6urq6urq6urqw==", "spanId": "zc3Nzc3Nzc0=", "name": "POST", "kind": kind, "startTimeUnixNano": "1000000000",
         "endTimeUnixNano": "2500000000", "attributes": [{"key": "server.port", "value": {"intValue": "443"}},
                                                         {"key": "server.address", "value": {"stringValue": "payments"}}]} for kind in (2, 3)]}]}]},
        ExportTraceServiceRequest())
    server, client = calls_of_protobuf(message.SerializeToString())
    of_server, of_client = traces(message.SerializeToString(), PROTOBUF)
    assert client == of_client
    assert (server.kind, server.started, server.attributes) == (of_server.kind, of_server.started, ())


def test_calls_of_what_is_no_protobuf_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^the content is not a trace request as protobuf$"):
        list(calls_of_protobuf(b"\xff\xff"))

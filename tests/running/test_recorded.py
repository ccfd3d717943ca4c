"""Traces as files: the JSON and the protobuf of OTLP, what Jaeger and Tempo answer with."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from flowprobe.core.telemetry import Span
from flowprobe.errors import InvalidInput
from flowprobe.incident.options import Options, Read
from flowprobe.running.recorded import read_sources
from flowprobe.telemetry.otlp import request_of
from tests.incident.recorded import FRIDAY, Known, known, told

ERRORS = {"refused": "ECONNREFUSED", "reset": "java.net.SocketException: Connection reset", "hang": "httpx.ReadTimeout",
          "closed": "http.client.RemoteDisconnected", "tls": "ssl.SSLCertVerificationError"}
CALL = Known(round(FRIDAY * 1000), 180, "200")


def attributes(call: Known) -> dict[str, str]:
    ended = {"error.type": ERRORS[call.outcome]} if call.outcome in ERRORS else {"http.response.status_code": call.outcome}
    return {"server.address": call.provider, "server.port": "443", "http.request.method": call.method,
            "url.full": f"https://u:secret@{call.provider}{call.path}?token=secret", **ended}


def span(call: Known, *, kind: str = "client", **other: str) -> Span:
    said = {key: value for key, value in {**attributes(call), **other}.items() if value}
    return Span("ab" * 16, "cd" * 8, "", "POST", "shop", kind, call.at / 1000, (call.at + call.ms) / 1000, attributes=tuple(said.items()))


def protobuf(*spans: Span) -> bytes:
    requests = [ExportTraceServiceRequest.FromString(_message(each)) for each in spans]
    return b"".join(len(body).to_bytes(4, "big") + body for body in (each.SerializeToString() for each in requests))


def _message(each: Span) -> bytes:
    data = request_of(each)
    for scope in data["resourceSpans"][0]["scopeSpans"]:
        for one in scope["spans"]:
            one |= {"traceId": "q6urq6urq6urq6urq6urqw==", "spanId": "zc3Nzc3Nzc0="}
    return ParseDict(data, ExportTraceServiceRequest()).SerializeToString()


def read_bytes(folder: Path, content: bytes | str, name: str = "traces") -> Read:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sources([path], Options())


def jsonl(*spans: Span) -> str:
    return "".join(json.dumps(request_of(each)) + "\n" for each in spans)


@settings(max_examples=25, deadline=None)
@given(known(*ERRORS))
def test_known_calls_come_back_from_either_form_of_otlp(calls: list[Known]) -> None:
    spans = [span(call) for call in calls]
    with TemporaryDirectory() as folder:
        for content in (jsonl(*spans), protobuf(*spans)):
            read = read_bytes(Path(folder), content)
            assert told(read) == sorted(calls)
            assert read.kinds[0][1] == "otlp"
            assert "secret" not in repr(read.recordings)


def test_a_single_request_as_protobuf(tmp_path: Path) -> None:
    assert told(read_bytes(tmp_path, _message(span(CALL)))) == [CALL]


@pytest.mark.parametrize("indent", [None, 2])
def test_what_tempo_answers_with(tmp_path: Path, indent: int | None) -> None:
    spans = request_of(span(CALL))["resourceSpans"]
    for data in ({"trace": {"resourceSpans": spans}}, {"batches": spans}):
        assert told(read_bytes(tmp_path, json.dumps(data, indent=indent))) == [CALL]


@pytest.mark.parametrize("indent", [None, 2])
def test_what_jaeger_answers_with(tmp_path: Path, indent: int | None) -> None:
    tags = [{"key": key, "type": "string", "value": value} for key, value in {**attributes(CALL), "span.kind": "client"}.items()]
    one = {"traceID": "ab" * 16, "spanID": "cd" * 8, "operationName": "POST", "startTime": CALL.at * 1000, "duration": CALL.ms * 1000,
           "tags": tags, "processID": "p1"}
    data = {"data": [{"traceID": "ab" * 16, "spans": [one], "processes": {"p1": {"serviceName": "shop"}}}]}
    assert told(read_bytes(tmp_path, json.dumps(data, indent=indent))) == [CALL]


@pytest.mark.parametrize(("other", "why"), [
    ({"kind": "server"}, "a span that is no call to somebody else"), ({"http.request.method": ""}, "a call that was not over HTTP"),
    ({"http.response.status_code": ""}, "a span that does not say how its call ended"),
])
def test_spans_that_are_no_calls_are_counted(tmp_path: Path, other: dict[str, str], why: str) -> None:
    assert read_bytes(tmp_path, jsonl(span(CALL), span(CALL, **other))).counts.skipped == {why: 1}


def test_names_of_before_are_understood_and_a_template_is_preferred(tmp_path: Path) -> None:
    old = {"server.address": "", "server.port": "", "http.request.method": "", "url.full": "", "http.response.status_code": "",
           "net.peer.name": "payments", "http.method": "POST", "http.url": "https://payments/v1/charges", "http.status_code": "200"}
    new = {"url.template": "/v1/{kind}/{id}", "server.port": "8443"}
    found = read_bytes(tmp_path, jsonl(span(CALL, **old), span(CALL, **new)))
    assert [str(each.operation) for each in found.recordings] == ["payments POST /v1/charges", "payments:8443 POST /v1/*/*"]


@pytest.mark.parametrize(("content", "said"), [
    ('{"resourceSpans": 3}\n', "traces:1:1: expected resourceSpans to be a list"),
    ('{"resourceSpans": [\n', "traces:1:20: this is no JSON"),
    ('{"resourceSpans": []}\n', "traces: there is no call in it"),
    (jsonl(span(CALL)) + "what\n", "traces:2:1: this is no JSON\nsee that each line is a whole document"),
    (jsonl(span(CALL._replace(at=5))), "traces:1:1: span cdcdcdcdcdcdcdcd does not end within a day of its beginning, in this century"),
    (b"\0\0\0\x03\n\xff\xff", "traces: message 1: the content is not a trace request as protobuf"),
    (b"\0\xff\xff\xff\nabc", "traces: there is no call of a provider in it: 1 × a last line that was cut short"),
    (b"\x89PNG\0\0\n\0", "traces: this is no text, and no OTLP"),
], ids=range(8))
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, content: bytes | str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_bytes(tmp_path, content)
    first: Any = caught.value.problems[0]
    assert f"{first.place}: {first.found}\n{first.instead}".replace(f"{tmp_path}/", "").startswith(said)


def test_an_end_that_was_cut_short_is_counted(tmp_path: Path) -> None:
    for content in (jsonl(span(CALL), span(CALL))[:-9].encode(), protobuf(span(CALL), span(CALL))[:-9]):
        read = read_bytes(tmp_path, content)
        assert (read.counts.calls, read.counts.skipped) == (1, {"a last line that was cut short": 1})

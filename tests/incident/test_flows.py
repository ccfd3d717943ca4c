"""Flows as mitmproxy writes them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from mitmproxy.flow import Error
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from flowprobe.errors import InvalidInput
from tests.incident.recorded import FRIDAY, Known, known, read_text, told

ERRORS = {"refused": "[Errno 111] Connection refused", "reset": "Connection reset by peer", "hang": "timed out", "closed": "server closed connection"}
CALL = Known(round(FRIDAY * 1000), 180, "200")


def flow(call: Known, *, message: str = "", port: int = 443) -> bytes:
    found = tflow.tflow(resp=True)
    found.request.host, found.request.port, found.request.method = call.provider, port, call.method
    found.request.path = f"{call.path}?token=secret"
    found.request.timestamp_start = call.at / 1000
    ended = (call.at + call.ms) / 1000
    if call.outcome.isdigit() and found.response is not None:
        found.response.status_code, found.response.timestamp_end = int(call.outcome), ended
    else:
        found.response, found.error = None, Error(message or ERRORS[call.outcome], ended)
    written = io.BytesIO()
    FlowWriter(written).add(found)
    return written.getvalue()


@settings(max_examples=20, deadline=None)
@given(known(*ERRORS))
def test_known_calls_come_back(tmp_path_factory: pytest.TempPathFactory, calls: list[Known]) -> None:
    read = read_text(tmp_path_factory.mktemp("a"), b"".join(map(flow, calls)))
    assert told(read) == sorted(calls)
    assert (read.kinds[0][1], read.counts.lines) == ("flows", len(calls))
    assert "secret" not in repr(read.recordings)


def test_a_port_that_is_no_usual_one_is_told(tmp_path: Path) -> None:
    assert read_text(tmp_path, flow(CALL, port=8443)).recordings[0].operation.provider == "payments:8443"


def test_flows_that_are_no_calls_are_counted(tmp_path: Path) -> None:
    written = io.BytesIO()
    FlowWriter(written).add(tflow.ttcpflow())
    read = read_text(tmp_path, written.getvalue() + flow(CALL) + flow(CALL._replace(outcome="?"), message="nobody knows"))
    assert (read.counts.calls, read.counts.skipped) == (1, {"no call over HTTP": 1, "a flow that does not say how it ended": 1})


def test_a_last_flow_that_was_cut_short_is_counted(tmp_path: Path) -> None:
    assert read_text(tmp_path, flow(CALL) + flow(CALL)[:-7]).counts.skipped == {"a last line that was cut short": 1}


@pytest.mark.parametrize(("content", "said"), [
    (flow(CALL) + b"what", "flow 2 is none of mitmproxy's"), (b"9999999999:1:", "flow 1 is larger than"), (b"4:1:a;,", "flow 1: this is no dictionary"),
    (b"5:9:a;2}", "flow 1: a part of it is longer than the whole"), (flow(CALL._replace(at=5)), "flow 1: it does not end within a day"),
], ids=range(5))
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, content)
    assert caught.value.problems[0].found.startswith(said)

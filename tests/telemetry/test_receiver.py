"""The receiver on a real port: what an exporter may send, what it is answered, and that nothing ends it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from flowprobe.core.telemetry import Telemetry
from flowprobe.errors import EnvironmentBroken
from flowprobe.telemetry.otlp import JSON, LIMIT, PROTOBUF
from flowprobe.telemetry.receiver import Receiver

TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = {"traceId": TRACE, "spanId": "eee19b7ec3c1b174", "name": "pay"}
SPANS = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}).encode()
LINES = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": TRACE}]}]}]}).encode()


@dataclass
class Rig:
    receiver: Receiver
    taken: list[Telemetry] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.receiver.url.rpartition(":")[2])

    def post(self, path: str, body: bytes | Iterable[bytes], **headers: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("POST", path, body, named, encode_chunked=not isinstance(body, bytes))
            reply = connection.getresponse()
            return reply.status, reply.getheader("content-type", ""), reply.read()
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def rig() -> Iterator[Rig]:
    taken: list[Telemetry] = []
    receiver = Receiver(("127.0.0.1", 0), taken.extend)
    receiver.start()
    yield Rig(receiver, taken)
    receiver.close()


def test_spans_and_lines_are_taken_and_answered_in_their_own_encoding(rig: Rig) -> None:
    assert rig.post("/v1/traces", SPANS, content_type=JSON) == (200, JSON, b"{}")
    assert rig.post("/v1/logs", LINES, content_type=f"{JSON}; charset=utf-8") == (200, JSON, b"{}")
    assert rig.post("/v1/traces", b"", content_type=PROTOBUF) == (200, PROTOBUF, b"")
    assert [said.trace for said in rig.taken] == [TRACE, TRACE]


def test_metrics_are_taken_and_dropped(rig: Rig) -> None:
    assert rig.post("/v1/metrics", b"anything", content_type=PROTOBUF)[0] == 200
    assert not rig.taken


def test_a_body_may_come_in_chunks(rig: Rig) -> None:
    pieces = iter([SPANS[:20], SPANS[20:]])
    assert rig.post("/v1/traces", pieces, content_type=JSON, transfer_encoding="chunked")[0] == 200
    assert len(rig.taken) == 1


@pytest.mark.parametrize(("path", "media", "status", "said"), [
    ("/v1/traces", JSON, 400, b"the content is not JSON"),
    ("/v1/logs", PROTOBUF, 400, b"the content is not a logs request as protobuf"),
    ("/v1/traces", "text/plain", 400, b"expected application/x-protobuf or application/json, found text/plain"),
    ("/", JSON, 404, b"expected /v1/traces or /v1/logs"),
])
def test_what_is_wrong_is_refused_with_a_sentence(rig: Rig, path: str, media: str, status: int, said: bytes) -> None:
    found, _, body = rig.post(path, b"\xff", content_type=media)
    assert (found, said in body) == (status, True)
    assert rig.post("/v1/traces", SPANS, content_type=JSON)[0] == 200


@pytest.mark.parametrize(("head", "status"), [
    (b"Content-Length: %d" % (LIMIT + 1), b"413"), (b"Content-Length: " + b"9" * 400, b"413"),
    (b"Content-Length: -1", b"411"), (b"X: y", b"411"), (b"Content-Length: 5", b"400"),
    (b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (LIMIT + 1), b"413"),
    (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"), (b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", b"400"),
    (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n", b"400"),
])
def test_a_body_without_a_bound_is_never_read(rig: Rig, head: bytes, status: bytes) -> None:
    reply = rig.raw(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head + b"\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in reply


def test_rubbish_and_callers_that_go_away_end_nothing(rig: Rig) -> None:
    rig.raw(b"\x16\x03\x01\x00\xff\r\n\r\n")
    rig.raw(b"POST /v1/traces HTTP/1.1\r\nContent-Le")
    assert rig.post("/v1/traces", SPANS, content_type=JSON)[0] == 200


def test_a_port_that_is_taken_is_told_with_what_to_do(rig: Rig) -> None:
    with pytest.raises(EnvironmentBroken, match=f"127.0.0.1:{rig.port}: something else listens there already; give"):
        Receiver(("127.0.0.1", rig.port), rig.taken.extend).start()


def test_an_address_that_is_not_ours_is_told() -> None:
    with pytest.raises(EnvironmentBroken, match=r"cannot listen for what the product says of itself on 192\.0\.2\.1:"):
        Receiver(("192.0.2.1", 4318), lambda _: None).start()


def test_it_listens_no_more_once_it_is_closed(rig: Rig) -> None:
    port = rig.port
    rig.receiver.close()
    rig.receiver.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

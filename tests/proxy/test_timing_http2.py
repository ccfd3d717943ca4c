"""What the kinds that are about time look like over HTTP/2, on the user edge, in frames."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events
import pytest

from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind, describe, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from tests.proxy.rig import BODY, Rig, fault, marks, until


@dataclass
class Stream:
    """What came on one stream: its status, its body, and how it ended."""

    status: str = ""
    body: bytes = b""
    pieces: list[float] = field(default_factory=list)
    ended: str = ""


class Peer:
    """A client of HTTP/2 through the user's forward edge."""

    def __init__(self, rig: Rig) -> None:
        assert rig.tls_origin
        self.host = rig.tls_origin.url.removeprefix("https://")
        self._connection = _tunnel(rig, self.host)
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._state.initiate_connection()
        self.streams: dict[int, Stream] = {}

    def ask(self, trial: str, path: str = "/v1/charges") -> Stream:
        number = self._state.get_next_available_stream_id()
        names = {":method": "GET", ":scheme": "https", ":authority": self.host, ":path": path, **marks(trial)}
        self._state.send_headers(number, list(names.items()), end_stream=True)
        self._connection.sendall(self._state.data_to_send())
        return self.streams.setdefault(number, Stream())

    def until_ended(self, *streams: Stream) -> None:
        while not all(stream.ended for stream in streams):
            data = self._connection.recv(65536)
            if not data:
                for stream in streams:
                    stream.ended = stream.ended or "closed"
                return
            for event in self._state.receive_data(data):
                self._take(event)
            self._connection.sendall(self._state.data_to_send())

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived():
                self.streams[event.stream_id].status = dict(event.headers)[":status"]
            case h2.events.DataReceived():
                self.streams[event.stream_id].body += event.data
                if event.data:
                    self.streams[event.stream_id].pieces.append(time.monotonic())
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self.streams[event.stream_id].ended = "whole"
            case h2.events.StreamReset():
                self.streams[event.stream_id].ended = "reset"
            case _:
                pass

    def close(self) -> None:
        self._connection.close()


def _tunnel(rig: Rig, host: str) -> ssl.SSLSocket:
    proxy = urlsplit(rig.ready.user_proxy)
    plain = socket.create_connection((proxy.hostname, proxy.port), timeout=20)
    token = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    plain.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {token}\r\n\r\n".encode())
    assert plain.recv(65536).startswith(b"HTTP/1.1 200")
    context = ssl.create_default_context(cafile=rig.ready.ca_cert)
    context.set_alpn_protocols(["h2"])
    connection = context.wrap_socket(plain, server_hostname="localhost")
    assert connection.selected_alpn_protocol() == "h2"
    return connection


@contextmanager
def peer_of(rig: Rig) -> Iterator[Peer]:
    peer = Peer(rig)
    try:
        yield peer
    finally:
        peer.close()


def one_call(rig: Rig, trial: str, kind: Kind, path: str = "/v1/charges") -> tuple[Stream, float]:
    with rig.armed(trial, fault(kind, edge="user")), peer_of(rig) as peer:
        began = time.monotonic()
        stream = peer.ask(trial, path)
        peer.until_ended(stream)
        return stream, time.monotonic() - began


@pytest.mark.parametrize("kind", [Close("headers"), Reset("headers"), Close(After(100)), Reset(After(100))],
                         ids=describe)
@pytest.mark.parametrize("path", ["/v1/charges", "/events"])
def test_a_cut_ends_the_stream_and_leaves_the_connection(rig: Rig, trial: str, kind: Close | Reset, path: str) -> None:
    assert rig.tls_origin
    rig.tls_origin.gate.clear()
    cut = type(kind)(After(5)) if isinstance(kind.at, After) and path == "/events" else kind
    with peer_of(rig) as peer:
        with rig.armed(trial, fault(cut, edge="user")):
            stream = peer.ask(trial, path)
            peer.until_ended(stream)
        sibling = peer.ask(trial)
        peer.until_ended(sibling)
    rig.tls_origin.gate.set()
    whole = BODY if path == "/v1/charges" else b"data: first"
    assert stream.ended == "reset"
    assert stream.body == (whole[: cut.at.bytes] if isinstance(cut.at, After) else b"")
    assert (sibling.status, sibling.body, sibling.ended) == ("200", BODY, "whole")
    assert [each.kind for each in rig.receipts(trial)] == [kind_name(kind)]


def test_a_late_reply_is_late_on_its_stream_alone(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Latency(0.5, "headers"), edge="user")), peer_of(rig) as peer:
        began = time.monotonic()
        late, other = peer.ask(trial), peer.ask("0" * 16)
        peer.until_ended(other)
        other_s = time.monotonic() - began
        peer.until_ended(late)
        late_s = time.monotonic() - began
    assert (late.body, other.body) == (BODY, BODY)
    assert late_s > 0.45
    assert other_s < late_s


def test_bandwidth_slows_the_connection(rig: Rig, trial: str) -> None:
    stream, seconds = one_call(rig, trial, Bandwidth(None, 5000))
    assert (stream.body, stream.ended) == (BODY, "whole")
    assert seconds > 0.95 * len(BODY) / 5000
    until(lambda: rig.receipts(trial))
    assert rig.receipts(trial)[0].moved >= len(BODY)


def test_a_body_drips(rig: Rig, trial: str) -> None:
    stream, seconds = one_call(rig, trial, Latency(0.03, "chunks", piece=100))
    assert (stream.body, len(stream.pieces)) == (BODY, 11)
    assert seconds > 11 * 0.03 * 0.9


def test_a_hang_keeps_the_reply_and_ends_the_stream(rig: Rig, trial: str) -> None:
    stream, seconds = one_call(rig, trial, Hang(0.2, "headers"))
    assert (stream.status, stream.ended) == ("", "reset")
    assert seconds > 0.15

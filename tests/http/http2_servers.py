"""Products that speak HTTP/2, well or badly: each stream played by a function, over real TLS with ALPN."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.http.servers import Authority, Play, Server

Answer = Callable[["Http2", int], None]


@dataclass
class Http2:
    """One connection. `heads` holds the header lists that came in, `bodies` what was uploaded on each stream."""

    connection: socket.socket
    server: Server
    state: h2.connection.H2Connection
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: dict[int, bytes] = field(default_factory=dict)

    def flush(self) -> None:
        self.connection.sendall(self.state.data_to_send())

    def head(self, stream: int, *headers: tuple[str, str], status: str = "200", end: bool = False) -> None:
        self.state.send_headers(stream, [(":status", status), *headers], end_stream=end)
        self.flush()

    def reply(self, stream: int, body: bytes = b"ok", *headers: tuple[str, str], status: str = "200") -> None:
        self.head(stream, *headers, status=status)
        self.state.send_data(stream, body, end_stream=True)
        self.flush()

    def raw(self, kind: int, payload: bytes, *, flags: int = 0, stream: int = 0) -> None:
        """A frame as it is, past what the library lets through."""
        self.connection.sendall(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)


def http2(answer: Answer) -> Play:
    """`answer` is called for each request that is whole, on each connection."""

    def play(connection: socket.socket, server: Server) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
                                           normalize_outbound_headers=False)
        peer = Http2(connection, server, h2.connection.H2Connection(config))
        peer.state.initiate_connection()
        peer.flush()
        with suppress(h2.exceptions.ProtocolError):  # it has ended the connection itself
            while data := connection.recv(65536):
                for event in peer.state.receive_data(data):
                    _take(event, peer, answer)
                peer.flush()

    return play


def _take(event: object, peer: Http2, answer: Answer) -> None:
    match event:
        case h2.events.RequestReceived(headers=headers, stream_id=stream):
            peer.heads.append(dict(headers))
            peer.server.requests.append(repr(headers).encode())
        case h2.events.DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
            peer.bodies[stream] = peer.bodies.get(stream, b"") + data
            peer.state.acknowledge_received_data(length, stream)
        case h2.events.StreamEnded(stream_id=stream):
            answer(peer, stream)


def http2_context(authority: Authority, name: str = "127.0.0.1", protocols: tuple[str, ...] = ("h2", "http/1.1")) -> ssl.SSLContext:
    context = authority.context(name)
    context.set_alpn_protocols(list(protocols))
    return context

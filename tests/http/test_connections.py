from __future__ import annotations

import socket
from collections.abc import Iterator

import httpcore
import pytest

from flowprobe.http.connections import Connections
from tests.http.servers import OK, Server, always, serving


@pytest.fixture
def connections() -> Iterator[Connections]:
    made = Connections(httpcore.ConnectionPool().create_connection)
    yield made
    made.close()


def asked(connections: Connections, server: Server) -> httpcore.Response:
    return connections.handle_request(httpcore.Request("GET", server.url(), headers=[(b"Host", b"here")]))


def whole(connections: Connections, server: Server) -> bytes:
    response = asked(connections, server)
    try:
        return response.read()
    finally:
        response.close()


def test_calls_in_turn_share_a_connection(connections: Connections) -> None:
    with serving(always(OK)) as server:
        assert [whole(connections, server) for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 1


def test_calls_at_once_have_connections_of_their_own_which_are_kept(connections: Connections) -> None:
    with serving(always(OK)) as server:
        for _ in range(2):
            for response in [asked(connections, server) for _ in range(3)]:
                response.read()
                response.close()
        assert server.connections == 3


def test_a_reply_that_is_closed_twice_gives_its_connection_back_once(connections: Connections) -> None:
    with serving(always(OK)) as server:
        first = asked(connections, server)
        first.read()
        first.close()
        first.close()
        both = [asked(connections, server) for _ in range(2)]
        assert [response.read() for response in both] == [b"ok"] * 2
        assert server.connections == 2


def test_a_reply_that_is_not_read_to_its_end_takes_its_connection_with_it(connections: Connections) -> None:
    with serving(always(OK)) as server:
        asked(connections, server).close()
        assert whole(connections, server) == b"ok"
        assert server.connections == 2


def test_a_connection_that_the_product_has_ended_is_not_used_again(connections: Connections) -> None:
    def once(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(OK)

    with serving(once) as server:
        for _ in range(3):
            response = asked(connections, server)
            response.read()
            stream = response.extensions["network_stream"]
            ended = stream.get_extra_info("socket")
            response.close()
            assert ended.recv(1, socket.MSG_PEEK) == b"", "the end has arrived"
        assert server.connections == 3


def test_every_origin_has_its_own_connections(connections: Connections) -> None:
    with serving(always(OK)) as one, serving(always(OK)) as other:
        for _ in range(2):
            assert whole(connections, one) == whole(connections, other) == b"ok"
        assert (one.connections, other.connections) == (1, 1)


def test_of_many_idle_connections_eight_are_kept(connections: Connections) -> None:
    with serving(always(OK)) as server:
        for _ in range(2):
            for response in [asked(connections, server) for _ in range(10)]:
                response.read()
                response.close()
        assert server.connections == 12


def test_a_connection_that_fails_is_forgotten(connections: Connections) -> None:
    def rude(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(b"not HTTP\r\n\r\n")

    with serving(rude) as server:
        for _ in range(2):
            with pytest.raises(httpcore.RemoteProtocolError):
                asked(connections, server)
        assert server.connections == 2


def test_what_is_closed_closes_the_connection_of_a_call_under_way(connections: Connections) -> None:
    with serving(always(OK)) as server:
        response = asked(connections, server)
        sock = response.extensions["network_stream"].get_extra_info("socket")
        connections.close()
        assert sock.fileno() == -1
        response.close()
        assert whole(connections, server) == b"ok"
        assert server.connections == 2

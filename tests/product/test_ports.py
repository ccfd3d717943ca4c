"""A port that is given to a process we start is still free when it gets there."""

from __future__ import annotations

import socket

from flowprobe.product.ports import free_port, taken

_MANY = 2_000


def _listening(port: int) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_a_server_can_listen_on_the_port_it_was_given() -> None:
    port = free_port()
    assert not taken("127.0.0.1", port)
    with _listening(port):
        assert taken("127.0.0.1", port)


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == len(ports)


def test_nobody_who_asks_for_any_port_gets_one_that_was_given() -> None:
    given = {free_port() for _ in range(300)}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        for _ in range(_MANY):
            assert _port_of_any_listener() not in given
            assert _port_of_any_caller(listener) not in given


def _port_of_any_listener() -> int:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        return int(other.getsockname()[1])


def _port_of_any_caller(listener: socket.socket) -> int:
    with socket.create_connection(listener.getsockname()) as caller:
        listener.accept()[0].close()
        return int(caller.getsockname()[1])

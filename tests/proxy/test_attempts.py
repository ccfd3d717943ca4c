"""What the kernel tells of sockets that went away."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.proxy.attempts import Attempts, Gone, parse
from flowprobe.proxy.kept_ports import hold

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells of refused connections")


def message(family: int, address: str, acknowledged: int) -> bytes:
    """As the kernel writes one: a netlink header, struct inet_diag_msg, and an attribute with struct tcp_info."""
    to = socket.inet_pton(family, address)
    head = struct.pack("=BBBB", family, 7, 0, 0) + struct.pack("!HH", 50000, 8080)
    addresses = bytes(16) + to + bytes(16 - len(to))
    info = bytes(120) + struct.pack("=Q", acknowledged) + bytes(32)
    body = head + addresses + bytes(72 - len(head) - len(addresses))
    return bytes(16) + body + struct.pack("=HH", 4 + len(info), 2) + info


@pytest.mark.parametrize(("family", "address", "seen"), [
    (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
    (socket.AF_INET6, "::1", "::1"),
    (socket.AF_INET6, "::ffff:127.0.0.1", "127.0.0.1"),
])
@pytest.mark.parametrize("acknowledged", [0, 3])
def test_a_message_says_who_wanted_to_go_where(family: int, address: str, seen: str, acknowledged: int) -> None:
    assert parse(message(family, address, acknowledged)) == Gone(50000, (seen, 8080), connected=acknowledged > 0)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=400))
def test_nothing_that_comes_in_is_too_strange(data: bytes) -> None:
    parse(data)


def test_a_refused_connection_is_told_and_one_that_was_made_is_told_apart() -> None:
    async def check() -> None:
        holder = hold("127.0.0.1", 0)
        assert holder
        address = holder.getsockname()
        seen: list[Gone] = []
        attempts = Attempts(seen.append)
        assert attempts.open()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        server = await asyncio.start_server(lambda _, writer: writer.close(), *address)
        reader, writer = await asyncio.open_connection(*address)
        await reader.read()
        writer.close()
        server.close()
        async with asyncio.timeout(10):
            while len(mine := [gone for gone in seen if gone.to == address]) < 2:
                await asyncio.sleep(0.005)
        assert [gone.connected for gone in mine] == [False, True]
        attempts.close()
        attempts.close()
        holder.close()

    asyncio.run(check())


def test_a_port_that_somebody_has_is_not_held() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert hold(*server.getsockname()) is None

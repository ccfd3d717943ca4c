"""Who tried to connect where nobody listens: Linux tells, to anybody who asks, of each TCP socket that goes away.

A refused connection never reaches a process: the kernel answers it. What it leaves is the caller's socket, which its
owner closes; `NETLINK_SOCK_DIAG` says so with both addresses (sock_diag(7), SKNLGRP_INET_TCP_DESTROY; no privilege
needed). One that never was connected has had nothing acknowledged. A caller that connects without any timeout has its
address wiped before it can be told, and stays unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Attempts", "Gone", "parse"]

_SOCK_DIAG = 4
_DESTROYED_V4, _DESTROYED_V6 = 1 << 0, 1 << 2
_HEADER, _MESSAGE = 16, 72
_INFO = 2
_ACKED_AT = 120  # tcpi_bytes_acked, in struct tcp_info
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Gone:
    """A TCP socket that went away. `connected`: its peer had answered it."""

    port: int
    to: tuple[str, int]
    connected: bool


class Attempts:
    """Tells `seen` of every socket that goes away on this machine, while it is open."""

    def __init__(self, seen: Callable[[Gone], None]) -> None:
        self._seen = seen
        self._socket: socket.socket | None = None

    def open(self) -> bool:
        """Listen to the kernel; False where this system does not tell."""
        if self._socket is None:
            self._socket = _subscribed()
            if self._socket is not None:
                asyncio.get_running_loop().add_reader(self._socket, self.read)
        return self._socket is not None

    def close(self) -> None:
        if self._socket is not None:
            self.read()
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def read(self) -> None:
        """Take what is there; what the kernel had no room for is lost."""
        with contextlib.suppress(OSError):
            while self._socket is not None:
                if gone := parse(self._socket.recv(65536)):
                    self._seen(gone)


def _subscribed() -> socket.socket | None:
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    try:
        netlink = socket.socket(family, socket.SOCK_RAW, _SOCK_DIAG)
        netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        netlink.bind((0, _DESTROYED_V4 | _DESTROYED_V6))
    except OSError:
        return None
    netlink.setblocking(False)
    return netlink


def parse(message: bytes) -> Gone | None:
    """What one message of the kernel tells (struct inet_diag_msg after a netlink header); None where it is none."""
    if len(message) < _HEADER + _MESSAGE:
        return None
    own, port = struct.unpack_from("!HH", message, _HEADER + 4)
    size = 4 if message[_HEADER] == socket.AF_INET else 16
    address = ipaddress.ip_address(message[_HEADER + 24 : _HEADER + 24 + size])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return Gone(own, (str(mapped or address), port), connected=_acknowledged(message) > 0)


def _acknowledged(message: bytes) -> int:
    """How many bytes of the socket its peer has acknowledged; its SYN counts."""
    at = _HEADER + _MESSAGE
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if length < 4:
            break
        if kind & 0x3FFF == _INFO and length >= 4 + _ACKED_AT + 8:
            acknowledged: int = struct.unpack_from("=Q", message, at + 4 + _ACKED_AT)[0]
            return acknowledged
        at += (length + 3) & ~3
    return 0

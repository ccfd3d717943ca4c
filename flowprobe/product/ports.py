"""Ports of loopback: a free one, and whether one is taken."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

__all__ = ["free_port", "taken"]

_lock = threading.Lock()
_given: set[int] = set()
_ENOUGH = 1_000
_TRY_S = 0.5


def free_port() -> int:
    """A TCP port of 127.0.0.1 for a process that we are about to start; never the same one twice in this process.

    The port is left in TIME-WAIT (RFC 9293, 3.6.1), which keeps the kernel from giving it to anybody who asks for
    any port, or connects from one, before that process listens there. A server that sets SO_REUSEADDR, as servers
    do so that they can be restarted, takes it all the same."""
    with _lock:
        if len(_given) > _ENOUGH:
            _given.clear()
        while (port := _reserved()) in _given:
            pass
        _given.add(port)
        return port


def _reserved() -> int:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        address: tuple[str, int] = listener.getsockname()
        with socket.create_connection(address, timeout=_TRY_S) as caller:
            # The side that closes first is the one that waits: it has to be ours, not the caller's.
            listener.accept()[0].close()
            caller.recv(1)
        return address[1]


def taken(host: str, port: int) -> bool:
    """Whether somebody already answers there."""
    with suppress(OSError), socket.create_connection((host, port), timeout=_TRY_S):
        return True
    return False

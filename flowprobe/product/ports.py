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
    """A TCP port of 127.0.0.1 that nobody listens on; this process is never given the same one twice."""
    with _lock:
        if len(_given) > _ENOUGH:
            _given.clear()
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in _given:
                _given.add(port)
                return port


def taken(host: str, port: int) -> bool:
    """Whether somebody already answers there."""
    with suppress(OSError), socket.create_connection((host, port), timeout=_TRY_S):
        return True
    return False

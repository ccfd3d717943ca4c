"""The branches of a `parallel`, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

__all__ = ["at_once"]


def at_once(branches: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call them all at the same time; what they return, in their order. The first exception is raised when all have
    ended."""
    with ThreadPoolExecutor(max(1, len(branches)), thread_name_prefix="branch") as pool:
        futures = [pool.submit(branch) for branch in branches]
    return [future.result() for future in futures]

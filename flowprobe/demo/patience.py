"""When a provider says that it wants to be left alone for a while."""

from __future__ import annotations

import httpx

__all__ = ["asks_to_wait"]


def asks_to_wait(response: httpx.Response) -> bool:
    """Whether the reply has a Retry-After of a second or more, or a date: at once is too soon then."""
    wait: str = response.headers.get("retry-after", "0")
    return wait.strip() != "0"

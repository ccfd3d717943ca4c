"""What answers in the provider's place, and is made only when it is known when, or of which call."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from flowprobe.core.faults.quota import Quota, Window
from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["Limited", "Recall", "Redirect"]

_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


@plain
class Limited(Plain):
    """Answer in the provider's place, and say when to come again.

    `retry_after` (seconds) goes into Retry-After, `dated` as a date; `resets` is how many seconds from now on
    X-RateLimit-Reset names. With a `quota`, only the calls beyond it are answered so.
    """

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    retry_after: float | None = None
    dated: bool = False
    resets: float | None = None
    quota: Quota | None = None

    def beyond(self, window: Window, now: float) -> Limited | None:
        """What becomes of a call at `now`, which the window counts; None while the quota lasts."""
        if self.quota is None:
            return self
        left = window.take(self.quota, now)
        return None if left is None else replace(self, resets=left)

    def told(self, now: float) -> tuple[tuple[str, str], ...]:
        """Every header of the answer at `now` (seconds since the epoch). Those that a file writes stay as they are."""
        written = {name.lower() for name, _ in self.headers}
        return (*self.headers, *((name, value) for name, value in self._timed(now) if name.lower() not in written))

    def _timed(self, now: float) -> list[tuple[str, str]]:
        wait = self.resets if self.retry_after is None and self.quota else self.retry_after
        found: list[tuple[str, str]] = []
        if wait is not None and self.dated:
            found += [("Date", _date(now)), ("Retry-After", _date(math.ceil(now + wait)))]
        elif wait is not None:
            found.append(("Retry-After", str(math.ceil(wait))))
        if self.quota:
            found += [("X-RateLimit-Limit", str(self.quota.calls)), ("X-RateLimit-Remaining", "0")]
        if self.resets is not None:
            found.append(("X-RateLimit-Reset", str(math.ceil(now + self.resets))))
        return found


def _date(epoch: float) -> str:
    return datetime.fromtimestamp(int(epoch), UTC).strftime(_HTTP_DATE)


@plain
class Redirect(Plain):
    """Send the caller to the same path again: of this host, or of the origin `to`."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    status: int
    to: str = ""

    def location(self, path: str) -> str:
        """Where a call of this path (with its query) is sent."""
        return f"{self.to}{path}"


@plain
class Recall(Plain):
    """Answer with the first reply that this URL had in this trial; where there is none, the call goes on."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

"""`quota: {calls: 10, per: 60s}`: how many calls a provider serves before it refuses, counted in windows."""

from __future__ import annotations

from dataclasses import dataclass

from flowprobe.core.faults.durations import in_words
from flowprobe.core.fields import Duration, Field, Integer, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Quota", "Window"]


@plain
class Quota(Plain):
    """So many calls in each window of `per` seconds; a window begins with the first call after the one before."""

    calls: int
    per: float

    def describe(self) -> str:
        return f"beyond {self.calls} {'call' if self.calls == 1 else 'calls'} in {in_words(self.per)}"


@dataclass(slots=True)
class Window:
    """The window that is running: when it began (seconds of the caller's clock), and how many calls it has had."""

    began: float = 0.0
    calls: int = 0

    def take(self, quota: Quota, now: float) -> float | None:
        """Count a call. None where it is within the quota; else the seconds until the window is over."""
        if not self.calls or now - self.began >= quota.per:
            self.began, self.calls = now, 0
        self.calls += 1
        return self.began + quota.per - now if self.calls > quota.calls else None


FIELD = Field("quota", Record("quota", Quota, (
    Field("calls", Integer(minimum=0), "So many calls are served in each window.", required=True, example="10"),
    Field("per", Duration(positive=True), "How long a window is; it begins with its first call.", required=True,
          example="60s"),
)), "Only calls beyond this are answered with the status; the others are served.", example="{calls: 10, per: 60s}")

"""A token bucket: how long a call has to wait so that a rate is kept. The time comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass

from flowprobe.core.rules import Rate

__all__ = ["Bucket"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` may be negative: that many calls are waiting already. `at` is when they were counted, in seconds of any
    clock; one that goes backwards gives nothing, one that leaps forward no more than a full bucket."""

    rate: Rate
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: Rate, now: float) -> Bucket:
        return cls(rate, _capacity(rate), now)

    def take(self, now: float) -> tuple[Bucket, float]:
        """The bucket after one call, and how many seconds that call has to wait."""
        grown = self.tokens + max(0.0, now - self.at) * self.rate.per_second
        tokens = min(_capacity(self.rate), grown) - 1
        return Bucket(self.rate, tokens, now), max(0.0, -tokens / self.rate.per_second)


def _capacity(rate: Rate) -> float:
    """What may be sent at once: as many calls as belong to one second, and one at least."""
    return max(1.0, rate.per_second)

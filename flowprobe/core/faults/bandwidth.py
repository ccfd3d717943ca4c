"""`bandwidth: 50KB/s`: the bytes pass, but slowly."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Slow
from flowprobe.core.faults.rates import in_words, sized
from flowprobe.core.fields import As, Field, OneOf, Rate, Record, Size
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Bandwidth"]


@plain
class Bandwidth(Plain):
    """Bytes in a second: of the request on its way to the provider (`up`), of the reply to the caller (`down`)."""

    up: float | None = None
    down: float | None = None
    piece: int | None = None

    def action(self) -> Action:
        return Slow(self.up, self.down, self.piece)

    def describe(self) -> str:
        if self.up == self.down and self.up is not None:
            return f"bandwidth {in_words(self.up)}"
        ways = (("up", self.up), ("down", self.down))
        return "bandwidth " + ", ".join(f"{in_words(rate)} {way}" for way, rate in ways if rate is not None)


def _bandwidth(*, up: float | None = None, down: float | None = None, chunk: int | None = None) -> Bandwidth:
    return Bandwidth(up, down, chunk)


def _both_ways(bandwidth: Bandwidth) -> float | None:
    return bandwidth.up if bandwidth == Bandwidth(bandwidth.up, bandwidth.up) else None


def _parts(bandwidth: Bandwidth) -> dict[str, float]:
    said = {"up": bandwidth.up, "down": bandwidth.down, "chunk": bandwidth.piece}
    return {key: value for key, value in said.items() if value is not None}


FIELD = Field(
    "bandwidth",
    OneOf(
        scalar=As(Rate(), lambda rate: Bandwidth(rate, rate), _both_ways),
        mapping=Record("bandwidth", _bandwidth, (
            Field("up", Rate(), "Of the request, to the provider.", example="20KB/s"),
            Field("down", Rate(), "Of the reply, to the caller.", example="50KB/s"),
            Field("chunk", Size(), "How much passes at once; what 20 ms let pass where it is not said.",
                  example="1KB"),
        ), some_of=("up", "down"), verify=sized, parts=_parts),
    ),
    "Let the bytes pass slowly, both ways or one.",
    example="50KB/s",
)

"""`webhook: {delay: 2s}`: what a provider tells the product comes late, twice, in another order, or never."""

from __future__ import annotations

from flowprobe.core.faults.durations import in_words
from flowprobe.core.faults.webhooks import Again, Delivery, Drop, Later, Shuffle
from flowprobe.core.fields import TRUE, As, Duration, Field, Integer, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "WAYS", "Webhook"]

WAYS = ("delay", "duplicate", "reorder", "drop")


@plain
class Webhook(Plain):
    """One of the four is set: `delay` in seconds, `duplicate` times in all, `reorder` so many together, `drop`.
    `answer` is what the provider is told in the product's place, where the product is not asked at once."""

    delay: float = 0.0
    duplicate: int = 0
    reorder: int = 0
    drop: bool = False
    answer: int = 200

    def action(self) -> Delivery:
        if self.drop:
            return Drop(self.answer)
        if self.duplicate:
            return Again(self.duplicate)
        return Shuffle(self.reorder, self.answer) if self.reorder else Later(self.delay, self.answer)

    def describe(self) -> str:
        if self.drop:
            return "webhook dropped"
        if self.duplicate:
            return f"webhook delivered {self.duplicate} times"
        return f"webhooks reordered by {self.reorder}" if self.reorder else f"webhook {in_words(self.delay)} late"


FIELD = Field(
    "webhook",
    As(Record("webhook fault", Webhook, (
        Field("delay", Duration(), "Deliver it so much later; the provider is answered at once.", example="2s"),
        Field("duplicate", Integer(minimum=2, maximum=100), "Deliver it so many times.", example="2"),
        Field("reorder", Integer(minimum=2, maximum=100),
              "Hold so many back, then deliver the last one first; the provider is answered at once.", example="2"),
        Field("drop", TRUE, "Never deliver it; the provider is answered all the same.", example="true"),
        Field("answer", Integer(minimum=200, maximum=599),
              "What the provider is told in the product's place; 200 where it is not said.", example="202"),
    ), exactly_one=WAYS), lambda found: found),
    "What a provider tells the product comes late, twice, in another order or never.",
    example="{duplicate: 2}",
)

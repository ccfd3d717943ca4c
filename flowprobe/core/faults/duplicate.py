"""`duplicate: 2`: the provider gets the call twice, the caller one answer."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.delivery import Deliver
from flowprobe.core.fields import As, Choice, Field, Integer, OneOf, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Duplicate"]


@plain
class Duplicate(Plain):
    """Deliver the call `times` times, one after the other; the caller hears the `answer` of the first delivery, or of
    the last."""

    times: int = 2
    answer: str = "first"

    def action(self) -> Action:
        return Deliver(self.times, first=self.answer == "first")

    def describe(self) -> str:
        return f"delivered {self.times} times"


_TIMES = Integer(minimum=2, maximum=5)
FIELD = Field("duplicate", OneOf(
    scalar=As(_TIMES, Duplicate),
    mapping=Record("duplicate", Duplicate, (
        Field("times", _TIMES, "How often the provider gets it in all.", example="2"),
        Field("answer", Choice(("first", "last")), "Which answer the caller hears.", example="last"),
    ), filled=True),
), "Deliver each call more than once; the caller hears one answer.", example="2")

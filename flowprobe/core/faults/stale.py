"""`stale: true`: the provider's answer is the one that it gave before."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.answers import Recall
from flowprobe.core.fields import TRUE, As, Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Stale"]


@plain
class Stale(Plain):
    """Answer with the first good reply that the same method and URL had in this trial; the provider is not asked. The
    first call of a URL is served, or left to the other faults of the plan: nothing is older."""

    def action(self) -> Action:
        return Recall()

    def describe(self) -> str:
        return "stale reply"


FIELD = Field("stale", As(TRUE, lambda _: Stale()), "Answer again what the same URL was answered before.",
              example="true")

"""Calls of ours that seem to have gone past the proxy: what ought to have been seen there, and was not.

What goes past us is not seen, so these are conclusions, each from what was seen: a promise of `sends`, the unfaulted
twin, a webhook of the provider. A product that did not call at all looks the same, and the words say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowprobe.core.attribution import enough
from flowprobe.core.evidence import StepEvidence, TrialEvidence
from flowprobe.core.plain import Plain, plain

__all__ = ["Leak", "leaks_of"]

_NOT_PROVIDERS = ("user", "undeclared")
_WEBHOOKS = ".webhooks"
_NEVER = ("0 times", "0 times (in 0 calls)")


@plain
class Leak(Plain):
    """`what` was expected of the provider `edge`, under `step` ('' where none is known), and `because` of what."""

    edge: str
    what: str
    step: str
    because: str

    def sentence(self) -> str:
        at = f"{self.step}: " if self.step else ""
        return (f"{at}{self.what} to {self.edge!r} was not seen, though {self.because}: the product did not make it, "
                "or it went past the proxy")


def leaks_of(trial: TrialEvidence, twin: TrialEvidence | None) -> tuple[Leak, ...]:
    """Everything that a trial seems to have sent past us, each thing once."""
    found = (*_promised(trial), *(_as_before(trial, twin) if twin is not None else ()), *_called_back(trial))
    return tuple({(leak.edge, leak.what, leak.step): leak for leak in reversed(found)}.values())[::-1]


def _promised(trial: TrialEvidence) -> Iterator[Leak]:
    """What `sends` promises of a step that was answered as it should be, and that never came."""
    for step in trial.steps:
        missed = [finding for finding in step.findings if finding.kind == "sends" and finding.seen in _NEVER]
        if len(missed) == len(step.findings):  # a step that went wrong otherwise need not have sent anything
            for finding in missed:
                what, _, edge = finding.where.removesuffix(" with effect").rpartition(" to ")
                yield Leak(edge.strip("'"), what, step.name, "`sends` promises it")


def _as_before(trial: TrialEvidence, twin: TrialEvidence) -> Iterator[Leak]:
    """What the twin sent because of a step that went alike, to a provider that nothing was done to."""
    seen = {(found.exchange.edge, found.exchange.site) for found in trial.all_exchanges}
    touched = {receipt.edge for receipt in trial.receipts}
    before = {step.name: step for step in twin.steps}
    for step in trial.steps:
        other = before.get(step.name)
        if other is None or (step.outcome, other.outcome) != ("held", "held") or len(step.calls) != len(other.calls):
            continue
        for edge, site in _sites(other):
            if (edge, site) not in seen and edge not in touched:
                yield Leak(edge, site, step.name, "the unfaulted trial made it there and the step went alike")


def _sites(step: StepEvidence) -> list[tuple[str, str]]:
    """The provider calls that are known to be a step's."""
    found = ((each.exchange.edge, each.exchange.site) for call in step.calls for each in call.exchanges
             if each.by in ("call", "window"))
    return [(edge, site) for edge, site in dict.fromkeys(found)
            if edge not in _NOT_PROVIDERS and not edge.endswith(_WEBHOOKS)]


def _called_back(trial: TrialEvidence) -> Iterator[Leak]:
    """A webhook that bears a mark of ours: the provider has been asked for something, and not through us."""
    exchanges = [found.exchange for found in trial.all_exchanges]
    asked = {exchange.edge for exchange in exchanges}
    for exchange in exchanges:
        provider = exchange.edge.removesuffix(_WEBHOOKS)
        marked = exchange.evidence != "owned" and enough(exchange.evidence, "learned")
        if provider != exchange.edge and provider not in asked and marked:
            yield Leak(provider, "a call", "", f"it called back ({exchange.site}) with a mark of this trial")

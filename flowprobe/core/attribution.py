"""Whose call is it? The ladder of evidence, strongest first: a product that we started, a trace id, the trial's id in
the request, an id that a provider gave to what the trial made, the customer that it is for, the instance that sends it,
a time in which nobody else calls.

*Whose trial?* decides whether we may inject; *which step?* only what we may say. What bears the marks of two trials is
nobody's.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from flowprobe.core.tracing import CallId, call_id

__all__ = ["AMBIGUOUS", "NOBODY", "RUNGS", "Attribution", "Rung", "Signs", "attribute", "enough", "rung_of", "weakest"]

Rung: TypeAlias = Literal["owned", "trace", "trial-id", "learned", "credentials", "listener", "window"]
RUNGS: tuple[Rung, ...] = get_args(Rung)
"""Strongest first."""
_OTHER: dict[str, Rung] = {"proxy-user": "listener"}
_NO_RUNG = ("none", "ambiguous")


@dataclass(frozen=True, slots=True)
class Signs:
    """What a request shows. `carried`: the call ids in its headers, with the name of each, the strongest first;
    `marked`: the trials whose id stands in it; `learned`: those of which an id was learned that stands in it;
    `customers`: those that act as the customer it is for (more than one say no more than a mark does); `stranger`: it
    is for a customer that no trial acts as."""

    carried: tuple[tuple[str, CallId], ...] = ()
    marked: frozenset[str] = frozenset()
    learned: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class Attribution:
    """`call` is the trace id of the call that caused this one, `step_number` its step, where they are known."""

    trial: str | None
    evidence: str
    call: str | None = None
    step_number: int | None = None


NOBODY = Attribution(None, "none")
AMBIGUOUS = Attribution(None, "ambiguous")


def attribute(signs: Signs, known: Container[str], *, otherwise: Attribution = NOBODY) -> Attribution:
    """Say whose request this is. `known` are the trials of this run; `otherwise` is whose it is where nothing on it
    says so: the one trial of a product that we started, of an instance of its own, or of an open window."""
    carried = [(name, call) for name, call in signs.carried if call.trial in known]
    claims = {call.trial for _, call in carried} | signs.marked | signs.learned
    if len(claims) > 1 or (claims and signs.customers and not claims <= signs.customers):
        return AMBIGUOUS
    if carried:
        return _named(carried[0][1], carried[0][0])
    for evidence, found in (("trial-id", signs.marked), ("learned", signs.learned), ("credentials", signs.customers)):
        if found:
            return Attribution(next(iter(found)), evidence) if len(found) == 1 else AMBIGUOUS
    return NOBODY if signs.stranger and otherwise.evidence != "owned" else otherwise


def _named(call: CallId, evidence: str) -> Attribution:
    trace = call_id(call.trial, call.step_number, call.attempt)
    return Attribution(call.trial, evidence, trace, call.step_number)


# --- rungs ----------------------------------------------------------------------------------------


def rung_of(evidence: str) -> Rung | None:
    """The rung that a piece of evidence stands on; None where there is none. Any header with a call id is a trace."""
    if evidence in _NO_RUNG:
        return None
    return evidence if evidence in RUNGS else _OTHER.get(evidence, "trace")


def enough(evidence: str, minimum: Rung) -> bool:
    """Whether evidence is at least as strong as the minimum."""
    rung = rung_of(evidence)
    return rung is not None and RUNGS.index(rung) <= RUNGS.index(minimum)


def weakest(rungs: Iterable[Rung]) -> Rung:
    """The lowest of some rungs."""
    return max(rungs, key=RUNGS.index)

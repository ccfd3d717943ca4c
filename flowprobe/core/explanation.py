"""What a broken trial is put down to, as a value: the step, what broke, whose doing it is, and how sure that is. The
sentence that people read is made from it, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from flowprobe.core.expect import milliseconds
from flowprobe.core.plain import Plain, plain
from flowprobe.core.redact import cut_short

__all__ = ["Explanation", "Origin", "Sure", "Suspect", "sentence", "subject", "what_broke"]


class Origin(StrEnum):
    """Whose doing it is: a fault of ours, which the product could not bear; a provider, by itself; the product, by
    itself; the environment, in which nothing answers; or nobody knows."""

    FAULT = "fault"
    PROVIDER = "provider"
    PRODUCT = "product"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"


class Sure(StrEnum):
    """Sure: it follows from what was measured. Likely: it was seen together, and not without. Unknown: neither."""

    SURE = "sure"
    LIKELY = "likely"
    UNKNOWN = "unknown"


@plain
class Suspect(Plain):
    """A fault that fell before it broke, `times` in all; `here`: on a call that the step itself caused. The product was
    made to wait `injected_s` for it, and gave it up after `gave_up_s` (None: it did not). `did` is what the product did
    then: waited, gave up, tried again, went on, or ended (it made no other call for the step)."""

    fault: str
    edge: str
    kind: str
    described: str
    times: int
    here: bool
    injected_s: float = 0.0
    gave_up_s: float | None = None
    did: str = ""


@plain
class Explanation(Plain):
    """Why a trial came out as it did. `broke` is a clause about `step`, or, where that is '', about the whole journey.
    `because` are the faults that it is put down to, `beside` those that fell as well. `provider` is the
    one that failed by itself, and `failed` how; `without` is how the step went in the unfaulted twin: both '' for
    nothing known. `eased`: the step did not break, but came out as no more than what is promised under the faults."""

    scenario: str
    personas: tuple[str, ...]
    step: str
    broke: str
    origin: Origin
    sure: Sure
    because: tuple[Suspect, ...] = ()
    beside: tuple[Suspect, ...] = ()
    provider: str = ""
    failed: str = ""
    without: str = ""
    eased: bool = False


def subject(scenario: str, personas: Sequence[str], *, longest: int | None = None) -> str:
    """Whose journey it is: `'A journey' for pro-eu`; of its name no more than `longest` characters."""
    name = scenario if longest is None else cut_short(scenario, longest)
    return f"{name!r} for {', '.join(personas)}" if personas else repr(name)


def sentence(explanation: Explanation, *, longest: int | None = None) -> str:
    """What people read: "because" where it is sure, "while" and "after" where it was seen together. The journey's name
    is cut where it is longer than `longest`."""
    clauses = (what_broke(explanation, longest=longest), *_clauses(explanation))
    return f"{', '.join(clauses)}{_without(explanation)}."


def what_broke(explanation: Explanation, *, longest: int | None = None) -> str:
    """The beginning of the sentence, as a clause without an end: what broke, and nothing of why."""
    return f"{subject(explanation.scenario, explanation.personas, longest=longest)} {_head(explanation)}"


def _head(explanation: Explanation) -> str:
    if not explanation.step:
        return f"fails its promise {explanation.broke}"
    ends = "comes out degraded" if explanation.eased else "fails"
    return f"{ends}: step {explanation.step!r} {explanation.broke}"


def _without(explanation: Explanation) -> str:
    """The twin tells nothing about a fault that did not fall."""
    fell = len(explanation.because) + len(explanation.beside)
    if not fell:
        twin = f", and the trial without faults was answered {explanation.without}" if explanation.without else ""
        return f"; nothing had been injected by then{twin}"
    if not explanation.without:
        return ""
    return f"; without the fault{'s' if fell > 1 else ''} it was answered {explanation.without}"


def _clauses(explanation: Explanation) -> Iterator[str]:
    if explanation.provider:
        yield f"while {explanation.provider!r} itself {explanation.failed}"
    here = [each for each in explanation.because if each.here]
    before = [each for each in explanation.because if not each.here]
    if here:
        yield f"{'because' if explanation.sure is Sure.SURE else 'while'} {_listed(here)}"
    if before:
        yield f"after {_listed(before)}"
    if explanation.because and explanation.sure is Sure.UNKNOWN:
        yield "and nobody can tell whether that is why"
    cleared = [each for each in explanation.beside if _is_cleared(explanation, each)]
    others = [each for each in explanation.beside if each not in cleared]
    if cleared:
        yield f"and not because {_listed(cleared)}" if explanation.because else (
            f"though {_listed(cleared)}, which does not explain it")
    if others:
        yield f"and {_listed(others)} as well"


def _is_cleared(explanation: Explanation, beside: Suspect) -> bool:
    """Only by what it measurably took: a delay beside longer ones, or anything where it is sure what it was."""
    if explanation.because:
        return explanation.sure is Sure.SURE or all(each.did == "waited" for each in (*explanation.because, beside))
    return beside.did == "waited" or not explanation.provider


def _listed(suspects: Sequence[Suspect]) -> str:
    return " and ".join(
        f"{each.described} was injected "
        + ("between the user and the product" if each.edge == "user" else f"into {each.edge!r}")
        + _how(each) for each in suspects)


def _how(suspect: Suspect) -> str:
    said = [f"{suspect.times} times"] if suspect.times > 1 else []
    said += [] if suspect.gave_up_s is None else [f"given up after {milliseconds(suspect.gave_up_s)}"]
    return f" ({', '.join(said)})" if said else ""

"""Why a trial fails, after its faults were taken away one by one: which of them it takes, and from what delay on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowprobe.core.expect import milliseconds
from flowprobe.core.explanation import Sure, subject
from flowprobe.core.plain import Plain, plain

__all__ = ["Cause", "Part", "sentence"]

_SEEN = 3
"""So often it has to break again for anybody to be sure."""


@plain
class Part(Plain):
    """A fault of the plan, as it is in the smallest plan that breaks the same: its id, its edge, the word of its kind,
    and what a person reads ("latency 310ms"). With a delay of `breaks_s` it broke, with `holds_s` it did not; None
    where no delay was looked for."""

    fault: str
    edge: str
    kind: str
    described: str
    breaks_s: float | None = None
    holds_s: float | None = None

    @property
    def is_measured(self) -> bool:
        return self.breaks_s is not None and self.holds_s is not None


@plain
class Cause(Plain):
    """The smallest plan that is known to break the same: the faults that are `needed`, and the `spare` ones that are
    not. With them it broke `k` times of `n`. `trials` are those that it took, these included. `minimal`: of what is
    needed nothing can be left out, and no delay be shorter; else `ended` says why nobody knows. `step` and `broke` are
    the promise: the step ('' for the whole journey), and a sentence. `holds_without`: after all that, it held without
    any fault; None where that was not tried, or nobody can tell. Nothing is `needed` where no fault fell at all."""

    needed: tuple[Part, ...]
    spare: tuple[Part, ...] = ()
    step: str = ""
    broke: str = ""
    k: int = 0
    n: int = 0
    trials: int = 0
    minimal: bool = True
    ended: str = ""
    holds_without: bool | None = None

    @property
    def sure(self) -> Sure:
        """Sure is what broke each time with just these faults, and held once more without them; what broke now and then
        only may have done so by chance."""
        if not self.needed or self.k < self.n or self.holds_without is False:
            return Sure.UNKNOWN
        return Sure.SURE if self.minimal and self.k == self.n >= _SEEN and self.holds_without else Sure.LIKELY


def sentence(cause: Cause, scenario: str, personas: Sequence[str], *, longest: int | None = None) -> str:
    """The cause as a person reads it, with how sure it is. The scenario's name is cut where it is longer than
    `longest`."""
    who, at = subject(scenario, personas, longest=longest), f" at step {cause.step!r}" if cause.step else ""
    if not cause.needed:
        return f"{who} failed{at}, and nothing had been injected: no fault of the plan fell on a call, so none is why."
    if cause.n and not cause.k:
        tried = " and ".join(f"{part.edge} {part.described}" for part in cause.needed)
        return (f"{who} failed{at}, and not again with {tried}: 0 of {cause.n} times"
                f"{f'; {cause.ended}' if cause.ended else ''}. Its cause is unknown.")
    if cause.holds_without is False:
        named = _named(cause.needed)
        return f"{who} fails{at} by now without any fault, too: whether it is because of {named} is unknown."
    if cause.k < cause.n:
        return (f"{who} fails now and then{at} with {_named(cause.needed)}, by chance or by something else: "
                f"{'; '.join(_clauses(cause))}.")
    alone = "" if not cause.minimal else " alone" if len(cause.needed) == 1 else " together"
    return f"{who} fails{at} because of {_named(cause.needed)}{alone}: {'; '.join(_clauses(cause))}."


def _clauses(cause: Cause) -> Iterator[str]:
    several = len(cause.needed) > 1
    yield from (_threshold(part, minimal=cause.minimal, named=several) for part in cause.needed if part.is_measured)
    yield f"seen {cause.k} of {cause.n} times" if cause.n else "not seen again, for no trial was left"
    if cause.holds_without and cause.k == cause.n:
        yield f"holds without {'them' if several else 'it'}"
    if cause.spare:
        yield f"{_named(cause.spare)} of the same plan {'is' if len(cause.spare) == 1 else 'are'} not needed"
    if not cause.minimal:
        yield f"a smaller cause may be there: {cause.ended}"


def _threshold(part: Part, *, minimal: bool, named: bool) -> str:
    breaks, holds = part.breaks_s or 0.0, part.holds_s or 0.0
    which = f"{_words(part)} " if named else ""
    if not minimal:
        return f"{which}breaks with {milliseconds(breaks)}" + (f" (holds with {milliseconds(holds)})" if holds else "")
    if not holds:
        return f"{which}breaks with {milliseconds(breaks)} already"
    return f"{which}breaks from {milliseconds(breaks)} on (holds at {milliseconds(holds)})"


def _named(parts: Sequence[Part]) -> str:
    return " and ".join(map(_words, parts))


def _words(part: Part) -> str:
    """`search latency`; where it is no delay that matters, more of it: `payments status 503`."""
    what = part.kind.replace("_", " ") if part.is_measured else part.described
    return f"{part.edge} {what}"

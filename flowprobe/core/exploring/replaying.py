"""What the trials of a case say: whether the promise is still broken.

Nothing is mended without proof: each fault fell on its call, the journey without faults was sound, and it held as often
as it takes to tell a mended product from one that breaks now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log
from typing import Literal, TypeAlias

from flowprobe.core.exploring.bench import broken
from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break, Learned
from flowprobe.core.plain import Plain, plain

__all__ = ["Outcome", "Replayed", "replayed", "trials_needed"]

Outcome: TypeAlias = Literal["still broken", "mended", "cannot tell"]

_CODES: dict[Outcome, int] = {"still broken": 1, "mended": 0, "cannot tell": 3}
_DOUBT = 0.05
_MOST = 20


@plain
class Replayed(Plain):
    """What came of it, and why, in a sentence. `otherwise`: another promise was broken than that of the case."""

    outcome: Outcome
    sentence: str
    otherwise: bool = False

    @property
    def exit_code(self) -> int:
        """1 still broken, 0 mended, 3 cannot tell."""
        return _CODES[self.outcome]


def trials_needed(confirmed: Confirmed | None) -> int:
    """How often it has to hold, so that with what breaks k of n times so many in a row are mere luck in one of twenty
    cases; 20 at most."""
    if confirmed is None or not confirmed.is_flaky:
        return 1
    return min(_MOST, ceil(log(_DOUBT) / log(confirmed.flake_rate)))


def replayed(broke: Break, trials: Sequence[Learned], *, faults: Sequence[str], twin: Learned | None = None,
             without: Sequence[str] = (), needed: int = 1) -> Replayed:
    """`faults` are the words for the faults of the case, in its order, and `twin` is the same trial without them. Where
    there are none it is the journey in the ordinary state, `without` the same steps, or None. Any trial that breaks
    decides; to be mended takes `needed` that hold."""
    how = "without faults" if faults else "in the ordinary state"
    if twin is not None and (unsound := _unsound(twin, how, without)):
        return Replayed("cannot tell", unsound)
    if (same := sum(broken(learned, broke) for learned in trials)):
        return Replayed("still broken", _often(f"{_said(broke)} is broken as it was", same, len(trials)))
    if (other := next((learned for learned in trials if learned.broke), None)) is not None:
        now = other.breaks[0] if other.breaks else None
        seen = f"now {_said(now)}: {now.sentence or now.where}" if now else other.because or "the journey fails"
        return Replayed("still broken", f"broken in another way, not {_said(broke)}; {seen}", otherwise=True)
    for learned in trials:
        if doubt := _doubt(learned, faults):
            return Replayed("cannot tell", doubt)
    if not trials:
        return Replayed("cannot tell", "no trial was made")
    if len(trials) < needed:
        return Replayed("cannot tell", f"it held {_times(len(trials))}; as it broke only now and then, that takes "
                                       f"{needed} in a row")
    return Replayed("mended", _held(broke, trials))


def _unsound(twin: Learned, how: str, without: Sequence[str]) -> str:
    """Why nothing can be said of faults, or of a state: without them the journey is not sound either."""
    match twin.judged:
        case "pass" | "degraded":
            return ""
        case "refused":
            return "the product refuses this state of the account"
        case "inconclusive":
            return f"the journey {how} was inconclusive: {twin.because or 'nobody knows why'}"
        case _:
            seen = f": {_said(twin.breaks[0])}" if twin.breaks else ""
            gone = f", or remove `without` from the case: it leaves out {', '.join(without)}" if without else ""
            return f"the journey fails {how} too{seen}; mend that first{gone}"


def _doubt(learned: Learned, faults: Sequence[str]) -> str:
    if learned.judged == "refused":
        return "the product refuses this state of the account"
    if learned.judged == "inconclusive":
        return learned.because or "a trial was inconclusive"
    missed = [words for number, words in enumerate(faults) if number not in learned.fired]
    if missed:
        return f"{', '.join(missed)} fell on no call: the product may not make it any more"
    return ""


def _held(broke: Break, trials: Sequence[Learned]) -> str:
    degraded = any(learned.judged == "degraded" for learned in trials)
    return f"{_said(broke)} held {_times(len(trials))}{', degraded as promised' if degraded else ''}"


def _said(broke: Break) -> str:
    """`status of pay`, or the text of an invariant."""
    return f"the {broke.where} of {broke.step}" if broke.step else f"{broke.kind} {broke.where}"


def _often(sentence: str, times: int, of: int) -> str:
    return sentence if times == of == 1 else f"{sentence}, {times} of {of} times"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"

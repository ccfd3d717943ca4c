"""What an exploration says of itself, in sentences: the same ones in the terminal, on the page and in the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, assert_never

from flowprobe.core.expect import milliseconds
from flowprobe.core.exploring.exploration import Exploration, Flaky, Patience, Pruned, StatesTried, Unseen
from flowprobe.core.exploring.model import Site
from flowprobe.core.exploring.shrink import Threshold
from flowprobe.report.exploring_matrix import counts
from flowprobe.report.exploring_told import About, CaseTold, break_words, try_words

__all__ = [
    "Mood", "confirmed_words", "counted", "effort_words", "ended_words", "flaky_words", "left_behind_words",
    "left_words", "mood_of", "pairs_words", "patience_words", "pruned_words", "site_words", "states_words",
    "threshold_words", "unjudged_words", "unseen_words", "verdict_words",
]

_MOST_LEFT = 3

Mood: TypeAlias = Literal["good", "warn", "bad", "odd"]
_REASONS = 3


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 case`, `6 cases`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or f'{noun}s'}"


def mood_of(exploration: Exploration) -> Mood:
    """Bad where something breaks, odd where nothing can be said, good only where all that was planned held."""
    if exploration.found:
        return "bad"
    if exploration.ended == "no baseline" or exploration.is_in_doubt:
        return "odd"
    return "warn" if exploration.ended == "stopped" else "good"


def verdict_words(exploration: Exploration) -> str:
    """The whole of it in half a sentence."""
    found, flaky = exploration.found, exploration.flaky
    if found:
        return f"{counted(len(found), 'case')} found"
    if exploration.ended == "no baseline":
        return "nothing could be judged"
    if exploration.found_nothing_to_try:
        return "there is nothing to search"
    if exploration.states.unjudged and not flaky:
        return f"no case found, and {counted(exploration.states.unjudged, 'state')} could not be judged"
    if flaky:
        return f"no certain case found, and {counted(len(flaky), 'flaky try', 'flaky tries')}"
    return "nothing broke in what was tried" if exploration.ended == "stopped" else "no case found"


def ended_words(exploration: Exploration) -> str:
    """How it ended."""
    because = exploration.because
    match exploration.ended:
        case "whole" if exploration.found_nothing_to_try:
            return ("no call to a provider was seen on which a fault may fall here, and nothing is said of what else "
                    "the account may be")
        case "whole":
            return "all that was planned was tried"
        case "saturated":
            return f"ended early: {because or 'the last tries have shown nothing new'}"
        case "stopped":
            return f"stopped before its end: {because or 'nobody said why'}"
        case "no baseline":
            broken = exploration.baseline.broken or because or "nobody knows why"
            return f"there was nothing to compare with: {broken}"
        case _:
            assert_never(exploration.ended)


def effort_words(exploration: Exploration, about: About) -> str:
    """How much was tried; `of` what, where there was a budget."""
    of = f" (budget: {about.budget})" if about.budget else ""
    return (f"{counted(exploration.tries, 'try', 'tries')}, {counted(exploration.calls, 'call')}, "
            f"{_lasting(exploration.seconds)} in them{of}")


def left_words(exploration: Exploration) -> Iterator[str]:
    """What could not be judged, and what the budget did not reach."""
    if exploration.states.unjudged:
        yield unjudged_words(exploration.states)
    left = counts(exploration).get("out of budget", 0)
    if left:
        of = counted(len(exploration.cells), "combination")
        yield f"left out of the budget: {left} of {of} of call and kind"


def left_behind_words(left: Sequence[str]) -> Iterator[str]:
    """The first of what could not be cleaned up, how much more there is, and what to do."""
    told = [text if times == 1 else f"{text} ({times} times)" for text, times in Counter(left).items()]
    yield from told[:_MOST_LEFT]
    if len(told) > _MOST_LEFT:
        yield f"and {len(told) - _MOST_LEFT} more left behind"
    if left:
        yield "`flowprobe cleanup` tries once more to clean it up"


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return milliseconds(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


# --- a case ---------------------------------------------------------------------------------------


def threshold_words(threshold: Threshold) -> str:
    """`breaks from 310 ms on, holds at 300 ms`."""
    return f"breaks from {milliseconds(threshold.breaks_s)} on, holds at {milliseconds(threshold.holds_s)}"


def confirmed_words(case: CaseTold) -> str:
    """How often it broke when it was tried again."""
    found, rate = case.found, case.flake_rate
    if rate is None:
        return "not tried again: nobody knows how often it breaks"
    often = f"{found.confirmed} of {found.of}"
    return f"{often}: it breaks now and then, with a flake rate of {_percent(rate)}" if rate else often


def flaky_words(flaky: Flaky, about: About) -> str:
    """A try that had more than one outcome."""
    rate = f", {_percent(flaky.broke / flaky.of)}" if flaky.of else ""
    return (f"{try_words(flaky.tried, about.defaults)}: broke {flaky.broke} of {counted(flaky.of, 'time')}{rate}: "
            f"{break_words(flaky.breaks)}")


# --- what was covered -----------------------------------------------------------------------------


def site_words(site: Site) -> str:
    """A call without its provider: `POST /v1/charges/* #2 in pay`."""
    number = " (each)" if site.ordinal == 0 else f" #{site.ordinal}" if site.ordinal > 1 else ""
    return f"{site.call}{number}{f' in {site.step}' if site.step else ''}"


def patience_words(patience: Patience) -> str:
    """How long the product waits for a call, and which delays it stands."""
    waits = (f"still waited after {milliseconds(patience.waited_s)}: no timeout was seen"
             if patience.gives_up_s is None else f"gives up after {milliseconds(patience.gives_up_s)}")
    holds = [] if patience.holds_s is None else [f"holds at {milliseconds(patience.holds_s)}"]
    breaks = [] if patience.breaks_s is None else [f"breaks at {milliseconds(patience.breaks_s)}"]
    return "; ".join((waits, *breaks, *holds))


def states_words(states: StatesTried) -> str:
    if not states.tried and not states.refused:
        return "no odd account state was tried"
    broken = f", {states.broken} broke the journey without any fault" if states.broken else ""
    pairs = f"; pairs of field values: {states.pairs} of {states.of_pairs}" if states.of_pairs else ""
    return f"{counted(states.tried, 'state')} tried, {states.refused} refused by the product{broken}{pairs}"


def unjudged_words(states: StatesTried) -> str:
    """Of how many states nothing can be said, and why."""
    more = len(states.because) - _REASONS
    few = (*states.because[:_REASONS], *([f"and {counted(more, 'more reason')}"] if more > 0 else []))
    return f"{counted(states.unjudged, 'state')} could not be judged: {'; '.join(few) or 'nobody knows why'}"


def pairs_words(exploration: Exploration) -> str:
    pairs = exploration.pairs
    return f"{pairs.covered} of {counted(pairs.of, 'pair')} of faults" if pairs.of else ""


def pruned_words(pruned: Sequence[Pruned]) -> str:
    """What was left out, most of it first."""
    most = sorted(pruned, key=lambda each: -each.count)
    reasons = "; ".join(f"{each.count} × {each.reason}" for each in most)
    total = counted(sum(each.count for each in pruned), "combination")
    return f"{total} left out: {reasons}" if pruned else "nothing was left out"


def unseen_words(unseen: Unseen | None) -> str:
    """How much is left, and how far to trust that."""
    if unseen is None:
        return "nothing was tried, so nothing can be said of what is left"
    more = round(unseen.outcomes)
    least = f"at least {counted(more, 'more kind')} of outcome to be expected" if more else "no further kind of outcome"
    return (f"{counted(unseen.seen, 'kind')} of outcome seen in {counted(unseen.tries, 'try', 'tries')}, {unseen.once} "
            f"of them only once: the next try shows something new with a chance of {_percent(unseen.chance)}; {least} "
            f"({unseen.words})")


def _percent(part: float) -> str:
    """In whole percents, on one line; what is not nothing is never told as 0."""
    return f"{'under 1' if 0 < part < 0.01 else f'{part * 100:.0f}'}\N{NO-BREAK SPACE}%"

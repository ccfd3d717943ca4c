"""An exploration in a few lines of Markdown: for the summary of a CI job, or a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flowprobe.core.exploring.exploration import Exploration
from flowprobe.report.exploring import MARK
from flowprobe.report.exploring_matrix import counts
from flowprobe.report.exploring_told import About, CaseTold
from flowprobe.report.exploring_words import (
    confirmed_words,
    effort_words,
    ended_words,
    flaky_words,
    left_behind_words,
    mood_of,
    threshold_words,
    unjudged_words,
    unseen_words,
    verdict_words,
)
from flowprobe.report.visible import visible

__all__ = ["exploration_summary"]

_MEANS = re.compile(r"([\\`*_{}\[\]<>()#!|~&@]|:(?=\S)|(?<=www)\.)")
"""What means something to Markdown in the middle of a line; a colon makes links and emojis of what it touches."""
_MOST = 20


def exploration_summary(exploration: Exploration, cases: Sequence[CaseTold], about: About) -> str:
    """The verdict, the cases with the commands to replay them, and how much was covered."""
    mood = mood_of(exploration)
    lines = [f"### {MARK[mood]} {_text(verdict_words(exploration))} · {_text(about.scenario)}", "",
             *_cases(cases), *_rest(exploration, about)]
    return "\n".join(lines) + "\n"


def _cases(cases: Sequence[CaseTold]) -> Iterator[str]:
    for number, case in enumerate(cases[:_MOST], start=1):
        yield f"{number}. **{_text(case.sentence)}**"
        confirmed = "confirmed " if case.found.of else ""
        facts = [*map(threshold_words, case.thresholds), f"{confirmed}{confirmed_words(case)}"]
        yield f"   - {_text('; '.join(facts))}"
        yield f"   - {_code(case.replay)}"
    if len(cases) > _MOST:
        yield f"\nand {len(cases) - _MOST} more"
    if cases:
        yield ""


def _rest(exploration: Exploration, about: About) -> Iterator[str]:
    covered = ", ".join(f"{number} {outcome}" for outcome, number in counts(exploration).items())
    texts = [effort_words(exploration, about), ended_words(exploration),
             unjudged_words(exploration.states) if exploration.states.unjudged else "",
             f"call × kind: {covered}" if covered else "",
             *(f"flaky: {flaky_words(each, about)}" for each in exploration.flaky), unseen_words(exploration.unseen),
             *left_behind_words(about.left_behind)]
    yield from (f"- {_text(text)}" for text in texts if text)
    if about.resume:
        yield f"- go on with {_code(about.resume)}"


def _text(text: str) -> str:
    """Text that stays text: whatever Markdown would make of it is escaped."""
    return _MEANS.sub(r"\\\1", visible(text))


def _code(text: str) -> str:
    """A command to be copied, in more backticks than stand in it."""
    shown = visible(text)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if "`" in shown else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"

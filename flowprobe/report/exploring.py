"""An exploration as lines of text for people: the cases first, then what was covered, and what is left unseen."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flowprobe.core.exploring.exploration import Exploration
from flowprobe.core.redact import cut_short
from flowprobe.report.exploring_matrix import ONLY, SHORT, SIGNS, Matrix, Row, counts, matrix_of, sign_of
from flowprobe.report.exploring_told import About, CaseTold, also_words, odd_fields, place_words, steps_words
from flowprobe.report.exploring_words import (
    Mood,
    confirmed_words,
    counted,
    effort_words,
    ended_words,
    flaky_words,
    left_behind_words,
    left_words,
    mood_of,
    pairs_words,
    patience_words,
    pruned_words,
    site_words,
    states_words,
    threshold_words,
    unseen_words,
    verdict_words,
)
from flowprobe.report.spans import Line, Span, line

__all__ = ["MARK", "WIDTH", "case_lines", "exploration_lines"]

WIDTH = 100
MARK: dict[Mood, str] = {"good": "✓", "warn": "≈", "bad": "✗", "odd": "?"}
_LEAD = 12
_LABEL = 42
_HEAD = 7
_TRIED = frozenset(SIGNS) - {"not applicable", "not exercised"}
_SENTENCE, _NOTE = 3, 2
"""How many rows a text may take that is told in full on the page."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """How wide a text may be; a secret goes before it is wrapped, for half of one would not be known any more."""

    width: int
    redact: Callable[[str], str]

    def rows(self, text: str, indent: int, most: int | None = None) -> list[str]:
        """Wrapped between words, `most` rows of it; what has no blank in it is never broken."""
        return textwrap.wrap(self.redact(text), self.width - indent, break_long_words=False, break_on_hyphens=False,
                             max_lines=most, placeholder=" …") or [""]


def exploration_lines(exploration: Exploration, cases: Sequence[CaseTold], about: About, *,
                      width: int = WIDTH) -> Iterator[Line]:
    """The end of an exploration; nothing is wider than `width`, but for commands and paths, which are never broken."""
    fit = _Fit(width, about.redact)
    for number, case in enumerate(cases, start=1):
        yield line("")
        yield from case_lines(case, about, number=number, width=width)
    yield from _coverage(matrix_of(exploration), exploration, fit)
    if mood_of(exploration) != "odd" or exploration.flaky or exploration.states.unjudged:
        yield from _learned(exploration, about, fit)
    yield line("")
    mood = mood_of(exploration)
    yield line(Span(f"{MARK[mood]} {verdict_words(exploration)}", mood), f"  {effort_words(exploration, about)}",
               Span(f"  exit {about.exit_code}", "dim"))
    yield from _said("", (ended_words(exploration),), fit, "" if exploration.ended == "whole" else "warn")
    yield from _said("", tuple(left_words(exploration)), fit, "dim")
    yield from _said("", tuple(left_behind_words(about.left_behind)), fit, "bad")
    if about.resume:
        yield line("  ", Span("go on where it ended: ", "dim"), about.resume)


# --- a case ---------------------------------------------------------------------------------------


def case_lines(case: CaseTold, about: About, *, number: int, width: int = WIDTH) -> Iterator[Line]:
    """A case as a block: what it takes and what breaks, then each part of it."""
    fit = _Fit(width, about.redact)
    first, *rest = fit.rows(case.sentence, 5, _SENTENCE)
    yield line(Span("✗", "bad"), f" {number:<2} ", Span(first, "bold"))
    for text in rest:
        yield line("     ", Span(text, "bold"))
    odd = [str(each) for each in odd_fields(case.found.case.state, about.defaults)]
    yield from _part("state", odd, fit, "warn")
    faults = [place_words(placed) for placed in case.found.case.faults]
    yield from _part("fault" if len(faults) == 1 else "faults", faults or ["none"], fit)
    yield from _part("left out", list(filter(None, [steps_words(case.found.case.without)])), fit, most=_SENTENCE)
    yield from _part("threshold", [_threshold(case, at) for at in range(len(case.thresholds))], fit)
    yield from _part("also breaks", [also_words(case.found.breaks[1:])] if case.found.breaks[1:] else [], fit, most=1)
    yield from _part("confirmed", [_confirmed(case)], fit, "" if case.flake_rate == 0 else "odd")
    if case.best_so_far:
        yield from _part("minimal", [f"not yet, the best so far: {case.best_so_far}"], fit, "odd")
    yield line("     ", Span(f"{'replay':<{_LEAD}}", "dim"), case.replay)
    if case.file is not None and str(case.file) not in case.replay:
        yield line("     ", Span(f"{'file':<{_LEAD}}", "dim"), str(case.file))


def _confirmed(case: CaseTold) -> str:
    others = counted(case.others, "other try", "other tries")
    return f"{confirmed_words(case)}{f'; seen in {others} too' if case.others else ''}"


def _threshold(case: CaseTold, at: int) -> str:
    threshold, faults = case.thresholds[at], case.found.case.faults
    of = f" ({faults[threshold.fault].site.edge})" if len(faults) > 1 and threshold.fault < len(faults) else ""
    return f"{threshold_words(threshold)}{of}"


def _part(lead: str, texts: Sequence[str], fit: _Fit, style: str = "", *, most: int | None = None) -> Iterator[Line]:
    """A part of a case under its word, one text below the other; of each `most` rows."""
    for text in texts:
        for row in fit.rows(text, 5 + _LEAD, most):
            yield line("     ", Span(f"{lead:<{_LEAD}}", "dim"), Span(row, style))
            lead = ""


# --- the table ------------------------------------------------------------------------------------


def _coverage(matrix: Matrix, exploration: Exploration, fit: _Fit) -> Iterator[Line]:
    """Call × kind, as many kinds side by side as fit; then what the signs mean."""
    if not matrix.rows:
        return
    yield line("")
    told = ", ".join(f"{number} {outcome}" for outcome, number in counts(exploration).items())
    yield line(Span("Coverage", "bold"), "  ", Span(told, "dim"))
    if not any(cell.outcome in _TRIED for cell in exploration.cells):
        yield from _not_exercised(exploration, fit)
        return
    label = min(_LABEL, max(len(_label(row)) for row in matrix.rows))
    for kinds in _blocks(matrix.kinds, fit.width - label - 2):
        yield line("")
        yield line(" " * (label + 2), *(Span(f" {_head(kind):<{_wide(kind)}}", "bold") for kind in kinds))
        for edge, rows in matrix.providers.items():
            yield line("  ", Span(edge, "bold"))
            for row in rows:
                yield _row(row, kinds, label)
    yield line("")
    yield from _legend(matrix, exploration, fit)


def _blocks(kinds: Sequence[str], room: int) -> Iterator[tuple[str, ...]]:
    """The columns, as many at once as there is room for."""
    block: list[str] = []
    for kind in kinds:
        if block and sum(_wide(each) + 1 for each in (*block, kind)) > room:
            yield tuple(block)
            block = []
        block.append(kind)
    if block:
        yield tuple(block)


def _head(kind: str) -> str:
    return SHORT.get(kind, kind[:_HEAD])


def _wide(kind: str) -> int:
    return max(len(_head(kind)), 3)


def _row(row: Row, kinds: Sequence[str], label: int) -> Line:
    cells = []
    for kind in kinds:
        cell = row.cells.get(kind)
        text, style = (sign_of(cell), SIGNS[cell.outcome].style) if cell else ("", "")
        cells.append(Span(f" {text:<{_wide(kind)}}", style))
    name = _label(row)
    shown = name if len(name) <= label else f"{_label(row, len(name) - label + 1):<{label}}"
    return line("  ", Span(f"{shown:<{label}}", "odd" if row.seen_only else ""), *cells)


def _label(row: Row, over: int = 0) -> str:
    """The call; where it is too long its path is cut, for what tells two calls apart stands behind it."""
    mark, words = "↳ " if row.seen_only else "  ", site_words(row.site)
    if not over:
        return f"{mark}{words}"
    call = row.site.call
    return f"{mark}{cut_short(call, max(8, len(call) - over))}{words[len(call):]}"


def _legend(matrix: Matrix, exploration: Exploration, fit: _Fit) -> Iterator[Line]:
    there = counts(exploration)
    spans: list[Span] = []
    for outcome, sign in SIGNS.items():
        if outcome in there:
            word = Span(f" {sign.meaning}   ")
            if sum(len(span.text) for span in spans) + len(sign.text) + len(word.text) > fit.width - 5:
                yield line("  ", *spans)
                spans = []
            spans += [Span(sign.text, sign.style), word]
    yield line("  ", *spans)
    if any(cell.only for cell in exploration.cells):
        yield line(f"  {ONLY}  ", Span("only in an odd state, or together with another fault", "dim"))
    short = ", ".join(f"{_head(kind)} {kind}" for kind in matrix.kinds if _head(kind) != kind)
    yield from _said("short for", (short,) if short else (), fit, "dim")
    nowhere = ", ".join(matrix.nowhere)
    yield from _said("applicable to no call", (nowhere,) if nowhere else (), fit, "dim")
    yield from _seen_under(matrix, fit)
    yield from _not_exercised(exploration, fit)


def _seen_under(matrix: Matrix, fit: _Fit) -> Iterator[Line]:
    for row in matrix.rows:
        if row.seen_only:
            yield from _said("", (f"↳ {row.site}: seen only {row.seen_only}",), fit, "odd", most=_NOTE)


def _not_exercised(exploration: Exploration, fit: _Fit) -> Iterator[Line]:
    reasons: dict[str, int] = {}
    for cell in exploration.cells:
        if cell.outcome == "not exercised":
            reasons[cell.because or "nobody knows why"] = reasons.get(cell.because or "nobody knows why", 0) + 1
    texts = tuple(f"{number} × {because}" for because, number in reasons.items())
    yield from _said("not exercised", ("; ".join(texts),) if texts else (), fit, "dim", most=_NOTE)


# --- what was learned beside ----------------------------------------------------------------------


def _learned(exploration: Exploration, about: About, fit: _Fit) -> Iterator[Line]:
    yield from _listed("Patience", [f"{each.site}: {patience_words(each)}" for each in exploration.patience], fit)
    told = [states_words(exploration.states), pairs_words(exploration), pruned_words(exploration.pruned)]
    yield from _listed("States and pairs", [words for words in told if words], fit)
    yield from _listed("Left unseen", [unseen_words(exploration.unseen)], fit)
    flaky = [flaky_words(each, about) for each in exploration.flaky]
    yield from _listed("Flaky", flaky, fit, "odd")


def _listed(title: str, texts: Sequence[str], fit: _Fit, style: str = "") -> Iterator[Line]:
    if texts:
        yield line("")
        yield line(Span(title, "bold"))
        yield from _said("", texts, fit, style)


def _said(lead: str, texts: Sequence[str], fit: _Fit, style: str = "", *, most: int | None = None) -> Iterator[Line]:
    for text in texts:
        whole = f"{lead}: {text}" if lead else text
        for number, row in enumerate(fit.rows(whole, 4, most)):
            yield line("    " if number else "  ", Span(row, style))

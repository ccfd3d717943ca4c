"""Small pictures of a journey, one for each of its fault plans and all of one scale: which plan slows what.

A bar is for the eye alone: what it says stands in text above it. What was injected is hatched, as in the waterfall, and
a line across the bar stands where it ended without faults. There is room for so many plans and rows; the others are
said by their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.times import NO_TIMES, Spent, Times, middle
from flowprobe.core.verdict import Kind, Verdict, worst
from flowprobe.report.html import Markup, element, escape
from flowprobe.report.lines import MARK
from flowprobe.report.page_calls import trial_anchor

__all__ = ["charts"]

_PLANS = 12
_ROWS = 12
"""Of each journey the steps, and the providers, that take the longest under any plan."""

_ONE, _SEVERAL = "step or provider", "steps or providers"
_SHORT = 12
"""A longer name may not be seen whole beside its numbers."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """A plan; `anchor` is that of the trial to look at."""

    plan: str
    kind: Kind
    anchor: str
    times: Times
    unfaulted: bool


@dataclass(frozen=True, slots=True)
class _Rows:
    """What every panel shows, by name and in this order, and how many others there are; `longest` is the whole width,
    in seconds."""

    steps: tuple[str, ...]
    providers: tuple[str, ...]
    hidden: int
    longest: float


def charts(trials: Sequence[TrialEvidence], times: Iterable[Times],
           verdicts: Mapping[str, Verdict]) -> Iterator[Markup]:
    """Of the trials of one journey, in the order in which they were made, and what each of them took: gone through in
    any case, and kept of those that are drawn. Nothing where there is no second plan to compare with, or nothing took
    any time."""
    by_plan: dict[str, list[TrialEvidence]] = {}
    for trial in trials:
        by_plan.setdefault(trial.started.plan, []).append(trial)
    chosen = _chosen(by_plan, verdicts) if len(by_plan) > 1 else []
    taken: dict[str, list[Times]] = {plan: [] for plan in chosen}
    for trial, each in zip(trials, times, strict=True):
        if trial.started.plan in taken:
            taken[trial.started.plan].append(each)
    if not chosen:
        return
    panels = [_panel(by_plan[plan], verdicts, taken[plan]) for plan in chosen]
    rows = _rows(panels)
    if rows.longest > 0:
        yield _figure(panels, rows, len(by_plan) - len(panels), repeated=len(trials) > len(by_plan))


def _chosen(by_plan: Mapping[str, Sequence[TrialEvidence]], verdicts: Mapping[str, Verdict]) -> list[str]:
    """The unfaulted first, the others as they were made; where there is no room for all, those that did not pass."""
    def place(plan: str) -> tuple[bool, bool]:
        passed = all(verdicts[trial.started.trial].kind is Kind.PASS for trial in by_plan[plan])
        return bool(by_plan[plan][0].started.faults), passed and len(by_plan) > _PLANS

    return sorted(by_plan, key=place)[:_PLANS]


def _panel(trials: Sequence[TrialEvidence], verdicts: Mapping[str, Verdict], times: Sequence[Times]) -> _Panel:
    kind = worst([verdicts[trial.started.trial] for trial in trials])
    shown = next(trial for trial in trials if verdicts[trial.started.trial].kind is kind)
    return _Panel(shown.started.plan, kind, trial_anchor(shown), middle(times), not shown.started.faults)


def _rows(panels: Sequence[_Panel]) -> _Rows:
    steps, providers = _longest(each.times.steps for each in panels), _longest(each.times.providers for each in panels)
    shown = _widest(steps), _widest(providers)
    hidden = len(steps) + len(providers) - len(shown[0]) - len(shown[1])
    return _Rows(*shown, hidden, max((*steps.values(), *providers.values()), default=0.0))


def _longest(panels: Iterable[Sequence[Spent]]) -> dict[str, float]:
    """How long each took under any plan, in the order in which they came."""
    found: dict[str, float] = {}
    for spents in panels:
        for spent in spents:
            found[spent.name] = max(found.get(spent.name, 0.0), spent.seconds)
    return found


def _widest(taken: Mapping[str, float]) -> tuple[str, ...]:
    kept = set(sorted(taken, key=taken.__getitem__, reverse=True)[:_ROWS])
    return tuple(name for name in taken if name in kept)


# --- markup ---------------------------------------------------------------------------------------


def _figure(panels: Sequence[_Panel], rows: _Rows, others: int, *, repeated: bool) -> Markup:
    before = next((each.times for each in panels if each.unfaulted), NO_TIMES)
    drawn = (_drawn(each, rows, NO_TIMES if each.unfaulted else before) for each in panels)
    return element("figure", element("figcaption", *_caption(rows, others, repeated=repeated)),
                   element("ul", *drawn, class_="panels"), "\n", class_="charts")


def _caption(rows: _Rows, others: int, *, repeated: bool) -> Iterator[Markup | str]:
    yield element("b", "How long it took")
    yield f" under each plan, by step and (└) by provider. The whole width is {milliseconds(rows.longest)}. "
    line = '<span class="track" aria-hidden="true"><b class="before" style="left:50%"></b></span>'
    yield Markup(f'<span class="key">{line} without faults</span>')
    if repeated:
        yield " Of a plan that was run several times, the median."
    told = [f"{others} more plan{'s' * (others > 1)}" if others else "",
            f"{rows.hidden} shorter {_SEVERAL if rows.hidden > 1 else _ONE}" if rows.hidden else ""]
    if any(told):
        yield element("span", f" Not drawn: {' and '.join(filter(None, told))}.", class_="soft")


def _drawn(panel: _Panel, rows: _Rows, before: Times) -> Markup:
    mark, style = MARK[panel.kind]
    bars = [*_bars(rows.steps, panel.times.steps, before.steps, rows.longest, "ours"),
            *_bars(rows.providers, panel.times.providers, before.providers, rows.longest, "theirs")]
    return Markup(
        f'<li class="panel"><a class="{style}" href="#{escape(panel.anchor)}">{mark} {escape(panel.plan)}</a>'
        f'<ul class="bars">{"".join(bars)}</ul></li>')


def _bars(names: Sequence[str], spents: Sequence[Spent], before: Sequence[Spent], longest: float,
          style: str) -> Iterator[str]:
    """A row for each name, so that the same one stands at the same place in every panel."""
    taken, without = ({each.name: each for each in side} for side in (spents, before))
    lead = "└ " if style == "theirs" else ""
    for name in names:
        words, bar, shown = "no call", "", escape(name)
        title = f' title="{shown}"' if len(name) > _SHORT else ""
        if (spent := taken.get(name)) is not None:
            words, bar = _words(spent), _bar(spent, longest, style)
        if name in without:
            bar += f'<b class="before" style="left:{without[name].seconds / longest:.2%}"></b>'
        yield (f'<li><span class="what"{title}>{lead}{shown}</span> <span class="took">{words}</span>'
               f'<span class="track" aria-hidden="true">{bar}</span></li>')


def _words(spent: Spent) -> str:
    injected = f", {milliseconds(spent.injected_s)} injected" if spent.injected_s > 0 else ""
    return milliseconds(spent.seconds) + injected


def _bar(spent: Spent, longest: float, style: str) -> str:
    """What was injected stands at its end."""
    own, injected = (spent.seconds - spent.injected_s) / longest, spent.injected_s / longest
    bar = f'<i class="{style}" style="width:{own + injected:.2%}"></i>'
    return bar + (f'<i class="injected" style="left:{own:.2%};width:{injected:.2%}"></i>' if injected else "")

"""A run as a page of its own: one file that is read offline, on any screen and on paper, with or without its script.

It is written trial by trial as they were told, so that memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.redact import redacted
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import led
from flowprobe.report.html import Markup, element, escape, head
from flowprobe.report.lines import MARK, footer
from flowprobe.report.model import RunReport, Told
from flowprobe.report.page_calls import trial_anchor
from flowprobe.report.page_charts import charts
from flowprobe.report.page_said import ProductPage
from flowprobe.report.page_script import SCRIPT
from flowprobe.report.page_style import STYLE

__all__ = ["run_page"]

_SPARSE = 0.7
"""A table of which less than that is filled is a list instead."""
_FOOTER_HEAD = 2
"""The lines with the verdict and the counts, which the page has at its top."""


@dataclass(frozen=True, slots=True)
class _Journey:
    """The trials of one scenario and binding, with their verdicts, in the order in which they were made."""

    trials: tuple[TrialEvidence, ...]

    @property
    def title(self) -> str:
        return self.trials[0].started.scenario

    @property
    def who(self) -> str:
        started = self.trials[0].started
        return " · ".join((started.file, *(f"{role} {name}" for role, name in started.personas.items())))


def run_page(report: RunReport) -> Iterator[str]:
    """The page in pieces. Every text of it is escaped, and redacted with all that is known by now; style and script are
    ours, and go in as they are."""
    started = report.evidence.started
    title = report.redact(f"{report.verdict} · {started.environment if started else ''} · FlowProbe")
    yield f'<!doctype html>\n<html lang="en">{head(title, STYLE, SCRIPT)}<body>\n'
    yield from redacted(report.redact, _body(report))
    yield f"<script>{SCRIPT}</script>\n</body></html>\n"


def _body(report: RunReport) -> Iterator[str]:
    journeys = tuple(_Journey(tuple(trials)) for _, trials in groupby(report.evidence.trials, _which))
    yield from _header(report)
    yield _overview(_whole(journeys), report.verdicts)
    yield _finder(report)
    yield f"<main>{_LEGEND}\n"
    told, times, first = iter(report.told), (each.times for each in report.told), _first(report, Kind.FAIL)
    product = ProductPage(report.said, report.redact, report.links)
    for journey in journeys:
        many = len(journey.trials)
        yield '<section class="journey">'
        yield element("h2", journey.title) + element("p", journey.who, class_="soft") + "\n"
        yield from charts(journey.trials, islice(times, many), report.verdicts)
        yield from _trials(journey, islice(told, many), report, first, product)
        yield "</section>\n"
    yield "</main>\n"
    yield _rest(report)


def _whole(journeys: Iterable[_Journey]) -> tuple[_Journey, ...]:
    """One for each, also where others were made between its trials."""
    found: dict[tuple[str, tuple[str, ...]], tuple[TrialEvidence, ...]] = {}
    for journey in journeys:
        key = _which(journey.trials[0])
        found[key] = (*found.get(key, ()), *journey.trials)
    return tuple(map(_Journey, found.values()))


def _which(trial: TrialEvidence) -> tuple[str, tuple[str, ...]]:
    return trial.started.file, tuple(trial.started.personas.values())


def _first(report: RunReport, kind: Kind) -> TrialEvidence | None:
    return next((each for each in report.evidence.trials if report.verdicts[each.started.trial].kind is kind), None)


# --- the top --------------------------------------------------------------------------------------


def _header(report: RunReport) -> Iterator[Markup]:
    mark, style = MARK[report.verdict]
    kinds = [verdict.kind for verdict in report.verdicts.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in Kind if kind in kinds) or "no trials"
    started = report.evidence.started
    about = [f"FlowProbe {started.version}", f"environment {started.environment}", f"seed {started.seed}",
             f"run {started.run}"] if started else []
    yield element(
        "header", element("h1", started.command if started and started.command else "A run of FlowProbe"),
        element("p", " · ".join((*about, str(report.folder), f"exit {report.exit_code}")), class_="soft"),
        element("p", f"{mark} {report.verdict}", class_=f"verdict {style}"), " ", element("span", counts),
        *_sentence(report))


def _sentence(report: RunReport) -> Iterator[Markup]:
    """The first of the worst, in its sentence: the others are one look further down."""
    worst = _first(report, report.verdict)
    if worst is None or report.verdict is Kind.PASS:
        return
    problem = next((told.problem[0] for trial, told in zip(report.evidence.trials, report.told, strict=True)
                    if trial is worst), "")
    said = led(worst, report.causes.get(worst.started.trial),
               problem or "; ".join(report.verdicts[worst.started.trial].reasons))
    words = " ".join(map(report.redact, said))
    yield element("p", words, class_="lead")
    yield element("p", element("a", f"{worst.started.scenario}: {worst.started.plan}", href=f"#{trial_anchor(worst)}"))


def _overview(journeys: Sequence[_Journey], verdicts: Mapping[str, Verdict]) -> Markup:
    """Journeys × fault plans; where most plans are of one journey alone, the plans of each journey."""
    if not journeys:
        return Markup()
    plans = tuple(dict.fromkeys(trial.started.plan for journey in journeys for trial in journey.trials))
    filled = sum(len(journey.trials) for journey in journeys)
    table = _grid if filled >= _SPARSE * len(plans) * len(journeys) else _chips
    return element("section", element("h2", "Journeys and fault plans"),
                   element("div", table(journeys, plans, verdicts), class_="wide", tabindex="0", role="region",
                           aria_label="Journeys and fault plans"))


def _grid(journeys: Sequence[_Journey], plans: Sequence[str], verdicts: Mapping[str, Verdict]) -> Markup:
    heads = element("tr", element("th", "journey", scope="col"), *(element("th", plan, scope="col") for plan in plans))
    rows = []
    for journey in journeys:
        made: dict[str, list[Markup]] = {}
        for trial in journey.trials:
            made.setdefault(trial.started.plan, []).append(_chip(trial, verdicts[trial.started.trial], named=False))
        rows.append(element("tr", _row_head(journey), *(element("td", *made.get(plan, [])) for plan in plans)))
    return element("table", element("thead", heads), element("tbody", *rows), class_="grid")


def _chips(journeys: Sequence[_Journey], _plans: Sequence[str], verdicts: Mapping[str, Verdict]) -> Markup:
    heads = element("tr", *(element("th", word, scope="col") for word in ("journey", "fault plans")))
    rows = (element("tr", _row_head(journey), element("td", element("div", *(
        _chip(trial, verdicts[trial.started.trial], named=True) for trial in journey.trials), class_="chips")))
        for journey in journeys)
    return element("table", element("thead", heads), element("tbody", *rows))


def _row_head(journey: _Journey) -> Markup:
    return element("th", element("b", journey.title), element("div", journey.who, class_="soft"), scope="row")


def _chip(trial: TrialEvidence, verdict: Verdict, *, named: bool) -> Markup:
    mark, style = MARK[verdict.kind]
    words = trial.started.plan if named else str(verdict.kind)
    return element("a", f"{mark} {words}", class_=f"chip {style}", href=f"#{trial_anchor(trial)}",
                   title=f"{trial.started.plan}: {verdict.kind}")


def _finder(report: RunReport) -> Markup:
    """Shown by the script alone, for without it nothing would come of it."""
    kinds = [kind for kind in Kind if any(verdict.kind is kind for verdict in report.verdicts.values())]
    boxes = (element("label", element("input", type="checkbox", value=str(kind), checked=True),
                     f" {MARK[kind][0]} {kind}") for kind in kinds)
    return element(
        "search", element("input", type="search", id="words", aria_label="Search the trials",
                          placeholder="Search: a step, a provider, a plan …"), *boxes,
        element("span", id="count", role="status"),
        element("span", element("kbd", "j"), " ", element("kbd", "k"), " next, previous  ", element("kbd", "/"),
                " search", class_="soft"), id="find", hidden=True)


# --- the trials -----------------------------------------------------------------------------------


def _trials(journey: _Journey, told: Iterable[Told], report: RunReport, first: TrialEvidence | None,
            product: ProductPage) -> Iterator[str]:
    for trial, each in zip(journey.trials, told, strict=True):
        cause = report.causes.get(trial.started.trial)
        said = [report.redact(words) for words in led(trial, cause, "")]
        own = element("p", report.redact(each.problem[0]), class_="lead") if cause else Markup()
        yield from _trial(trial, report.verdicts[trial.started.trial], each, said, own, product, opened=trial is first)


def _trial(trial: TrialEvidence, verdict: Verdict, told: Told, said: Sequence[str], own: Markup,
           product: ProductPage, *, opened: bool) -> Iterator[str]:
    """Closed, but for the first that failed. Its anchor stands inside, so that a browser opens it for a link to it.
    What is `said` of its cause stands for the trial's `own` sentence."""
    mark, style = MARK[verdict.kind]
    blame = f" ({verdict.blame})" if verdict.kind is Kind.INCONCLUSIVE else ""
    faults = ", ".join(f"{fault.edge} {fault.described}" for fault in trial.started.faults) or "nothing injected"
    summary = element("summary", element("span", f"{mark} {verdict.kind}{blame}", class_=f"tag {style}"),
                      element("b", trial.started.plan),
                      element("span", f"{faults} · {milliseconds(trial.seconds)}", class_="soft"))
    anchor, kind = escape(trial_anchor(trial)), str(verdict.kind)
    yield (f'<details class="trial k-{kind}" data-kind="{kind}" data-anchor="{anchor}"{" open" if opened else ""}>'
           f'{summary}<div class="inside" id="{anchor}">\n')
    for place, words in enumerate(said):
        yield element("p", words, class_="soft" if place else "lead") + "\n"
    for line in product.filled(trial.started, verdict, told.page):
        yield "" if said and line.strip() == own else line + "\n"
    yield "</div></details>\n"


def _swatch(style: str, words: str) -> Markup:
    bar = Markup(f'<span class="track" aria-hidden="true"><i class="{style}" style="left:0;width:100%"></i></span>')
    return element("li", bar, f" {words}")


_LEGEND = element("ul", _swatch("ours", "a call of the journey"), _swatch("theirs", "a call of the product to a "
                  "provider"), _swatch("injected", "injected"), class_="legend")


# --- the end --------------------------------------------------------------------------------------


def _rest(report: RunReport) -> Markup:
    """What else has to be known of the whole, as the terminal says it."""
    lines = ["".join(span.text for span in line).strip() for line in islice(footer(report), _FOOTER_HEAD, None)]
    notes = [element("h2", "What else has to be known"),
             element("ul", *(element("li", line) for line in lines), class_="plain")] if lines else []
    proxy = report.evidence.proxy
    words = [f"mitmproxy {proxy.mitmproxy}, Python {proxy.python}, attribution {proxy.attribution}"] if proxy else []
    return element("footer", *notes, element("p", " · ".join(filter(None, (
        *words, "result.json and journal/ beside this page have everything"))), class_="soft"))



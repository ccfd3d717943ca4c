"""The nights of an environment as a page: who is green, since when not, what became slower, what flakes and drifts, and
what it would have cost elsewhere. One file that is read offline, without a script, on any screen and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowprobe.core.nights.cost import Cost
from flowprobe.core.nights.model import (
    Alert,
    Night,
    Overview,
    Severity,
    Trend,
    Trending,
)
from flowprobe.core.nights.outcomes import GREEN, Outcome
from flowprobe.core.nights.rows import Row, rows
from flowprobe.report.html import Markup, document, element
from flowprobe.report.nights_charts import panel
from flowprobe.report.nights_style import STYLE
from flowprobe.report.nights_tables import (
    Link,
    came_out,
    cost_section,
    counted,
    drifts_table,
    flakes_table,
    followed,
    marks_table,
    nights_list,
    rates_table,
)

__all__ = ["SHOWN", "SIGNS", "nights_page"]

SHOWN = 21
"""So many nights stand in the table of journeys; the list below it has all that are given."""
SIGNS = {Outcome.PASS: ("✓", "good"), Outcome.DEGRADED: ("≈", "warn"), Outcome.RECOVERED: ("↻", "warn"),
         Outcome.FAIL: ("✗", "bad"), Outcome.INCONCLUSIVE: ("?", "odd"), Outcome.UNMADE: ("·", "dim")}
_MEANING = {
    Outcome.PASS: "pass", Outcome.DEGRADED: "degraded: it came to its end as promised, but not in the ordinary form",
    Outcome.RECOVERED: "recovered: it failed, and passed when it was made again in the same night",
    Outcome.FAIL: "fail: the product broke it, each time that it was made",
    Outcome.INCONCLUSIVE: "cannot be judged: the environment, the account set-up or the tool",
    Outcome.UNMADE: "not made"}


def nights_page(overview: Overview, cost: Cost | None = None, link: Link = lambda _night: "") -> str:
    """The page. Every text of it is escaped; secrets were redacted before they were kept."""
    found = rows(overview.nights, overview.attempts)
    parts = (_head(overview, found, link), _alerts(overview, link), _journeys(overview, found, link),
             _latency(overview), rates_table(overview.rates), flakes_table(overview.flakes),
             drifts_table(overview.drifts), marks_table(overview.marks), cost_section(cost),
             nights_list(overview.nights, link))
    return document(f"Nights of {overview.environment} · FlowProbe", STYLE, *parts)


# --- the head -------------------------------------------------------------------------------------


def _head(overview: Overview, found: Sequence[Row], link: Link) -> Markup:
    lead = element("h1", f"Nights of {overview.environment}")
    if not overview.nights:
        return element("header", lead, element("p", "No night has been made yet: run `flowprobe nightly`."))
    last = overview.nights[-1]
    first = overview.nights[0].name
    known = counted(len(overview.nights), "night") + (f", {first} to {last.name}" if first != last.name else "")
    run = [element("p", element("a", "the run of this night", href=link(last)))] if followed(link(last)) else []
    return element("header", lead, _verdict(last), element("p", _summary(found), class_="lead"), *run,
                   element("p", known, class_="soft"))


def _verdict(night: Night) -> Markup:
    mark, style, said = came_out(night)
    because = f": {night.because}" if night.because else ""
    return element("p", f"{mark} {night.name}: {said}{because}", class_=f"verdict {style}")


def _summary(found: Sequence[Row]) -> str:
    """How many journeys are green now, and since when the others are not."""
    now = [row for row in found if row.now is not Outcome.UNMADE]
    red = [row for row in now if row.now not in GREEN]
    if not now:
        return "No journey has been made in these nights."
    if not red:
        return f"All {counted(len(now), 'journey')} came to their end." if len(now) > 1 else \
            f"“{now[0].journey}” came to its end."
    since = sorted(row.since for row in red if row.since)
    longest = f", the longest of them since {since[0]}" if since and len(red) > 1 else \
        f", since {since[0]}" if since else ""
    return f"{len(now) - len(red)} of {counted(len(now), 'journey')} came to their end; " \
           f"{len(red)} did not{longest}."


def _alerts(overview: Overview, link: Link) -> Markup:
    there = sorted((each for each in overview.alerts if not each.resolved), key=lambda each: each.severity is not
                   Severity.PAGE)
    if not there:
        return Markup()
    nights = {night.name: night for night in overview.nights}
    return element("section", element("h2", "What somebody has to know"),
                   *(_alert(each, nights.get(each.last), link) for each in there))


def _alert(alert: Alert, night: Night | None, of: Link) -> Markup:
    """Its own link may be the path of a file, which is no address here: then that of the night that saw it last."""
    mark, style = ("✗", "bad") if alert.severity is Severity.PAGE else ("!", "warn")
    href = alert.link if followed(alert.link) or night is None else of(night)
    link = [" · ", element("a", "the run", href=href)] if followed(href) else []
    seen = f"since {alert.opened}" + (f", last seen {alert.last}" if alert.last != alert.opened else "")
    who = f"{alert.blame} · " if str(alert.blame) else ""
    hits = element("p", ", ".join(alert.journeys[:6]) + (f" and {len(alert.journeys) - 6} more"
                                                         if len(alert.journeys) > 6 else ""), class_="soft")
    return element("div", element("p", element("span", f"{mark} {alert.severity}", class_=f"tag {style}"), " ",
                                  alert.sentence, class_="lead"),
                   element("p", f"{who}{seen}", *link, class_="soft"), hits, class_=f"alert {alert.severity}")


# --- the journeys ---------------------------------------------------------------------------------


def _journeys(overview: Overview, found: Sequence[Row], link: Link) -> Markup:
    if not found:
        return Markup()
    nights = overview.nights[-SHOWN:]
    quiet = {str(each.journey) for each in overview.flakes if each.until}
    year = f"{nights[-1].name[:4]}-"
    heads = (element("th", night.name.removeprefix(year), scope="col") for night in reversed(nights))
    head = element("thead", element("tr", element("th", "journey", scope="col"), element("th", "since", scope="col"),
                                    *heads))
    body = element("tbody", *(_row(row, nights, link, quiet=str(row.journey) in quiet) for row in found))
    caption = f"{counted(len(found), 'journey')} × {counted(len(nights), 'night')}"
    return element("section", element("h2", "Journeys"), element("p", caption, class_="soft"),
                   element("div", element("table", head, body, class_="nights", aria_label=caption), class_="wide",
                           tabindex="0", role="region", aria_label="The table of journeys"),
                   _legend(found))


def _row(row: Row, nights: Sequence[Night], link: Link, *, quiet: bool) -> Markup:
    outcomes = row.outcomes[-len(nights):]
    cells = (element("td", _sign(outcome, night, link(night))) for outcome, night in
             reversed(list(zip(outcomes, nights, strict=True))))
    told = [element("div", row.last.sentence, class_="soft")] if row.last is not None and row.now not in GREEN else []
    rests = [" ", element("span", "‖ quarantine", class_="tag odd")] if quiet else []
    now = "green" if row.now in GREEN else "not made" if row.now is Outcome.UNMADE else "not green"
    ever = {"green": "always green", "not green": "never green"}.get(now, now)
    since = f"{now} since {row.since}" if row.since else ever
    return element("tr", element("th", str(row.journey), *rests, scope="row"),
                   element("td", since, *told, class_="since"), *cells)


def _sign(outcome: Outcome, night: Night, href: str) -> Markup:
    sign, style = SIGNS[outcome]
    words = f"{night.name}: {outcome}"
    if followed(href) and outcome is not Outcome.UNMADE:
        return element("a", sign, href=href, title=words, aria_label=words, class_=f"sign {style}")
    return element("span", sign, title=words, aria_label=words, role="img", class_=f"sign {style}")


def _legend(found: Sequence[Row]) -> Markup:
    there = {outcome for row in found for outcome in row.outcomes}
    return element("ul", *(element("li", element("span", sign, class_=f"sign {style}"), f" {_MEANING[outcome]}")
                           for outcome, (sign, style) in SIGNS.items() if outcome in there), class_="legend")


# --- what is judged over the nights ---------------------------------------------------------------

_FIRST = {Trending.CHANGED: 0, Trending.SUSPECT: 1, Trending.STEADY: 2, Trending.LEARNING: 3}


def _latency(overview: Overview) -> Markup:
    if not overview.trends:
        return Markup()
    trends = sorted(overview.trends, key=lambda each: _FIRST[each.state])
    moved = [each for each in trends if each.state in (Trending.CHANGED, Trending.SUSPECT)]
    rest = trends[len(moved):]
    said = "The band is what is usual, the dashed line its middle, a dot a night; a line stands where it changed. " \
           "What the controls did beside it is taken off before anything is said."
    learning = all(each.state is Trending.LEARNING for each in trends)
    still = "Nobody knows yet what is usual." if learning else "Nothing became slower or faster."
    shown = [_panels(moved, overview)] if moved else [element("p", still)]
    more = [element("details", element("summary", _rest(rest)), _panels(rest, overview), open=not moved)]
    return element("section", element("h2", "Latency"), element("p", said, class_="soft"), *shown,
                   *(more if rest else []))


def _rest(trends: Sequence[Trend]) -> str:
    learning = sum(each.state is Trending.LEARNING for each in trends)
    said = [f"{len(trends) - learning} steady" if len(trends) > learning else "",
            f"{learning} still learning" if learning else ""]
    return ", ".join(filter(None, said))


def _panels(trends: Iterable[Trend], overview: Overview) -> Markup:
    return element("ul", *(panel(each, overview.readings.get(each.series, ())) for each in trends), class_="panels")

"""The tables of the page of nights: what breaks now and then, what flakes and drifts, what people decided, what it
would have cost, and the nights themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flowprobe.core.nights.cost import Cost
from flowprobe.core.nights.model import Change, Drift, Flake, Mark, Night, Rate, State, Trending
from flowprobe.report.html import Markup, element
from flowprobe.report.lines import MARK

__all__ = ["Link", "came_out", "cost_section", "counted", "drifts_table", "flakes_table", "followed", "marks_table",
           "nights_list", "rates_table"]

Link = Callable[[Night], str]
"""Where the page of a night's run is; empty where there is none."""
_CHANGES = {Change.APPEARED: "appeared", Change.VANISHED: "vanished", Change.TYPE: "is something else",
            Change.WORD: "has another word"}


def rates_table(rates: Sequence[Rate]) -> Markup:
    told = [each for each in rates if each.failures]
    lines = [(str(each.journey), each.step or "the whole", f"{each.failures} of {each.tries}", f"{each.usual:.1%}",
              f"{each.recent:.1%}", _rate_words(each)) for each in told]
    return _table("What breaks now and then", ("journey", "step", "broke", "usually", "lately", ""), lines)


def _rate_words(rate: Rate) -> str:
    if rate.state is Trending.CHANGED:
        return f"more often than usual ({rate.sure:.1%} sure)"
    return "" if rate.state is Trending.STEADY else str(rate.state)


def flakes_table(flakes: Sequence[Flake]) -> Markup:
    lines = [(str(each.journey), f"{each.score:.1%}", counted(each.nights, "night"),
              f"in quarantine until {each.until}: made and shown, and pages nobody" if each.until else "")
             for each in sorted(flakes, key=lambda each: -each.score) if each.nights or each.until]
    return _table("What fails and then passes", ("journey", "score", "in", ""), lines)


def drifts_table(drifts: Sequence[Drift]) -> Markup:
    lines = [(each.since, each.scenario, each.step, each.path, _CHANGES[each.change], ", ".join(each.before),
              ", ".join(each.now)) for each in sorted(drifts, key=lambda each: each.since, reverse=True)]
    return _table("What changed in the replies", ("since", "scenario", "step", "value", "it", "before", "now"), lines)


def marks_table(marks: Sequence[Mark]) -> Markup:
    lines = [(each.night, str(each.deed), each.subject, each.by, each.because, each.until) for each in reversed(marks)]
    return _table("What people decided", ("from", "deed", "of", "by", "because", "until"), lines)


def cost_section(cost: Cost | None) -> Markup:
    if cost is None or not cost.nights:
        return Markup()
    made = f"{counted(cost.calls, 'call')} in {counted(cost.journeys, 'journey')}, " \
           f"over {counted(cost.nights, 'night')}: they cost nothing but the machine that they ran on."
    lines = [f"{price.name}: {amount:,.2f} {price.currency} ({price.amount:g} {price.currency} for "
             f"{price.per:,} {price.unit}s), {cost.monthly(amount):,.2f} {price.currency} a month."
             for price, amount in cost.sums]
    told = [element("p", "As monitoring that is paid for by use, this suite would have cost:"), _listed(lines)] \
        if lines else [element("p", "Set `prices` in the environment's `nightly` to see what it would cost elsewhere.",
                               class_="soft")]
    return element("section", element("h2", "Cost"), element("p", made), *told)


# --- the nights -----------------------------------------------------------------------------------


def nights_list(nights: Sequence[Night], link: Link) -> Markup:
    if not nights:
        return Markup()
    head = element("tr", *(element("th", word, scope="col")
                           for word in ("night", "began", "took", "came out", "journeys", "calls", "")))
    body = (_night(night, link(night)) for night in reversed(nights))
    table = element("table", element("thead", head), element("tbody", *body))
    return element("section", element("h2", "Nights"),
                   element("details", element("summary", f"All {counted(len(nights), 'night')}"),
                           element("div", table, class_="wide")))


def _night(night: Night, href: str) -> Markup:
    mark, style, said = came_out(night)
    name = element("a", night.name, href=href) if followed(href) else night.name
    return element(
        "tr", element("th", name, scope="row"), element("td", f"{datetime.fromtimestamp(night.began, UTC):%H:%M} UTC"),
        element("td", _took(night)), element("td", element("span", f"{mark} {said}", class_=f"tag {style}")),
        element("td", str(night.journeys), class_="number"), element("td", f"{night.calls:,}", class_="number"),
        element("td", night.because))


def _took(night: Night) -> str:
    if night.ended is None:
        return ""
    minutes, seconds = divmod(round(night.ended - night.began), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


# --- small things ---------------------------------------------------------------------------------


def _table(title: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> Markup:
    if not lines:
        return Markup()
    head = element("tr", *(element("th", word, scope="col") for word in heads))
    body = (element("tr", element("th", first, scope="row"), *(element("td", text) for text in others))
            for first, *others in lines)
    table = element("table", element("thead", head), element("tbody", *body))
    return element("section", element("h2", title), element("div", table, class_="wide"))


def _listed(texts: Sequence[str]) -> Markup:
    return element("ul", *(element("li", text) for text in texts), class_="plain")


def came_out(night: Night) -> tuple[str, str, str]:
    """The mark of a night, its style, and a word: its verdict where it came to its end."""
    mark, style = MARK[night.verdict] if night.verdict is not None else ("?", "odd")
    ended = night.verdict is not None and night.state is State.ENDED
    return mark, style, str(night.verdict) if ended else str(night.state)


def followed(href: str) -> bool:
    """Whether it may be followed: a page elsewhere, or a file beside this one, and nothing that a browser would run."""
    return href.startswith(("http://", "https://", "../", "./", "#"))


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"

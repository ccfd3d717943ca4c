"""What the product says of itself, on the page of a run: its spans as bars and its log lines, under the step whose call
caused them.

A trial is put into words when it ends, and its product speaks later: a mark in its part of the page keeps the place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from flowprobe.core.events import TrialStarted
from flowprobe.core.expect import milliseconds
from flowprobe.core.reading import links_of
from flowprobe.core.telemetry import LogLine, Span, Telemetry
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.html import Markup, element, escape
from flowprobe.report.model import Said
from flowprobe.report.said import MOST, Saying, attributes_of, saying_of

__all__ = ["ProductPage", "said_mark"]

_MARK, _END = "<!--said ", "-->"
_CALLS = 20
"""So many calls of one step are shown, the last ones."""
_ROOM = 5_000
"""So many rows all trials that passed have on the page: few will look there."""
_DEEP = 12
_LINKED = 5
NO_LINKS: Mapping[str, str] = MappingProxyType({})


def said_mark(calls: Iterable[str]) -> Markup:
    """Where what was said under these calls is to stand: a line of its own."""
    return Markup(f"{_MARK}{' '.join(calls)}{_END}")


class ProductPage:
    """Puts into the page of one run what the product said. `redact` is for what is not escaped yet."""

    def __init__(self, said: Said | None, redact: Callable[[str], str], links: Mapping[str, str] = NO_LINKS) -> None:
        self._said, self._redact, self._links = said, redact, links
        self._room = _ROOM

    def filled(self, trial: TrialStarted, verdict: Verdict, lines: Iterable[str]) -> Iterator[str]:
        """The lines of a trial, with what was said in place of the marks."""
        if self._said is None:
            yield from lines
            return
        said = self._said(trial.trial)
        for line in lines:
            if line.startswith(_MARK):
                yield from self._step(line[len(_MARK):-len(_END)].split(), said, verdict.kind is Kind.PASS)
            else:
                yield line

    def _step(self, calls: list[str], said: Mapping[str, tuple[Telemetry, ...]], passed: bool) -> Iterator[Markup]:
        for number, call in [(n, c) for n, c in enumerate(calls, start=1) if said.get(c)][-_CALLS:]:
            most = min(MOST, self._room) if passed else MOST
            saying = saying_of(said[call], most)
            if passed:
                self._room -= len(saying.spans) + len(saying.lines)
            which = f", of call {number}" if len(calls) > 1 else ""
            yield self._block(saying, which, opened=not passed)
        if self._links and not passed:
            yield from self._linked(calls)

    def _linked(self, calls: list[str]) -> Iterator[Markup]:
        """Where people look at the last calls of a step; no page may learn from which it was reached."""
        for number, call in list(enumerate(calls, start=1))[-_LINKED:]:
            which = f"Call {number} in" if len(calls) > 1 else "This call in"
            links = [Markup(f" {element('a', name, href=url, rel='noreferrer noopener', target='_blank')}")
                     for name, url in links_of(self._links, (call,))]
            if links:
                yield element("p", which, *links, class_="soft links")

    def _block(self, saying: Saying, which: str, *, opened: bool) -> Markup:
        left = [element("p", f"and {saying.left_out}, which telemetry/ beside this page has", class_="soft")]
        return element(
            "details", element("summary", f"What the product says of itself{which}: {saying.summary}"),
            *(self._span(depth, span, saying) for depth, span in saying.spans),
            *(self._line(line, saying) for line in saying.lines), *(left if saying.left_out else ()),
            class_="said", open=opened)

    def _span(self, depth: int, span: Span, saying: Saying) -> Markup:
        whole = max(saying.seconds, 1e-6)
        left = min(max((span.started - saying.start) / whole, 0.0), 1.0)
        width = min(span.seconds / whole, 1.0 - left)
        failed = span.status == "error"
        said = f" · error{f': {span.said}' if span.said else ''}" if failed else ""
        came = self._redact(f"{milliseconds(span.seconds)} · {span.service or 'the product'}{said}")
        about = attributes_of(span, self._redact)
        indent = f"padding-left:{min(depth, _DEEP)}rem"
        return Markup("".join((
            f'<div class="row"><code style="{indent}">{escape(self._redact(span.name))}</code>'
            f'<span class="{"came bad" if failed else "came"}">{escape(came)}</span>'
            f'<span class="track" aria-hidden="true"><i class="{"span failed" if failed else "span"}" '
            f'style="left:{left:.2%};width:{width:.2%}"></i></span></div>',
            element("p", about, class_="soft about", style=indent) if about else "")))

    def _line(self, line: LogLine, saying: Saying) -> Markup:
        after = line.at - saying.start
        at = f"{'-' if after < 0 else '+'}{milliseconds(abs(after))}"
        return element("p", element("span", at, class_="soft"), " ",
                       element("b", self._redact(line.severity or "log")), " ",
                       element("span", self._redact(line.text)), class_="log")

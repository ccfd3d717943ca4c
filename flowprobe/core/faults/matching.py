"""Whether a call is one that a fault's `match` means. Compiled once for each lease: the cheap questions come first, and
headers and body are read when one of them is the next."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowprobe.core.faults.asked import Asked
from flowprobe.core.faults.fault import Match
from flowprobe.core.faults.sites import path_pattern
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.shapes import fits, is_matcher

__all__ = ["Seen", "compiled", "first_line_unfit", "text_fits"]

_NOTHING = Asked()
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as a fault sees it. `step` is '' where it is not known; the path may carry a query."""

    edge: str
    method: str
    path: str
    step: str = ""
    asked: Asked = _NOTHING


def compiled(match: Match) -> Callable[[Seen], str]:
    """A function that says what of `match` a call does not fit: the name of the first such part, '' where it fits.

    `step-unknown`: nobody can tell the step; `body-unread`: nobody can look at the body.
    """
    questions = tuple(_questions(match))

    def unfit(seen: Seen) -> str:
        for name, holds in questions:
            if not holds(seen):
                return name
        return ""

    return unfit


def first_line_unfit(match: Match, seen: Seen) -> str:
    """What of a match the method and the path of a call do not fit, '' where they do."""
    return next((name for name, holds in _first_line(match) if not holds(seen)), "")


def _first_line(match: Match) -> Iterator[tuple[str, Callable[[Seen], bool]]]:
    if match.method:
        methods = frozenset(match.method)
        yield "method", lambda seen: seen.method.upper() in methods
    if match.path is not None:
        fitting = path_pattern(match.path).fullmatch
        yield "path", lambda seen: fitting(seen.path.partition("?")[0]) is not None


def _questions(match: Match) -> Iterator[tuple[str, Callable[[Seen], bool]]]:
    yield from _first_line(match)
    if match.step:
        steps = frozenset(match.step)
        yield "step-unknown", lambda seen: bool(seen.step)
        yield "step", lambda seen: seen.step in steps
    if match.query:
        yield "query", lambda seen: _all_fit(match.query, seen.asked.query)
    if match.headers:
        yield "headers", lambda seen: _headers_fit(match.headers, seen.asked.headers)
    if match.needs_body:
        yield "body-unread", lambda seen: seen.asked.has_body
        yield from _body_questions(match)


def _body_questions(match: Match) -> Iterator[tuple[str, Callable[[Seen], bool]]]:
    if match.form:
        yield "form", lambda seen: seen.asked.form is not None and _all_fit(match.form, seen.asked.form)
    if match.has_json:
        yield "json", lambda seen: seen.asked.json is not MISSING and fits(match.json, seen.asked.json)
    if match.text is not None:
        yield "text", lambda seen: fits(match.text, seen.asked.text)


def _all_fit(shapes: Mapping[str, Any], found: Mapping[str, Sequence[str]]) -> bool:
    return all(text_fits(shape, found.get(name, ())) for name, shape in shapes.items())


def _headers_fit(shapes: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    return all(text_fits(shape, [found[name.lower()]] if name.lower() in found else ())
               for name, shape in shapes.items())


def text_fits(shape: Any, values: Sequence[str]) -> bool:
    """Whether one of a name's values is as `shape` says. Texts on the wire have no types: one that reads as a number is
    held against matchers as text and as that number."""
    if not values:
        return fits(shape, MISSING)
    if not is_matcher(shape):
        return shape in values
    return any(all(_fits_either({name: operand}, value) for name, operand in shape.items()) for value in values)


def _fits_either(shape: Mapping[str, Any], text: str) -> bool:
    return fits(shape, text) or (_NUMBER.fullmatch(text) is not None and fits(shape, json.loads(text)))

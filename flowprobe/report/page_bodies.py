"""Request and reply of a call beside those of the last good one, and the call as a `curl` line.

Both are made of what the journal has, in which no secret stands; the credentials of a call were never in it.
"""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from flowprobe.core.redact import REDACTED, cut_short
from flowprobe.report.html import Markup, element, escape
from flowprobe.report.model import Beside, Carried

__all__ = ["curl_line", "difference"]

_LINES = 200
"""So many lines of a side are compared; the journal has the whole."""
_CONTEXT = 3
_WIDEST = 400
_LONGEST_BODY = 4_000
_TRACING = ("traceparent", "tracestate", "baggage")
"""The marks of the trial that was: a call by hand is none of it."""
_BREAK = "&#10;"
"""A break of a line that breaks none of the page's own."""
_SIGNS = {"+": "plus", "-": "minus", "@": "at"}


def difference(here: Carried, twin: Carried | None, beside: Beside, whose: str = "the unfaulted trial") -> Markup:
    """What differs, side by side in one text: `-` is that of the twin, which is `whose`, `+` this one's."""
    parts = (_part(title, mine, theirs, whose) for title, mine, theirs in (
        ("request", _request(here, beside), _request(twin, beside)),
        ("reply", _reply(here, beside), _reply(twin, beside))))
    return Markup("".join(parts))


def _part(title: str, mine: Sequence[str], theirs: Sequence[str], whose: str) -> Markup:
    if not theirs:
        return _shown(title, "", mine)
    if mine == theirs:
        return _shown(title, f"as in {whose}", mine)
    lines = list(difflib.unified_diff(theirs, mine, lineterm="", n=_CONTEXT))[2:]
    return _shown(title, f"- {whose}, + this one", lines, signed=True)


def _shown(title: str, words: str, lines: Sequence[str], *, signed: bool = False) -> Markup:
    told = (_block(style, tuple(alike)) for style, alike in groupby(lines, _style if signed else _unsigned))
    return element("figure", element("figcaption", element("strong", title), *((f" {words}",) if words else ())),
                   element("pre", *told, class_="diff", tabindex="0", role="group",
                           aria_label=f"{title}: {words}" if words else title))


def _style(line: str) -> str:
    return _SIGNS.get(line[:1], "")


def _unsigned(_line: str) -> str:
    return ""


def _block(style: str, lines: Sequence[str]) -> Markup:
    """Lines that are shown alike are one element: a page has many of them."""
    text = _BREAK.join(map(escape, lines)) + _BREAK
    return element("span", Markup(text), class_=style) if style else Markup(text)


def _request(carried: Carried | None, beside: Beside) -> list[str]:
    if carried is None:
        return []
    sent = carried.sent
    headers = [f"{name}: {value}" for name, value in sent.headers.items() if name.lower() not in _TRACING]
    return _lines([f"{sent.method} {_without_host(sent.url)}", *headers], sent.body, beside)


def _reply(carried: Carried | None, beside: Beside) -> list[str]:
    if carried is None:
        return []
    if carried.reply is None:
        return ["no reply"]
    reply = carried.reply
    headers = [f"{name}: {value}" for name, value in reply.headers if name.lower() != "date"]
    return _lines([str(reply.status), *headers], reply.body, beside)


def _without_host(url: str) -> str:
    """The product may be on another port in each run."""
    return re.sub(r"^[a-z]+://[^/?#]*", "", url) or "/"


def _lines(head: Sequence[str], body: str, beside: Beside) -> list[str]:
    text = beside.redact(body)
    whole = [beside.redact(line) for line in head] + ([""] if text else []) + _pretty(text)
    cut = [f"… {len(whole) - _LINES} more lines, which the journal has"] if len(whole) > _LINES else []
    return [cut_short(line, _WIDEST) for line in whole[:_LINES]] + cut


def _pretty(body: str) -> list[str]:
    """JSON with a line for each member; anything else by its own lines."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False).splitlines() if body else []
    except (ValueError, RecursionError):
        return body.splitlines()


# --- by hand --------------------------------------------------------------------------------------


def curl_line(carried: Carried, beside: Beside) -> str:
    """One line for a shell. A variable named after the persona stands for the header that signs it in."""
    return beside.redact(" ".join(_words(carried, beside))).replace(REDACTED, "SECRET")


def _words(carried: Carried, beside: Beside) -> Iterator[str]:
    sent = carried.sent
    yield "curl -i"
    if sent.method != ("POST" if sent.body else "GET"):
        yield "-I" if sent.method == "HEAD" else f"-X {shlex.quote(sent.method)}"
    yield shlex.quote(sent.url)
    if sent.persona:
        yield f'-H "${_variable(sent.persona)}"'
    yield from (f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _kept(sent.headers).items())
    if sent.body:
        body = beside.redact(sent.body)
        yield f"--data-raw {shlex.quote(body)}" if len(body) <= _LONGEST_BODY else "--data-binary @BODY"


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _TRACING}


def _variable(persona: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", f"AUTH_{persona}".upper())

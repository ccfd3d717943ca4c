"""HTML from Python: what is not `Markup` is text, and stays text, whatever stands in it."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape as escaped

from flowprobe.report.visible import visible

__all__ = ["Markup", "document", "element", "escape", "head"]

_SPECIAL = re.compile("[&<>\"']")
_VOID = ("meta", "br", "hr", "input")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Markup(str):
    """Text that is HTML already: made here, and nowhere else."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Any text, to be read as it is: also in an attribute, and with its control characters and bidi marks seen."""
    if isinstance(text, Markup):
        return text
    text = visible(text)
    return Markup(escaped(text) if _SPECIAL.search(text) else text)


def element(tag: str, /, *children: str, **attributes: str | bool) -> Markup:
    """An element; `class_` is the attribute `class`, `aria_label` is `aria-label`, and one that is False is left
    out."""
    named = "".join([_attribute(name, value) for name, value in attributes.items()])
    if tag in _VOID:
        return Markup(f"<{tag}{named}>")
    return Markup(f"<{tag}{named}>{''.join([escape(child) for child in children])}</{tag}>")


def _attribute(name: str, value: str | bool) -> str:
    if value is False:
        return ""
    return f" {_named(name)}" if value is True else f' {_named(name)}="{escape(value)}"'


@cache
def _named(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def document(title: str, style: str, *body: str) -> str:
    """A page that asks nobody for anything: no script, no font, no picture. `style` is ours, and goes in as it is."""
    return f"<!doctype html>\n{element('html', head(title, style), element('body', *body), lang='en')}\n"


def head(title: str, style: str, script: str = "") -> Markup:
    """What stands before the body of such a page. A `script` is ours as well: the page runs that one and no other."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{_POLICY}; script-src 'sha256-{digest}'" if script else _POLICY
    return element(
        "head", element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title), element("style", Markup(style)))

"""URLs as they are sent: what is signed has to be what arrives."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

__all__ = ["sent_parts", "with_parameter"]

_PLAIN = "/!$&'()*+,;=:@-._~%"
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def sent_parts(url: str) -> SplitResult:
    """The URL in the only form that the client leaves as it is: escaped, with a path, without a fragment."""
    parts = urlsplit(url)
    return parts._replace(path=_escaped(parts.path, _PLAIN) or "/", query=_escaped(parts.query, _PLAIN + "?"),
                          fragment="")


def _escaped(text: str, plain: str) -> str:
    return quote(_STRAY.sub("%25", text), safe=plain)


def with_parameter(url: str, name: str, value: str) -> str:
    """The URL with a query parameter at its end, unless it has one of that name."""
    parts = urlsplit(url)
    if any(key == name for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return url
    added = f"{quote(name, safe='')}={quote(value, safe='')}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))

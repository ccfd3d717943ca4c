"""Text from elsewhere, made safe to print: control characters, escapes, separators of lines and bidi marks are seen."""

from __future__ import annotations

import re

__all__ = ["visible"]

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_TABS = str.maketrans({"\t": " ", "\n": " "})


def visible(text: str) -> str:
    """`text` on one line, with nothing in it that a terminal would act on."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(lambda match: f"\\x{ord(match.group()):02x}", text.translate(_TABS))

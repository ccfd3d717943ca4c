"""Values that a machine reads, cleared before they become JSON: of secrets in texts and keys, and of half characters.

A text is redacted before it is encoded: a secret that looks like JSON (`1234`, `null`) would else take a part of the
document with it. A lone surrogate becomes U+FFFD, for strict readers refuse a document that has one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["cleared_text", "open_text"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_encode = json.JSONEncoder(ensure_ascii=False).encode


def cleared_text(value: Any, redact: Callable[[str], str]) -> str:
    """The value as JSON on one line, cleared."""
    return _encode(_cleared(value, redact))


def open_text(record: Mapping[str, Any], last: str, redact: Callable[[str], str]) -> str:
    """A record that is not empty, up to the beginning of its last member, which follows."""
    return f'{cleared_text(record, redact)[:-1]}, "{last}": '


def _cleared(value: Any, redact: Callable[[str], str]) -> Any:
    match value:
        case str():
            return _SURROGATE.sub("�", redact(value))
        case Mapping():
            return {_cleared(str(key), redact): _cleared(item, redact) for key, item in value.items()}
        case list() | tuple():
            return [_cleared(item, redact) for item in value]
        case _:
            return value

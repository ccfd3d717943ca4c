"""Rates as a file writes them and as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core.fields import Wrong

__all__ = ["UNITS", "in_words", "sized"]

UNITS = {
    "B/s": 1.0, "KB/s": 1000.0, "MB/s": 1000.0**2, "KiB/s": 1024.0, "MiB/s": 1024.0**2,
    "kbit/s": 125.0, "Mbit/s": 125000.0,
}
"""Bytes in a second, by unit."""


def in_words(rate: float) -> str:
    """`50000.0` is `50KB/s`."""
    for unit in ("MB/s", "KB/s"):
        if rate >= UNITS[unit]:
            return f"{rate / UNITS[unit]:.4g}{unit}"
    return f"{rate:.4g}B/s"


def sized(values: Mapping[str, Any]) -> Wrong | None:
    """The check that a `chunk` holds anything at all."""
    if values.get("chunk") != 0:
        return None
    return Wrong("chunk", "out-of-range", {"what": "`chunk`", "wanted": "more than nothing", "seen": "0",
                                           "instead": "write for example 1KB"})

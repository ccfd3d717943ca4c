"""Durations as a file writes them and as people read them."""

from __future__ import annotations

__all__ = ["in_words"]


def in_words(seconds: float) -> str:
    """`0.5` is `500ms`, `2.0` is `2s`, `90.0` is `90s`."""
    if seconds < 1:
        return f"{round(seconds * 1000, 3):g}ms"
    return f"{round(seconds, 3):g}s"

"""Where a connection is cut, shared by `reset` and `close`."""

from __future__ import annotations

from flowprobe.core.fields import Choice

__all__ = ["AT", "AT_WORDS"]

AT_WORDS = ("request", "headers")
AT = Choice(AT_WORDS)

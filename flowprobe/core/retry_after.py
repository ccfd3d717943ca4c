"""Retry-After (RFC 9110, 10.2.3): for how long a reply asks its caller to wait."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["asked_to_wait"]

_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
_DIGITS = 9


def asked_to_wait(retry_after: str | None, date: str | None) -> float | None:
    """Seconds; a date is read against the reply's own `Date`. None where nothing that can be read was asked."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:_DIGITS])
    try:
        return max(0.0, (_instant(retry_after) - _instant(date or "")).total_seconds())
    except ValueError:
        return None


def _instant(text: str) -> datetime:
    return datetime.strptime(text, _HTTP_DATE).replace(tzinfo=UTC)

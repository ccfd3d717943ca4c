"""A hundred services by apprise: an extra, `pip install 'flowprobe[apprise]'`.

It speaks its own HTTP, with the time limits of its own URLs; what it writes to its log may hold secrets, and is not
kept.
"""

from __future__ import annotations

import logging

__all__ = ["tell"]

_KINDS = {"page": "failure", "notice": "warning", "resolved": "success"}


def tell(url: str, *, title: str, body: str, kind: str = "notice") -> str:
    """Send plain text to one of apprise's URLs: '' when it was taken, else a sentence why not, without the URL."""
    try:
        import apprise
    except ImportError:
        return "apprise is not installed: pip install 'flowprobe[apprise]'"
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    try:
        service = apprise.Apprise()
        if not service.add(url):
            return "apprise does not understand its URL"
        sent = service.notify(title=title, body=body, notify_type=apprise.NotifyType(_KINDS.get(kind, "info")),
                              body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:  # of any of a hundred services; its text may hold the URL
        return f"apprise failed ({type(error).__name__})"
    return "" if sent else "apprise could not deliver it; what the service answered is not told"

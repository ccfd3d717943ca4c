"""Whole URLs against the targets of an environment: one reading of them, for who builds a call and for the guard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from flowprobe.core.paths import strange

__all__ = ["AMISS", "Origin", "amiss", "inside", "normal", "parted"]

Origin = tuple[str, str, int]
"""Scheme, host and port (RFC 6454), in lower case."""
AMISS = "has . or .. in its path, which leads elsewhere"
_HOST = r"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])"
_URL = re.compile(rf"(https?)://{_HOST}(?::([0-9]{{1,5}}))?(/[^?#]*)?(\?[^#]*)?", re.IGNORECASE | re.ASCII)
_BROUGHT = re.compile(rf"(https?)://{_HOST}(?::([0-9]{{0,20}}))?(/[^?#]*)?(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.ASCII)
_PORTS = {"http": 80, "https": 443}


def parted(url: str) -> tuple[Origin, str] | None:
    """Origin and path of a URL that two readers cannot read differently; None for any other."""
    found = _URL.fullmatch(url)
    if found is None or not url.isprintable() or (found[3] and int(found[3]) > 65_535):
        return None
    scheme = found[1].lower()
    return (scheme, found[2].lower(), int(found[3]) if found[3] else _PORTS[scheme]), found[4] or ""


def normal(url: str) -> str:
    """A URL that a reply brought as it is sent (RFC 3986, 6.2): scheme and host in lower case, no port that goes
    without saying, no fragment. One that is more than oddly written stays as it is."""
    found = _BROUGHT.fullmatch(url)
    if found is None or not url.isprintable():
        return url
    scheme = found[1].lower()
    port = f":{int(found[3])}" if found[3] and int(found[3]) != _PORTS[scheme] else ""
    return f"{scheme}://{found[2].lower()}{port}{found[4] or ''}{found[5] or ''}"


def amiss(url: str) -> str:
    """What keeps everybody from reading a URL alike, as the end of a sentence; or ''."""
    found = parted(url)
    if found is None:
        return "is no http URL that everybody reads alike"
    return AMISS if strange(found[1]) else ""


def inside(url: str, targets: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The targets that a URL is inside, each with the path below it."""
    asked = parted(url)
    if asked is None or strange(asked[1]):
        return
    for name, base in targets.items():
        own = parted(base)
        if own is None or own[0] != asked[0]:
            continue
        prefix = own[1].rstrip("/")
        if asked[1] == prefix or asked[1].startswith(prefix + "/"):
            yield name, asked[1][len(prefix):] or "/"

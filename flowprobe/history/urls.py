"""How the place of a history is written, and what of it may be told."""

from __future__ import annotations

import re

from flowprobe.errors import InvalidInput, Problem

__all__ = ["has_password", "is_server", "path_of", "shown"]

_SERVER = re.compile(r"postgres(ql)?://")
_HOST = r"(?:[^@/?:,\[\]]*|\[[0-9a-fA-F:.]+\])(?::\d*)?"
_URL = re.compile(
    rf"(postgres(?:ql)?)://(?:([^@/:?]*)(?::[^@/]*)?@)?({_HOST}(?:,{_HOST})*(?:/[^@/?]*)?)(?:\?.*)?")


def is_server(place: str) -> bool:
    return _SERVER.match(place) is not None


def path_of(place: str) -> str:
    """The file of a place that is none of a server: `sqlite:///nights.db` is in this folder, `sqlite:////var/nights.db`
    is not. Raises InvalidInput."""
    scheme, found, rest = place.partition("://")
    if not found:
        return place
    if scheme != "sqlite" or not rest.startswith("/") or len(rest) < 2:
        raise InvalidInput((Problem("no-history", "--history", 0, 0, f"`{scheme}://` is no place of a history",
                                    "write a file, sqlite:///FILE or postgresql://HOST/DATABASE"),))
    return rest[1:]


def has_password(place: str) -> bool:
    """Whether it is written there, for everybody to read."""
    if not is_server(place):
        return False
    rest = place.partition("://")[2]
    return ":" in rest.rpartition("@")[0] or "password=" in rest


def shown(place: str) -> str:
    """The place as it may be told: without a password, and without options, which may hold one. '' for a server's URL
    that cannot be read, or may be read in two ways."""
    if not is_server(place):
        return place
    found = _URL.fullmatch(place)
    return f"{found[1]}://{f'{found[2]}@' if found[2] else ''}{found[3]}" if found else ""

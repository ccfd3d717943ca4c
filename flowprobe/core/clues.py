"""What an environment declares of a provider, so that calls without any mark can be told: the customer that a call is
made for, an instance of the product that is nobody else's, or a time in which nobody else calls.

Plain values; they cross to the proxy. Of a customer only digests do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import TypeAlias, assert_never
from urllib.parse import parse_qsl, unquote, urlsplit

from flowprobe.core.attribution import Rung
from flowprobe.core.plain import Plain, plain

__all__ = [
    "Clue",
    "Customer",
    "ExclusiveWindow",
    "OwnListener",
    "ProxyUser",
    "clue_rung",
    "digest",
    "seen_customers",
    "wanted_customers",
]

_DIGEST = "sha256:"
_SEGMENTS = 32


@plain
class Customer(Plain):
    """The call says which customer of ours it is for: in a header, a parameter of the query, a segment of the path or
    a label of the host (`place` is header, query, path or host; `name` that of the first two). `field` is the field of
    the trial's personas that has the same value, or `sha256:` and its digest."""

    place: str
    field: str
    name: str = ""

    def __str__(self) -> str:
        return f"the customer `{self.field}` in the {self.place}{f' {self.name}' if self.name else ''}"


@plain
class ProxyUser(Plain):
    """An instance of the product that serves nobody else uses our proxy under this user name."""

    name: str

    def __str__(self) -> str:
        return f"the proxy user {self.name}"


@plain
class OwnListener(Plain):
    """Only an instance of the product that serves nobody else is given this provider's listener."""

    def __str__(self) -> str:
        return "its listener"


@plain
class ExclusiveWindow(Plain):
    """Nobody else calls this provider while a step of ours is in flight, and `grace` seconds after."""

    grace: float

    def __str__(self) -> str:
        return f"a window that ends {self.grace:g} s after each step"


Clue: TypeAlias = Customer | ProxyUser | OwnListener | ExclusiveWindow


def clue_rung(clue: Clue) -> Rung:
    """The rung that a call known by this stands on."""
    match clue:
        case Customer():
            return "credentials"
        case ProxyUser() | OwnListener():
            return "listener"
        case ExclusiveWindow():
            return "window"
        case strange:
            assert_never(strange)


def digest(value: str) -> str:
    """The SHA-256 of a value, in hex; of one that is a digest already, that."""
    if value.startswith(_DIGEST):
        return value.removeprefix(_DIGEST).lower()
    return sha256(value.encode()).hexdigest()


def wanted_customers(clues: Iterable[Clue], personas: Iterable[Mapping[str, object]]) -> frozenset[str]:
    """The digests of the customers that a trial acts as: the declared fields of its personas."""
    fields = [clue.field for clue in clues if isinstance(clue, Customer)]
    values = (persona.get(name) for persona in personas for name in fields)
    return frozenset(digest(str(value)) for value in values if isinstance(value, str | int) and str(value))


def seen_customers(clues: Iterable[Clue], *, header: Callable[[str], str], path: str, host: str) -> frozenset[str]:
    """The digests of every customer that a call may be for. `header` finds one by its lower-case name, '' for none; of
    `Authorization` also what stands behind the scheme."""
    found: set[str] = set()
    for clue in clues:
        if isinstance(clue, Customer):
            found.update(digest(value) for value in _values(clue, header, path, host) if value)
    return frozenset(found)


def _values(clue: Customer, header: Callable[[str], str], path: str, host: str) -> Iterable[str]:
    match clue.place:
        case "header":
            value = header(clue.name.lower()).strip()
            return {value, value.partition(" ")[2].strip()} if clue.name.lower() == "authorization" else (value,)
        case "query":
            return [value for key, value in parse_qsl(urlsplit(path).query, max_num_fields=None) if key == clue.name]
        case "path":
            return [unquote(segment) for segment in urlsplit(path).path.split("/")[:_SEGMENTS]]
        case _:
            return host.lower().split(".")

"""Which operation of which provider a recorded call is of, without anything that is a secret or about a person.

Of a URL the host and the path are kept; what looks like an id, a token, an address or a name of somebody's is `*`, and
so is a segment of which there are so many that it must be one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from flowprobe.core.faults.sites import call_site
from flowprobe.core.incidents.model import Operation, Recording

__all__ = ["METHODS", "MOST_NAMES", "Operations", "host_of", "template_of"]

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
MOST_NAMES = 40
"""So many different words may stand in one place of a path. Where there are more they are ids that look like words."""
_MOST_OPERATIONS = 2_000
"""So many are told apart, and from then on the providers alone."""
_MOST_PLACES = 20_000
_DEEPEST, _LONGEST = 12, 64
_CACHED, _CACHED_LONGEST = 20_000, 500
_DEFAULT_PORTS = (":80", ":443")
_HOST = re.compile(r"[A-Za-z0-9_\[](?:[A-Za-z0-9_.:\[\] -]{0,98}[A-Za-z0-9_\]])?")
_WORD = re.compile(r"[A-Za-z0-9_.~:!$&'()*+,-]*")
_DATUM = re.compile(
    r"""\{.*\} | :[A-Za-z_]\w* | <.*>                      # {id}, :id: a place in a template
      | \+?\d[\d.-]*                                       # a number, a date, a telephone
      | (?=[^/]*\d)(?=[^/]*[A-Z])[A-Z0-9-]{5,}             # DE89370400, AB12CD
      | (?=[^/]*[a-z])(?=[^/]*[A-Z])[\w-]{20,}             # a token, by luck without two digits
    """,
    re.VERBOSE,
)


def host_of(text: str) -> str:
    """The host of a URL, of `host:port` or of an authority with a user, in lower case and without the port of its
    scheme; a name without a dot as it is. '' for what is none."""
    authority = text.strip().partition("://")[2] or text.strip()
    host = re.split(r"[/?#]", authority, maxsplit=1)[0].rpartition("@")[2]
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    if not _HOST.fullmatch(host):
        return ""
    return host.lower() if "." in host or ":" in host else host


def template_of(target: str) -> str:
    """`/v1/charges/*` of a path or a URL: no query, no user, no parameters of a segment. '' where it has no path."""
    segments = _path_of(target).split("/", _DEEPEST + 1)
    kept = [_told(each) if len(each) <= _LONGEST else "*" for each in segments[: _DEEPEST + 1]]
    return "/".join((*kept, "**") if len(segments) > _DEEPEST + 1 else kept)


def _path_of(target: str) -> str:
    """What is neither a path nor a URL has none."""
    plain = re.split(r"[?#]", target, maxsplit=1)[0]
    if plain.startswith("/"):
        return plain
    authority, slash, path = plain.partition("://")[2].partition("/")
    return slash + path if slash else "/" if authority else ""


@lru_cache(maxsize=4096)
def _told(segment: str) -> str:
    word = segment.partition(";")[0]
    datum = not _WORD.fullmatch(word) or _DATUM.fullmatch(word) or call_site("", word) == " *"
    return "*" if datum else word


class Operations:
    """The recordings of the operations that calls were of.

    `providers` has the name of a provider by its host, with or without its port; one that it does not have is called as
    its host is. `otherwise` is the provider of calls that name none.
    """

    def __init__(self, providers: Mapping[str, str], *, otherwise: str = "") -> None:
        self._providers = {host_of(host): name for host, name in providers.items()}
        self._otherwise = otherwise
        self._known: dict[tuple[str, str, str], Recording] = {}
        self._templates: dict[tuple[str, str, str], Recording] = {}
        self._recordings: dict[Operation, Recording] = {}
        self._names: dict[tuple[str, ...], set[str]] = {}

    def recording(self, host: str, method: str, target: str) -> Recording:
        """Where such a call belongs. Raises ValueError, with what is wrong, where nothing says who was called."""
        target = target.partition("?")[0]
        if not host and "://" in target:
            host = host_of(target) or target
        key = (host, method, target)
        found = self._known.get(key)
        if found is None:
            template = template_of(target)
            found = self._templates.get((host, method, template))
            if found is None:
                found = self._of(self._operation(host, method, template))
                _keep(self._templates, (host, method, template), found)
            _keep(self._known, key, found)
        return found

    def recordings(self) -> tuple[Recording, ...]:
        """All of them, by provider and operation. Words that turned out to be ids are one `*`."""
        settled: dict[Operation, Recording] = {}
        for recording in self._recordings.values():
            operation = self._collapsed(recording.operation)
            if operation not in settled:
                settled[operation] = recording
                recording.operation = operation
            else:
                _append(settled[operation], recording)
        return tuple(settled[operation] for operation in sorted(settled, key=str))

    def _of(self, operation: Operation) -> Recording:
        if operation not in self._recordings and len(self._recordings) >= _MOST_OPERATIONS:
            operation = Operation(operation.provider, "", "/**")
            if operation not in self._recordings and len(self._recordings) >= 2 * _MOST_OPERATIONS:
                raise ValueError(f"this is one provider more than {_MOST_OPERATIONS}")
        return self._recordings.setdefault(operation, Recording(operation))

    def _operation(self, host: str, method: str, template: str) -> Operation:
        method = method.upper() if method.upper() in METHODS else ""
        provider = self._provider(host)
        operation = Operation(provider, method, template)
        self._count(operation)
        return self._collapsed(operation)

    def _provider(self, given: str) -> str:
        host = host_of(given)
        if given and not host:
            raise ValueError("this is no name of a host or of a provider")
        name = self._providers.get(host) or self._providers.get(host.rpartition(":")[0]) or host or self._otherwise
        if not name:
            raise ValueError("nothing says which provider was called; write --provider NAME, or map a column")
        return name

    def _count(self, operation: Operation) -> None:
        """The words of its path, each under those before it."""
        before: tuple[str, ...] = (operation.provider, operation.method)
        for segment in operation.path.split("/"):
            if before not in self._names and len(self._names) >= _MOST_PLACES:
                return
            names = self._names.setdefault(before, set())
            if len(names) <= MOST_NAMES and segment != "*":
                names.add(segment)
            before = (*before, "*" if len(names) > MOST_NAMES else segment)

    def _collapsed(self, operation: Operation) -> Operation:
        before: tuple[str, ...] = (operation.provider, operation.method)
        for segment in operation.path.split("/"):
            before = (*before, "*" if len(self._names.get(before, ())) > MOST_NAMES else segment)
        return Operation(operation.provider, operation.method, "/".join(before[2:]))


def _keep(known: dict[tuple[str, str, str], Recording], key: tuple[str, str, str], found: Recording) -> None:
    if len(known) >= _CACHED:
        known.clear()
    if sum(map(len, key)) <= _CACHED_LONGEST:
        known[key] = found


def _append(one: Recording, other: Recording) -> None:
    for at, seconds, outcome in zip(other.at, other.seconds, other.outcomes, strict=True):
        one.add(at, seconds, other.names[outcome])

"""What a user says of the sources, and what comes of reading them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal, TypeAlias, get_args

from flowprobe.core.incidents.model import Recording
from flowprobe.core.plain import Plain, plain
from flowprobe.errors import InvalidInput, Problem

__all__ = ["KINDS", "Counts", "Kind", "Options", "Progress", "Read", "columns_of", "providers_of"]

Kind: TypeAlias = Literal["csv", "har", "json-log", "access-log", "otlp", "prometheus", "flows"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many bytes of how many are read."""
Columns: TypeAlias = Mapping[str, tuple[str, str]]
"""What is meant (`latency`) -> the name of the column and its unit, '' where its name or its values say it."""
_UNITS = (":ns", ":us", ":ms", ":s")
_MEANINGS = ("time", "provider", "latency", "status", "method", "path", "error")


@plain
class Options(Plain):
    """`kind` overrides what is recognised; `format` is that of an access log, as nginx (`log_format`) or Envoy has it;
    `zone` is that of times which name none (`Europe/Berlin`); `providers` are the names of providers by host, and
    `provider` that of calls which do not say whom they went to. `skip_wrong` counts lines that are not understood
    instead of refusing the file."""

    kind: Kind | None = None
    format: str = ""
    zone: str = ""
    columns: Columns = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""
    skip_wrong: bool = False


@plain
class Counts(Plain):
    """`skipped` are lines, entries or spans that are no calls of a provider, by why; `notes` are calls of which
    something is told that the source does not say, by what."""

    lines: int = 0
    calls: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)


@plain
class Read(Plain):
    """What the sources hold. `kinds` says how each was read, in their order; `earliest` and `latest` are the instants
    at which the first and the last call began."""

    recordings: tuple[Recording, ...]
    counts: Counts
    kinds: tuple[tuple[str, str], ...]
    earliest: float
    latest: float


def columns_of(text: str) -> Columns:
    """`time=ts:ms,latency=took` as Options has it. Raises InvalidInput."""
    found, problems = {}, []
    for part in filter(None, map(str.strip, text.split(","))):
        meant, _, column = part.partition("=")
        name, _, unit = column.rpartition(":") if column.endswith(_UNITS) else (column, "", "")
        if meant not in _MEANINGS or not name:
            problems.append(Problem("bad-setting", "--columns", 0, 0, f"{part!r} names no column",
                                    f"write time=ts,latency=took:ms; there are {', '.join(_MEANINGS)}"))
        found[meant] = (name, unit)
    if problems:
        raise InvalidInput(tuple(problems))
    return found


def providers_of(given: tuple[str, ...]) -> tuple[Mapping[str, str], str]:
    """`--provider api.payments.example=payments` by host, and `--provider payments` for calls that do not say it.
    Raises InvalidInput where two are for the same."""
    hosts, names = {}, []
    for each in given:
        host, equals, name = each.partition("=")
        if equals:
            hosts[host] = name
        else:
            names.append(each)
    if len(names) > 1 or "" in hosts or "" in hosts.values():
        found = "it names one provider for all calls, or one for each host"
        raise InvalidInput((Problem("bad-setting", "--provider", 0, 0, found,
                                    "write --provider payments, or --provider api.payments.example=payments"),))
    return hosts, names[0] if names else ""

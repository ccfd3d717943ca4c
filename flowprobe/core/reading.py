"""Where an environment says that the product's spans and log lines are kept, and where people look at them.

In each of these texts `${trace}` stands for the trace id of a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias
from urllib.parse import urlsplit

from flowprobe.core.auth import ApiKey, Basic, Bearer
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Position

__all__ = ["TRACE", "Access", "FromCommand", "FromFiles", "FromJaeger", "FromLoki", "FromTempo", "Source", "StoreAuth",
           "access_of", "links_of"]

TRACE = "${trace}"

StoreAuth: TypeAlias = Bearer | Basic | ApiKey


@plain
class Access(Plain):
    """How a store is asked over HTTP: its base URL, headers that are no secret, and what signs."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: StoreAuth | None = None


@plain
class FromJaeger(Plain):
    access: Access
    position: Position

    def __str__(self) -> str:
        return f"jaeger {self.access.url}"


@plain
class FromTempo(Plain):
    access: Access
    position: Position

    def __str__(self) -> str:
        return f"tempo {self.access.url}"


@plain
class FromLoki(Plain):
    """`query` is LogQL."""

    access: Access
    query: str
    position: Position

    def __str__(self) -> str:
        return f"loki {self.access.url}"


@plain
class FromFiles(Plain):
    """OTLP files, by a pattern that starts in the folder of the project."""

    pattern: str
    position: Position

    def __str__(self) -> str:
        return f"otlp-file {self.pattern}"


@plain
class FromCommand(Plain):
    """A program and its arguments, without a shell: what it prints are log lines."""

    command: tuple[str, ...]
    position: Position

    def __str__(self) -> str:
        return f"cmd {self.command[0]}"


Source: TypeAlias = FromJaeger | FromTempo | FromLoki | FromFiles | FromCommand


def access_of(source: Source) -> Access | None:
    """How a source is asked; None for one that is on this machine."""
    return None if isinstance(source, FromFiles | FromCommand) else source.access


def links_of(templates: Mapping[str, str], traces: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The links of calls: (name, URL), each with a trace id in it. What is no web address is left out: a page follows
    whatever it is given."""
    for name, template in templates.items():
        for trace in traces:
            url = template.replace(TRACE, trace)
            if _leads_to_the_web(url):
                yield name, url


def _leads_to_the_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False

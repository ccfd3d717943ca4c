"""Which third parties a standing proxy stands before, and where it listens for them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flowprobe.core.client_variables import base_variable
from flowprobe.core.scenario import Environment, Position, Provider, webhook_edge
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.project import find_project
from flowprobe.files.project_names import RESERVED
from flowprobe.proxy.addresses import is_loopback
from flowprobe.proxy.edges import USER, EdgeSpec, Origin
from flowprobe.running.selection import find, load_here

__all__ = ["Listen", "edges_of", "environment_of", "listen_at", "project_folder"]

_NOWHERE = Position("--provider", 0, 0)
_ADDED = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_-]*)=(?P<edge>forward:)?(?P<url>\S+)")
_LISTEN = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Listen:
    """`host` is the interface, `port` that of the first listener; the others count up from it. 0 is any free one."""

    host: str = "127.0.0.1"
    port: int = 0

    @property
    def offered(self) -> bool:
        """Others than this machine can get there."""
        return not is_loopback(self.host)

    @property
    def called(self) -> str:
        """What clients call this machine by."""
        return socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host


def listen_at(text: str | None) -> Listen:
    """Raises InvalidInput."""
    if text is None:
        return Listen()
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"] or 0) > 65535:
        raise _problem("bad-setting", "--listen", f"{text!r} is nowhere to listen", "write 127.0.0.1:9100, or 0.0.0.0")
    return Listen(found["host"].strip("[]"), int(found["port"] or 0))


# --- which ones -----------------------------------------------------------------------------------


def environment_of(name: str | None, chosen: Sequence[str], added: Sequence[str]) -> Environment:
    """The environment with those of its providers that are `chosen` (all where none is), and those that the command
    line has `added`: `NAME=URL`, or `NAME=forward:URL`. Where it says all there is to say, no flowprobe.yaml is needed.
    Raises InvalidInput."""
    found = _environment_of(name, chosen, _added(added))
    _refuse_one_variable_for_two(found.providers)
    return found


def _refuse_one_variable_for_two(names: Iterable[str]) -> None:
    """The product would be given the base URL of one of them alone."""
    first: dict[str, str] = {}
    for name in names:
        if (other := first.setdefault(base_variable(name), name)) != name:
            raise _problem("same-variable", "proxy run", f"the providers {other!r} and {name!r} would both be "
                           f"{base_variable(name)}", "rename one of them, or leave one out with --providers")


def _environment_of(name: str | None, chosen: Sequence[str], extra: Mapping[str, Provider]) -> Environment:
    if extra and name is None and not chosen:
        return Environment("the command line", _NOWHERE, {}, providers=extra)
    environment = find(load_here(), name)
    kept = _chosen(environment, chosen)
    if not (kept or extra):
        raise _problem("no-providers", str(environment.position), f"the environment {environment.name!r} has no "
                       "providers, so there is nothing to stand before", "write `providers` there, or name one with "
                       "--provider payments=https://api.payments.example")
    return replace(environment, providers={**kept, **extra})


def _chosen(environment: Environment, chosen: Sequence[str]) -> Mapping[str, Provider]:
    unknown = [name for name in chosen if name not in environment.providers]
    if unknown:
        raise _problem("unknown-provider", "--providers", f"the environment {environment.name!r} has no provider "
                       f"{', '.join(map(repr, unknown))}", f"there is: {', '.join(environment.providers) or 'none'}")
    return {name: environment.providers[name] for name in chosen or environment.providers}


def _added(words: Sequence[str]) -> dict[str, Provider]:
    found = [_one(word) for word in words]
    names = [provider.name for provider in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _problem("bad-setting", "--provider", f"{', '.join(twice)} is given twice", "give each its own name")
    return {provider.name: provider for provider in found}


def _one(word: str) -> Provider:
    found = _ADDED.fullmatch(word)
    if found is None or not found["url"].startswith(("http://", "https://")):
        raise _problem("bad-setting", "--provider", f"{word!r} is no provider",
                       "write payments=https://api.payments.example, or mail=forward:https://api.mail.example")
    if _beside_the_address(found["url"]):
        raise _problem("bad-setting", "--provider", f"the URL of {found['name']} has a user, a query or a fragment",
                       "write scheme, host and path alone: what a call needs beside them the product sends itself")
    if found["name"] in RESERVED:
        raise _problem("bad-setting", "--provider", f"the name {found['name']!r} is taken by FlowProbe itself",
                       "choose another one")
    Origin.parse(found["url"], of=f"the provider {found['name']}")
    return Provider(found["name"], found["url"], _NOWHERE, edge="forward" if found["edge"] else "reverse")


def _beside_the_address(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    return "@" in host or "?" in url or "#" in url


def _problem(id: str, place: str, found: str, instead: str) -> InvalidInput:
    return InvalidInput((Problem(id, place, 0, 0, found, instead),))


# --- where ----------------------------------------------------------------------------------------


def edges_of(environment: Environment, listen: Listen) -> tuple[EdgeSpec, ...]:
    """The edges of a standing proxy. A forward one has a base URL too, for clients that take no proxy; the user edge
    is for runs that attach, and only where there are targets."""
    made = tuple(_edges(environment, listen))
    if not listen.port:
        return made
    ports: dict[tuple[str, str], int] = {}
    for edge in made:  # forward edges share a listener
        ports.setdefault(_listener(edge), listen.port + len(ports))
    return tuple(replace(edge, listen=(edge.listen[0], ports[_listener(edge)])) for edge in made)


def _listener(edge: EdgeSpec) -> tuple[str, str]:
    return ("forward", "") if edge.mode == "forward" and edge.name != USER else (edge.mode, edge.name)


def _edges(environment: Environment, listen: Listen) -> Iterator[EdgeSpec]:
    for provider in environment.providers.values():
        where, upstream = _where(provider, listen), provider.upstream or provider.url
        if provider.edge == "forward":
            yield EdgeSpec(provider.name, "forward", hosts={provider.url: provider.upstream}, listen=where,
                           clues=provider.attribute)
            yield EdgeSpec(provider.name, "reverse", upstream=upstream, listen=(where[0], 0), clues=provider.attribute)
        else:
            yield EdgeSpec(provider.name, "reverse", upstream=upstream, listen=where, clues=provider.attribute)
        if provider.webhooks is not None:
            target = environment.targets[provider.webhooks]
            yield EdgeSpec(webhook_edge(provider.name), "reverse", upstream=target, listen=(where[0], 0))
    if environment.targets:
        hosts = dict.fromkeys(environment.targets.values())
        yield EdgeSpec(USER, "forward", hosts=hosts, listen=(listen.host, 0))


def _where(provider: Provider, listen: Listen) -> tuple[str, int]:
    """The interface is that of the command; the port that of the file, where the command names none."""
    _, _, port = (provider.listen or "").rpartition(":")
    return listen.host, 0 if listen.port else int(port or 0)


def project_folder() -> Path:
    """Where profiles are looked for first."""
    found = find_project(Path.cwd())
    return found or Path.cwd() / "flowprobe.yaml"

"""Edges and listeners: which requests belong to which third party, and where they really go. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from flowprobe.core.clues import Clue
from flowprobe.errors import ToolFailed
from flowprobe.proxy.addresses import is_loopback

__all__ = ["PRODUCT", "UNDECLARED", "USER", "Door", "EdgeSpec", "Listener", "Origin", "Route", "edge_urls", "listeners"]

USER = "user"
UNDECLARED = "undeclared"
PRODUCT = "flowprobe"
"""The user name of a product that has to show credentials."""
_PORTS = {"http": 80, "https": 443}
Door: TypeAlias = Literal["", "run", "product", "path"]


@dataclass(frozen=True, slots=True)
class EdgeSpec:
    """One edge as the runner asks for it.

    `reverse`: a plain HTTP listener of its own, which forwards to `upstream`.
    `forward`: a proxy for its client. `hosts` maps each declared origin (`https://api.mail.example`) to the one
    that it really goes to, or to None for itself; nothing else is intercepted. Forward edges with the same
    `listen` share one listener and are told apart by host. The edge `user` always has one of its own, and asks
    for credentials. An edge may have one of each mode, for clients that take no proxy. `clues` say how its calls may be
    known without a mark.
    """

    name: str
    mode: Literal["reverse", "forward"]
    upstream: str | None = None
    hosts: Mapping[str, str | None] = field(default_factory=dict)
    listen: tuple[str, int] = ("127.0.0.1", 0)
    clues: tuple[Clue, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL; `prefix` is its path, without a slash at the end."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """What belongs into the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @classmethod
    def parse(cls, url: str, *, of: str) -> Origin:
        """Read an http or https URL; `of` is what the message calls it."""
        parts, port = _split(url)
        if parts is None or parts.scheme not in _PORTS or not parts.hostname:
            raise ToolFailed(f"{of} is {url!r}; it must be a URL such as https://api.mail.example")
        path = parts.path.rstrip("/")
        return cls(parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], path)


def _split(url: str) -> tuple[SplitResult | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        return None, None


@dataclass(frozen=True, slots=True)
class Route:
    """One declared origin of an edge; `upstream` None goes where the request says."""

    edge: str
    upstream: Origin | None


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket. `spec` is mitmproxy's name for it, by which a connection is known.

    A reverse listener has one route for everything; a forward one looks up (host, port). `offered`: it can be reached
    from beyond this machine.
    """

    spec: str
    mode: str
    edges: tuple[str, ...]
    routes: Mapping[tuple[str, int], Route] = field(default_factory=dict)
    default: Route | None = None
    offered: bool = False

    @property
    def door(self) -> Door:
        """What its clients have to show: the credentials of the run, those of the product, or nothing."""
        if USER in self.edges:
            return "run"
        return ("path" if self.mode == "reverse" else "product") if self.offered else ""

    def route(self, host: str, port: int) -> Route | None:
        """Whose request this is; None for a host that nobody declared."""
        return self.default or self.routes.get((host.lower(), port))


def listeners(edges: Sequence[EdgeSpec], *, offered: bool = False) -> tuple[Listener, ...]:
    """The listeners for these edges, or ToolFailed where they contradict each other. `offered`: their clients have
    credentials, so that they may listen beyond loopback."""
    _check(edges, offered)
    reverse = [_reverse(edge, number) for number, edge in enumerate(edges) if edge.mode == "reverse"]
    groups: dict[tuple[bool, tuple[str, int]], list[EdgeSpec]] = {}
    for edge in edges:
        if edge.mode == "forward":
            groups.setdefault((edge.name == USER, edge.listen), []).append(edge)
    forward = [_forward(group, spare=user) for (user, _), group in groups.items()]
    return (*reverse, *forward)


def _check(edges: Sequence[EdgeSpec], offered: bool) -> None:
    names = [(edge.name, edge.mode) for edge in edges]
    twice = {edge.name for edge in edges if names.count((edge.name, edge.mode)) > 1 or edge.name == UNDECLARED}
    if twice:
        raise ToolFailed(f"the edge names {sorted(twice)} are given twice or reserved")
    for edge in edges:
        if not (offered or is_loopback(edge.listen[0])):
            raise ToolFailed(
                f"the edge {edge.name} would listen on {edge.listen[0]}; use 127.0.0.1: faults are not offered "
                "to the network"
            )
        if edge.mode == "reverse" and edge.upstream is None:
            raise ToolFailed(f"the reverse edge {edge.name} has no upstream to forward to")


def _reverse(edge: EdgeSpec, number: int) -> Listener:
    # mitmproxy tells listeners apart by their text, and two providers may share a stand-in: so each gets a
    # made-up destination, and every request is routed by us before anything is connected.
    upstream = Origin.parse(edge.upstream or "", of=f"the upstream of {edge.name}")
    spec = f"reverse:http://edge-{number}.invalid@{_address(edge.listen)}"
    return Listener(spec, "reverse", (edge.name,), default=Route(edge.name, upstream),
                    offered=not is_loopback(edge.listen[0]))


def _forward(group: Sequence[EdgeSpec], *, spare: bool) -> Listener:
    # The texts of the two listeners on a free port must differ as well: one of them leaves the host out.
    host, port = group[0].listen
    shortened = spare and port == 0 and host == "127.0.0.1"
    spec = "regular@0" if shortened else f"regular@{_address((host, port))}"
    return Listener(spec, "forward", tuple(edge.name for edge in group), routes=_routes(group),
                    offered=not is_loopback(host))


def _address(listen: tuple[str, int]) -> str:
    host, port = listen
    return f"{host}:{port}"


def _routes(group: Iterable[EdgeSpec]) -> dict[tuple[str, int], Route]:
    routes: dict[tuple[str, int], Route] = {}
    for edge in group:
        for url, target in edge.hosts.items():
            origin = Origin.parse(url, of=f"a host of {edge.name}")
            upstream = Origin.parse(target, of=f"the upstream of {edge.name}") if target else None
            taken = routes.setdefault((origin.host, origin.port), Route(edge.name, upstream))
            if taken.edge != edge.name:
                raise ToolFailed(f"{origin.host}:{origin.port} is declared by {taken.edge} and by {edge.name}")
    return routes


def edge_urls(listener: Listener, address: tuple[str, int]) -> dict[str, str]:
    """What the clients of a bound listener are given: a base URL, or the URL of a proxy."""
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    prefix = listener.default.upstream.prefix if listener.default and listener.default.upstream else ""
    return dict.fromkeys(listener.edges, f"http://{host}:{address[1]}{prefix}")

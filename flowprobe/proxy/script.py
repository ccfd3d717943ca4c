"""A fault profile in somebody's own mitmdump: unscoped, without a runner, until mitmdump ends.

`proxies/inject.py` is the script that they name; it hands in how a profile is found, for files are read elsewhere.
Every call of the named hosts may suffer: there is no trial whose calls these could be. Nothing is written but a line
for each injection.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flowprobe.core.events import Event, HookFailed, Injected, Saturated
from flowprobe.core.faults.kinds import describe, kind_name
from flowprobe.core.scenario import Fault, FaultPlan
from flowprobe.errors import FlowProbeError
from flowprobe.proxy import mitm
from flowprobe.proxy.addon import Addon, Rules
from flowprobe.proxy.connections import Connections
from flowprobe.proxy.edges import UNDECLARED, USER, Listener, Route
from flowprobe.proxy.guard import Guard
from flowprobe.proxy.injector import Injector
from flowprobe.proxy.ladder import Ladder
from flowprobe.proxy.leases import Lease, Leases
from flowprobe.proxy.recorder import Recorder
from flowprobe.proxy.whose import Whose

__all__ = ["Hosts", "Unusable", "hosts_of", "script", "told"]

USERS = "users"
"""The edge `user` of a profile in here: all who call these hosts, where a runner's own client has credentials."""

_ONLY, _PREFIX = "provider", "provider."
_NOBODYS = ("step", "persona", "account")
_NOT_HERE = {"refuse": "mitmdump has taken the connection already", "tls": "handshakes are mitmdump's own"}


class Unusable(FlowProbeError):
    """What a script was told does not fit; the message says what to write."""


# --- which calls ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hosts(Listener):
    """Every listener of a mitmdump: whose call it is depends on its host alone. `named` maps `host` or `host:port` to
    an edge, and `*` is every other host; what is nobody's passes as mitmdump passes it.
    """

    named: Mapping[str, str] = field(default_factory=dict)

    def route(self, host: str, port: int) -> Route | None:
        name = host.lower()
        edge = self.named.get(f"{name}:{port}") or self.named.get(name) or self.named.get("*")
        return Route(edge or UNDECLARED, None)


def hosts_of(plan: FaultPlan, told: Mapping[str, str]) -> dict[str, str]:
    """Host -> edge, from what was told of each edge (`a.example,b.example:8443`); '' is the only one. Raises
    Unusable."""
    edges = list(dict.fromkeys(fault.edge for fault in plan.faults))
    if len(edges) == 1 and told.get(""):
        return hosts_of(plan, {edges[0]: told[""]})
    told = {edge: hosts for edge, hosts in told.items() if edge}
    if strange := [edge for edge in told if edge not in edges]:
        raise Unusable(f"the profile {plan.name!r} has no faults on {strange[0]!r}; it falls on {_listed(edges)}")
    silent = [edge for edge in edges if not told.get(edge)]
    if len(edges) == 1 and silent:
        return {"*": edges[0]}
    if silent:
        raise Unusable(f"the profile {plan.name!r} falls on {_listed(edges)}: say which hosts these are, with "
                       + " ".join(f"--set {_PREFIX}{edge}=HOST" for edge in silent))
    named: dict[str, str] = {}
    for edge, hosts in told.items():
        for host in map(_host, hosts.lower().split(",")):
            if named.setdefault(host, edge) != edge:
                raise Unusable(f"{host} cannot be both {named[host]} and {edge}")
    return named


def _host(word: str) -> str:
    """What is a host with or without a port, or an address of IPv6, can be met; all else never is."""
    host, colon, port = word.strip().partition(":")
    if colon and ":" not in port and not (host and port.isdecimal() and 0 < int(port) <= 65535):
        raise Unusable(f"{word.strip()!r} is no host: write api.payments.example, or with its port "
                       "api.payments.example:8443")
    return word.strip()


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words)


def _usable(plan: FaultPlan) -> FaultPlan:
    """The plan with its faults on the user edge under a name that has no credentials. Raises Unusable."""
    for fault in plan.faults:
        if why := _NOT_HERE.get(kind_name(fault.kind)):
            raise Unusable(f"{fault.position}: `{kind_name(fault.kind)}` cannot be made here: {why}")
        if asked := [key for key in _NOBODYS if getattr(fault.match, key)]:
            raise Unusable(f"{fault.position}: `{asked[0]}` in `match` never fits here: nobody says whose call it is")
    return replace(plan, faults=tuple(replace(fault, edge=USERS) if fault.edge == USER else fault
                                      for fault in plan.faults))


# --- what is told ---------------------------------------------------------------------------------


def told(event: Event, faults: Mapping[str, Fault]) -> str:
    """The line for an event; '' for one that nobody waits for."""
    match event:
        case Injected(fault=id, site=site):
            return f"flowprobe: {id} {site}: {describe(faults[id].kind)}{_took(event)}"
        case HookFailed(hook=hook, detail=detail):
            return f"flowprobe: nothing is injected into this call, for {hook} failed: {detail}"
        case Saturated(lag_s=lag_s):
            return f"flowprobe: too busy to keep time, by {lag_s * 1000:.0f} ms"
        case _:
            return ""


def _took(injected: Injected) -> str:
    parts = [f"slept {injected.slept_s * 1000:.0f} ms"] if injected.slept_s else []
    if injected.gave_up_s is not None:
        parts.append(f"the caller gave up after {injected.gave_up_s * 1000:.0f} ms")
    return f" ({', '.join(parts)})" if parts else ""


# --- the script -----------------------------------------------------------------------------------


class _Options:
    """Takes `--set profile=…`, `--set provider.NAME=…` and `--set seed=…`, and arms the addon below it."""

    name = "flowprobe"

    def __init__(self, find: Callable[[str], FaultPlan], addon: Addon, injector: Injector,
                 faults: dict[str, Fault]) -> None:
        self.addons = [addon]
        self._find = find
        self._addon = addon
        self._injector = injector
        self._faults = faults

    def load(self, loader: Any) -> None:
        loader.add_option("profile", str, "", "A fault profile of FlowProbe: its name or its file.")
        loader.add_option("seed", int, 0, "What the draws of the profile's faults depend on.")
        loader.add_option(_ONLY, str, "", "The hosts whose calls suffer, between commas; every one where none is said.")
        for option in mitm.unclaimed_options(_PREFIX):
            loader.add_option(option, str, "", "The hosts of this edge, between commas; a port may stand behind each.")

    def configure(self, updated: Collection[str]) -> None:
        if not {"profile", "seed", "mode", _ONLY, *mitm.options_of(_PREFIX)} & set(updated):
            return
        try:
            self._arm()
        except FlowProbeError as error:  # before it runs, an error in the log is the end of mitmdump
            self._addon.rules = _rules(None, 0)
            logging.getLogger(__name__).error("flowprobe: %s", error)

    def _arm(self) -> None:
        name = mitm.option("profile")
        if not name:
            raise Unusable("say which profile: --set profile=slow-payments, or a file that ends with .yaml")
        found = self._find(name)
        told = {key.removeprefix(_PREFIX): mitm.option(key) for key in mitm.options_of(_PREFIX)}
        hosts = hosts_of(found, {**told, "": mitm.option(_ONLY)})
        plan = _usable(found)
        named = {host: USERS if edge == USER else edge for host, edge in hosts.items()}
        self._injector.engine = self._injector.messages.engine = mitm.enter()
        self._faults.clear()
        self._faults.update((fault.id, fault) for fault in plan.faults)
        edges = tuple(dict.fromkeys(fault.edge for fault in plan.faults))
        self._addon.listeners = {spec: Hosts(spec, "forward", edges, named=named) for spec in mitm.option("mode")}
        self._addon.rules = _rules(plan, mitm.option("seed"))
        _say(f"flowprobe: {plan.name} is on: {plan.imitates or 'a fault profile'}")


def _rules(plan: FaultPlan | None, seed: int) -> Rules:
    leases = Leases(lambda _, __: None)
    if plan is not None:
        now = time.monotonic()
        leases.apply(Lease(plan.name, plan.name, plan, seed, math.inf, math.inf, {}, armed_at=now, renewed_at=now,
                           unscoped=True))
    return Rules(leases, Whose(Ladder(), leases, time.monotonic), injector=True)


def _say(line: str) -> None:
    print(line, flush=True)


def script(find: Callable[[str], FaultPlan]) -> object:
    """The addon for mitmdump; `find` reads the profile of a name or a file, and may raise FlowProbeError."""
    faults: dict[str, Fault] = {}

    def write(event: Event) -> None:
        if line := told(event, faults):
            _say(line)

    recorder = Recorder(time.monotonic)
    recorder.write = write
    injector = Injector(recorder, time.monotonic)
    shut = Connections(recorder, injector.holding.waits, time.monotonic)  # never opened: handshakes are mitmdump's own
    addon = Addon({}, _rules(None, 0), recorder, injector, Guard("", ""), shut, time.monotonic)
    return _Options(find, addon, injector, faults)

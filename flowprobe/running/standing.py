"""A proxy that stands alone beside a product which FlowProbe did not start, until its person ends it.

It forwards, tells what passes, and takes orders from runs that attach. A profile that its person puts into force falls
on every call of the listed providers, whoever makes it; this process renews its lease, so that it ends with us.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from flowprobe.core.client_variables import client_variables
from flowprobe.core.events import Stamped
from flowprobe.core.policy import least_evidence, policy_of
from flowprobe.core.scenario import Environment, FaultPlan
from flowprobe.errors import CannotListen, InvalidInput, Problem, Refused, ToolFailed
from flowprobe.files.checks import check_plan
from flowprobe.journal.reader import Follower
from flowprobe.proxy.attached import Key
from flowprobe.proxy.edges import PRODUCT, USER
from flowprobe.proxy.process import ProxyProcess
from flowprobe.proxy.protocol import ControlSpec, Ready
from flowprobe.running.attaching import DEFAULT_CONTROL, control_at, token_file, token_for, write_key
from flowprobe.running.authorities import write_bundle
from flowprobe.running.drivers import trust_of
from flowprobe.running.folder import private_folder
from flowprobe.running.offered import edges_of, environment_of, listen_at, project_folder
from flowprobe.running.places import STATE
from flowprobe.running.profiles import profile_for
from flowprobe.running.stopping import Stopper

__all__ = ["LONGEST_S", "Onlooker", "Opened", "StandingRequest", "stand"]

LONGEST_S = 3600.0
"""The proxy itself lets no lease live longer."""
_LOOK_S = 0.1
_LEASE = "the profile of this proxy"


@dataclass(frozen=True, slots=True)
class StandingRequest:
    """What `proxy run` asks for. `providers` () are all of the environment; `added` are `NAME=URL`. `profile` falls on
    every call, which its person has to confirm: `unscoped`. `ttl_s` is how long it outlives us, `for_s` its ceiling."""

    environment: str | None = None
    providers: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    profile: str | None = None
    unscoped: bool = False
    listen: str | None = None
    control: str = DEFAULT_CONTROL
    token_file: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    ttl_s: float = 10.0
    for_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A proxy that stands: what to tell its person. `variables` are whole, with the product's token where it needs one;
    `secret` is that token ('' for none)."""

    ready: Ready
    folder: Path
    token_file: Path | None
    variables: Mapping[str, str]
    secret: str
    profile: str


class Onlooker(Protocol):
    """Whoever shows what passes."""

    def opened(self, opened: Opened) -> None: ...
    def passed(self, lines: tuple[Stamped, ...]) -> None: ...
    def notice(self, text: str) -> None: ...


def stand(request: StandingRequest, onlooker: Onlooker) -> None:
    """Stand until a signal. Raises InvalidInput and Refused before anything listens, ToolFailed where the proxy is
    gone."""
    with _Standing(request) as standing, Stopper(on_stop=_nothing, on_again=_nothing, on_leave=_nothing) as stopper:
        onlooker.opened(standing.open())
        standing.watch(onlooker, stopper)


def _nothing() -> None: ...


class _Standing:
    def __init__(self, request: StandingRequest) -> None:
        self._request = request
        self._environment = environment_of(request.environment, request.providers, request.added)
        self._listen = listen_at(request.listen)
        self._plan = _profile(request, self._environment)
        _refuse_production(self._environment)
        address = control_at(request.control, of="--control")
        if address.path:
            private_folder(Path(address.path).parent)
        self._token, self._made = token_for(os.environ)
        self._product_token = secrets.token_urlsafe(18) if self._listen.offered else ""
        self._id = secrets.token_hex(8)
        self._folder = private_folder(STATE / "proxies" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{self._id[:6]}")
        self._token_file: Path | None = None
        self._proxy = ProxyProcess(
            run=self._id, edges=edges_of(self._environment, self._listen), journal=self._folder / "proxy.jsonl",
            owned=False, upstream_ca=self._upstream_ca(), product_token=self._product_token,
            minimum=least_evidence(self._environment),
            control=ControlSpec(str(address), self._token, _path(request.cert), _path(request.key)),
        )
        self._lines = Follower(self._folder / "proxy.jsonl")

    def __enter__(self) -> _Standing:
        self._proxy.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._proxy.close()
        for name in ("ca-bundle.pem", "ca.pem", "upstream-bundle.pem"):
            (self._folder / name).unlink(missing_ok=True)
        if self._token_file is not None:
            with suppress(OSError):
                self._token_file.unlink()

    def open(self) -> Opened:
        ready = self._ready()
        if self._made:
            address = control_at(ready.control, of="--control")
            self._token_file = self._request.token_file or token_file(address)
            write_key(self._token_file, Key(self._token, ready.fingerprint))
        if self._plan is not None:
            self._proxy.apply(lease=_LEASE, trial=_LEASE, plan=self._plan, seed=secrets.randbelow(2**31),
                              ttl_s=self._request.ttl_s, ceiling_s=self._request.for_s, unscoped=True)
        return Opened(ready, self._folder, self._token_file, self._variables(ready), self._product_token,
                      self._plan.name if self._plan else "")

    def _ready(self) -> Ready:
        """Where it is to listen is for its person to say: so is another place."""
        try:
            return self._proxy.ready()
        except CannotListen as error:
            raise InvalidInput((Problem("taken-address", "proxy run", 0, 0, str(error), error.instead),)) from error

    def watch(self, onlooker: Onlooker, stopper: Stopper) -> None:
        """Show what passes, until a signal or the end of the proxy."""
        told = False
        while not stopper.stopped() and self._proxy.alive:
            if lines := self._lines.new():
                onlooker.passed(lines)
            why = self._proxy.ended.get(_LEASE)
            if why and not told:
                told = True
                onlooker.notice(f"the profile is off: {_WHY.get(why, why)}; calls go on being forwarded")
            stopper.wait(_LOOK_S)
        if not stopper.stopped():
            raise ToolFailed(self._proxy.reason or "the proxy process is gone")
        began = time.monotonic()
        self._proxy.close()
        if lines := self._lines.new():
            onlooker.passed(lines)
        onlooker.notice(f"{stopper.signal}: the faults are off and the proxy has ended, in "
                        f"{time.monotonic() - began:.1f} s")

    # --- what the product is given ---

    def _variables(self, ready: Ready) -> dict[str, str]:
        forward = next((p for p in self._environment.providers.values() if p.edge == "forward"), None)
        proxy, bundle = "", ""
        if forward is not None:
            assert ready.ca_cert is not None, "a proxy with a forward edge has an authority"
            proxy = self._whole(ready.edges[forward.name], "forward")
            bundle = str(write_bundle(self._folder / "ca-bundle.pem", Path(ready.ca_cert)).resolve())
            (self._folder / "ca.pem").write_bytes(Path(ready.ca_cert).read_bytes())
        given = {**{name: url for name, url in ready.edges.items() if name != USER}, **ready.bases}
        bases = {name: self._whole(url, "reverse") for name, url in given.items() if name in self._reverse(ready)}
        hosts = [urlsplit(p.url).hostname or "" for p in self._environment.providers.values() if p.edge == "forward"]
        return client_variables(proxy=proxy, bundle=bundle, bases=bases, hosts=hosts)

    def _reverse(self, ready: Ready) -> set[str]:
        forward = {name for name, provider in self._environment.providers.items() if provider.edge == "forward"}
        return (set(ready.edges) - forward - {USER}) | set(ready.bases)

    def _whole(self, url: str, mode: str) -> str:
        """As others reach it, with what it asks of them."""
        if not self._product_token:
            return url
        parts = urlsplit(url)
        host = f"{_bracketed(self._listen.called)}:{parts.port}"
        if mode == "forward":
            return urlunsplit(parts._replace(netloc=f"{PRODUCT}:{self._product_token}@{host}"))
        return urlunsplit(parts._replace(netloc=host, path=f"/{self._product_token}{parts.path}"))

    def _upstream_ca(self) -> Path | None:
        trust = trust_of(self._environment)
        return write_bundle(self._folder / "upstream-bundle.pem", trust.ca) if trust.ca else None


_WHY: Mapping[str, str] = {
    "ceiling": "its time is up (--for)", "halted": "it was halted", "expired": "it was not renewed in time",
}


def _path(path: Path | None) -> str:
    return str(path.resolve()) if path else ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


# --- what is refused ------------------------------------------------------------------------------


def _profile(request: StandingRequest, environment: Environment) -> FaultPlan | None:
    if request.profile is None:
        return None
    plan = profile_for(request.profile, environment, (project_folder(),), place="--profile")
    problems = list(check_plan(plan, environment, ()))
    if any(fault.edge == USER for fault in plan.faults):
        problems.append(Problem("unscoped-profile", "--profile", 0, 0,
                                f"the profile {plan.name!r} faults the user edge, which only runs cross",
                                "choose one that faults providers"))
    if not request.unscoped:
        problems.append(_unconfirmed(plan))
    if not 0 < request.for_s <= LONGEST_S or not 0 < request.ttl_s <= 60:
        problems.append(Problem("bad-setting", "--for, --ttl", 0, 0, "a profile is on for at most an hour, and "
                                "outlives us by at most a minute", "write for example --for 10m --ttl 10s"))
    if problems:
        raise InvalidInput(tuple(problems))
    refusal = policy_of(replace(environment, targets=environment.targets or {"target": ""})).judge_plan(plan)
    if refusal is not None:
        raise Refused(str(refusal))
    return plan


def _unconfirmed(plan: FaultPlan) -> Problem:
    edges = ", ".join(dict.fromkeys(fault.edge for fault in plan.faults))
    return Problem("unscoped-profile", "--profile", 0, 0, f"the profile {plan.name!r} would fall on every call to "
                   f"{edges}, whoever makes it, and not on synthetic customers alone",
                   "add --unscoped where that is meant, or leave it to runs that attach with --proxy")


def _refuse_production(environment: Environment) -> None:
    """There the calls of real customers would pass us, for nothing."""
    if environment.production and not policy_of(environment).faults.provider:
        raise Refused(f"{environment.name!r} is production and allows no faults on its providers, so that no proxy has "
                      f"to stand before them (`faults`, {policy_of(environment).place('faults')})")

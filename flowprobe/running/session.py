"""What stands around the trials of a run: the proxy, the product where we start it, and the clients."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flowprobe.core.clues import wanted_customers
from flowprobe.core.emit import Sign
from flowprobe.core.policy import exclusive, least_evidence
from flowprobe.core.resolve import resolve_text
from flowprobe.core.scenario import CallTemplate, Environment, FaultPlan, Provider, Start, webhook_edge
from flowprobe.core.trial import NO_FAULTS, Trial
from flowprobe.core.wire import Call, Outcome
from flowprobe.errors import EnvironmentBroken, ToolFailed
from flowprobe.http.driver import Driver, Permit
from flowprobe.product.ports import free_port, taken
from flowprobe.product.product import Product
from flowprobe.product.spec import StartSpec
from flowprobe.proxy.controller import Controller
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.process import ProxyProcess
from flowprobe.proxy.protocol import Ready
from flowprobe.running.attaching import Attachment, attach
from flowprobe.running.authorities import write_bundle
from flowprobe.running.credentials import Credentials
from flowprobe.running.drivers import Asking, client_certificates, only_targets, trust_of
from flowprobe.running.flights import Flights
from flowprobe.running.folder import RunFolder
from flowprobe.running.hearing import Hearing
from flowprobe.secrets.references import Vault

__all__ = ["USER_EDGE", "Session", "located"]

USER_EDGE = "user"


class Session:
    """Opened once for a run, closed on every way out of it. `credentials` sign each persona's calls; `permit` is what
    its drivers ask about every call. `attachment` is a proxy that somebody else started. `hearing` listens before
    the product starts, and still when it ends, for what it says then."""

    def __init__(self, environment: Environment, *, run: str, folder: RunFolder, vault: Vault,
                 credentials: Credentials, plans: tuple[FaultPlan, ...], injector: bool, probing: bool = False,
                 attachment: Attachment | None = None, hearing: Hearing | None = None) -> None:
        self._environment = environment
        self._folder = folder
        self._vault = vault
        self._credentials = credentials
        self._place = Path(environment.position.file).resolve().parent
        self.targets = {name: _with_port(url) for name, url in environment.targets.items()}
        self._upstreams = {name: _with_port(p.upstream or p.url) for name, p in environment.providers.items()}
        self.trust = trust_of(environment)
        self.permit: Permit = only_targets(self.targets)
        self._user_edge = any(_on_user_edge(plan) for plan in plans)
        self._probing = probing
        self._needed = {fault.edge for plan in plans for fault in plan.faults}
        if probing:
            self._needed |= environment.providers.keys()
        self.owned = bool(environment.start)
        self._attachment = attachment
        self._hearing = hearing
        self._private = tempfile.TemporaryDirectory(prefix="flowprobe-")
        self._proxy = self._make_proxy(run, injector)
        self._flights = Flights(self._proxy.busy, sure=bool(exclusive(environment))) if self._proxy else None
        self._product = Product()
        self._stand_ins = {self._process_name(start) for start in environment.start if _is_stand_in(start)}
        self._signed_in: dict[tuple[str, str], Mapping[str, str]] = {}
        self._ready: Ready | None = None
        self.started = False
        self._certificates = client_certificates(credentials.key_pairs)
        self._ask, self._aborted = self._asking(), False
        self._asking_anew = threading.Lock()
        self._drivers: list[Driver] = []
        self._walking: list[Driver] = []

    # --- opening and closing ---

    def open(self) -> None:
        """Start the proxy and the product. Raises ToolFailed or EnvironmentBroken; `close` is needed all the same."""
        self._refuse_taken_listeners()
        if self._hearing is not None:
            self._hearing.start()
        if self._proxy is not None:
            self._proxy.start()
        early, late = self._split(self._environment.start)
        self._product.start(tuple(self._spec(start, {}) for start in early))
        if self._proxy is not None:
            self._ready = self._proxy.ready() if self._attachment is None else self._attached(self._proxy)
        self._product.start(tuple(self._spec(start, self._edge_names()) for start in late))
        self.started = True

    def _attached(self, proxy: Controller) -> Ready:
        """The proxy that stands beside the product: a part of the environment, like the product itself."""
        try:
            ready = proxy.ready()
            everybodys = {fault["plan"] for fault in proxy.faults() if fault["trial"] is None}
        except ToolFailed as failed:
            raise EnvironmentBroken(str(failed)) from failed
        where = f"the proxy at {self._environment.proxy}"
        if lacking := sorted(self._needed - set(ready.edges)):
            raise EnvironmentBroken(f"{where} has no edge {', '.join(lacking)}: it has "
                                    f"{', '.join(sorted(ready.edges)) or 'none'}; start it with the --env of this run")
        if everybodys:
            raise EnvironmentBroken(f"the profile {', '.join(sorted(everybodys))} is in force for every call that "
                                    f"passes {where}, ours among them: nothing could be judged")
        return ready

    def _refuse_taken_listeners(self) -> None:
        for provider in self._environment.providers.values():
            host, port = _address(provider.listen)
            if self.owned and port and taken(host, port):
                raise EnvironmentBroken(f"{provider.listen}, where we are to listen for the provider "
                                        f"{provider.name!r} ({provider.position}), is taken by something else")

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        self._ask.close()
        self._product.stop()
        if self._hearing is not None:
            self._hearing.close()
        if self._proxy is not None:
            self._proxy.close()
        self._private.cleanup()

    def abort(self) -> None:
        """End every call of the workflow that is in flight, now; cleanup goes on."""
        self._aborted = True
        self._ask.stop()
        for driver in tuple(self._walking):
            driver.stop()

    def abandon(self) -> None:
        """Give up opening: what is being waited for goes away."""
        self._product.stop()
        if self._proxy is not None:
            self._proxy.close()

    # --- what the trials need ---

    def lost(self) -> tuple[str, str]:
        """The part that is gone and a sentence about it, or two empty strings."""
        if self._proxy is not None and self._ready is not None and not self._proxy.alive:
            return "proxy", self._proxy.reason or "the proxy process is gone"
        gone = self._product.lost()
        return ("product", gone) if gone else ("", "")

    def proxy_trouble(self) -> str:
        """What is wrong with the proxy, '' for nothing: it answers, and one of ours still takes connections where it
        said it would."""
        if self._proxy is None or self._ready is None:
            return ""
        if not self._proxy.alive:
            return self._proxy.reason or "the proxy process is gone"
        try:
            self._proxy.status()
        except ToolFailed as failed:
            return str(failed)
        listeners = self._ready.edges if self._attachment is None else {}
        shut = [edge for edge, url in listeners.items() if not taken(*_whereabouts(url))]
        return f"it takes no connections any more for {', '.join(shut)}" if shut else ""

    def ended(self) -> tuple[tuple[str, str, bool], ...]:
        """The processes that ended by themselves: name, how, and whether it stands in for a provider."""
        return tuple((name, how, name in self._stand_ins) for name, how in self._product.ended())

    @property
    def watched(self) -> bool:
        """The product has told that it is ready."""
        return any(start.ready is not None for start in self._environment.start)

    @property
    def watched_edges(self) -> frozenset[str]:
        """The provider edges whose calls pass our proxy."""
        if self._attachment is not None:
            return frozenset(self._ready.edges) - {USER_EDGE} if self._ready else frozenset()
        return frozenset(edge.name for edge in self._edges()) - {USER_EDGE} if self._proxy is not None else frozenset()

    def arm(self, trial: Trial) -> None:
        """Put the trial's faults on; when this returns they are. The unfaulted trial is observed the same way."""
        self._apply(trial, trial.plan)

    def disarm(self, trial: Trial) -> None:
        """Take the faults off; calls go on being recorded for this trial, so that cleanup is seen."""
        self._apply(trial, NO_FAULTS)

    def step_ended(self, trial: str, step: str) -> None:
        """A step is over: what the product does from now on may be of its own accord."""
        if self._flights is not None:
            self._flights.ended(trial, step)

    def release(self, trial: Trial) -> None:
        if self._flights is not None:
            self._flights.over(trial.id)
        if self._proxy is not None and self._proxy.alive:
            self._proxy.release(trial.id)

    def drain(self, trial: Trial, *, timeout_s: float = 5.0) -> None:
        """Wait until the trial's provider calls are finished and in the journal."""
        if self._proxy is not None and self._proxy.alive:
            self._proxy.drain(trial.id, timeout_s=timeout_s)

    def client(self, plan: FaultPlan | None) -> tuple[Driver, Callable[[Call], Outcome]]:
        """A driver and its `send`, with the personas' credentials: for the workflow under a plan, through the user
        edge where the plan faults it; or (None) for cleanup, which goes past it and is not ended by a stop."""
        driver = self._driver(plan is not None and self._crosses_user_edge(plan))
        with self._asking_anew:
            if plan is None and self._aborted:  # cleanup may have to sign in again
                self._ask.close()
                self._ask, self._aborted = self._asking(), False
        self._drivers.append(driver)
        if plan is not None:
            self._walking.append(driver)

        signing = self._credentials.signed(driver.send)

        def send(call: Call) -> Outcome:
            headers = self._signed_in.get((call.trial, call.persona))
            if not call.signed:
                return driver.send(call)
            return driver.send(replace(call, credentials=headers)) if headers else signing(call)

        return driver, send if self._flights is None else self._flights.told(send, whole_steps=plan is not None)

    def ask(self, call: Call) -> Outcome:
        """Make a token call: past the user edge, without redirects."""
        return self._ask.send(call)

    def locate(self, call: CallTemplate) -> str:
        """Where a token call goes: a whole URL, or a target's path."""
        return located(call, self.targets)

    def sign_in(self, signed: Sign) -> None:
        """Let the calls of a persona in a trial bear these headers, in place of its own credentials."""
        self._signed_in[signed.trial, signed.persona] = signed.headers

    def anonymous(self) -> tuple[Driver, Callable[[Call], Outcome]]:
        """A driver and its `send` for calls that are nobody's: past the user edge, ended by a stop."""
        driver = self._driver(False)
        self._drivers.append(driver)
        self._walking.append(driver)
        return driver, driver.send

    def dismiss(self, driver: Driver) -> None:
        self._drivers.remove(driver)
        if driver in self._walking:
            self._walking.remove(driver)
        driver.close()

    def _crosses_user_edge(self, plan: FaultPlan) -> bool:
        return self._proxy is not None and _on_user_edge(plan)

    # --- parts ---

    def _asking(self) -> Asking:
        asking = Asking()
        asking.use(self._driver(False, only_targets(self.targets)), targets=self.targets)
        return asking

    def _driver(self, faulted: bool, permit: Permit | None = None) -> Driver:
        ready = self._ready if faulted else None
        ca = Path(ready.ca_cert) if ready and ready.ca_cert else None
        return Driver(proxy=ready.user_proxy if ready else None, ca=ca, permit=permit or self.permit, tls=self.trust,
                      certificates=self._certificates, http2=self._environment.http2)

    def _apply(self, trial: Trial, plan: FaultPlan) -> None:
        if self._proxy is not None:
            steps = {number: name for name, number in trial.numbers().items()}
            self._proxy.apply(lease=trial.id, trial=trial.id, plan=plan, seed=trial.seed, steps=steps,
                              customers=self._customers(trial),
                              minimum=least_evidence(self._environment), probing=self._probing)

    def _customers(self, trial: Trial) -> dict[str, frozenset[str]]:
        """The digests of the customers that a trial acts as, for each provider that names them."""
        personas = tuple(persona.fields for persona in trial.personas.values())
        found = {provider.name: wanted_customers(provider.attribute, personas)
                 for provider in self._environment.providers.values()}
        return {name: digests for name, digests in found.items() if digests}

    def _make_proxy(self, run: str, injector: bool) -> Controller | None:
        if self._attachment is not None:
            return attach(self._attachment, run=run, journal=self._folder.journal / "proxy.jsonl")
        edges = tuple(self._edges())
        if not edges:
            return None
        return ProxyProcess(run=run, edges=edges, journal=self._folder.journal / "proxy.jsonl",
                            owned=self.owned and not self._environment.production, injector=injector,
                            upstream_ca=self._upstream_ca(), minimum=least_evidence(self._environment))

    def _upstream_ca(self) -> Path | None:
        """What our proxy believes: the usual roots, and beside them the authority of the lab."""
        if self.trust.ca is None:
            return None
        return write_bundle(Path(self._private.name) / "upstream-bundle.pem", self.trust.ca)

    def _edges(self) -> Iterator[EdgeSpec]:
        if self._user_edge:
            yield EdgeSpec(USER_EDGE, "forward", hosts=dict.fromkeys(self.targets.values()))
        if self.owned:
            for provider in self._environment.providers.values():
                yield self._provider_edge(provider)
                if provider.webhooks is not None:
                    yield EdgeSpec(webhook_edge(provider.name), "reverse", upstream=self.targets[provider.webhooks])

    def _provider_edge(self, provider: Provider) -> EdgeSpec:
        listen = _address(provider.listen)
        upstream = self._upstreams[provider.name]
        if provider.edge == "forward":
            return EdgeSpec(provider.name, "forward", hosts={provider.url: upstream}, listen=listen,
                            clues=provider.attribute)
        return EdgeSpec(provider.name, "reverse", upstream=upstream, listen=listen, clues=provider.attribute)

    def _split(self, starts: tuple[Start, ...]) -> tuple[tuple[Start, ...], tuple[Start, ...]]:
        """Those that do not have to wait for our listeners, and those that do. Order is kept."""
        first_late = next((i for i, start in enumerate(starts) if _names_edges(start)), len(starts))
        return starts[:first_late], starts[first_late:]

    def _spec(self, start: Start, edges: Mapping[str, Any]) -> StartSpec:
        names = {"edges": edges, "mint": _Minted(self._vault), "target": _parts(next(iter(self.targets.values()))),
                 "targets": {name: _parts(url) for name, url in self.targets.items()},
                 "upstreams": {name: _parts(url) for name, url in self._upstreams.items()},
                 "telemetry": {"url": self._hearing.url if self._hearing is not None else ""}}
        command = tuple(resolve_text(word, names) for word in start.command)
        env = {key: resolve_text(value, names) for key, value in start.env.items()}
        ready = self._ready_url(start, names)
        name = self._process_name(start)
        method = start.ready.method if start.ready else "GET"
        return StartSpec(command=command, env=env, ready=ready, ready_method=method, ready_within=start.ready_within,
                         name=name, log=self._folder.log(name).resolve(), folder=self._place,
                         ready_ca=self.trust.ca, ready_verify=self.trust.verify)

    def _process_name(self, start: Start) -> str:
        return f"{self._environment.start.index(start) + 1}-{Path(str(start.command[0])).name}"

    def _ready_url(self, start: Start, names: Mapping[str, Any]) -> str | None:
        if start.ready is None:
            return None
        path = resolve_text(start.ready.path, names)
        base = self.targets[start.ready.target] if start.ready.target else next(iter(self.targets.values()))
        return path if "://" in path else base.rstrip("/") + path

    def _edge_names(self) -> dict[str, Any]:
        if self._ready is None:
            return {}
        edges: dict[str, Any] = {}
        for name, url in self._ready.edges.items():
            provider, _, webhooks = name.partition(".")
            edge = edges.setdefault(provider, {})
            edge.update({webhooks: {"url": url}} if webhooks else {"url": url})
        forward = next((p for p in self._environment.providers.values() if p.edge == "forward"), None)
        if forward is not None:
            edges["proxy"] = {"url": self._ready.edges[forward.name]}
            edges["ca"] = str(self._bundle())
        return edges

    def _bundle(self) -> Path:
        """Our authority beside the usual roots: the variables that clients know replace their whole store."""
        assert self._ready is not None, "edges are named when the proxy is ready"
        assert self._ready.ca_cert is not None, "a proxy with a forward edge has an authority"
        return write_bundle(Path(self._private.name) / "ca-bundle.pem", Path(self._ready.ca_cert))


def located(call: CallTemplate, targets: Mapping[str, str]) -> str:
    """The URL of a call without look-ups: its own, or that of a target (the first where it names none)."""
    path = str(call.path)
    base = targets[call.target] if call.target else next(iter(targets.values()))
    return path if "://" in path else base.rstrip("/") + path


class _Minted(Mapping[str, str]):
    """`${mint.NAME}`: every name is there, and is made when it is asked for."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def __getitem__(self, name: str) -> str:
        return self._vault.minted(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _on_user_edge(plan: FaultPlan) -> bool:
    return any(fault.edge == USER_EDGE for fault in plan.faults)


def _names_edges(start: Start) -> bool:
    return "${edges." in " ".join(str(text) for text in (*start.command, *start.env.values()))


def _is_stand_in(start: Start) -> bool:
    """It serves where a provider's calls go."""
    return "${upstreams." in " ".join(str(text) for text in (*start.command, *start.env.values()))


def _with_port(url: str) -> str:
    """Port 0 means any that is free."""
    parts = urlsplit(url)
    if parts.port != 0:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.hostname}:{free_port()}"))


def _parts(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {"url": url.rstrip("/"), "host": parts.hostname or "", "port": str(parts.port or "")}


def _whereabouts(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _address(listen: str | None) -> tuple[str, int]:
    if listen is None:
        return ("127.0.0.1", 0)
    host, _, port = listen.rpartition(":")
    return (host, int(port))

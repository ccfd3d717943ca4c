"""The proxy process: puts the parts together, serves those who control it, watches itself, and leaves nothing behind.

It lives as long as its pipe: at the end of its input the one who started it is gone, so it exits. What was asked for
over a socket ends with that connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import flowprobe
from flowprobe.core.events import Event, FaultsPassed, LeaseApplied, LeaseEnded, ProxyStarted, Saturated
from flowprobe.errors import CannotListen, FlowProbeError, ToolFailed
from flowprobe.journal.writer import JournalWriter
from flowprobe.proxy import calibrate, mitm
from flowprobe.proxy.addon import Addon, Rules
from flowprobe.proxy.addresses import instead_of, why_not
from flowprobe.proxy.authority import Authority, sweep
from flowprobe.proxy.connections import Connections
from flowprobe.proxy.control import Asker, Control
from flowprobe.proxy.courier import Courier
from flowprobe.proxy.doors import Door
from flowprobe.proxy.edges import USER, Listener, edge_urls, listeners
from flowprobe.proxy.guard import Guard
from flowprobe.proxy.injector import Injector
from flowprobe.proxy.kept_ports import held
from flowprobe.proxy.ladder import Ladder
from flowprobe.proxy.leases import Lease, LeaseRefused, Leases
from flowprobe.proxy.overview import Counts, faults_in_force, leases_held
from flowprobe.proxy.protocol import Ready, Settings, plan_from, read, to_plain
from flowprobe.proxy.recorder import Recorder
from flowprobe.proxy.tail import Tail
from flowprobe.proxy.whose import Whose

__all__ = ["Child", "serve"]

_BEAT_S = 0.1
_LATE_S = 0.05
_SATURATED_EVERY_S = 1.0
_GOODBYE_S = 0.2
_RECEIPTS_S = 0.01  # those that were held write their receipts in it
_LINE_BYTES = 64 << 20
_LONGEST_TTL_S, _LONGEST_S = 60.0, 3600.0
"""What nobody can ask for more of: the time to live of a lease, and its ceiling."""
_QUIET_S = 2.0


class Child:
    """One running proxy."""

    def __init__(self, settings: Settings, pipe: Pipe) -> None:
        self.settings = settings
        self._pipe = pipe
        self._clock = time.monotonic
        self._tasks: set[asyncio.Task[None]] = set()
        self._journal = JournalWriter(Path(settings.journal), "proxy")
        ladder = settings.ladder()
        self.leases = Leases(self._lease_ended, exclusive=ladder.exclusive)
        self._whose = Whose(ladder, self.leases, self._clock)
        self._recorder = Recorder(self._clock)
        self._injector = Injector(self._recorder, self._clock)
        self._connections = Connections(self._recorder, self._injector.holding.waits, self._clock)
        self._holders = contextlib.ExitStack()
        self._authority = Authority()
        self._saturated_at = 0.0
        self._began = self._clock()
        self._askers: dict[str, Asker] = {}  # who holds a lease
        self._halted: frozenset[str] = frozenset()
        self._counts = Counts()
        self._tail = Tail(Path(settings.journal))
        self._control = Control(settings.control, self, self._tail) if settings.control else None
        self._greeting: dict[str, Any] = {}

    # --- starting ---

    async def start(self) -> Ready:
        """Listen, and measure what we cost; raises ToolFailed."""
        echo = calibrate.Echo()
        target = await echo.start()
        offered = bool(self.settings.product_token)
        edges = tuple(held(edge, self._holders) for edge in self.settings.edges)
        wanted = listeners((*edges, calibrate.edge(target)), offered=offered)
        addresses = await self._listen(wanted)
        measured = next(each.spec for each in wanted if calibrate.EDGE in each.edges)
        self._injector.holding.own_cost_s = await calibrate.own_cost(target, addresses[measured], self._clock)
        await self._injector.engine.drop(measured)
        echo.stop()
        real = [each for each in wanted if each.spec != measured]
        self._connections.doors.doors = {
            edge: Door(each, addresses[each.spec], kept=not each.spec.endswith(":0"))
            for each in real if each.mode == "reverse" for edge in each.edges
        }
        if self._control:
            await self._control.start(self._authority.folder)
        self._open()
        return self._ready(real, addresses)

    def _open(self) -> None:
        """From here on it is for real: our rules, our journal."""
        settings = self.settings
        self._connections.doors.kernel_tells = settings.fail_in != "kernel"
        if settings.owned and settings.injector:
            self._connections.open(self.leases)
        self._addon.rules = Rules(self.leases, self._whose, settings.injector)
        self._addon.fail_in = settings.fail_in
        self._recorder.write = self._write

    async def _listen(self, wanted: tuple[Listener, ...]) -> dict[str, tuple[str, int]]:
        settings = self.settings
        measured = calibrate.rules(self._clock())
        rules = Rules(measured, Whose(Ladder(), measured, self._clock), injector=True)
        guard = Guard(settings.run, settings.token, settings.product_token)
        by_spec = {each.spec: each for each in wanted}
        self._addon = Addon(by_spec, rules, self._recorder, self._injector, guard, self._connections, self._clock)
        mitm.LogWatch(self._trouble).install()
        engine = mitm.Engine.ours(
            [each.spec for each in wanted], self._addon, confdir=self._authority.folder,
            upstream_ca=settings.upstream_ca,
        )
        self._injector.engine = self._injector.messages.engine = engine
        self._injector.webhooks.courier = Courier(Path(settings.upstream_ca) if settings.upstream_ca else None)
        self._connections.use(engine)
        try:
            bound = await engine.start()
        except mitm.NotBound as error:
            raise _unbound(by_spec[error.spec], error) from error
        except OSError as error:
            raise ToolFailed(f"the proxy cannot listen: {error}") from error
        return {each.spec: each.address for each in bound}

    def _ready(self, wanted: Iterable[Listener], addresses: Mapping[str, tuple[str, int]]) -> Ready:
        urls: dict[str, dict[str, str]] = {"forward": {}, "reverse": {}}
        for listener in wanted:
            urls[listener.mode].update(edge_urls(listener, addresses[listener.spec]))
        forward = any(edge.mode == "forward" for edge in self.settings.edges)
        ready = Ready(
            edges={**urls["reverse"], **urls["forward"]}, ca_cert=str(self._authority.certificate) if forward else None,
            mitmproxy=mitm.VERSION, python=platform.python_version(), own_cost_s=self._injector.holding.own_cost_s,
            bases={name: url for name, url in urls["reverse"].items() if name in urls["forward"]},
            control=str(self._control.address) if self._control else "",
            fingerprint=self._control.fingerprint if self._control else "",
        )
        self._write(ProxyStarted(ready.mitmproxy, ready.python, ready.edges, self.settings.minimum))
        ready = replace(ready, user_proxy=self._user_proxy(ready.edges.get(USER, "")))
        pem = self._authority.certificate.read_text() if forward else ""
        self._greeting = {"proxy": self.settings.run, "ready": to_plain(ready), "ca": pem}
        return ready

    def greeting(self) -> Mapping[str, Any]:
        """What a caller is told who has shown the token: never a key."""
        return {**self._greeting, "mono": self._clock(), "number": self._journal.number}

    def _user_proxy(self, url: str) -> str:
        credentials = f"{self.settings.run}:{self.settings.token}@"
        return url.replace("://", f"://{credentials}", 1) if url else ""

    # --- serving ---

    async def serve(self) -> None:
        """Answer the pipe until its end, or until we are told to stop."""
        self._spawn(self._beat())
        while (line := await self._pipe.read()) is not None:
            if line.get("op") == "stop":
                await self._goodbye("released")
                self._pipe.answer(line, {"number": self._journal.number})
                return
            self._spawn(self.obey(line, self._pipe))
        await self._goodbye("lost")

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # the loop holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def obey(self, line: Mapping[str, Any], asker: Asker) -> None:
        """Carry out one order, and answer it."""
        try:
            asker.answer(line, await self._do(line, asker))
        except LeaseRefused as error:
            asker.refuse(line, str(error))
        except Exception as error:
            asker.refuse(line, f"{type(error).__name__}: {error}")

    async def _do(self, line: Mapping[str, Any], asker: Asker) -> dict[str, Any]:
        now = self._clock()
        match line.get("op"):
            case "apply":
                version = self._apply(line, now, asker)
                await self._connections.settle()
                return {"version": version}
            case "renew":
                self.leases.renew([id for id in line["leases"] if self._askers.get(id) is asker], now)
                return {"version": self.leases.version}
            case "release":
                self._only_own(line["lease"], asker)
                self.leases.end(line["lease"], "released", now)
                await self._connections.settle()
                return {"version": self.leases.version}
            case "busy":
                self._whose.activity.tell(line["trial"], line["calls"], now)
                return {}
            case "drain":
                return await self._drain(line["trial"], now + line["timeout_s"])
            case "status":
                return self._status(now)
            case "faults":
                return {"faults": faults_in_force(self.leases.in_force, now)}
            case "halt":
                return await self._halt(now)
            case strange:
                raise LeaseRefused(f"there is no operation {strange!r}")

    def _apply(self, line: Mapping[str, Any], now: float, asker: Asker) -> int:
        self._only_own(line["lease"], asker)
        lease = Lease(
            line["lease"], line["trial"], plan_from(line["plan"]), line["seed"], line["ttl_s"], line["ceiling_s"],
            {int(number): step for number, step in line["steps"].items()}, armed_at=now, renewed_at=now,
            unscoped=bool(line.get("unscoped")), probing=bool(line.get("probing")),
            minimum=line.get("minimum", ""),
            customers={edge: frozenset(digests) for edge, digests in line.get("customers", {}).items()},
        )
        self._permit(lease, asker)
        self._disarm(lease.id)
        if replaced := self.leases.held(lease.id):
            self._tell_passed(replaced)
        version = self.leases.apply(lease)
        self._askers[lease.id] = asker
        self._write(LeaseApplied(
            lease.id, lease.trial, lease.plan.name, version, lease.ttl_s, lease.ceiling_s,
        ))
        return version

    def _permit(self, lease: Lease, asker: Asker) -> None:
        """What nobody may put into force."""
        if not (0 < lease.ttl_s <= _LONGEST_TTL_S and 0 < lease.ceiling_s <= _LONGEST_S):
            raise LeaseRefused(f"a lease lives for at most {_LONGEST_TTL_S:g} s without renewal, and {_LONGEST_S:g} s "
                               "in all")
        if asker.name in self._halted and lease.plan.faults:
            raise LeaseRefused("it was halted, and whoever was there then puts no fault into force any more")
        if lease.unscoped and not asker.parent:
            raise LeaseRefused("only who started this proxy may fault every call")

    def _only_own(self, lease: str, asker: Asker) -> None:
        holder = self._askers.get(lease, asker)
        if holder is not asker:
            raise LeaseRefused(f"the lease {lease} is held by {holder.name}")

    def left(self, asker: Asker) -> None:
        """An asker is gone: so are its leases."""
        for lease in [lease for lease, holder in self._askers.items() if holder is asker]:
            self.leases.end(lease, "lost", self._clock())

    def _status(self, now: float) -> dict[str, Any]:
        holders = {lease: asker.name for lease, asker in self._askers.items()}
        return {
            "proxy": self.settings.run, "version": flowprobe.__version__, "mitmproxy": mitm.VERSION,
            "python": platform.python_version(), "uptime_s": round(now - self._began, 3),
            "own_cost_s": self._injector.holding.own_cost_s, "edges": self._greeting["ready"]["edges"],
            "number": self._journal.number, "halted": sorted(self._halted), "under_way": self._recorder.under_way,
            **self._counts.told(),
            "controllers": len(self._control.callers) if self._control else 0,
            "leases": leases_held(self.leases.in_force, holders, now),
        }

    async def _halt(self, began: float) -> dict[str, Any]:
        """Everything off, and nothing on again by those who are here; quiet is when no call is held up any more."""
        self._halted |= {self._pipe.name, *(caller.name for caller in (self._control.callers if self._control else ()))}
        ended = len(self.leases.in_force)
        self.leases.end_all("halted", began)
        held = len(self._injector.holding.waits)
        while len(self._injector.holding.waits) and self._clock() - began < _QUIET_S:
            await asyncio.sleep(0)
        await self._connections.settle()
        now = self._clock()
        return {"leases": ended, "held": held, "still_held": len(self._injector.holding.waits),
                "quiet_s": round(now - began, 4)}

    async def _drain(self, trial: str, deadline: float) -> dict[str, Any]:
        still = await self._recorder.quiet(trial, deadline)
        if self.leases.settle(trial):
            self._whose.settled(trial)
        return {"number": self._journal.number, "open": still}

    # --- what happens by itself ---

    def _write(self, event: Event) -> None:
        try:
            self._journal.append(event)
            self._counts.take(event)
            self._tail.moved()
        except ToolFailed as error:
            # Without a journal nothing of this can be judged: no faults, and those who control us must know.
            for asker in (self._pipe, *(self._control.callers if self._control else ())):
                asker.note("failed", detail=str(error))
            if not isinstance(event, LeaseEnded):
                self.leases.end_all("lost", self._clock())

    def _disarm(self, lease: str) -> None:
        """Let go of what a lease holds, and of what it was still going to do."""
        self._recorder.disarm(lease)
        self._injector.disarm(lease)

    def _tell_passed(self, lease: Lease) -> None:
        passed: dict[str, dict[str, int]] = {}
        for (fault, reason), count in lease.counters.passed.items():
            passed.setdefault(fault, {})[reason] = count
        if passed:
            self._write(FaultsPassed(lease.id, lease.trial, passed))

    def _lease_ended(self, lease: Lease, reason: str) -> None:
        self._disarm(lease.id)
        self._tell_passed(lease)
        self._write(LeaseEnded(lease.id, reason))
        asker = self._askers.pop(lease.id, self._pipe)
        if reason != "released":
            asker.note("lease-ended", lease=lease.id, reason=reason)

    def _trouble(self, trouble: mitm.Trouble) -> None:
        client = self._injector.engine.client_at(trouble.peername) if trouble.crashed else None
        exchanges = self._recorder.open_on(client.id) if client else []
        if not exchanges:
            self._recorder.failed("mitmproxy", trouble.detail)
        for exchange in exchanges:
            self._recorder.failed("mitmproxy", trouble.detail, exchange)
        if client:
            # mitmproxy has given up on this connection and leaves its caller waiting: end it instead.
            for exchange in exchanges:
                exchange.error = "mitmproxy gave up on this connection"
                self._recorder.ended(exchange, None)
            mitm.reset(self._injector.engine, client)

    async def _beat(self) -> None:
        """A timer that finds itself late knows that every delay of ours is late as well."""
        parent = os.getppid()
        due = self._clock() + _BEAT_S
        while True:
            await asyncio.sleep(max(0.0, due - self._clock()))
            now = self._clock()
            self._late(now, now - due)
            self.leases.sweep(now)
            if self._connections.due:
                self._spawn(self._connections.settle())
            if os.getppid() != parent:  # the end of the pipe can be kept open by whoever it was passed on to
                await self._goodbye("lost")
                os._exit(0)
            due = now + _BEAT_S

    def _late(self, now: float, lag_s: float) -> None:
        if lag_s > _LATE_S and now - self._saturated_at > _SATURATED_EVERY_S:
            self._saturated_at = now
            self._write(Saturated(lag_s))

    # --- ending ---

    async def _goodbye(self, reason: str) -> None:
        """Close the listeners, let go of what we hold, and leave no key behind."""
        self._authority.remove()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._injector.engine.stop_listening(), _GOODBYE_S)
        self.leases.end_all(reason, self._clock())
        await asyncio.sleep(_RECEIPTS_S)
        self._holders.close()
        if self._control:
            await self._control.close()
        self._journal.close()

    def abandon(self) -> None:
        """What has to go when starting failed."""
        self._authority.remove()
        self._holders.close()
        self._journal.close()


class Pipe:
    """JSON lines from the parent and to it."""

    name = "the one who started it"
    parent = True

    def __init__(self, incoming: BinaryIO, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._reader = asyncio.StreamReader(limit=_LINE_BYTES)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(self._reader)
        await loop.connect_read_pipe(lambda: protocol, self._incoming)

    async def read(self) -> dict[str, Any] | None:
        """The next line; None when the other end is gone."""
        line = await self._reader.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def send(self, data: Mapping[str, Any]) -> None:
        line = json.dumps(data, separators=(",", ":")).encode() + b"\n"
        with contextlib.suppress(OSError):  # the end of our input says the same, and is acted upon
            while line:
                line = line[os.write(self._outgoing, line) :]

    def answer(self, line: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        self.send({"id": line.get("id"), "ok": data})

    def refuse(self, line: Mapping[str, Any], why: str) -> None:
        self.send({"id": line.get("id"), "error": why})

    def note(self, name: str, **data: Any) -> None:
        self.send({"note": name, **data})


def _unbound(listener: Listener, error: mitm.NotBound) -> CannotListen:
    of = "edge" if len(listener.edges) == 1 else "edges"
    where = listener.spec.rpartition("@")[2]
    return CannotListen(f"the {of} {', '.join(listener.edges)} cannot listen on {where}: {why_not(error)}",
                        instead_of(error, "--listen or `listen` of the provider"))


async def serve(incoming: BinaryIO, outgoing: int) -> None:
    """Run one proxy over a pipe."""
    pipe = Pipe(incoming, outgoing)
    await pipe.open()
    first = await pipe.read()
    if first is None:
        return
    if missing := mitm.missing_symbols():
        pipe.send({"failed": f"mitmproxy {mitm.VERSION} is not one we can work with: it lacks {', '.join(missing)}"})
        return
    sweep()
    try:
        child = Child(read(Settings, first), pipe)
    except FlowProbeError as error:
        pipe.send({"failed": str(error)})
        return
    await _run(child, pipe)


async def _run(child: Child, pipe: Pipe) -> None:
    try:
        ready = await child.start()
    except Exception as error:  # whatever it is: the runner waits for one line
        child.abandon()
        known = isinstance(error, FlowProbeError)
        if isinstance(error, CannotListen):
            pipe.send({"failed": str(error), "instead": error.instead})
            return
        pipe.send({"failed": str(error) if known else f"the proxy did not start: {type(error).__name__}: {error}"})
        return
    gc.collect()
    gc.freeze()  # mitmproxy's modules are most of the heap, and will not go away
    pipe.send({"ready": to_plain(ready), "mono": time.monotonic()})
    await child.serve()

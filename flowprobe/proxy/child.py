"""The proxy process: puts the parts together, serves the pipe, watches itself, and leaves nothing behind.

It lives as long as its pipe: at the end of its input the one who asked for the faults is gone, so it exits.
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

from flowprobe.core.events import Event, FaultsPassed, LeaseApplied, LeaseEnded, ProxyStarted, Saturated
from flowprobe.errors import FlowProbeError, ToolFailed
from flowprobe.journal.writer import JournalWriter
from flowprobe.proxy import calibrate, mitm
from flowprobe.proxy.addon import Addon, Rules
from flowprobe.proxy.authority import Authority, sweep
from flowprobe.proxy.edges import USER, Listener, edge_urls, listeners
from flowprobe.proxy.guard import Guard
from flowprobe.proxy.injector import Injector
from flowprobe.proxy.ladder import Ladder
from flowprobe.proxy.leases import Lease, LeaseRefused, Leases
from flowprobe.proxy.protocol import Ready, Settings, plan_from, read, to_plain
from flowprobe.proxy.recorder import Recorder
from flowprobe.proxy.whose import Whose

__all__ = ["Child", "serve"]

_BEAT_S = 0.1
_LATE_S = 0.05
_SATURATED_EVERY_S = 1.0
_GOODBYE_S = 0.2
_RECEIPTS_S = 0.01  # those that were held write their receipts in it
_LINE_BYTES = 64 << 20


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
        self._authority = Authority()
        self._saturated_at = 0.0

    # --- starting ---

    async def start(self) -> Ready:
        """Listen, and measure what we cost; raises ToolFailed."""
        echo = calibrate.Echo()
        target = await echo.start()
        wanted = listeners((*self.settings.edges, calibrate.edge(target)))
        addresses = await self._listen(wanted)
        measured = next(each.spec for each in wanted if calibrate.EDGE in each.edges)
        self._injector.own_cost_s = await calibrate.own_cost(target, addresses[measured], self._clock)
        await self._injector.engine.drop(measured)
        echo.stop()
        self._open()
        return self._ready([each for each in wanted if each.spec != measured], addresses)

    def _open(self) -> None:
        """From here on it is for real: our rules, our journal."""
        settings = self.settings
        self._addon.rules = Rules(self.leases, self._whose, settings.injector)
        self._addon.fail_in = settings.fail_in
        self._recorder.write = self._write

    async def _listen(self, wanted: tuple[Listener, ...]) -> dict[str, tuple[str, int]]:
        settings = self.settings
        measured = calibrate.rules(self._clock())
        rules = Rules(measured, Whose(Ladder(), measured, self._clock), injector=True)
        guard = Guard(settings.run, settings.token)
        by_spec = {each.spec: each for each in wanted}
        self._addon = Addon(by_spec, rules, self._recorder, self._injector, guard, self._clock)
        mitm.LogWatch(self._trouble).install()
        engine = mitm.Engine(
            [each.spec for each in wanted], self._addon, confdir=self._authority.folder,
            upstream_ca=settings.upstream_ca,
        )
        self._injector.engine = engine
        try:
            bound = await engine.start()
        except OSError as error:
            raise ToolFailed(f"the proxy cannot listen: {error}") from error
        return {each.spec: each.address for each in bound}

    def _ready(self, wanted: Iterable[Listener], addresses: Mapping[str, tuple[str, int]]) -> Ready:
        urls: dict[str, str] = {}
        for listener in wanted:
            urls.update(edge_urls(listener, addresses[listener.spec]))
        forward = any(edge.mode == "forward" for edge in self.settings.edges)
        ready = Ready(
            edges=urls, ca_cert=str(self._authority.certificate) if forward else None, mitmproxy=mitm.VERSION,
            python=platform.python_version(), own_cost_s=self._injector.own_cost_s,
        )
        self._write(ProxyStarted(ready.mitmproxy, ready.python, ready.edges, self.settings.minimum))
        return replace(ready, user_proxy=self._user_proxy(urls.get(USER, "")))

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
            self._spawn(self._serve_one(line))
        await self._goodbye("lost")

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # the loop holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def _serve_one(self, line: Mapping[str, Any]) -> None:
        try:
            self._pipe.answer(line, await self._do(line))
        except LeaseRefused as error:
            self._pipe.refuse(line, str(error))
        except Exception as error:
            self._pipe.refuse(line, f"{type(error).__name__}: {error}")

    async def _do(self, line: Mapping[str, Any]) -> dict[str, Any]:
        now = self._clock()
        match line["op"]:
            case "apply":
                return {"version": self._apply(line, now)}
            case "renew":
                self.leases.renew(line["leases"], now)
                return {"version": self.leases.version}
            case "release":
                self.leases.end(line["lease"], "released", now)
                return {"version": self.leases.version}
            case "busy":
                self._whose.activity.tell(line["trial"], line["calls"], now)
                return {}
            case "drain":
                return await self._drain(line["trial"], now + line["timeout_s"])
            case strange:
                raise LeaseRefused(f"there is no operation {strange!r}")

    def _apply(self, line: Mapping[str, Any], now: float) -> int:
        self._disarm(line["lease"])
        if replaced := self.leases.held(line["lease"]):
            self._tell_passed(replaced)
        lease = Lease(
            line["lease"], line["trial"], plan_from(line["plan"]), line["seed"], line["ttl_s"], line["ceiling_s"],
            {int(number): step for number, step in line["steps"].items()}, armed_at=now, renewed_at=now,
            customers={edge: frozenset(digests) for edge, digests in line.get("customers", {}).items()},
        )
        version = self.leases.apply(lease)
        self._write(LeaseApplied(
            lease.id, lease.trial, lease.plan.name, version, lease.ttl_s, lease.ceiling_s,
        ))
        return version

    async def _drain(self, trial: str, deadline: float) -> dict[str, Any]:
        still = await self._recorder.quiet(trial, deadline)
        if self.leases.settle(trial):
            self._whose.settled(trial)
        return {"number": self._journal.number, "open": still}

    # --- what happens by itself ---

    def _write(self, event: Event) -> None:
        try:
            self._journal.append(event)
        except ToolFailed as error:
            # Without a journal nothing of this can be judged: no faults, and the runner must know.
            self._pipe.note("failed", detail=str(error))
            if not isinstance(event, LeaseEnded):
                self.leases.end_all("lost", self._clock())

    def _disarm(self, lease: str) -> None:
        """Let go of what a lease holds, and of what it was still going to do."""
        self._recorder.disarm(lease)
        self._injector.waits.end_lease(lease)

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
        if reason != "released":
            self._pipe.note("lease-ended", lease=lease.id, reason=reason)

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
        self._journal.close()

    def abandon(self) -> None:
        """What has to go when starting failed."""
        self._authority.remove()
        self._journal.close()


class Pipe:
    """JSON lines from the runner and to it."""

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
        pipe.send({"failed": str(error) if known else f"the proxy did not start: {type(error).__name__}: {error}"})
        return
    gc.collect()
    gc.freeze()  # mitmproxy's modules are most of the heap, and will not go away
    pipe.send({"ready": to_plain(ready), "mono": time.monotonic()})
    await child.serve()

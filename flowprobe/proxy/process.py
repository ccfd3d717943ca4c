"""The runner's end of the proxy: start it, tell it what to do, and know when it is gone. Thread-safe."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from flowprobe.core.activity import LINGER_S
from flowprobe.core.attribution import Rung
from flowprobe.core.scenario import FaultPlan
from flowprobe.errors import ToolFailed
from flowprobe.proxy.edges import EdgeSpec, listeners
from flowprobe.proxy.protocol import Ready, Settings, plan_json, read, to_plain

__all__ = ["INTERPRETER_VARIABLE", "Drained", "EdgeSpec", "ProxyProcess", "Ready"]

INTERPRETER_VARIABLE = "FLOWPROBE_PROXY_PYTHON"
_ANSWER_S = 10.0
_GOODBYE_S = 3.0
_LAST_WORDS_S = 1.0
_STDERR_LINES = 40


@dataclass(frozen=True, slots=True)
class Drained:
    """`sequence` is the number of the last line in the proxy's journal, `open` what was still under way."""

    sequence: int
    open: int


class ProxyProcess:
    """One proxy, in a process of its own.

    `start` returns at once, since the child imports for a second or two; `ready` waits for it. `owned` says
    that FlowProbe started the product: a call without any mark is then the only active trial's.
    """

    def __init__(
        self,
        *,
        run: str,
        edges: Sequence[EdgeSpec],
        journal: Path,
        owned: bool,
        injector: bool = True,
        upstream_ca: Path | None = None,
        fail_in: str = "",
        minimum: Rung = "window",
        probing: bool = False,
        attribution: bool = True,
        linger_s: float = LINGER_S,
    ) -> None:
        listeners(edges)  # what is wrong with the edges is said here, not by the child
        self._settings = Settings(
            run=run, edges=tuple(edges), journal=str(journal), token=secrets.token_urlsafe(24),
            owned=owned, injector=injector, upstream_ca=str(upstream_ca) if upstream_ca else None, fail_in=fail_in,
            minimum=minimum, probing=probing, attribution=attribution, linger_s=linger_s,
        )
        self.lost = threading.Event()
        self.reason = ""
        self.ended: dict[str, str] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._ready: Future[Ready] = Future()
        self._lock = threading.Lock()
        self._answers: dict[int, Future[dict[str, Any]]] = {}
        self._number = 0
        self._leases: dict[str, float] = {}  # lease -> seconds between renewals
        self._renew_now = threading.Event()
        self._closing = False
        self._all_said = threading.Event()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._threads: list[threading.Thread] = []

    # --- life ---

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None and not self.lost.is_set()

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def start(self) -> None:
        """Start the child, and return at once."""
        python = os.environ.get(INTERPRETER_VARIABLE) or sys.executable
        try:
            self._child = subprocess.Popen(
                # -P: the folder that we are called in must not put its own modules before ours.
                [python, "-P", "-m", "flowprobe.proxy"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(),
                process_group=0,  # Ctrl-C in a terminal goes to the whole group, and the proxy serves cleanup too
            )
        except OSError as error:
            raise ToolFailed(f"cannot start the proxy with {python}: {error.strerror}") from error
        for work in (self._listen, self._listen_to_errors, self._renew):
            thread = threading.Thread(target=work, name=f"proxy {work.__name__.strip('_')}", daemon=True)
            self._threads.append(thread)
            thread.start()
        with contextlib.suppress(ToolFailed):  # a child that is gone at once is told by `ready`
            self._send(to_plain(self._settings))

    def ready(self, timeout_s: float = 30.0) -> Ready:
        """Wait until the child listens; raises ToolFailed with what it says where it does not."""
        try:
            return self._ready.result(timeout_s)
        except FutureTimeout:
            self.close()
            raise ToolFailed(f"the proxy was not ready within {timeout_s:g} s{self._said()}") from None

    def close(self) -> None:
        """Stop the child: politely, and after three seconds by force. Closing twice is harmless."""
        child = self._child
        if child is None:
            return
        self._closing = True
        self._renew_now.set()
        if self.alive and self._ready.done():
            with contextlib.suppress(ToolFailed):
                self._ask("stop", timeout_s=_GOODBYE_S)
        with self._lock, contextlib.suppress(OSError):
            _stream(child.stdin).close()
        _end(child)
        self._gone("closed")
        for thread in self._threads:
            thread.join(_GOODBYE_S)
        for stream in (child.stdout, child.stderr):
            _stream(stream).close()

    def __enter__(self) -> ProxyProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- control ---

    def apply(
        self,
        *,
        lease: str,
        trial: str,
        plan: FaultPlan,
        seed: int,
        ttl_s: float = 10.0,
        ceiling_s: float = 300.0,
        steps: Mapping[int, str] | None = None,
        customers: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Put a plan into force for a trial; when this returns, it is. A plan without faults only records.

        The lease is renewed until it is released; at `ceiling_s` it ends all the same. `customers` are the digests of
        those that the trial acts as, by edge.
        """
        self._ask(
            "apply", lease=lease, trial=trial, plan=plan_json(plan), seed=seed, ttl_s=ttl_s, ceiling_s=ceiling_s,
            steps={str(number): step for number, step in (steps or {}).items()},
            customers={edge: sorted(digests) for edge, digests in (customers or {}).items()},
        )
        with self._lock:
            self._leases[lease] = ttl_s / 3
        self._renew_now.set()

    def busy(self, trial: str, calls: int, *, known: bool = False) -> None:
        """Tell how many steps of a trial are in flight from now on; with `known` the proxy knows when this returns."""
        if not self.alive:
            return
        with contextlib.suppress(ToolFailed):  # a proxy that is gone says so by `lost`, and cleanup goes on without it
            if known:
                self._ask("busy", trial=trial, calls=calls)
            else:
                self._send({"id": 0, "op": "busy", "trial": trial, "calls": calls})

    def release(self, lease: str) -> None:
        """Take a lease's faults off; when this returns, they are. Releasing what is over is harmless."""
        with self._lock:
            self._leases.pop(lease, None)
        self._ask("release", lease=lease)

    def drain(self, trial: str, *, timeout_s: float) -> Drained:
        """Wait until nothing of a trial is under way in the proxy; its journal is on disk up to `sequence`."""
        answer = self._ask("drain", trial=trial, timeout_s=timeout_s, wait_s=timeout_s + _ANSWER_S)
        return Drained(answer["number"], answer["open"])

    # --- the pipe ---

    def _ask(self, op: str, *, wait_s: float = _ANSWER_S, timeout_s: float | None = None, **data: Any) -> Any:
        answer: Future[dict[str, Any]] = Future()
        if timeout_s is not None:
            data["timeout_s"] = timeout_s
        with self._lock:
            self._number += 1
            number = self._number
            self._answers[number] = answer
        try:
            if self.lost.is_set():
                raise ToolFailed(f"the proxy is gone: {self.reason}")
            self._send({"id": number, "op": op, **data})
            return answer.result(wait_s)
        except FutureTimeout:
            raise ToolFailed(f"the proxy did not answer to {op} within {wait_s:g} s{self._said()}") from None
        finally:
            with self._lock:
                self._answers.pop(number, None)

    def _send(self, data: Mapping[str, Any]) -> None:
        line = json.dumps(data, separators=(",", ":")).encode() + b"\n"
        stdin = _stream(self._child.stdin if self._child else None)
        with self._lock:
            try:
                stdin.write(line)
                stdin.flush()
            except (OSError, ValueError) as error:
                raise ToolFailed(f"the proxy is gone{self._said()}") from error

    def _listen(self) -> None:
        for line in _stream(self._child.stdout if self._child else None):
            with contextlib.suppress(ValueError):
                self._heard(json.loads(line))
        if self._child:
            self._child.wait()
        self._all_said.wait(_LAST_WORDS_S)
        self._gone("closed" if self._closing else f"its process ended{self._said()}")

    def _heard(self, line: Mapping[str, Any]) -> None:
        match line:
            case {"id": number, "ok": data}:
                self._answer(number, data, None)
            case {"id": number, "error": why}:
                self._answer(number, None, ToolFailed(f"the proxy refused: {why}"))
            case {"ready": ready, "mono": mono}:
                offset = time.monotonic() - mono
                _settle(self._ready, replace(read(Ready, ready), clock_offset_s=offset))
            case {"failed": why}:
                _settle(self._ready, ToolFailed(why))
            case {"note": "lease-ended", "lease": lease, "reason": reason}:
                self._lease_ended(lease, reason)
            case {"note": "failed", "detail": why}:
                self._gone(why)

    def _answer(self, number: int, data: dict[str, Any] | None, error: ToolFailed | None) -> None:
        with self._lock:
            answer = self._answers.get(number)
        if answer:
            _settle(answer, error if error else data)

    def _lease_ended(self, lease: str, reason: str) -> None:
        with self._lock:
            self._leases.pop(lease, None)
            self.ended[lease] = reason

    def _gone(self, reason: str) -> None:
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()
        self._renew_now.set()
        with self._lock:
            waiting = list(self._answers.values())
        futures: tuple[Future[Any], ...] = (self._ready, *waiting)
        for answer in futures:
            _settle(answer, ToolFailed(f"the proxy is gone: {self.reason}"))

    def _listen_to_errors(self) -> None:
        for line in _stream(self._child.stderr if self._child else None):
            self._stderr.append(line.decode("utf-8", "replace").rstrip())
        self._all_said.set()

    def _said(self) -> str:
        return "; it said:\n" + "\n".join(self._stderr) if self._stderr else ""

    # --- leases ---

    def _renew(self) -> None:
        """Renew what is held, every third of the shortest time to live."""
        while not self.lost.is_set() and not self._closing:
            with self._lock:
                leases = dict(self._leases)
            self._renew_now.wait(min(leases.values(), default=None))
            self._renew_now.clear()
            if leases:
                self._renew_these(leases)

    def _renew_these(self, leases: Iterable[str]) -> None:
        # A proxy that is gone says so by `lost`, a lease that is over by a note.
        with contextlib.suppress(ToolFailed):
            self._ask("renew", leases=list(leases))


def _settle(future: Future[Any], value: Any) -> None:
    if not future.done():
        if isinstance(value, BaseException):
            future.set_exception(value)
        else:
            future.set_result(value)


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ToolFailed("the proxy was not started")
    return stream


def _end(child: subprocess.Popen[bytes]) -> None:
    for stronger in (child.terminate, child.kill):
        try:
            child.wait(_GOODBYE_S)
            return
        except subprocess.TimeoutExpired:
            stronger()
    child.wait()


def _environment() -> dict[str, str]:
    """Ours, so that the child finds the same FlowProbe wherever that was imported from."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}

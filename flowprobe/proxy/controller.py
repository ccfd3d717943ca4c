"""The client half of the protocol: ask, be answered, renew what is held, and know when the proxy is gone.

How the lines travel is the business of those who inherit: a pipe to a child, or a socket. Thread-safe.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from typing import Any, Literal

from flowprobe.core.attribution import Rung
from flowprobe.core.scenario import FaultPlan
from flowprobe.errors import CannotListen, ToolFailed
from flowprobe.proxy.protocol import Ready, plan_json, read

__all__ = ["Controller", "Drained", "settle"]

_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Drained:
    """`sequence` is the number of the last line in the proxy's journal, `open` what was still under way."""

    sequence: int
    open: int


class Controller(ABC):
    """One who may put faults into force. `lost` is set, with a `reason`, when the proxy is gone; `ended` says why
    leases of ours ended that we did not release."""

    def __init__(self) -> None:
        self.lost = threading.Event()
        self.reason = ""
        self.ended: dict[str, str] = {}
        self._ready: Future[Ready] = Future()
        self._lock = threading.Lock()
        self._answers: dict[int, Future[dict[str, Any]]] = {}
        self._number = 0
        self._leases: dict[str, float] = {}  # lease -> seconds between renewals
        self._renew_now = threading.Event()
        self._closing = False

    # --- how lines travel ---

    @abstractmethod
    def start(self) -> None:
        """Begin, and return at once."""

    @abstractmethod
    def close(self) -> None:
        """End it; closing twice is harmless."""

    @property
    @abstractmethod
    def alive(self) -> bool: ...

    @abstractmethod
    def _write(self, line: bytes) -> None:
        """Let one line go; raises OSError or ValueError. Only called with the lock held."""

    def _said(self) -> str:
        """What else is known of a proxy that does not answer, as the end of a sentence."""
        return ""

    def ready(self, timeout_s: float = 30.0) -> Ready:
        """Wait until the proxy listens; raises ToolFailed with what it says where it does not."""
        try:
            return self._ready.result(timeout_s)
        except FutureTimeout:
            self.close()
            raise ToolFailed(f"the proxy was not ready within {timeout_s:g} s{self._said()}") from None

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
        minimum: Rung | Literal[""] = "",
        unscoped: bool = False,
        probing: bool = False,
    ) -> None:
        """Put a plan into force for a trial; when this returns, it is. A plan without faults only records.

        The lease is renewed until it is released; at `ceiling_s` it ends all the same. `unscoped`: over every call that
        is no trial's, which only the parent of a proxy may ask for. `customers` are the digests of those that the trial
        acts as, by edge; `minimum` is the rung of evidence that its faults need, beside that of the proxy. With
        `probing` the calls of the trial bear every carrier: it is recorded which of them came through.
        """
        more = {name: True for name, said in (("unscoped", unscoped), ("probing", probing)) if said}
        self._ask(
            "apply", lease=lease, trial=trial, plan=plan_json(plan), seed=seed, ttl_s=ttl_s, ceiling_s=ceiling_s,
            steps={str(number): step for number, step in (steps or {}).items()}, minimum=minimum,
            customers={edge: sorted(digests) for edge, digests in (customers or {}).items()}, **more,
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

    def status(self) -> dict[str, Any]:
        """What the proxy is, what has passed it, and who holds what: see docs/reference/cli.md."""
        return dict(self._ask("status"))

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, each with its injections so far."""
        return list(self._ask("faults")["faults"])

    def halt(self) -> dict[str, Any]:
        """Take everything off, whoever asked for it, and let none of those who are there put anything on again; how
        long that took is in the answer."""
        return dict(self._ask("halt"))

    # --- asking and hearing ---

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
        with self._lock:
            try:
                self._write(line)
            except (OSError, ValueError) as error:
                raise ToolFailed(f"the proxy is gone{self._said()}") from error

    def _heard(self, line: Mapping[str, Any]) -> None:
        match line:
            case {"id": number, "ok": data}:
                self._answer(number, data, None)
            case {"id": number, "error": why}:
                self._answer(number, None, ToolFailed(f"the proxy refused: {why}"))
            case {"ready": ready, "mono": mono}:
                offset = time.monotonic() - mono
                settle(self._ready, replace(read(Ready, ready), clock_offset_s=offset))
            case {"failed": why, "instead": instead}:
                settle(self._ready, CannotListen(why, instead))
            case {"failed": why}:
                settle(self._ready, ToolFailed(why))
            case {"note": "lease-ended", "lease": lease, "reason": reason}:
                self._lease_ended(lease, reason)
            case {"note": "failed", "detail": why}:
                self._gone(why)

    def _answer(self, number: int, data: dict[str, Any] | None, error: ToolFailed | None) -> None:
        with self._lock:
            answer = self._answers.get(number)
        if answer:
            settle(answer, error if error else data)

    def _lease_ended(self, lease: str, reason: str) -> None:
        with self._lock:
            self._leases.pop(lease, None)
            self.ended[lease] = reason

    def _gone(self, reason: str) -> None:
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()
        self._renew_now.set()
        gone = ToolFailed(f"the proxy is gone: {self.reason}")
        settle(self._ready, gone)
        self._unanswered(gone)

    def _unanswered(self, why: ToolFailed) -> None:
        """Whoever waits for an answer is not going to have one."""
        with self._lock:
            waiting = list(self._answers.values())
        for answer in waiting:
            settle(answer, why)

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


def settle(future: Future[Any], value: Any) -> None:
    """Give a future its value, or its error, where it has none yet."""
    if not future.done():
        if isinstance(value, BaseException):
            future.set_exception(value)
        else:
            future.set_result(value)

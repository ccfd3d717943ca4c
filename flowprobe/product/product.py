"""The processes of an environment, started in order, watched, and ended in reverse."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from flowprobe.errors import EnvironmentBroken
from flowprobe.product.child import Child
from flowprobe.product.ports import taken
from flowprobe.product.readiness import Probe, probe_of
from flowprobe.product.spec import StartSpec

__all__ = ["Product"]

_PAUSE_S = 0.05


class Product:
    """What FlowProbe started. Each process has a guardian that ends it when we are gone, however we went."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: list[Child] = []

    def start(self, specs: Iterable[StartSpec]) -> None:
        """Start them one after the other, each when the one before it is ready.

        Raises `EnvironmentBroken`, with everything that was started ended again, when a process cannot be
        started, ends before it is ready, is not ready in time, or finds its port taken.
        """
        try:
            for spec in specs:
                self._start(spec)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything, last started first. Bounded (six seconds each), and safe to call again."""
        with self._lock:
            children, self._children = self._children, []
        for child in reversed(children):
            child.stop()

    def lost(self) -> str | None:
        """A sentence when a process has ended that should be running, else None."""
        ended = self.ended()
        return f"{ended[0][0]} {ended[0][1]}" if ended else None

    def ended(self) -> tuple[tuple[str, str], ...]:
        """The processes that have ended and should be running: their name, and how, with the place of the log."""
        with self._lock:
            gone = [child for child in self._children if child.ended()]
        return tuple((child.spec.name, f"{child.how()}; its log is {child.spec.log}.") for child in gone)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, spec: StartSpec) -> None:
        if not spec.command:
            raise EnvironmentBroken(f"{spec.name} has an empty command.")
        probe = _probe(spec)
        if probe is not None and taken(probe.host, probe.port):
            raise EnvironmentBroken(
                f"{spec.name} cannot be started: something else already listens on "
                f"{probe.host}:{probe.port}. Stop it, or let FlowProbe choose the port (port 0)."
            )
        child = Child(spec)
        with self._lock:
            self._children.append(child)
        if probe is not None:
            _await_ready(child, probe)


def _probe(spec: StartSpec) -> Probe | None:
    if spec.ready is None:
        return None
    try:
        return replace(probe_of(spec.ready_method, spec.ready), ca=spec.ready_ca, verify=spec.ready_verify)
    except ValueError as exc:
        raise EnvironmentBroken(f"{spec.name} cannot be asked whether it is ready: {exc}.") from exc


def _await_ready(child: Child, probe: Probe) -> None:
    spec = child.spec
    until = time.monotonic() + spec.ready_within
    status: int | None = None
    while time.monotonic() < until:
        status = probe.ask(until) or status
        if child.ended(wait=_PAUSE_S if status is None or not 200 <= status < 300 else 0.0):
            raise child.broken(f"{child.how()} before it was ready")
        if status is not None and 200 <= status < 300:
            return
    last = "it never answered" if status is None else f"its last answer was {status}"
    raise child.broken(f"was not ready within {spec.ready_within:g} s: {last} to {probe.method} {spec.ready}")

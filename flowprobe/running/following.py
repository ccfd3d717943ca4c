"""The journal of a run as it grows: the streams of all its writers in one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from flowprobe.core.events import Stamped
from flowprobe.journal.reader import Follower, being_written

__all__ = ["Beside", "Following"]

_EVERY_S = 0.1


class Following:
    """Reads on where it stopped. Safe from one thread at a time.

    What another writer wrote before a line may be read after it: while a run goes on, a line is told once the streams
    were read again since it was stamped, so that the order is that of the clock.
    """

    def __init__(self, journal: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal, self._clock = journal, clock
        self._streams: dict[Path, Follower] = {}
        self._held: list[Stamped] = []
        self._before = float("-inf")

    def new(self, *, everything: bool = False) -> tuple[Stamped, ...]:
        """What there is to tell since the last time; `everything`: nobody waits any more. Raises ToolFailed."""
        alive, now = self.alive, self._clock()
        for path in sorted(self._journal.glob("*.jsonl")):
            self._streams.setdefault(path, Follower(path))
        self._held += (line for stream in self._streams.values() for line in stream.new())
        until, self._before = self._before, now
        if everything or not alive:
            until = float("inf")
        told = sorted((line for line in self._held if line.mono <= until), key=lambda line: line.mono)
        self._held = [line for line in self._held if line.mono > until]
        return tuple(told)

    @property
    def alive(self) -> bool:
        """Whether more may come: ask before reading what will then have been the rest."""
        return being_written(self._journal / "runner.jsonl")

    @property
    def gaps(self) -> tuple[str, ...]:
        return tuple(f"{path}: {gap}" for path, stream in self._streams.items() for gap in stream.gaps)


class Beside:
    """Gives `tell` every line of a run that goes on in this process, from a thread of its own."""

    def __init__(self, journal: Path, tell: Callable[[tuple[Stamped, ...]], None]) -> None:
        self._following, self._tell = Following(journal), tell
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="live", daemon=True)
        self._thread.start()

    def _go(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._tell_on(everything=False)

    def catch_up(self) -> None:
        """Tell what there is until now."""
        self._tell_on(everything=True)

    def _tell_on(self, *, everything: bool) -> None:
        with self._lock:
            if lines := self._following.new(everything=everything):
                self._tell(lines)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.catch_up()

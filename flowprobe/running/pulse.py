"""How this process fares while it runs: whether it gets to run when it is due, whether the machine sleeps, whether the
clock of the day stays with the one that only counts, and what is left to live on."""

from __future__ import annotations

import os
import resource
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from flowprobe.core.nights.blaming import Runner

__all__ = ["Pulse", "boot_time"]

EVERY_S = 0.05
_LATE_S = 0.02
"""So late is any thread now and then."""
_MOVED_S = 0.1
_MOST = 20_000


def boot_time() -> float:
    """Monotonic seconds that go on while the machine sleeps; those that do not, where there are no others."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class Pulse:
    """A thread that wakes twenty times a second and notes what is amiss. Thread-safe. The clocks may be replaced."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] | None = None,
                 boot: Callable[[], float] = boot_time) -> None:
        self._clock, self._wall, self._boot = clock, wall or time.time, boot
        self._lock = threading.Lock()
        self._late: deque[tuple[float, float]] = deque(maxlen=_MOST)  # from when it was due to when it came
        self._slept: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self._began_off = self._off()
        self._moved: deque[tuple[float, float]] = deque([(clock(), 0.0)], maxlen=_MOST)
        self._asleep = boot() - clock()
        self._due = clock() + EVERY_S
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def runner(self, began: float, ended: float, *, folder: Path) -> Runner:
        """How it fared from `began` to `ended`, instants of the clock, and what is left of the disk of `folder`."""
        self.note()
        with self._lock:
            stalled = sum(max(0.0, min(came, ended) - max(due, began)) for due, came in self._late)
            slept = sum(for_s for at, for_s in self._slept if at >= began)
            before = [off for at, off in self._moved if at < began][-1:]
            moved = max((*before, *(off for at, off in self._moved if at >= began)), key=abs, default=0.0)
        return Runner(stalled, slept, moved, _disk(folder), _memory(), _descriptors())

    def _beat(self) -> None:
        while not self._over.wait(EVERY_S):
            self.note(beat=True)

    def note(self, *, beat: bool = False) -> None:
        """Look at the clocks; with `beat`, it was due to."""
        with self._lock:
            now, asleep, off = self._clock(), self._boot() - self._clock(), self._off()
            if beat:
                if now - self._due > _LATE_S:
                    self._late.append((self._due, now))
                self._due = now + EVERY_S
            elif now - self._due > _LATE_S:  # it still is: whoever asks came first
                self._late.append((self._due, now))
                self._due = now
            if asleep - self._asleep > _MOVED_S:
                self._slept.append((now, asleep - self._asleep))
            self._asleep = asleep
            if abs(off - self._began_off - self._moved[-1][1]) > _MOVED_S:
                self._moved.append((now, off - self._began_off))

    def _off(self) -> float:
        """What the time of the day is beyond the seconds that only count."""
        return self._wall() - self._boot()


def _disk(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _memory() -> int | None:
    """What the system says that may still be had; None where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), None)


def _descriptors() -> int | None:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        return None if most == resource.RLIM_INFINITY else most - len(os.listdir("/dev/fd"))
    except OSError:
        return None

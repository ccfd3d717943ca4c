"""One call in flight: its deadline, its stamps, its counters, and the cord that `stop()` pulls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from flowprobe.core.wire import NoReplyReason
from flowprobe.http.limits import Limits

__all__ = ["Ended", "Flight"]

_LONGEST_WAIT = 86_400.0  # sockets refuse to wait for ever in so many words


class Ended(Exception):
    """The call is over without a reply: `reason` for the core, `detail` for people (no secrets)."""

    def __init__(self, reason: NoReplyReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: NoReplyReason = reason
        self.detail = detail


class Flight:
    """The state of one call. Its own thread writes it; only `abort` comes from another one.

    Times are seconds of `clock`; `sent` and `first_byte` are None until they happened; `began` is when the first
    call of a chain of redirects left. `wrote` says that the call, or a part of it, has left.
    """

    __slots__ = (
        "_cut", "_lock", "began", "budget", "clock", "connections", "deadline", "doing", "first_byte", "head",
        "limits", "peer_closed", "sent", "started", "status", "stopped", "wire", "wrote",
    )

    def __init__(self, *, budget: float, limits: Limits, clock: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._cut: Callable[[], object] | None = None
        self.clock = clock
        self.limits = limits
        self.budget = budget
        self.started = clock()
        self.deadline = self.started + budget
        self.began: float | None = None
        self.sent: float | None = None
        self.first_byte: float | None = None
        self.status: int | None = None
        self.doing = "starting"
        self.connections = 0
        self.wire = 0
        self.wrote = False
        self.head = 0
        self.peer_closed = False
        self.stopped = False

    def left(self) -> float:
        """Seconds until the total budget is spent; raises `Ended` when it is."""
        left = self.deadline - self.clock()
        if left <= 0:
            raise self.expired()
        return left if left < _LONGEST_WAIT else _LONGEST_WAIT

    def expired(self) -> Ended:
        """The budget is spent: say on what."""
        return Ended("timeout", f"The budget of {self.budget:g} s was spent while {self.doing}.")

    def hold(self, cut: Callable[[], object]) -> None:
        """From now on `abort` calls `cut`, which must end whatever this thread is about to wait for."""
        if self._cut is cut:
            return
        with self._lock:
            if self.stopped:
                raise Ended("stopped", "We were asked to stop.")
            self._cut = cut

    def release(self, cut: Callable[[], object]) -> None:
        """`cut` is about to become meaningless (its socket is closed): it will not be called any more."""
        with self._lock:
            if self._cut is cut:
                self._cut = None

    def abort(self) -> None:
        """End the call from another thread, whatever it is waiting for."""
        with self._lock:
            self.stopped = True
            if self._cut is not None:
                with suppress(OSError):  # the peer may have been quicker
                    self._cut()

    def room(self, wanted: int) -> int:
        """How many bytes may be read next; raises `Ended` over a cap."""
        limits = self.limits
        if self.wire >= limits.wire:
            raise Ended("too-large", f"The reply is longer than {limits.wire} bytes on the wire.")
        if self.status is not None:
            return min(wanted, limits.wire - self.wire)
        if self.head >= limits.head:
            raise Ended("too-large", f"The head of the reply is longer than {limits.head} bytes.")
        return min(wanted, limits.head - self.head)

    def received(self, size: int) -> None:
        """Count `size` bytes; 0 means that the peer closed its side."""
        if not size:
            self.peer_closed = True
            return
        self.wire += size
        if self.status is None:
            self.head += size
        if self.first_byte is None:
            self.first_byte = self.clock()

    def restart_stamps(self) -> None:
        """What went before belonged to the tunnel (CONNECT, TLS), not to the call."""
        self.sent = self.began
        self.first_byte = None
        self.wrote = False
        self.head = 0

    def redirected(self) -> None:
        """One more call, within the same budget and the same cap on the wire."""
        self.began = self.sent
        self.status = None
        self.doing = "following a redirect"
        self.restart_stamps()

    def answered(self, status: int) -> None:
        """The head of the reply is complete."""
        self.status = status
        self.doing = "reading the body"

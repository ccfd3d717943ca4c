"""The guard in front of every `send` of a run: what the environment does not allow is not sent.

It charges the budget before a call, waits for the rate, and watches the clock. Its first no of a workflow ends the
run; what it says to a call of a cleanup ends that cleanup alone. Safe from any thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from flowprobe.core.calls import PlannedCall, calls_of
from flowprobe.core.pace import Bucket
from flowprobe.core.policy import Policy
from flowprobe.core.purse import Purse
from flowprobe.core.rules import is_write
from flowprobe.core.scenario import Scenario
from flowprobe.core.urls import inside
from flowprobe.core.wire import Call, NoReply, Outcome

__all__ = ["Guard", "Halt", "Send"]

Send = Callable[[Call], Outcome]


@dataclass(frozen=True, slots=True)
class Halt:
    """Why the run goes no further: `kind` is refused, budget or window."""

    kind: str
    because: str


class Guard:
    """One for a run. `clock` gives monotonic seconds, `now` the time of the day."""

    def __init__(self, policy: Policy, *, clock: Callable[[], float] = time.monotonic,
                 now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._policy = policy
        self._permitted = lru_cache(maxsize=1024)(policy.permit)  # journeys call the same places again and again
        self._clock, self._now = clock, now
        self._lock = threading.Lock()
        self._purse = Purse(policy.budget)
        self._bucket = Bucket.full(policy.budget.rate, clock()) if policy.budget.rate else None
        self._began: float | None = None
        self._last: tuple[Scenario, Mapping[str, PlannedCall]] | None = None
        self._sending = threading.local()
        self.halt: Halt | None = None

    def begin(self) -> None:
        """The seconds of the budget count from here."""
        self._began = self._clock()

    @property
    def purse(self) -> Purse:
        return self._purse

    def lacks(self, *, calls: int, writes: int) -> str:
        """What of the budget does not suffice for so many calls more; '' where it does."""
        budget, purse = self._policy.budget, self._purse
        for what, wanted, most in (("calls", purse.calls + calls, budget.calls),
                                   ("writes", purse.writes + writes, budget.writes)):
            if most is not None and wanted > most:
                return f"the environment's budget of {most} {what} ({self._place()})"
        if self.seconds_left() == 0:
            return f"the environment's budget of {budget.seconds:g} seconds ({self._place()})"
        return ""

    def seconds_left(self) -> float | None:
        if self._policy.budget.seconds is None or self._began is None:
            return None
        return max(0.0, self._policy.budget.seconds - (self._clock() - self._began))

    # --- the workflow ---

    def workflow(self, send: Send, scenario: Scenario, *, faulted: bool, wait: Callable[[float], None],
                 stopped: Callable[[], bool]) -> Send:
        """`send` for the calls of a journey. `wait` returns early when the run is stopped."""
        planned = self._planned(scenario)

        def guarded(call: Call) -> Outcome:
            halt = self._judge(call, planned, faulted=faulted)
            if halt is not None:
                return self._unsent(call, halt.because)
            if pause := self._pause():
                wait(pause)
            if stopped():
                return self._unsent(call, "We were asked to stop before it was sent.")
            return self._sent(call, send)

        return guarded

    def _planned(self, scenario: Scenario) -> Mapping[str, PlannedCall]:
        """Its calls by their steps; trial after trial is of the same one."""
        last = self._last
        if last is None or last[0] is not scenario:
            last = self._last = scenario, {each.step: each for each in calls_of(scenario, self._policy.given)}
        return last[1]

    def _judge(self, call: Call, planned: Mapping[str, PlannedCall], *, faulted: bool) -> Halt | None:
        with self._lock:
            if self.halt is None:
                self.halt = self._refused(call) or self._closed(faulted) or self._charged(call, planned.get(call.step))
            return self.halt

    def _refused(self, call: Call) -> Halt | None:
        refusal = self._permitted(call.method, call.url)
        return Halt("refused", f"not sent: {refusal}") if refusal else None

    def _closed(self, faulted: bool) -> Halt | None:
        if self.seconds_left() == 0:
            return Halt("budget", f"the budget of {self._policy.budget.seconds:g} seconds is used up ({self._place()})")
        calendar = self._policy.calendar
        if not calendar.windows and not calendar.freezes:
            return None
        closed = calendar.closed_by(self._now(), faults=faulted)
        if closed:
            what = "faults are" if faulted and self._policy.calendar.is_open(self._now()) else "the run is"
            return Halt("window", f"{what} outside its time: {', '.join(map(str, closed))} ({closed[0].position})")
        return None

    def _charged(self, call: Call, planned: PlannedCall | None) -> Halt | None:
        """The first attempt of a round lays aside what its cleanup will need."""
        cleanup = planned.cleanup if planned is not None and call.attempt == 1 else ()
        found = self._purse.charge(write=is_write(call.method), cleanup=len(cleanup),
                                   cleanup_writes=sum(is_write(each.call.method) for each in cleanup))
        if isinstance(found, str):
            return Halt("budget", f"{found} ({self._place()})")
        self._purse = found
        return None

    def _place(self) -> str:
        return f"`budget`, {self._policy.place('budget')}"

    # --- cleanup, and what is asked before everything ---

    def cleanup(self, send: Send, scenario: Scenario, *, wait: Callable[[float], None]) -> Send:
        """`send` for the calls of a cleanup: a DELETE of what its own step made goes where that step went, any other
        needs a rule. A window that has closed does not stop them."""
        own = {(each.step, undo.call.method) for each in calls_of(scenario) for undo in each.cleanup if undo.own}

        def guarded(call: Call) -> Outcome:
            refusal = self._refuse_cleanup(call, own)
            if refusal:
                return self._unsent(call, refusal)
            wait(self._pause())
            return self._sent(call, send)

        return guarded

    def _refuse_cleanup(self, call: Call, own: set[tuple[str, str]]) -> str:
        is_own = (call.step, call.method) in own and self._policy.at_target(call.url)
        refusal = None if is_own else self._policy.permit(call.method, call.url)
        if refusal:
            return f"not sent: {refusal}"
        with self._lock:
            found = self._purse.spend_aside(write=is_write(call.method))
            if isinstance(found, str):
                return f"{found} ({self._place()})"
            self._purse = found
        return ""

    def probe(self, send: Send) -> Send:
        """`send` for the identity probe, which the environment itself names: it is charged, and goes first."""
        def guarded(call: Call) -> Outcome:
            self.charge_probe()
            return self._sent(call, send)

        return guarded

    def charge_probe(self) -> None:
        """Charge a call that the environment itself names, whatever is left: it is sent by other means."""
        with self._lock:
            found = self._purse.charge(write=False)
            self._purse = self._purse if isinstance(found, str) else found
        self._pause()

    def control(self, send: Send) -> Send:
        """`send` for the calls that are measured beside the journeys: one to a target as the rules say, one to another
        host as it was declared. A no ends this call alone."""
        def guarded(call: Call) -> Outcome:
            if refusal := self._refuse_control(call):
                return self._unsent(call, refusal)
            return self._sent(call, send)

        return guarded

    def _refuse_control(self, call: Call) -> str:
        if not any(inside(call.url, self._policy.targets)):
            return ""
        if refusal := self._policy.permit(call.method, call.url):
            return f"not sent: {refusal}"
        with self._lock:
            found = self._purse.charge(write=is_write(call.method))
            if isinstance(found, str):
                return f"{found} ({self._place()})"
            self._purse = found
        return ""

    # --- redirects ---

    def permit(self, method: str, url: str) -> str:
        """What a driver asks about every call: why it may not be sent, or ''. The first of a `send` has been judged;
        where a redirect leads is a call of its own."""
        if getattr(self._sending, "judged", False):
            self._sending.judged = False
            return ""
        refusal = self._policy.permit_next(method, url)
        if refusal:
            return f"not sent: {refusal}"
        with self._lock:
            found = self._purse.charge(write=is_write(method))
            if isinstance(found, str):
                return f"{found} ({self._place()})"
            self._purse = found
        return ""

    def _sent(self, call: Call, send: Send) -> Outcome:
        self._sending.judged = True
        try:
            return send(call)
        finally:
            self._sending.judged = False

    # --- small things ---

    def _pause(self) -> float:
        """How long the next call has to wait for the rate."""
        with self._lock:
            if self._bucket is None:
                return 0.0
            self._bucket, pause = self._bucket.take(self._clock())
            return pause

    def _unsent(self, call: Call, detail: str) -> NoReply:
        """Never `stopped`, which leaves open whether something was made: this call did not leave."""
        now = self._clock()
        return NoReply(call.id, "refused", detail, sent=now, ended=now)

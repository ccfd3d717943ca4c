"""What the product says of itself while a run goes on: who listens, what was heard, and how long more is waited for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.telemetry import ProductSide, Telemetry, by_call
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.running.places import TELEMETRY
from flowprobe.running.reading import Reading
from flowprobe.telemetry.heard import Heard
from flowprobe.telemetry.receiver import Receiver

__all__ = ["Hearing"]

_QUIET_S = 0.5
"""Log lines come by a way of their own: so long nothing may have come before nothing more is expected."""
_LOOK_S = 0.05
_BROKEN = ("broken", "degraded")
_LAST = 200


class Hearing:
    """Of one run. `start` and `close` are the session's, as those of the proxy are; nothing else here ever raises."""

    def __init__(self, side: ProductSide, folder: Path, redact: Callable[[str], str], *,
                 reading: Reading | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._side, self._clock = side, clock
        self._heard = Heard(folder / TELEMETRY / "otlp.jsonl", redact, clock=clock)
        self._found = Heard(folder / TELEMETRY / "read.jsonl", redact, clock=clock)
        self._reading = reading
        self._receiver = Receiver(side.otlp, self._heard.take) if side.otlp is not None else None
        self._due: deque[tuple[float, tuple[str, ...]]] = deque()
        self._waited = False

    def start(self) -> None:
        """Raises EnvironmentBroken."""
        if self._receiver is not None:
            self._receiver.start()

    def close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
        if self._reading is not None:
            self._reading.close()
        self._heard.seal()
        self._found.seal()

    @property
    def url(self) -> str:
        return self._receiver.url if self._receiver is not None else ""

    def expect(self, trial: str) -> None:
        self._heard.expect(trial)
        self._found.expect(trial)

    def judged(self, trial: TrialEvidence, verdict: Verdict) -> None:
        """What the product did where a trial did not pass will be asked for: it has so long to tell of it."""
        if verdict.kind is not Kind.PASS and trial.calls:
            self._forget()
            if self._reading is not None:
                self._reading.judged(trial)
            self._due.append((self._clock() + self._side.wait, _asked_for(trial)))

    def settle(self, wait: Callable[[float], object], stopped: Callable[[], bool]) -> None:
        """Wait for what is still on its way: until the product has told of every such call, or its time is over."""
        self._waited = bool(self._due)
        while self._receiver is not None and not stopped() and not self._is_settled():
            wait(_LOOK_S)
        if self._reading is not None:
            self._reading.settle(self._found.take, patience=self._side.wait, wait_for=wait, stopped=stopped)

    def of(self, trial: str) -> Mapping[str, tuple[Telemetry, ...]]:
        """What was sent to us, and what was found where it is kept."""
        both = (self._heard.of(trial), self._found.of(trial))
        return by_call(each for found in both for said in found.values() for each in said)

    def notes(self) -> Iterator[str]:
        """What has to be known of what was heard, or was not."""
        heard = self._heard
        if heard.kept == 0 and heard.strange:
            yield (f"none of the spans and log lines that the product sent ({heard.strange}) bears the trace id of a "
                   "call of this run: it has to take up the header `traceparent`")
        elif heard.kept == 0 and self._waited and self._receiver is not None:
            yield f"the product said nothing of itself: nothing arrived at {self._receiver.url}"
        if heard.dropped or self._found.dropped:
            yield (f"{heard.dropped + self._found.dropped} spans and log lines of the product were not kept: there was "
                   "no room for them")
        if self._reading is not None:
            yield from self._reading.notes()

    def _is_settled(self) -> bool:
        self._forget()
        whole = all(self._heard.is_whole(calls) for _, calls in self._due)
        return not self._due or (whole and self._clock() - self._heard.last > _QUIET_S)

    def _forget(self) -> None:
        """Those trials whose time is over."""
        while self._due and self._due[0][0] <= self._clock():
            self._due.popleft()


def _asked_for(trial: TrialEvidence) -> tuple[str, ...]:
    """The calls of the steps that broke: what is not instrumented, a health check maybe, never tells of itself. All of
    them where no step broke."""
    broken = [step for step in trial.steps if step.outcome in _BROKEN]
    return tuple(call.sent.call for step in broken or trial.steps for call in step.calls[-_LAST:])

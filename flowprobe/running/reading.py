"""The product's spans and log lines from where they are kept: asked for at the end of a run, by the trace ids of the
calls of its trials that did not pass.

Stores lag behind. Each is asked again until it knows every trace and has no more to say of it, or the time is over; all
of them at once, since one that is slow is no reason to miss another. Nothing here fails a run: what went wrong is a
sentence about the whole.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias, assert_never

from flowprobe.auth.constant import basic_value
from flowprobe.core.auth import ApiKey, Basic, Bearer
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.reading import (
    Access,
    FromCommand,
    FromFiles,
    FromJaeger,
    FromLoki,
    FromTempo,
    Source,
    access_of,
)
from flowprobe.core.telemetry import Telemetry
from flowprobe.core.wire import Call, NoReply, Outcome
from flowprobe.errors import InvalidInput, Problem
from flowprobe.http.driver import Driver
from flowprobe.http.limits import Limits
from flowprobe.http.trust import EVERYDAY, Trust
from flowprobe.running.drivers import only_targets
from flowprobe.secrets.references import Vault
from flowprobe.telemetry.command import TIMEOUT_S, Command
from flowprobe.telemetry.jaeger import Jaeger
from flowprobe.telemetry.loki import Loki
from flowprobe.telemetry.otlp_file import OtlpFiles
from flowprobe.telemetry.reading import Ask, Reader
from flowprobe.telemetry.tempo import Tempo

__all__ = ["BUDGET_S", "TRACES", "Keep", "Places", "Reading"]

TRACES = 40
"""So many calls of a run are asked for: those of steps that failed before others, the newest trial first."""
BUDGET_S = 5.0
"""How long one question to a store may take, and all of the first ones together at least may."""
_TOO_LATE = "it did not answer before the time for it was over (`telemetry: {wait: …}` of the environment gives more)"
_PAUSE_S = 0.5
_LOOK_S = 0.25
_MIB = 1024 * 1024
_FAILED = ("broken", "degraded")

Keep: TypeAlias = Callable[[Sequence[Telemetry]], None]


@dataclass(frozen=True, slots=True)
class Places:
    """What readers find around them: the folder of flowprobe.yaml, when the run began (seconds since the epoch), whom
    TLS believes, and whether commands may be run."""

    folder: Path
    began: float
    tls: Trust = EVERYDAY
    allow_exec: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


class Reading:
    """Of one run. Raises InvalidInput, before anything is sent, for a secret that cannot be used, and for a command
    that may not be run."""

    def __init__(self, sources: Sequence[Source], vault: Vault, places: Places, *,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._until = clock, 0.0
        self._driver = Driver(permit=only_targets(_origins(sources)), tls=Trust(ca=places.tls.ca),
                              limits=Limits(wire=32 * _MIB, inflated=32 * _MIB, keep=32 * _MIB))
        self._asked = tuple(_Asked(reader) for reader in self._readers(sources, vault, places))
        self._failed: deque[str] = deque(maxlen=TRACES)
        self._others: deque[str] = deque(maxlen=TRACES)
        self._last = clock()

    def judged(self, trial: TrialEvidence) -> None:
        """A trial that did not pass: its calls will be asked for."""
        for step in trial.steps:
            calls = self._failed if step.outcome in _FAILED else self._others
            calls.extend(call.sent.call for call in step.calls)
        self._last = self._clock()

    def settle(self, keep: Keep, *, patience: float, wait_for: Callable[[float], object],
               stopped: Callable[[], bool]) -> None:
        """Ask until every store has told what it knows, `patience` seconds after the last trial, or a stop. `keep` is
        given what was found, from several threads."""
        traces = self._traces()
        if not traces or not self._asked or stopped():
            return
        self._until = max(self._last + patience, self._clock() + BUDGET_S)

        def is_over() -> bool:
            return stopped() or self._clock() >= self._until

        with ThreadPoolExecutor(len(self._asked), thread_name_prefix="read") as pool:
            due = self._waited_for(traces)
            left = {pool.submit(asked.settle, traces, due, keep, wait_for, is_over) for asked in self._asked}
            while left:  # signals come while the main thread looks up
                left = wait(left, timeout=_LOOK_S).not_done
                if stopped():
                    self._driver.stop()

    def close(self) -> None:
        self._driver.close()

    def notes(self) -> Iterator[str]:
        """What has to be known of what was read, or was not."""
        for asked in self._asked:
            if asked.trouble:
                yield asked.trouble
            elif asked.traces and not asked.seen:
                yield (f"{asked.reader.name} knows nothing of the {len(asked.traces)} calls that it was asked for: see "
                       "that the product sends there, and that it takes up the header `traceparent`")

    def _traces(self) -> tuple[str, ...]:
        return (*reversed(self._failed), *reversed(self._others))[:TRACES]

    def _waited_for(self, traces: Sequence[str]) -> frozenset[str]:
        """Of what is not instrumented, a health check maybe, no store ever knows: only steps that failed are worth a
        wait, where there are any."""
        return frozenset(self._failed).intersection(traces) or frozenset(traces)

    # --- the readers ---

    def _readers(self, sources: Sequence[Source], vault: Vault, places: Places) -> tuple[Reader, ...]:
        found: list[Reader] = []
        problems: list[Problem] = []
        for number, source in enumerate(sources):
            try:
                found.append(self._reader(source, vault, places, str(number)))
            except InvalidInput as invalid:
                problems += invalid.problems
        if problems:
            raise InvalidInput(tuple(dict.fromkeys(problems)))
        return tuple(found)

    def _reader(self, source: Source, vault: Vault, places: Places, own: str) -> Reader:
        match source:
            case FromJaeger(access=access):
                return Jaeger(access.url, self._ask(access, vault, own))
            case FromTempo(access=access):
                return Tempo(access.url, self._ask(access, vault, own))
            case FromLoki(access=access, query=query):
                return Loki(access.url, query, self._ask(access, vault, own), began=places.began)
            case FromFiles(pattern=pattern):
                return OtlpFiles(pattern, folder=places.folder)
            case FromCommand(command=words) if places.allow_exec:
                return Command(words, folder=places.folder, environ=places.environ, began=places.began,
                               patience=lambda: min(TIMEOUT_S, self._until - self._clock()))
            case FromCommand():
                raise _not_allowed(source)
            case _:
                assert_never(source)

    def _ask(self, access: Access, vault: Vault, own: str) -> Ask:
        """A GET that shows what the store wants to see; no redirect is followed, so that it goes nowhere else."""
        shown = _credentials(access, vault)

        def ask(url: str) -> Outcome:
            now = self._clock()
            if now >= self._until:
                return NoReply("", "timeout", _TOO_LATE, now, now)
            outcome = self._driver.send(Call(
                "", "", "telemetry", own, "GET", url, access.headers, budget=min(BUDGET_S, self._until - now),
                credentials=shown, sensitive=frozenset(name.lower() for name in shown)))
            if isinstance(outcome, NoReply) and outcome.reason == "timeout":  # in the words of what the user can set
                slow = f"it did not answer within {BUDGET_S:g} s"
                return replace(outcome, detail=slow if self._until - now >= BUDGET_S else _TOO_LATE)
            return outcome
        return ask


class _Asked:
    """One reader, and what it still owes: `seen` counts what it told of each trace."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.traces: tuple[str, ...] = ()
        self.seen: Counter[str] = Counter()
        self.trouble = ""
        self._kept: set[Telemetry] = set()
        self._answered = False

    def settle(self, traces: tuple[str, ...], waited_for: frozenset[str], keep: Keep,
               wait_for: Callable[[float], object], is_over: Callable[[], bool]) -> None:
        self.traces = left = traces
        try:
            while waited_for.intersection(left := self._again(left, keep)):
                wait_for(_PAUSE_S)
                if is_over():
                    return
        except Exception as error:  # a bug of ours in here costs what this store knows, not the run
            self.trouble = f"{self.reader.name} could not be read: {type(error).__name__}"

    def _again(self, traces: tuple[str, ...], keep: Keep) -> tuple[str, ...]:
        """Ask once; returns the traces that it may have more to say of."""
        found = self.reader.read(traces)
        if not (self._answered and _TOO_LATE in found.trouble):  # else it had told what it knew
            self.trouble = found.trouble
        self._answered = self._answered or not found.trouble
        told = Counter(each.trace for each in found.said)
        fresh = [each for each in found.said if each not in self._kept]
        self._kept.update(fresh)
        keep(fresh)
        left = tuple(trace for trace in traces if not told[trace] or told[trace] > self.seen[trace])
        self.seen |= told
        return left


# --- small things ---------------------------------------------------------------------------------


def _origins(sources: Sequence[Source]) -> dict[str, str]:
    accesses = (access_of(source) for source in sources)
    return {str(number): access.url for number, access in enumerate(accesses) if access is not None}


def _credentials(access: Access, vault: Vault) -> dict[str, str]:
    match access.auth:
        case None:
            return {}
        case Bearer(token=token):
            return {"Authorization": f"Bearer {vault.value(token)}"}
        case Basic(user=user, password=password):
            value = basic_value(user, vault.value(password))
            vault.conceal(value.removeprefix("Basic "))
            return {"Authorization": value}
        case ApiKey(name=name, value=value):
            return {name: vault.value(value)}
        case _:
            assert_never(access.auth)


def _not_allowed(source: FromCommand) -> InvalidInput:
    place = source.position
    return InvalidInput((Problem(
        "exec-not-allowed", place.file, place.line, place.column,
        f"log lines are what the command {source.command[0]} prints, and none may be run",
        "add --allow-exec where you trust this file, or remove this reader"),))

"""Why a trial failed, as far as its surroundings can tell: they are looked at right after it, all at once, and each
for a few seconds. Nothing is called but what the environment names.

    with Diagnosis(engine, controls={"example.com": "https://example.com/"}):
        judged = engine.make(trial)  # its verdict knows of what was seen, and the journal has it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import MappingProxyType
from typing import Any, Literal, Self

from flowprobe.core.events import CallSent, CallUnanswered, Diagnosed
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.nights.blaming import Credential, Failure, Probes, failure_of, told
from flowprobe.core.nights.probed import seen
from flowprobe.core.phases import Phase, Phases
from flowprobe.core.rules import SAFE
from flowprobe.core.tracing import call_id, traceparent
from flowprobe.core.verdict import answered
from flowprobe.core.wire import Call, Reply
from flowprobe.errors import ToolFailed
from flowprobe.http.phases import phase_of, time_apart
from flowprobe.running.engine import Engine
from flowprobe.running.pulse import Pulse

__all__ = ["Diagnosis"]

WITHIN_S = 30.0
"""All of it. What is not done by then is not waited for."""
EACH_S = 6.0
_TRIAL = "d1a6005ed1a6005e"
_NONE: Mapping[str, str] = MappingProxyType({})
_DENIED = (401, 403)


class Diagnosis:
    """Looks around for an engine, from entering it to leaving it. `controls` are hosts that have nothing to do with the
    product, by name: a URL each, which is asked with GET and no credentials. `whoami` is the path, at the first target,
    of a GET that the product answers to whoever has signed in. `answered`: the product has answered on an earlier day.
    """

    def __init__(self, engine: Engine, *, controls: Mapping[str, str] = _NONE, whoami: str = "", answered: bool = False,
                 pulse: Pulse | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._controls, self._whoami = engine, dict(controls), whoami
        self._answered = answered and not engine.owned
        self._pulse, self._clock = pulse or Pulse(), clock
        self._skipped: dict[str, Probes] = {}

    def __enter__(self) -> Self:
        self._pulse.start()
        self._engine.diagnose = self.look
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.diagnose = None
        self._pulse.stop()

    def look(self, trial: TrialEvidence) -> Diagnosed:
        """What there is to see around a trial that failed, or that could not be made."""
        began = self._clock()
        probes = self._of_skipped(trial) if trial.skipped is not None else self._probed(trial)
        blame, because = told(probes)
        return Diagnosed(trial.started.trial, blame, because, seen(probes), self._clock() - began)

    def _of_skipped(self, trial: TrialEvidence) -> Probes:
        """What keeps all trials from being made is looked at once."""
        assert trial.skipped is not None, "it was skipped"
        because = trial.skipped.because
        if because not in self._skipped:
            self._skipped[because] = self._probed(trial)
        return self._skipped[because]

    def _probed(self, trial: TrialEvidence) -> Probes:
        failure = failure_of(trial, _phase)
        tasks: dict[str, Callable[[], Any]] = {"proxy": self._engine.proxy_trouble}
        tasks |= {f"target {name}": self._target(name, url) for name, url in self._engine.targets.items()}
        tasks |= {f"control {name}": self._control(url) for name, url in self._controls.items()}
        if asked := self._credential(trial, failure):
            tasks["credentials"] = asked
        found = _at_once(tasks)
        targets = tuple(found[name] for name in tasks if name.startswith("target ") and name in found)
        controls = {name: found[f"control {name}"] for name in self._controls if f"control {name}" in found}
        runner = self._pulse.runner(failure.began or self._clock(), failure.ended or self._clock(),
                                    folder=self._engine.folder)
        before = self._answered or self._engine.answered or answered(trial)
        return Probes(failure, found.get("proxy", ""), runner, targets, controls, found.get("credentials"), before,
                      unprobed=tuple(name for name in tasks if name not in found))

    # --- who is asked, and what ---

    def _target(self, name: str, url: str) -> Callable[[], Phases]:
        """The identity call, which needs no credentials, where it goes to this target; else no more than a line."""
        identity = self._engine.environment.identity
        asks = identity is not None and (identity.call.target or next(iter(self._engine.targets))) == name
        method = identity.call.method if identity is not None and asks else "GET"
        path = str(identity.call.path) if identity is not None and asks else "/"
        call = _call(method, url.rstrip("/") + path)

        def looked() -> Phases:
            if asks:
                self._engine.charge_probe()
            return time_apart(call, tls=self._engine.trust, asks=asks)

        return looked

    def _control(self, url: str) -> Callable[[], Phases]:
        """It is believed like anybody; `tls` of the environment is about its targets."""
        return lambda: time_apart(_call("GET", url))

    def _credential(self, trial: TrialEvidence, failure: Failure) -> Callable[[], Credential] | None:
        """A call with nothing but the credentials of who acted: the one that is named for it; else, where the product
        refused them, a GET of the journey. Nobody's credentials where none were shown."""
        acting = next((call.sent for step in trial.steps if step.outcome == "broken" for call in step.calls[-1:]), None)
        if acting is None or not acting.persona:
            return None
        if self._whoami:
            url = next(iter(self._engine.targets.values())).rstrip("/") + self._whoami
            return self._asked(acting, "GET", url, own=True)
        again = next((call.sent for call in trial.calls
                      if call.sent.persona == acting.persona and call.sent.method in SAFE), None)
        if failure.status not in _DENIED or again is None:
            return None
        return self._asked(acting, again.method, again.url, own=False)

    def _asked(self, acting: CallSent, method: str, url: str, *, own: bool) -> Callable[[], Credential]:
        call = _call(method, url, trial=acting.trial, persona=acting.persona)
        line = f"{method} /{url.partition('://')[2].partition('/')[2].partition('?')[0]}"

        def asked() -> Credential:
            outcome = self._engine.probe(call)
            return Credential(acting.persona, line, outcome.status if isinstance(outcome, Reply) else None, own)

        return asked


def _at_once(tasks: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What came of those that were done in time. A tool that failed says so of itself."""
    pool = ThreadPoolExecutor(len(tasks), thread_name_prefix="look")
    futures = {name: pool.submit(task) for name, task in tasks.items()}
    wait(futures.values(), timeout=WITHIN_S)
    pool.shutdown(wait=False, cancel_futures=True)
    return {name: future.result() for name, future in futures.items() if _is_good(future)}


def _is_good(future: Future[Any]) -> bool:
    if not future.done():
        return False
    failed = future.exception()
    if failed is not None and not isinstance(failed, ToolFailed):
        raise failed
    return failed is None


def _phase(outcome: CallUnanswered) -> tuple[Phase | Literal[""], bool]:
    return phase_of(outcome.detail)


def _call(method: str, url: str, *, trial: str = _TRIAL, persona: str = "") -> Call:
    id = call_id(_TRIAL, 1, 1)
    return Call(id, trial, "diagnosis", persona, method, url, {"traceparent": traceparent(id)}, budget=EACH_S,
                signed=bool(persona))

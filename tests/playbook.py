"""Testing a generator of the core as a dialogue: `<<` takes what it does, `>>` answers it.

    book = Playbook(walk(trial))
    book << call("GET", "/v1/me") >> reply(200, {"seats": 3})
    book << ended("me", "held") << over

`CallSent`, `CallReplied` and `CallUnanswered` say again what the dialogue says, so they are taken in passing.
A deviation prints the dialogue so far.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowprobe.core.attempts import Stop
from flowprobe.core.emit import Arm, Conceal, Dialogue, Emit, Sign, Wait
from flowprobe.core.events import CallReplied, CallSent, CallUnanswered, Event, StepEnded
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

Answer = Callable[[Call], Outcome]
_PASSING = (CallSent, CallReplied, CallUnanswered)


@dataclass(frozen=True)
class Wanted:
    """`words` for people, `fits` for the thing that was yielded."""

    words: str
    fits: Callable[[Any], bool]


over = Wanted("the end", lambda thing: thing is None)


def call(method: str, path: str, **checks: Any) -> Wanted:
    """A call to a URL that ends with `path`; `json=`, `persona=` and `headers=` (a part of them) can be asked too."""

    def fits(thing: Any) -> bool:
        return (
            isinstance(thing, Call) and thing.method == method and thing.url.endswith(path)
            and ("json" not in checks or json.loads(thing.body.content) == checks["json"])
            and ("persona" not in checks or thing.persona == checks["persona"])
            and all(thing.headers.get(key) == value for key, value in checks.get("headers", {}).items())
        )

    return Wanted(f"{method} …{path} {checks or ''}", fits)


def ended(step: str, outcome: str, *kinds: str) -> Wanted:
    """A step's end, with findings of just these kinds."""

    def fits(thing: Any) -> bool:
        event = thing.event if isinstance(thing, Emit) else None
        return (isinstance(event, StepEnded) and (event.step, event.outcome) == (step, outcome)
                and tuple(finding.kind for finding in event.findings) == kinds)

    return Wanted(f"{step} {outcome} {list(kinds)}", fits)


def emitted(kind: type[Event] | Any, **values: Any) -> Wanted:
    """An event of a class with these values."""

    def fits(thing: Any) -> bool:
        event = thing.event if isinstance(thing, Emit) else None
        return isinstance(event, kind) and all(getattr(event, key) == value for key, value in values.items())

    return Wanted(f"{kind.__name__} {values}", fits)


def waits(seconds: float) -> Wanted:
    return Wanted(f"a pause of {seconds} s", lambda thing: isinstance(thing, Wait) and abs(thing.seconds - seconds) < 1e-9)


def conceals(secret: str) -> Wanted:
    return Wanted("a secret to be kept", lambda thing: thing == Conceal(secret))


def reply(status: int = 200, body: Any = None, *, seconds: float = 0.01, headers: dict[str, str] | None = None,
          at: float = 100.0) -> Answer:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

    def answer(sent: Call) -> Reply:
        return Reply(sent.id, status, tuple((headers or {}).items()), content, at, at + seconds / 2, at + seconds)

    return answer


def no_reply(reason: Any = "timeout", detail: str = "") -> Answer:
    return lambda sent: NoReply(sent.id, reason, detail, 100.0, 101.0)


class Playbook:
    def __init__(self, generator: Dialogue) -> None:
        self._generator = generator
        self._script: list[str] = []
        self._now: Any = next(generator)
        self.last: Any = None

    def __lshift__(self, wanted: Wanted) -> Playbook:
        """Take the next thing that the generator does."""
        while isinstance(self._now, Arm) or (isinstance(self._now, Emit) and isinstance(self._now.event, _PASSING)):
            self._go(None)
        self._script.append(f"<< {self._now}")
        assert wanted.fits(self._now), f"expected {wanted.words}; the dialogue:\n" + "\n".join(self._script)
        self.last = self._now
        if isinstance(self._now, Emit | Wait | Conceal | Sign):
            self._go(None)
        return self

    def __rshift__(self, answer: Answer) -> Playbook:
        """Answer the call that was taken."""
        assert isinstance(self._now, Call), "only a call is answered"
        outcome = answer(self._now)
        self._script.append(f">> {outcome}")
        self._go(outcome)
        return self

    def stop(self) -> Playbook:
        self._script.append(">> Stop")
        self._step(lambda: self._generator.throw(Stop()))
        return self

    def _go(self, outcome: Outcome | None) -> None:
        self._step(lambda: self._generator.send(outcome))

    def _step(self, resume: Callable[[], Any]) -> None:
        try:
            self._now = resume()
        except StopIteration:
            self._now = None

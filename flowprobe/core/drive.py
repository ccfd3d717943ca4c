"""Driving a generator of the core: what it wants is done by the callables that are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, assert_never

from flowprobe.core.attempts import Stop
from flowprobe.core.emit import Arm, Conceal, Emit, Fork, Sign, Steps, Wait, Wanted
from flowprobe.core.events import Event
from flowprobe.core.plain import Plain, plain
from flowprobe.core.wire import Call, Outcome

__all__ = ["Hands", "drive", "one_by_one"]

Thunk: TypeAlias = Callable[[], Any]


def one_by_one(branches: Sequence[Thunk]) -> list[Any]:
    """The branches of a `Fork` one after the other."""
    return [branch() for branch in branches]


@plain
class Hands(Plain):
    """What does the things that a dialogue wants. `record` returns when the event is as durable as it has to be;
    `wait` returns early when the run is stopped; once `stopped` says so, no further call is sent. `fork` calls
    several thunks at the same time and returns what they return, in their order."""

    send: Callable[[Call], Outcome]
    record: Callable[[Event], None]
    stopped: Callable[[], bool] = lambda: False
    wait: Callable[[float], None] = lambda _: None
    conceal: Callable[[str], None] = lambda _: None
    arm: Callable[[], None] = lambda: None
    sign_in: Callable[[Sign], None] = lambda _: None
    fork: Callable[[Sequence[Thunk]], list[Any]] = one_by_one


def drive(generator: Steps, hands: Hands) -> Any:
    """Run the dialogue to its end, and return what it returns."""
    answer: Any = None
    try:
        while True:
            wanted = generator.send(answer)
            if isinstance(wanted, Call) and hands.stopped():
                wanted = generator.throw(Stop())
            answer = _do(wanted, hands)
    except StopIteration as end:
        return end.value


def _do(wanted: Wanted, hands: Hands) -> Any:
    match wanted:
        case Call():
            return hands.send(wanted)
        case Emit(event):
            return hands.record(event)
        case Wait(seconds):
            return hands.wait(seconds)
        case Conceal(secret):
            return hands.conceal(secret)
        case Arm():
            return hands.arm()
        case Sign():
            return hands.sign_in(wanted)
        case Fork(branches):
            return hands.fork([_thunk(branch, hands) for branch in branches])
        case _:
            assert_never(wanted)


def _thunk(branch: Steps, hands: Hands) -> Thunk:
    return lambda: drive(branch, hands)

"""Driving a generator of the core: what it wants is done by the callables that are given, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from flowprobe.core.attempts import Stop
from flowprobe.core.emit import Conceal, Dialogue, Emit, Wait
from flowprobe.core.events import Event
from flowprobe.core.wire import Call, Outcome

__all__ = ["drive"]


def drive(
    generator: Dialogue,
    *,
    send: Callable[[Call], Outcome],
    record: Callable[[Event], None],
    stopped: Callable[[], bool] = lambda: False,
    wait: Callable[[float], None] = lambda _: None,
    conceal: Callable[[str], None] = lambda _: None,
) -> None:
    """Run the dialogue to its end. `record` returns when the event is as durable as it has to be; `wait` returns
    early when the run is stopped; once `stopped` says so, no further call is sent."""
    answer: Outcome | None = None
    try:
        while True:
            wanted = generator.send(answer)
            if isinstance(wanted, Call) and stopped():
                wanted = generator.throw(Stop())
            answer = None
            match wanted:
                case Call():
                    answer = send(wanted)
                case Emit(event):
                    record(event)
                case Wait(seconds):
                    wait(seconds)
                case Conceal(secret):
                    conceal(secret)
                case _:
                    assert_never(wanted)
    except StopIteration:
        return

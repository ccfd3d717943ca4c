"""Driving a generator of the core: what it yields is done by the callables that are given, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator

from flowprobe.core.emit import Emit
from flowprobe.core.events import Event
from flowprobe.core.walk import Stop
from flowprobe.core.wire import Call, Outcome

__all__ = ["drive"]


def drive(
    generator: Generator[Call | Emit, Outcome | None, None],
    *,
    send: Callable[[Call], Outcome],
    record: Callable[[Event], None],
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Run the dialogue to its end. `record` returns when the event is as durable as it has to be; once `stopped`
    says so, no further call is sent."""
    answer: Outcome | None = None
    try:
        while True:
            wanted = generator.send(answer)
            if isinstance(wanted, Call) and stopped():
                wanted = generator.throw(Stop())
            if isinstance(wanted, Call):
                answer = send(wanted)
            else:
                record(wanted.event)
                answer = None
    except StopIteration:
        return

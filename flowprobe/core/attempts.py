"""One step's call, as often as it has to be made: `retry` is about transport, `poll` about the product's state.

The clock is that of the outcomes: how long a poll has lasted is read from their stamps, so that nothing here
waits or asks for the time.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from flowprobe.core.capture import capture
from flowprobe.core.carriers import carriers
from flowprobe.core.cleaning import made_nothing
from flowprobe.core.clock import Clock
from flowprobe.core.emit import Conceal, Emit, Stop, Wait, Wanted, reply_event, sent_event
from flowprobe.core.expect import judge, milliseconds, status_holds
from flowprobe.core.findings import Finding
from flowprobe.core.parsed import Parsed
from flowprobe.core.plain import Plain, plain
from flowprobe.core.resolve import Names
from flowprobe.core.retry_after import asked_to_wait
from flowprobe.core.steps import Expect, Poll, Retry, Samples, Step
from flowprobe.core.tracing import call_id, parse_call_id
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["Stop", "Tried", "attempts"]

_LONGEST_PAUSE_S = 86_400.0


@plain
class Tried(Plain):
    """The last outcome (None where nothing was sent) of `call`, and how it was come by: `made` calls, `retries` of
    transport, `findings` of the poll and of the journey's time, `waited_s` from the first byte sent until then;
    `stopped` before the next attempt. `times` are those of every sample, in seconds. `maker` is the outcome that
    cleanup goes by: the last one that may have made something, where there is one."""

    outcome: Outcome | None
    parsed: Parsed | None
    retries: int = 0
    findings: tuple[Finding, ...] = ()
    waited_s: float = 0.0
    stopped: bool = False
    made: int = 0
    times: tuple[float, ...] = ()
    call: Call | None = None
    maker: Outcome | None = None


Attempts = Generator[Wanted, Any, Tried]


def attempts(call: Call, step: Step, *, names: Names, patience: float, clock: Clock, phase: str = "workflow",
             samples: Samples | None = None) -> Attempts:
    """Make the call until the step's samples are taken, and its poll and retry are content or used up. `patience` is
    how long the poll may last, in seconds; `clock` knows how long the journey still may. Raises Absent."""
    tried = Tried(None, None)
    polls, began = 0, 0.0
    while True:
        if clock.over():
            return replace(tried, findings=(clock.finding(),))
        try:
            limited = clock.limited(call)
            outcome = yield from _attempt(limited, step, phase)
        except Stop:
            return replace(tried, stopped=True)
        clock.took(outcome)
        began = began or outcome.sent
        parsed = Parsed(outcome) if isinstance(outcome, Reply) else None
        maker = tried.maker if tried.maker is not None and made_nothing(outcome) else outcome
        tried = Tried(outcome, parsed, tried.retries, (), outcome.ended - began, made=tried.made + 1, times=tried.times,
                      call=call, maker=maker)
        pause = _retry_pause(step.retry, outcome, tried.retries)
        if pause is not None:
            tried = replace(tried, retries=tried.retries + 1)
        elif samples is not None and parsed is not None:
            tried = replace(tried, times=(*tried.times, parsed.reply.seconds))
            if len(tried.times) == samples.of or not status_holds(step.expect.status, parsed.reply.status):
                return tried
            pause = 0.0
        elif step.poll is None or parsed is None:
            return replace(tried, findings=(clock.finding(),)) if _cut(call, limited, outcome) else tried
        else:
            polls += 1
            over = _poll(step, step.poll, tried, names, polls, patience)
            if isinstance(over, tuple):
                return replace(tried, findings=over)
            pause = over
        if pause := clock.pause(pause):
            yield Wait(pause)
        call = _again(call)


def _cut(call: Call, limited: Call, outcome: Outcome) -> bool:
    """Whether it was the journey's time that ended the call, and not the call's own."""
    return isinstance(outcome, NoReply) and outcome.reason == "timeout" and limited.budget < call.budget


def _attempt(call: Call, step: Step, phase: str) -> Generator[Wanted, Any, Outcome]:
    yield Emit(sent_event(call, phase=phase))
    outcome: Outcome = yield call
    for secret in _secrets(step, outcome):
        yield Conceal(secret)
    yield Emit(reply_event(outcome))
    return outcome


def _secrets(step: Step, outcome: Outcome) -> tuple[str, ...]:
    """Captured values that are to be kept from every report, found before the reply is written down."""
    wanted = tuple(item for item in step.captures if item.secret)
    if not wanted or not isinstance(outcome, Reply):
        return ()
    found, _ = capture(tuple(replace(item, has_default=False) for item in wanted), Parsed(outcome))
    return tuple(_texts(found))


def _texts(value: Any) -> Generator[str, None, None]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case bool() | None:
            return
        case _:
            yield str(value)


def _again(call: Call) -> Call:
    """The next attempt: a trace id of its own, everything else as it was (an idempotency key above all)."""
    known = parse_call_id(call.id)
    assert known is not None, "our own ids can be read"
    trace = call_id(known.trial, known.step_number, known.attempt + 1)
    before, after = carriers(call.id), carriers(trace)
    headers = {name: after[name] if value == before.get(name) else value for name, value in call.headers.items()}
    return replace(call, id=trace, attempt=call.attempt + 1, headers=headers)


# --- retry ----------------------------------------------------------------------------------------


def _retry_pause(retry: Retry | None, outcome: Outcome, made: int) -> float | None:
    """How long to wait before the next attempt, or None for no further one."""
    if retry is None or made >= retry.times or not _retries_on(retry, outcome):
        return None
    backoff: float = retry.backoff * 2**made
    return max(backoff, _retry_after(outcome))


def _retries_on(retry: Retry, outcome: Outcome) -> bool:
    match outcome:
        case NoReply(reason="stopped" | "invalid-url" | "refused" | "auth"):
            return False
        case NoReply(reason="connect", redirects=()):
            return "connect" in retry.on or "no-reply" in retry.on
        case NoReply():
            return "no-reply" in retry.on
        case Reply(status=status):
            return status in retry.on


def _retry_after(outcome: Outcome | None) -> float:
    """What the product asked for (RFC 9110, 10.2.3): seconds, or a date, which is read against the reply's own."""
    if not isinstance(outcome, Reply):
        return 0.0
    asked = asked_to_wait(outcome.header("retry-after"), outcome.header("date"))
    return min(asked or 0.0, _LONGEST_PAUSE_S)


# --- poll -----------------------------------------------------------------------------------------


def _poll(step: Step, poll: Poll, tried: Tried, names: Names, made: int, patience: float) -> (
        float | tuple[Finding, ...]):
    """How long to wait before asking again; or, as a tuple, that it is over: empty where `until` holds."""
    missing = _condition(step, poll.until, tried, names)
    if not missing:
        return ()
    tries = _tries(made, tried.waited_s)
    if poll.fail_if is not None and not _condition(step, poll.fail_if, tried, names):
        place = str(poll.fail_if.position or poll.position)
        return (Finding("poll", "poll", "`fail_if` not to come true", f"it did, {tries}", place),)
    pause = max(poll.every, _retry_after(tried.outcome))
    if tried.waited_s + pause <= patience:
        return pause
    place = str(poll.until.position or poll.position)
    return tuple(Finding("poll", missed.where, f"{missed.expected} within {milliseconds(patience)}",
                         f"{missed.seen}, {tries}", place) for missed in missing)


def _condition(step: Step, condition: Expect, tried: Tried, names: Names) -> tuple[Finding, ...]:
    assert tried.outcome is not None, "a poll looks at a reply"
    return judge(step, condition, tried.outcome, names, tried.parsed, only_named=True)


def _tries(made: int, waited: float) -> str:
    return f"after {made} {'call' if made == 1 else 'calls'} in {milliseconds(waited)}"

"""Whether the product did nothing while it was made to wait.

A delay makes a call as much later as it took only where the call waited for it: not where the product worked beside
it, or asked two providers at once. From outside this is seen by what remains: with the delayed provider calls taken
out, as much happens before and after them as in the unfaulted twin.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowprobe.core.events import CallReplied, ExchangeEnded
from flowprobe.core.evidence import CallEvidence

__all__ = ["is_on_the_way"]

_USER = "user"
"""The line to the user: all of the call passes it, so nothing can go on beside it."""
_CLOCKS_S = 0.02
"""So far may the runner's clock and the proxy's be apart."""
_BESIDE_S = 0.005
"""So much earlier than its end was noted may the product go on after a provider call."""
_SHORTER_S, _SHORTER = 0.02, 0.1
"""So much less may something take than in the twin, in seconds, in parts of it or of the delay, whichever is most. The
twin is often the first that a product hears of a call, and takes longer for it; and what a tenth of the delay was
worked beside it makes no other cause."""


def is_on_the_way(late: CallEvidence, twin: CallEvidence, waited_s: float) -> bool:
    """The reply to `late` came after all that was delayed, nothing else was asked meanwhile, and what is left without
    the `waited_s` seconds is no less than what the same call took in the twin: all of it, and before and after the
    delayed calls. False where any of it is not known."""
    reply, before = late.outcome, twin.outcome
    if not isinstance(reply, CallReplied) or not isinstance(before, CallReplied):
        return False
    delayed = [found.exchange for found in late.exchanges if found.injections and found.exchange.edge != _USER]
    if not _is_no_less(reply.total_s - waited_s, before.total_s, waited_s):
        return False
    return not delayed or (_is_alone(late, delayed) and _is_between(late, reply, delayed, twin, before, waited_s))


def _is_alone(late: CallEvidence, delayed: Sequence[ExchangeEnded]) -> bool:
    """No other provider call of the same call overlaps one of the delayed ones."""
    every = sorted((found.exchange for found in late.exchanges
                    if found.exchange.edge != _USER and (found.exchange.method != "CONNECT" or found.injections)),
                   key=lambda each: each.started)
    return not any(_overlaps(one, other) for number, one in enumerate(every) for other in every[number + 1:]
                   if one in delayed or other in delayed)


def _overlaps(earlier: ExchangeEnded, later: ExchangeEnded) -> bool:
    return later.started < earlier.ended - _BESIDE_S


def _is_between(late: CallEvidence, reply: CallReplied, delayed: Sequence[ExchangeEnded], twin: CallEvidence,
                before: CallReplied, waited_s: float) -> bool:
    first = min(delayed, key=lambda each: each.started)
    last = max(delayed, key=lambda each: each.ended)
    there = [_same(each, late, twin) for each in (first, last)]
    if there[0] is None or there[1] is None:
        return False
    rest = reply.at + reply.total_s - last.ended
    return (rest >= -_CLOCKS_S and _is_no_less(first.started - reply.at, there[0].started - before.at, waited_s)
            and _is_no_less(rest, before.at + before.total_s - there[1].ended, waited_s))


def _same(exchange: ExchangeEnded, late: CallEvidence, twin: CallEvidence) -> ExchangeEnded | None:
    """The same provider call in the twin: of as many to the same place the one with the same number, else the last."""
    here, there = _alike(exchange, late), _alike(exchange, twin)
    return there[min(here.index(exchange), len(there) - 1)] if there else None


def _alike(exchange: ExchangeEnded, call: CallEvidence) -> list[ExchangeEnded]:
    return sorted((found.exchange for found in call.exchanges
                   if (found.exchange.edge, found.exchange.site) == (exchange.edge, exchange.site)),
                  key=lambda each: each.started)


def _is_no_less(seconds: float, twin_s: float, waited_s: float) -> bool:
    return seconds >= twin_s - max(_SHORTER_S, _SHORTER * twin_s, _SHORTER * waited_s)

"""What a product does wrong towards its providers that nobody has to write down to find: oracles, which come free with
the proxy between them. They state what was seen of one step; only what `never` and `gives_up` name counts for its
verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from flowprobe.core.events import CallReplied, ExchangeEnded
from flowprobe.core.expect import milliseconds
from flowprobe.core.faults.durations import in_words
from flowprobe.core.plain import Plain, plain

if TYPE_CHECKING:
    from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence

__all__ = ["GAVE_UP", "NO_TIMEOUT", "ORACLES", "Observation", "observe"]

ORACLES: Mapping[str, str] = {
    "duplicate-write": "the provider acted on the same write twice, and no idempotency key told it so",
    "unkeyed-retry": "a write was sent again after a failure, without the idempotency key of the first try",
    "ignored-retry-after": "a call was made again sooner than the provider had asked for in Retry-After",
    "retry-storm": "one request was sent more than five times",
    "no-timeout": "the product still waited for the provider when the fault reached its ceiling",
    "causeless-error": "the product failed with a 5xx although every provider had answered, and nothing was injected",
    "stack-trace": "an error of the product shows its inside: a stack trace",
}
"""The name of each oracle, as a file writes it, and what it says."""

NO_TIMEOUT = "no-timeout"
GAVE_UP = "gave-up"
"""No wrong, but good to know: how long the product waited before it gave a provider up."""

_TRIES = 5
_EARLY_S = 0.05
"""A caller's clock and ours are one, but it began to count a little before us."""

_WRITES = ("POST", "PATCH")
"""PUT and DELETE may be repeated: they are idempotent (RFC 9110, 9.2.2)."""


@plain
class Observation(Plain):
    """What one oracle saw in one step. `oracle` is a name of `ORACLES`, or `GAVE_UP`; `edge` and `site` name the
    provider call, '' for an answer of the product; `seconds` is how long the product waited, where it is about that."""

    oracle: str
    step: str
    edge: str
    site: str
    seen: str
    seconds: float | None = None


def observe(step: StepEvidence) -> tuple[Observation, ...]:
    """What the oracles see in a step, each thing once."""
    calls = [found for call in step.calls for found in call.exchanges if _is_provider_call(found.exchange)]
    seen: list[Observation] = []
    for tries in _requests(calls):
        seen += _of_one_request(step.name, tries)
    for found in calls:
        seen += _patience(step.name, found)
    for call in step.calls:
        seen += _answers(step.name, call)
    return tuple(dict.fromkeys(seen))


def _is_provider_call(exchange: ExchangeEnded) -> bool:
    return exchange.edge not in ("user", "undeclared") and not exchange.edge.endswith(".webhooks")


# --- one request, tried once or more --------------------------------------------------------------


def _requests(calls: Iterable[ExchangeEvidence]) -> list[list[ExchangeEnded]]:
    """The calls of one request each: the same provider, method and path, and the same body or idempotency key."""
    groups: list[list[ExchangeEnded]] = []
    for exchange in sorted((found.exchange for found in calls), key=lambda exchange: exchange.started):
        group = next((group for group in groups if _is_same(group[0], exchange)), None)
        if group is None:
            groups.append([exchange])
        else:
            group.append(exchange)
    return groups


def _is_same(one: ExchangeEnded, other: ExchangeEnded) -> bool:
    if (one.edge, one.method, one.path) != (other.edge, other.method, other.path):
        return False
    return one.body == other.body or (bool(one.key) and one.key == other.key)


def _of_one_request(step: str, tries: Sequence[ExchangeEnded]) -> Iterator[Observation]:
    first = tries[0]

    def saw(oracle: str, words: str) -> Observation:
        return Observation(oracle, step, first.edge, first.site, words)

    if first.method in _WRITES:
        acted = [exchange for exchange in tries if 200 <= (exchange.upstream_status or 0) < 300]
        if len(acted) > 1 and not _is_keyed(acted):
            yield saw("duplicate-write", f"{first.edge} acted on the same {first.site} {len(acted)} times")
        if any(_failed(before) and not _is_keyed((before, again)) for before, again in pairwise(tries)):
            yield saw("unkeyed-retry", f"{first.site} was sent to {first.edge} again after it had failed, "
                      + ("with another idempotency key" if first.key else "without an idempotency key"))
    for before, again in pairwise(tries):
        if (asked := before.retry_after_s) is not None and _failed(before):
            waited = again.started - before.ended
            if waited < asked - _EARLY_S:
                yield saw("ignored-retry-after", f"{first.edge} asked for {in_words(asked)} of patience, and had "
                          f"{first.site} again after {milliseconds(max(0.0, waited))}")
                break
    failures = sum(map(_failed, tries))
    if len(tries) > _TRIES and failures >= len(tries) - 1:
        yield saw("retry-storm", f"{first.site} was sent to {first.edge} {len(tries)} times")


def _is_keyed(tries: Sequence[ExchangeEnded]) -> bool:
    """All of them say with one key that they are one."""
    return bool(tries[0].key) and len({exchange.key for exchange in tries}) == 1


def _failed(exchange: ExchangeEnded) -> bool:
    """The product had reason to try again: also where it had the head of an answer and no more (`error`)."""
    return exchange.status is None or bool(exchange.error) or exchange.status >= 500 or exchange.status == 429


# --- how long it waits ----------------------------------------------------------------------------


def _patience(step: str, found: ExchangeEvidence) -> Iterator[Observation]:
    exchange = found.exchange
    for receipt in found.injections:
        if receipt.gave_up_s is not None:
            yield Observation(GAVE_UP, step, exchange.edge, exchange.site,
                              f"gave {exchange.edge} up after {milliseconds(receipt.gave_up_s)}", receipt.gave_up_s)
        elif receipt.kind in ("hang", "lost_reply") and 0 < receipt.asked_s <= receipt.slept_s + _EARLY_S:
            yield Observation(NO_TIMEOUT, step, exchange.edge, exchange.site,
                              f"still waited for {exchange.edge} after {in_words(receipt.asked_s)}", receipt.asked_s)


# --- what the product answers ---------------------------------------------------------------------


def _answers(step: str, call: CallEvidence) -> Iterator[Observation]:
    reply = call.outcome
    if not isinstance(reply, CallReplied) or reply.status < 400:
        return
    if reply.status >= 500 and not any(found.injections or _hurt(found.exchange) for found in call.exchanges):
        yield Observation("causeless-error", step, "", "", f"answered {reply.status}, and nothing had failed before it")
    if found := _stack(reply.body):
        yield Observation("stack-trace", step, "", "", f"answered {reply.status} with a stack trace ({found})")


def _hurt(exchange: ExchangeEnded) -> bool:
    return exchange.status is None or bool(exchange.error) or exchange.status >= 400


_STACKS: Mapping[str, re.Pattern[str]] = {
    "Python": re.compile(r'Traceback \(most recent call last\)|File \\?"[^"\n]{1,200}\\?", line \d+, in '),
    "Java": re.compile(r"\bat [\w$.]{1,200}\([\w$]{1,80}\.(?:java|kt|scala):\d+\)"),
    "JavaScript": re.compile(r"\bat [^\n(]{0,120}\(?(?:/|file:|node:|[A-Za-z]:\\)[^\s()]{1,200}:\d+:\d+\)?"),
    ".NET": re.compile(r"\bat [\w.<>`+]{1,200}\([^)\n]{0,200}\) in [^\n]{1,200}:line \d+"),
    "Go": re.compile(r"\bgoroutine \d+ \[[a-z ]{1,40}\]:"),
    "PHP": re.compile(r"#0 [^\n]{1,200}\.php\(\d+\)"),
    "Ruby": re.compile(r"\.rb:\d+:in [`'][^'\n]{1,120}'"),
}


def _stack(body: str) -> str:
    """Whose stack trace stands in a text; '' for none."""
    return next((language for language, pattern in _STACKS.items() if pattern.search(body)), "")

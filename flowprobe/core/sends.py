"""What a step promises of the calls between the product and its providers: `sends` and `receives`, counted from the
exchanges that the proxy saw; `never` and `gives_up`, from what the oracles saw in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from flowprobe.core.decide import path_matches
from flowprobe.core.events import ExchangeEnded, SendsJudged
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.faults.durations import in_words
from flowprobe.core.findings import Finding
from flowprobe.core.oracles import GAVE_UP, NO_TIMEOUT, Observation, observe
from flowprobe.core.scenario import FaultPlan, Scenario, webhook_edge
from flowprobe.core.shapes import compare, describe
from flowprobe.core.steps import Expect, Sends
from flowprobe.core.trial import promised_under
from flowprobe.core.values import Value

__all__ = ["doubtful", "fits", "is_watched", "judge_sends", "miscounted", "named", "passed", "promises", "seen_of"]

_WEBHOOKS = ".webhooks"


def judge_sends(scenario: Scenario, plan: FaultPlan, evidence: TrialEvidence, *,
                watched: Collection[str] | None = None, nobodys: Sequence[ExchangeEnded] = ()) -> (
                    tuple[SendsJudged, ...]):
    """One judgement for each step that was answered and promises something. `watched` are the edges that our proxy
    stands on, None for all: what is promised of another one cannot be judged. Nor can what calls may belong to that are
    `nobodys`: they were seen meanwhile, and nothing told whose they are."""
    under = promised_under(scenario, plan)
    found = {step.name: step for step in evidence.steps}
    judged = []
    for name, step in scenario.steps():
        seen = found.get(name)
        key, promised = under.get(name, ("", step.expect))
        if seen is None or not seen.calls or not (promises(step.expect) or promises(promised)):
            continue
        doubts = tuple(doubtful(evidence, seen.calls, nobodys))
        ordinary, left = (_findings(expect, seen, watched, doubts) for expect in (step.expect, promised))
        outcome = "broken" if left else "degraded" if ordinary else "held"
        because = f"under {key}" if outcome == "degraded" else ""
        unseen = (*(named(wanted) for wanted in _counted(promised) if not is_watched(wanted, watched)),
                  *(_unseen(promised) if watched is not None and not watched else ()))
        unsure = tuple(dict.fromkeys(_unsure(promised, doubts, watched)))
        judged.append(SendsJudged(evidence.started.trial, name, outcome, left or ordinary, because, unseen, unsure))
    return tuple(judged)


# --- calls of which nobody can tell whose they are ------------------------------------------------


def doubtful(trial: TrialEvidence, calls: Sequence[CallEvidence], nobodys: Sequence[ExchangeEnded]) -> (
        Iterator[ExchangeEnded]):
    """Those that `calls` of ours may have caused: they came after the first, and bear the marks of several, or none
    where no call to this provider was known to be the trial's. Where some were, marks come through, and the others are
    others'."""
    began = min((call.outcome.at for call in calls if call.outcome), default=None)
    known = {found.exchange.edge for found in trial.all_exchanges}
    for exchange in nobodys:
        told = exchange.evidence != "ambiguous" and exchange.edge in known
        if began is not None and exchange.started >= began and not told and exchange.edge not in ("user", "undeclared"):
            yield exchange


def _unsure(expect: Expect, doubts: Sequence[ExchangeEnded], watched: Collection[str] | None) -> Iterator[str]:
    for wanted in _counted(expect):
        if is_watched(wanted, watched) and (count := sum(fits(wanted, exchange) for exchange in doubts)):
            yield f"{named(wanted)}: {passed(count)}"
    calls = [exchange for exchange in doubts if not exchange.edge.endswith(_WEBHOOKS)]
    if calls and (expect.gives_up is not None or any(oracle != "stack-trace" for oracle in expect.never)):
        edges = ", ".join(dict.fromkeys(repr(exchange.edge) for exchange in calls))
        yield f"what it never does, to {edges}: {passed(len(calls))}"


def passed(count: int) -> str:
    return f"{'1 call' if count == 1 else f'{count} calls'} passed meanwhile, and nothing tells whose"


def promises(expect: Expect) -> bool:
    """Whether it says anything of provider calls."""
    return bool(_counted(expect) or expect.never or expect.gives_up is not None)


def _unseen(expect: Expect) -> Iterator[str]:
    """What nobody could look at, where no provider's calls pass our proxy."""
    yield from (f"never {oracle}" for oracle in expect.never if oracle != "stack-trace")
    if expect.gives_up is not None:
        yield "gives_up"


def is_watched(wanted: Sends, watched: Collection[str] | None) -> bool:
    return watched is None or _edge(wanted) in watched


def _counted(expect: Expect) -> tuple[Sends, ...]:
    return (*expect.sends, *expect.receives)


def _findings(expect: Expect, step: StepEvidence, watched: Collection[str] | None,
              doubts: Sequence[ExchangeEnded]) -> tuple[Finding, ...]:
    exchanges = [exchange for call in step.calls for exchange in call.exchanges]
    counted = (finding for wanted in _counted(expect)
               if is_watched(wanted, watched) and not any(fits(wanted, exchange) for exchange in doubts)
               for finding in miscounted(wanted, exchanges))
    return (*counted, *_observed(expect, step))


def _observed(expect: Expect, step: StepEvidence) -> Iterator[Finding]:
    if not expect.never and expect.gives_up is None:
        return
    for seen in observe(step):
        if seen.oracle in expect.never:
            yield Finding("never", seen.oracle, f"never {seen.oracle}", seen.seen, _place(expect, "never"))
        if _waited_too_long(seen, expect.gives_up):
            yield Finding("gives_up", f"the wait for {seen.edge!r}", f"at most {in_words(expect.gives_up or 0)}",
                          seen.seen, _place(expect, "gives_up"))


def _waited_too_long(seen: Observation, limit: float | None) -> bool:
    return limit is not None and seen.oracle in (GAVE_UP, NO_TIMEOUT) and (seen.seconds or 0) > limit


def _place(expect: Expect, part: str) -> str:
    return str(expect.positions.get(part) or expect.position or "")


def miscounted(wanted: Sends, exchanges: Sequence[ExchangeEvidence]) -> Iterator[Finding]:
    """Where the calls and the effects among these are not as many as they should be."""
    found = [found for found in exchanges if fits(wanted, found.exchange)]
    kept_away = sum(_is_kept_away(wanted, each) for each in exchanges)
    if wanted.calls is not None and all(compare(wanted.calls, len(found) + more) for more in range(kept_away + 1)):
        yield _finding(wanted, wanted.calls, _times(str(len(found))))
    effects = _effects(found)
    if wanted.effects is not None and compare(wanted.effects, effects):
        seen = f"{_times(str(effects))} (in {len(found)} {'call' if len(found) == 1 else 'calls'})"
        yield _finding(wanted, wanted.effects, seen, what=" with effect")


def _is_kept_away(wanted: Sends, found: ExchangeEvidence) -> bool:
    """A connection that our own fault refused: whoever made it was about to call, and nobody saw what."""
    return found.exchange.method == "CONNECT" and found.exchange.edge == _edge(wanted) and bool(found.injections)


def seen_of(wanted: Sends, exchanges: Sequence[ExchangeEvidence]) -> str:
    """How many there were, as a clause."""
    found = [found for found in exchanges if fits(wanted, found.exchange)]
    effects = "" if wanted.effects is None else f", with effect {_times(str(_effects(found)))}"
    return f"{named(wanted)} was seen {_times(str(len(found)))}{effects}"


def _effects(found: Sequence[ExchangeEvidence]) -> int:
    """Distinct idempotency keys, else bodies, that the provider itself answered 2xx: also where the product never
    heard of it."""
    acted = (one.exchange for one in found if 200 <= (one.exchange.upstream_status or 0) < 300)
    return len({exchange.key or exchange.body or exchange.exchange for exchange in acted})


def _finding(wanted: Sends, count: Value, seen: str, *, what: str = "") -> Finding:
    kind = "receives" if wanted.webhook else "sends"
    return Finding(kind, named(wanted) + what, _times(describe(count)), seen, str(wanted.position))


def named(wanted: Sends) -> str:
    return f"{wanted.method} {wanted.path} {'from' if wanted.webhook else 'to'} {wanted.provider!r}"


def _edge(wanted: Sends) -> str:
    return webhook_edge(wanted.provider) if wanted.webhook else wanted.provider


def _times(count: str) -> str:
    return "once" if count == "1" else f"{count} times"


def fits(wanted: Sends, exchange: ExchangeEnded) -> bool:
    return (exchange.edge == _edge(wanted) and exchange.method == wanted.method
            and path_matches(wanted.path, exchange.path))

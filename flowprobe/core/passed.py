"""Why a planned fault never fired: what the proxy counted of the calls that it passed by, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from flowprobe.core.events import PlannedFault
from flowprobe.core.evidence import TrialEvidence

__all__ = ["REASONS", "why_never_fired"]

_UNFIT: Mapping[str, str] = {
    "method": "another method", "path": "another path", "query": "another query", "headers": "other headers",
    "json": "another JSON body, or none", "form": "another form, or none", "text": "another body",
    "step": "another step",
}
_UNTOLD: Mapping[str, str] = {
    "step-unknown": "nothing told the step of {calls}: the product does not pass `traceparent` or `baggage` on",
    "body-unread": "the body of {calls} could not be read: over 1 MiB, streamed or compressed",
    "streamed": "{calls} passed in a stream, before it was known whose they were",
    "unattributed": "nothing told for whom the product made {calls}",
    "injector-off": "the injector was switched off when {calls} came",
    "ambiguous": "{calls} bore the marks of two trials",
    "below-minimum": "what told whose {calls} were is below the environment's minimum of `attribution`",
    "background": "{calls} came while no step of ours was in flight, nor shortly before",
}
_SPARED: Mapping[str, str] = {
    "probability": "the draw spared {calls}",
    "draw": "the draw of {calls} lay outside of `draw`",
    "call": "{calls} had another number than `call` names",
    "after": "{calls} came before its turn, which `after` and `every` put off",
    "every": "{calls} stood between two turns of `every`",
    "first": "{calls} came when the `first` ones had passed",
    "between": "{calls} came outside of `between`",
    "window": "{calls} came while its `window` was closed",
    "flap": "{calls} came while it was `up`",
    "burst": "{calls} came between two bursts",
    "another": "another fault of the plan ended {calls}",
    "injections": "`limit` had spent its injections before {calls}",
    "seconds": "{calls} came when the seconds of its `limit` were over",
    "max_active": "{calls} came while as many as `max_active` allows were under way",
    "quota": "{calls} came within the `quota`",
    "nothing-earlier": "{calls} came when their URL had no earlier reply to give again",
    "share": "{calls} would have been more than its `share`",
    "http/1.1": "{calls} came over HTTP/1.1, which has no streams",
    "nothing-to-spoil": "there was nothing to do it to in {calls}",
    "shorter": "the reply of {calls} had no more bytes than it was to be cut after",
    "reply-streams": "the reply of {calls} passed in a stream",
}
_NOBODY: Mapping[str, str] = {
    "refuse": "nobody was seen to connect there while it was in force",
    "tls": "nobody began a TLS handshake there while it was in force",
}
REASONS = (*_UNFIT, *_UNTOLD, *_SPARED)
"""What a fault passes a call by for, as the journal names it."""


def why_never_fired(trial: TrialEvidence, fault: PlannedFault) -> str:
    """Where it was expected, and what was seen there instead."""
    never = f"{fault.described} on {fault.edge!r} never fired"
    if fault.edge != "user" and fault.kind in _NOBODY:
        return f"{never}: {_NOBODY[fault.kind]}"
    sites = [e.exchange.site for e in trial.all_exchanges if e.exchange.edge == fault.edge]
    passed = trial.passed.get(fault.id, {})
    if not sites and not passed:
        return (f"{never}: the product made no call to {fault.edge!r} through the proxy during this journey")
    seen = ", ".join(f"{site} ×{sites.count(site)}" for site in dict.fromkeys(sites))
    seen = f" ({seen})" if seen else ""
    if not passed:
        return f"{never}: none of the calls came while it was armed{seen}"
    return f"{never}: {'; '.join(_told(passed))}{seen}{_advice(passed, fault)}"


def _told(passed: Mapping[str, int]) -> list[str]:
    """First the calls that fitted, then those that could not be told, then the others."""
    told = [words.format(calls=_calls(passed[reason])) for reason, words in (*_SPARED.items(), *_UNTOLD.items())
            if reason in passed]
    unfit = [f"{passed[reason]} had {words}" for reason, words in _UNFIT.items() if reason in passed]
    unknown = [f"it passed by {_calls(count)}: {reason}" for reason, count in passed.items() if reason not in REASONS]
    if not unfit:
        return [*told, *unknown]
    others = sum(passed[reason] for reason in _UNFIT if reason in passed)
    return [*told, f"`match` did not fit {_calls(others)}: {', '.join(unfit)}", *unknown]


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _advice(passed: Mapping[str, int], fault: PlannedFault) -> str:
    """What the plan asks for, where that is why; another seed where it was the draw."""
    if not passed.keys() & _SPARED.keys():
        return ""
    asked = f": it asks for {fault.when}" if fault.when else ""
    drawn = passed.keys() & {"probability", "draw", "share"}
    return f"{asked}; another --seed draws anew" if drawn else asked

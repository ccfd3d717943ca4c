"""The identity probe: who answers there, asked before anything else is sent."""

from __future__ import annotations

from collections.abc import Mapping

from flowprobe.core.events import IdentityJudged
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.parsed import Parsed
from flowprobe.core.rules import Identity
from flowprobe.core.scenario import Environment
from flowprobe.core.shapes import compare
from flowprobe.core.tracing import baggage, call_id, traceparent
from flowprobe.core.wire import Call, NoReply, Reply
from flowprobe.errors import EnvironmentBroken, Refused
from flowprobe.running.guard import Send

__all__ = ["check_identity", "probe_identity"]

BUDGET_S = 10.0
_TRIAL = "1de7717e00000000"


def probe_identity(environment: Environment, targets: Mapping[str, str], send: Send, *,
                   budget: float = BUDGET_S) -> IdentityJudged | None:
    """Ask, and say what came of it; None where the environment has no identity. `budget` is what a call may take, in
    seconds, where that is less than it has here."""
    identity = environment.identity
    if identity is None:
        return None
    base = targets[identity.call.target] if identity.call.target else next(iter(targets.values()))
    url = base.rstrip("/") + str(identity.call.path)
    trace = call_id(_TRIAL, 1, 1)
    headers = {"traceparent": traceparent(trace), "baggage": baggage(trace)}
    outcome = send(Call(trace, _TRIAL, "identity", "", identity.call.method, url, headers,
                        budget=min(BUDGET_S, budget)))
    if isinstance(outcome, NoReply):
        return IdentityJudged(identity.call.method, url, "silent", outcome.detail or outcome.reason)
    wrong = _wrong(identity, outcome)
    return IdentityJudged(identity.call.method, url, "broken" if wrong else "held", wrong)


def check_identity(environment: Environment, judged: IdentityJudged | None) -> None:
    """Raise Refused where somebody else answered, EnvironmentBroken where nobody did."""
    if judged is None or judged.outcome == "held":
        return
    asked = f"{judged.method} {judged.url}"
    place = f"`identity`, {environment.places.get('identity', environment.position)}"
    if judged.outcome == "silent":
        raise EnvironmentBroken(f"nobody says that this is {environment.name!r}: {asked}: {judged.detail} ({place})")
    raise Refused(f"this is not {environment.name!r}: {asked}: {judged.detail} ({place})",
                  sent="nothing was sent but the identity probe")


def _wrong(identity: Identity, reply: Reply) -> str:
    """What was expected and seen instead, all of it; '' where everything is as it should be."""
    wrong = []
    right = reply.status < 400 if identity.status is None else reply.status in identity.status
    if not right:
        wanted = "a status below 400" if identity.status is None else " or ".join(map(str, identity.status))
        wrong.append(f"expected {wanted}, saw {reply.status}")
    for name, value in identity.headers.items():
        if reply.header(name) != value:
            wrong.append(f"expected the header {name}: {value}, saw {reply.header(name) or 'none'}")
    if identity.has_json:
        wrong += _wrong_body(identity, Parsed(reply))
    return "; ".join(wrong)


def _wrong_body(identity: Identity, parsed: Parsed) -> list[str]:
    if parsed.json is MISSING:
        return [f"expected JSON, saw {parsed.json_error}"]
    mismatches = compare(identity.json, parsed.json)
    return [f"{found.path}: expected {found.expected}, saw {found.seen}" for found in mismatches]

"""What came through of a probe: for each provider, which of the carriers that were sent to the product arrive in its
own calls, and the rung of evidence that can be asked for there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flowprobe.core.carriers import CARRIERS
from flowprobe.core.events import ExchangeEnded
from flowprobe.core.plain import Plain, plain

__all__ = ["PROBED", "TRIAL_ID", "Propagation", "propagation"]

TRIAL_ID = "trial-id"
PROBED = (*CARRIERS, TRIAL_ID)
"""Every carrier of a probe: headers, and the id of the trial where the scenario sends it."""


@plain
class Propagation(Plain):
    """One provider. `came` maps each carrier to survived, changed, lost, `2 of 3` (calls in which it survived) or not
    sent; `rung` is what can be asked for ('' for none), `advice` what to do."""

    provider: str
    calls: int
    came: Mapping[str, str]
    rung: str
    advice: str


def propagation(exchanges: Sequence[ExchangeEnded], providers: Iterable[str], *, id_sent: bool,
                owned: bool) -> tuple[Propagation, ...]:
    """One row for each provider, from the exchanges of the probe. `id_sent`: the journey put `${trial.id}` into what it
    sent; `owned`: the product was started for this."""
    return tuple(_row(name, [x for x in exchanges if x.edge == name], id_sent, owned) for name in providers)


def _row(provider: str, calls: Sequence[ExchangeEnded], id_sent: bool, owned: bool) -> Propagation:
    came = {name: _came(name, calls) for name in PROBED} if calls else {}
    if came and not id_sent:
        came[TRIAL_ID] = "not sent"
    rung = _rung(came, owned)
    return Propagation(provider, len(calls), came, rung, _advice(came, rung, calls))


def _came(name: str, calls: Sequence[ExchangeEnded]) -> str:
    found = [exchange.carriers.get(name, "lost") for exchange in calls]
    if len(set(found)) == 1:
        return found[0]
    survived = found.count("survived")
    return f"{survived} of {len(found)}" if survived else "changed"


def _rung(came: Mapping[str, str], owned: bool) -> str:
    if not came:
        return ""
    if any(came[name] == "survived" for name in CARRIERS):
        return "trace"
    if came[TRIAL_ID] == "survived":
        return TRIAL_ID
    return "owned" if owned else ""


def _advice(came: Mapping[str, str], rung: str, calls: Sequence[ExchangeEnded]) -> str:
    if not came:
        return "the journey made no call to it: probe with one that does"
    whole = [name for name in CARRIERS if came[name] == "survived"]
    if whole:
        return f"every call bears {whole[0]}: `attribution: trace` can be asked for"
    if rung == TRIAL_ID:
        return "the id of the trial is in every call: `attribution: trial-id` can be asked for"
    here = "; here it does not matter, since FlowProbe starts the product" if rung == "owned" else ""
    return (f"{_marked(calls)}: pass `traceparent` on, put ${{trial.id}} into what the journey sends, or declare "
            f"`attribute` for this provider{here}")


def _marked(calls: Sequence[ExchangeEnded]) -> str:
    """How many calls bear some mark, where none is in all of them."""
    bare = sum(1 for exchange in calls if "survived" not in exchange.carriers.values())
    if bare == len(calls):
        return "no call bears a mark"
    some = "every call bears a mark, and none is in all of them"
    return f"{bare} of {len(calls)} calls bear no mark" if bare else some

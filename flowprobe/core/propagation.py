"""What came through of a probe: for each provider, which of the carriers that were sent to the product arrive in its
own calls, and the rung of evidence that can be asked for there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from flowprobe.core.attribution import rung_of, weakest
from flowprobe.core.carriers import CARRIERS
from flowprobe.core.events import ExchangeEnded
from flowprobe.core.plain import Plain, plain

__all__ = ["PROBED", "TRIAL_ID", "Propagation", "propagation", "tells"]

TRIAL_ID = "trial-id"
PROBED = (*CARRIERS, TRIAL_ID)
"""Every carrier of a probe: headers, and the id of the trial where the scenario sends it."""
_UNTOLD = ("none can be told to be the journey's: they may be anybody's, its own too; let the product pass "
           "`traceparent` or `baggage` on, put ${trial.id} into what the journey sends, or declare `attribute` for "
           "this provider (the persona's own customer, or an instance of the product with a listener or a proxy user "
           "of its own)")


@plain
class Propagation(Plain):
    """One provider, and the calls of the journey to it. `came` maps each carrier to survived, changed, lost, `2 of 3`
    (calls in which it survived) or not sent; `rung` is what can be asked for ('' for none), `advice` what to do.
    `unattributed` calls passed meanwhile and may be anybody's, the journey's too."""

    provider: str
    calls: int
    came: Mapping[str, str]
    rung: str
    advice: str
    unattributed: int = 0


def propagation(exchanges: Sequence[ExchangeEnded], providers: Iterable[str], *, id_sent: bool, owned: bool,
                nobodys: Mapping[str, int] = MappingProxyType({})) -> tuple[Propagation, ...]:
    """One row for each provider, from the exchanges of the probe. `id_sent`: the journey put `${trial.id}` into what it
    sent; `owned`: the product was started for this; `nobodys` are the calls to each that could not be attributed. Those
    of a product that works for nobody else were made before the journey or after it."""
    others = {} if owned else nobodys
    return tuple(_row(name, [x for x in exchanges if x.edge == name], id_sent, owned, others.get(name, 0))
                 for name in providers)


def tells(rows: Sequence[Propagation]) -> bool:
    """Whether a probe answers what it asks: some provider was called, and there is none of which it cannot be told."""
    return any(row.calls for row in rows) and all(row.calls or not row.unattributed for row in rows)


def _row(provider: str, calls: Sequence[ExchangeEnded], id_sent: bool, owned: bool, others: int) -> Propagation:
    came = {name: _came(name, calls) for name in PROBED} if calls else {}
    if came and not id_sent:
        came[TRIAL_ID] = "not sent"
    rung = _rung(came, owned, calls)
    return Propagation(provider, len(calls), came, rung, _advice(came, rung, calls, owned, others), others)


def _came(name: str, calls: Sequence[ExchangeEnded]) -> str:
    found = [exchange.carriers.get(name, "lost") for exchange in calls]
    if len(set(found)) == 1:
        return found[0]
    survived = found.count("survived")
    return f"{survived} of {len(found)}" if survived else "changed"


def _rung(came: Mapping[str, str], owned: bool, calls: Sequence[ExchangeEnded]) -> str:
    if not came:
        return ""
    if any(came[name] == "survived" for name in CARRIERS):
        return "trace"
    if came[TRIAL_ID] == "survived":
        return TRIAL_ID
    return "owned" if owned else _told(calls)


def _told(calls: Sequence[ExchangeEnded]) -> str:
    """The rung on which every call stands, whatever tells it: where no mark comes through, what is declared may."""
    rungs = [rung_of(exchange.evidence) for exchange in calls]
    known = [rung for rung in rungs if rung not in (None, "owned")]
    return weakest(known) if len(known) == len(rungs) else ""


def _advice(came: Mapping[str, str], rung: str, calls: Sequence[ExchangeEnded], owned: bool, others: int) -> str:
    if came:
        besides = f"; {_passed(others, ' more')} that may be anybody's, the journey's too" if others else ""
        return _of_calls(came, rung, calls, "every call that can be told" if others else "every call") + besides
    if others:
        return f"{_passed(others)}, and {_UNTOLD}"
    if not owned:
        return "no call to it passed the proxy: probe with a journey that makes one, and let it go through the proxy"
    return "the journey made no call to it: probe with one that does"


def _passed(calls: int, more: str = "") -> str:
    return f"{calls}{more} call{'' if calls == 1 else 's'} passed to it while the probe ran"


def _of_calls(came: Mapping[str, str], rung: str, calls: Sequence[ExchangeEnded], every: str) -> str:
    whole = [name for name in CARRIERS if came[name] == "survived"]
    if whole:
        return f"{every} bears {whole[0]}: `attribution: trace` can be asked for"
    if came[TRIAL_ID] == "survived":
        return f"the id of the trial is in {every}: `attribution: trial-id` can be asked for"
    if rung not in ("", "owned"):
        return f"{_marked(calls)}, and {every} is known all the same: `attribution: {rung}` can be asked for"
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

"""The table of a case: what broke, in which state, by which faults, and how it was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core.exploring.case import Case, CaseThreshold, Found
from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break
from flowprobe.core.faults.durations import in_words
from flowprobe.core.fields import (
    Boolean,
    Choice,
    Duration,
    Field,
    Integer,
    Json,
    ListOf,
    MapOf,
    Name,
    Record,
    Text,
    Wrong,
)
from flowprobe.core.values import Position
from flowprobe.files.fault_tables import EDGES
from flowprobe.files.tables import VERSION_FIELD

__all__ = ["CASE"]


def _case(*, position: Position, **attributes: Any) -> Case:
    del attributes["flowprobe"]  # checked by its shape; nothing after us asks for it
    return Case(file=position.file, **attributes)


def _parts(case: Case) -> dict[str, Any]:
    """What is empty is not said."""
    said = {"flowprobe": 1, "name": case.name, "scenario": case.scenario, "personas": case.personas,
            "environment": case.environment, "seed": case.seed, "state": case.state, "differs": case.differs,
            "without": case.without, "faults": case.faults, "broke": case.broke, "thresholds": case.thresholds,
            "confirmed": case.confirmed, "found": case.found}
    return {key: value for key, value in said.items() if value not in ("", {}, (), None, Found())}


def _holds(values: Mapping[str, Any]) -> Wrong | None:
    """A delay that breaks is longer than one that does not."""
    breaks, holds = values["breaks_s"], values.get("holds_s", 0.0)
    if breaks >= holds:
        return None
    return Wrong("breaks", "falls", {"key": "breaks", "seen": in_words(breaks), "other": "holds",
                                     "least": in_words(holds)})


def _at_most_all(values: Mapping[str, Any]) -> Wrong | None:
    if values["k"] <= values["n"]:
        return None
    return Wrong("broke", "out-of-range", {"what": "`broke`", "wanted": "at most as large as `of`", "seen": values["k"],
                                           "instead": f"write {values['n']} or less"})


_AS_IT_STANDS = Text(blank=True, lines=True, literal=True)


def _break(*, kind: str, where: str = "", step: str = "", sentence: str = "") -> Break:
    return Break(step, kind, where, sentence)


_KINDS = ("status", "json", "headers", "text", "body", "within", "no-reply", "sends", "receives", "gives_up", "never",
          "always", "probe", "capture", "value", "poll", "repeat", "contract", "timeout", "fail")
"""Those of findings and of invariants; `fail` where the journey fails and no finding says why."""

_BREAK = Record("break", _break, (
    Field("step", Text(), "The step whose promise it is; left out for an invariant of the whole journey.",
          example="pay"),
    Field("kind", Choice(_KINDS), "What kind of promise: `status`, `json`, `sends` …, or `always`, `never`, `probe`.",
          required=True, example="status"),
    Field("where", _AS_IT_STANDS, "The place in the reply, or the text of the invariant.", example="$.state"),
    Field("sentence", _AS_IT_STANDS, "What was seen, for people.", example="expected 201, saw 500"),
), "The promise that is broken.", parts=lambda broke: {
    name: getattr(broke, name) for name in ("step", "kind", "where", "sentence") if getattr(broke, name)})
_THRESHOLD = Record("threshold", CaseThreshold, (
    Field("fault", Text(), "Which fault: its edge, or `edge[1]` for the second one of a list.", required=True,
          example="payments"),
    Field("breaks", Duration(positive=True), "The shortest delay with which it broke.", required=True, example="3060ms",
          attribute="breaks_s"),
    Field("holds", Duration(), "The longest delay with which it held.", example="2940ms", attribute="holds_s"),
), "From which delay on it breaks.", verify=_holds)
_CONFIRMED = Record("confirmation", Confirmed, (
    Field("broke", Integer(minimum=0), "How often it broke again.", required=True, example="3", attribute="k"),
    Field("of", Integer(minimum=0), "Of how many times that could tell.", required=True, example="3", attribute="n"),
    Field("otherwise", Integer(minimum=0), "How often another promise was broken instead.", example="0"),
    Field("untold", Integer(minimum=0), "How many more trials could not tell.", example="0"),
    Field("ended", _AS_IT_STANDS, "Why it was not tried more often.", example="the budget is used up"),
), "How often it broke when it was tried again.", verify=_at_most_all)
_FOUND = Record("find", Found, (
    Field("at", Text(verbatim=True), "When, in ISO 8601.", example='"2026-11-22T19:00:00Z"'),
    Field("by", Text(verbatim=True), "By which version of FlowProbe.", example='"0.1.0"'),
    Field("tries", Integer(minimum=0), "In how many tries it was made small.", example="37"),
    Field("best_so_far", Boolean(), "It may not be the smallest: there was no time left.", example="true"),
), "When it was found, and by what.", filled=True)

CASE = Record("case", _case, (
    VERSION_FIELD,
    Field("case", Name(), "The name of the case, as reports say it.", required=True, attribute="name",
          example="checkout-pay-payments-latency"),
    Field("scenario", Text(), "The scenario's file, from the folder of this one on.", required=True,
          example="../checkout.yaml"),
    Field("personas", MapOf(Name(), noun="role", minimum=1), "Who acts: role -> persona.", required=True,
          example="{admin: pro-eu}"),
    Field("environment", Name(), "The environment in which it was found.", example="local"),
    Field("seed", Integer(minimum=0), "The seed of every draw; 0 where it is not said.", example="7"),
    Field("broke", _BREAK, "The promise that is broken.", required=True,
          example='{step: pay, kind: status, where: status}'),
    Field("state", MapOf(Json(templated=False), noun="field"), "The account's whole state.",
          example="{plan: pro, seats: 0}"),
    Field("differs", ListOf(Name()), "The fields of `state` that are not as on an ordinary night.", example="[seats]"),
    Field("without", ListOf(Text()), "Steps of the journey that it does not take: they are left out.",
          example="[search, billed]"),
    Field("faults", EDGES, "Edge -> a fault, or a list of them, as in a scenario's fault plan.",
          example="{payments: {latency: 3060ms, match: {method: POST, path: /v1/charges, call: 1}}}"),
    Field("thresholds", ListOf(_THRESHOLD), "From which delay on it breaks.",
          example="[{fault: payments, breaks: 3060ms, holds: 2940ms}]"),
    Field("confirmed", _CONFIRMED, "How often it broke when it was tried again.", example="{broke: 3, of: 3}"),
    Field("found", _FOUND, "When it was found, and by what.", example='{by: "0.1.0", tries: 37}'),
), "A state and the faults that break a promise, to be tried again.", positioned=True, placed=True, parts=_parts)

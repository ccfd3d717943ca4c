"""The tables of a scenario and of a fault profile: every key, its shape, its sentence, an example.

This is the only place that knows the keys. The reader, the messages, the JSON Schema and (by a test) the
reference are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flowprobe.core.fields import (
    As,
    Duration,
    Entry,
    Field,
    Integer,
    Json,
    ListOf,
    MapOf,
    Name,
    OneOf,
    Record,
    Text,
)
from flowprobe.core.scenario import (
    Fault,
    FaultPlan,
    Input,
    Position,
    Scenario,
    Selector,
    Step,
    Under,
)
from flowprobe.core.statements import Invariant
from flowprobe.files.account_tables import ACCOUNT, CONSTRAINTS, ODDITIES
from flowprobe.files.expect_tables import UNDER_EXPECT
from flowprobe.files.fault_tables import EDGES
from flowprobe.files.invariant_tables import ALWAYS, NEVER, PROBES
from flowprobe.files.specials import UNDER_KEY, VERSION
from flowprobe.files.step_tables import GIVEN, STEP

__all__ = ["PROFILE", "SCENARIO"]

VERSION_FIELD = Field("flowprobe", VERSION, "The version of the format: 1.", required=True, example="1")


def _plans(plans: tuple[Entry, ...]) -> tuple[FaultPlan, ...]:
    return tuple(FaultPlan(plan.key, plan.value, plan.position) for plan in plans)


def _unders(keys: tuple[Entry, ...]) -> tuple[Under, ...]:
    return tuple(Under(under.key, under.value, under.position) for under in keys)


# --- files ----------------------------------------------------------------------------------------


_FIELD = Json(templated=False)
SELECTOR = Record("selector", lambda *, rest, labels=(), **fields: Selector(labels, {**fields, **rest}), (
    Field("labels", ListOf(Name(), or_one=True, minimum=1), "Labels that the persona must all have.",
          example="[key-account]"),
    Field("plan", _FIELD, "Its plan.", example="pro"),
    Field("region", _FIELD, "Its region.", example="eu"),
), "Every persona that is like this. Other keys are fields of its own.", filled=True, rest=_FIELD)

INPUT = Record("input", lambda **given: Input("default" not in given, given.get("default")), (
    Field("default", Json(templated=False, looked_up=True, closed=True), "Its value where none is given.",
          example="read"),
), "What a scenario that uses this one gives it.")


def _inputs(names: Any) -> dict[str, Input]:
    return names if isinstance(names, dict) else {name: Input() for name in names}


def _scenario(*, personas: tuple[Entry, ...], position: Position, positions: Mapping[str, Position],
              given: tuple[Step, ...] = (), always: tuple[Invariant, ...] = (), never: tuple[Invariant, ...] = (),
              **attributes: Any) -> Scenario:
    del attributes["flowprobe"]  # checked by its shape; nothing after us asks for it
    selectors = {role.key: role.value for role in personas if isinstance(role.value, Selector)}
    placed = (replace(one, position=positions["never"]) if one.oracle else one for one in never)
    return Scenario(
        file=position.file, position=position, selectors=selectors, invariants=(*always, *placed),
        personas={role.key: () if role.key in selectors else role.value for role in personas},
        given=tuple(replace(step, name=step.name or f"given {number}") for number, step in enumerate(given, start=1)),
        positions={**positions, **{f"personas.{role.key}": role.position for role in personas}}, **attributes,
    )


SCENARIO = Record("scenario", _scenario, (
    VERSION_FIELD,
    Field("scenario", Text(), "The promise that this journey checks, as one sentence.", required=True,
          example="A European Pro account invites a teammate", attribute="name"),
    Field("tags", ListOf(Name(), or_one=True), "Words to choose scenarios by.", example="[nightly, billing]"),
    Field("personas", MapOf(OneOf(scalar=As(Name(), lambda name: (name,)), sequence=ListOf(Name(), minimum=1),
                                  mapping=SELECTOR), noun="role", minimum=1, entries=True),
          "Who acts: role -> persona, a list of them, or what they are like; one trial each.", required=True,
          example="{admin: pro-eu, operator: staff}"),
    Field("account", ACCOUNT, "The state that the journey starts from: field -> its ordinary value, and what else it "
          "may be.", example="{seats: {default: 3, integers: {min: 0, max: 1000}}}"),
    Field("constraints", CONSTRAINTS, "What holds between the fields of the account: shapes that they fit, or `when` "
          "some fit, `then` others do.", example='[{account.used: {$lt: "${account.seats}"}}]'),
    Field("oddities", ODDITIES, "The odd accounts that exploring tries: names of the catalogue, or one's own with the "
          "fields that it sets. Every one of the catalogue that fits, where it is not said.",
          example="[zero-seats, {merged-twice: {merges: 2, card: expired}}]"),
    Field("given", ListOf(GIVEN, or_one=True),
          "The calls that put the account into that state; no fault falls on them.",
          example='[{call: "PUT /test/accounts/${admin.account}", json: {seats: "${account.seats}"}}]'),
    Field("inputs", As(OneOf(sequence=ListOf(Name(), minimum=1), mapping=MapOf(INPUT, noun="input", minimum=1)),
                       _inputs),
          "What a scenario that uses this one gives it: `${inputs.name}`.", example="[user, password]"),
    Field("timeout", Duration(positive=True), "How long the workflow may take in all.", example="2m"),
    Field("workflow", ListOf(STEP, minimum=1), "The steps, in order.", required=True,
          example="[{step: read, call: GET /v1/seats}]"),
    Field("outputs", MapOf(Json(looked_up=True), noun="output", minimum=1), "What a scenario that uses this one gets.",
          example='{token: "${login.token}"}'),
    Field("probes", PROBES, "Calls that change nothing, made when the journey has ended and the faults are off.",
          example="{invites: {call: GET /v1/invites, for: 5s}}"),
    Field("always", ALWAYS, "What holds at the end of every journey, whatever the plan.",
          example='[{name: a paid invite is there, if: {sends: {payments: {POST /v1/charges: {effects: 1}}}}, then: '
                  '{shows: {invites: {json: {items: {$length: 1}}}}}}]'),
    Field("never", NEVER, "What never holds at the end of a journey, whatever the plan; also names of oracles, or "
          "`any` of them.",
          example="[{name: two are there, shows: {invites: {json: {items: {$length: 2}}}}}, duplicate-write]"),
    Field("faults", As(MapOf(EDGES, noun="fault plan", entries=True), _plans),
          "Named fault plans: plan -> edge (`user` or a provider) -> a fault, or a list of them.",
          example="{slow-payments: {payments: {latency: 500ms}}}"),
    Field("under",
          As(MapOf(MapOf(UNDER_EXPECT, noun="step"), key=UNDER_KEY, noun="promise", entries=True), _unders),
          "What is still promised while degraded: plan, provider or provider/kind -> step -> expectation.",
          example="{mail-down: {invite: {status: 202}}}"),
), "One journey, who makes it, and the faults that it must survive.", positioned=True, placed=True)


def _profile(*, profile: str, position: Position, faults: tuple[Fault, ...], imitates: str = "", survives: str = "",
             segments: Mapping[str, float] | None = None, **_: Any) -> FaultPlan:
    return FaultPlan(profile, faults, position, imitates, survives, segments=tuple((segments or {}).items()))


def _recorded(**said: Any) -> Mapping[str, Any]:
    return said


_SPOKEN = Text(verbatim=True)

INCIDENT = Record("incident", _recorded, (
    Field("from", _SPOKEN, "When it began.", example="2026-11-20T18:00:00Z", attribute="began"),
    Field("to", _SPOKEN, "When it ended.", example="2026-11-20T18:40:00Z", attribute="ended"),
    Field("window", Duration(positive=True), "How far apart two changes are at least.", example="30s"),
    Field("calls", Integer(minimum=0), "How many calls it was fitted from.", example="12402"),
    Field("sources", ListOf(_SPOKEN), "The files that they were recorded in.", example="[access.log]"),
), "Where an incident was taken from; nothing of it is injected.", filled=True)


PROFILE = Record("fault profile", _profile, (
    VERSION_FIELD,
    Field("profile", Name(), "The profile's name, as `--faults` takes it.", required=True,
          example="slow-payments"),
    Field("imitates", Text(), "The real degradation that this imitates, as one sentence.",
          example="A payment provider in a busy hour"),
    Field("survives", Text(), "What a sound product does under it, as one sentence.",
          example="Checkout ends within its budget"),
    Field("incident", INCIDENT, "Of a profile that `flowprobe incident fit` has written: what it was taken from.",
          example="{from: 2026-11-20T18:00:00Z, calls: 12402}"),
    Field("segments", MapOf(Duration(), noun="segment", minimum=1), "The parts of an incident: name -> when it begins. "
          "A run makes a trial in each of them, under those faults whose `window` is open when it begins.",
          example="{onset: 0s, worst: 240s, recovery: 900s}"),
    Field("faults", EDGES, "Edge (`user`, a provider, or `provider`: the one that `--faults NAME@PROVIDER` says) -> a "
          "fault, or a list of them.", required=True, example="{payments: {latency: 500ms}}"),
), "A reusable fault plan.", positioned=True)

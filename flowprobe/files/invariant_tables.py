"""The tables of what is promised of the whole journey, and of the probes that tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flowprobe.core.fields import As, Choice, Duration, Entry, Field, ListOf, MapOf, OneOf, Record, Text
from flowprobe.core.oracles import ORACLES
from flowprobe.core.statements import Facts, Invariant, Probe, Shows
from flowprobe.core.steps import CallTemplate, Expect, Sends, Step
from flowprobe.core.values import Position
from flowprobe.files.expect_tables import COUNTS, SHOWN
from flowprobe.files.step_tables import PROBE_FIELDS, WHEN

__all__ = ["ALWAYS", "NEVER", "PROBES"]


# --- probes ---------------------------------------------------------------------------------------


def _probe(*, call: CallTemplate, position: Position, patience: float = 0.0, every: float = 0.5,
           **others: Any) -> Probe:
    return Probe("", Step("", call, position, **others), patience, every)


_PROBE = Record("probe", _probe, (
    *PROBE_FIELDS,
    Field("for", Duration(positive=True), "How long the product may take to come to what is promised: the probe is "
          "made again until it has; once where it is not said.", example="5s", attribute="patience"),
    Field("every", Duration(positive=True), "The pause between two calls, 500ms where it is not said.", beside="for",
          example="200ms"),
), "A call that changes nothing, made when the journey has ended and the faults are off.", positioned=True)


def _probes(probes: tuple[Entry, ...]) -> tuple[Probe, ...]:
    return tuple(replace(each.value, name=each.key, step=replace(each.value.step, name=f"probe {each.key}"))
                 for each in probes)


PROBES = As(MapOf(_PROBE, noun="probe", minimum=1, entries=True), _probes)


# --- statements -----------------------------------------------------------------------------------


def _facts(*, sends: tuple[tuple[Sends, ...], ...] = (), receives: tuple[tuple[Sends, ...], ...] = (),
           shows: Mapping[str, Expect] | None = None) -> Facts:
    calls = tuple(one for group in (*sends, *receives) for one in group)
    return Facts(calls, tuple(Shows(probe, expect) for probe, expect in (shows or {}).items()))


_WHAT = (
    *(replace(counts, doc=doc) for counts, doc in zip(COUNTS, (
        "What the product has sent to each provider in the whole journey: calls, or `calls` and `effects`.",
        "The webhooks that each provider has sent to the product in the whole journey."), strict=True)),
    Field("shows", MapOf(SHOWN, noun="probe", minimum=1), "What probes show: probe -> what its reply is like.",
          example="{invites: {json: {items: {$length: 1}}}}"),
)
_FACTS = Record("statement", _facts, _WHAT, "Things that are so at the same time.", filled=True)
_NAME = Field("name", Text(), "The promise, as a clause.", required=True, example="who was charged has an invite")
_WHEN = replace(WHEN, doc="Name -> shape: where a value does not fit, nothing is promised.",
                example="{account.card: valid}")


def _always(*, then: Facts, facts: Facts | None = None, **others: Any) -> Invariant:
    return Invariant("always", facts=facts or Facts(), then=then, **others)


def _never(*, name: str, position: Position, when: Mapping[str, Any] | None = None, **facts: Any) -> Invariant:
    return Invariant("never", name, position, _facts(**facts), when=when or {})


ALWAYS = ListOf(Record("promise of `always`", _always, (
    _NAME, _WHEN,
    Field("if", _FACTS, "Where this is so; always where it is not said.", attribute="facts",
          example="{sends: {payments: {POST /v1/charges: {effects: {$gt: 0}}}}}"),
    Field("then", _FACTS, "This is so too.", required=True,
          example="{shows: {invites: {json: {items: {$length: 1}}}}}"),
), "What holds at the end of every journey.", positioned=True), minimum=1)

def _oracle(name: str) -> Invariant:
    """Where it stands is known to the scenario alone."""
    return Invariant("never", name, Position("", 0, 0), oracle=name)


_NEVER = Record("promise of `never`", _never, (_NAME, _WHEN, *_WHAT), "Things that are never so at the same time.",
                positioned=True, some_of=("sends", "receives", "shows"))
NEVER = OneOf(scalar=As(Choice(("any",)), lambda _: tuple(map(_oracle, ORACLES))),
              sequence=ListOf(OneOf(scalar=As(Choice(tuple(ORACLES)), _oracle), mapping=_NEVER), minimum=1))

"""The table of a fault: its kind, the calls on which it falls, when, and its blast radius."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from flowprobe.core.faults.fault import Burst, Fault, Flap, Limit, Match, Opening, Ramp, When
from flowprobe.core.faults.kinds import FIELDS, KIND_NAMES, Kind, kind_name
from flowprobe.core.fields import (
    As,
    Duration,
    Field,
    Integer,
    Json,
    ListOf,
    MapOf,
    Name,
    Number,
    OneOf,
    Record,
    Text,
    Wrong,
)
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Position
from flowprobe.files.calls import METHODS
from flowprobe.files.specials import EDGE, HEADER_NAME

__all__ = ["EDGES", "FAULT"]


@plain
class _Harm(Plain):
    """A fault that does not know its edge yet."""

    kind: Kind
    position: Position
    match: Match
    when: When
    limit: Limit


def _harm(*, position: Position, match: Match | None = None, when: When | None = None,
          limit: Limit | None = None, **kind: Kind) -> _Harm:
    (found,) = kind.values()
    return _Harm(found, position, match or Match(), when or When(), limit or Limit())


def _faults(edges: Mapping[str, tuple[_Harm, ...]]) -> tuple[Fault, ...]:
    return tuple(
        Fault(edge if index == 0 else f"{edge}[{index}]", edge, harm.kind, harm.position, harm.match,
              harm.when,
              harm.limit)
        for edge, harms in edges.items() for index, harm in enumerate(harms)
    )


# --- which calls ----------------------------------------------------------------------------------

_METHOD = Text(pattern="|".join(METHODS), described="a method in capitals")
_PATH = Text(pattern=r"/\S*", described="a path that starts with /")
_STEP = Text(pattern=r"[A-Za-z][\w-]*(/[A-Za-z][\w-]*)*", described="the name of a step")
_HEADER = Text(pattern=HEADER_NAME.schema["pattern"], described="a header name")
_SHAPE = Json(matchers=True, closed=True)
_TEXT = OneOf(scalar=Text(verbatim=True, blank=True, lines=True), mapping=_SHAPE)


def _texts(noun: str, key: Text) -> MapOf:
    return MapOf(_TEXT, key=key, noun=noun, minimum=1)


def _match(**said: Any) -> Match:
    return Match(has_json="json" in said, **said)


def _match_parts(match: Match) -> dict[str, Any]:
    said = {part.name: getattr(match, part.name) for part in fields(match) if part.name != "has_json"}
    nothing = Match()
    return {key: value for key, value in said.items()
            if (match.has_json if key == "json" else value != getattr(nothing, key))}


MATCH = Record("match", _match, (
    Field("method", ListOf(_METHOD, or_one=True, minimum=1), "Only calls with this method, or one of these.",
          example="POST"),
    Field("path", _PATH, "Only calls whose path fits: `*` is one segment, `**` any rest.",
          example="/v1/charges/*"),
    Field("query", _texts("parameter", Text()), "Only calls with these query parameters: a text, or matchers.",
          example="{expand: customer}"),
    Field("headers", _texts("header", _HEADER), "Only calls with these headers: a text, or matchers.",
          example="{Content-Type: {$contains: json}}"),
    Field("json", _SHAPE, "Only calls whose body is JSON of this shape: literals, `$` matchers and `$.paths`.",
          example="{amount: {$gt: 1000}}"),
    Field("form", _texts("field", Text()), "Only calls whose body is a form with these fields: a text, or matchers.",
          example="{amount: {$gt: 1000}}"),
    Field("text", _TEXT, "Only calls with this body: a text, or matchers.", example="{$contains: refund}"),
    Field("persona", ListOf(Name(), or_one=True, minimum=1), "Only calls because of a step in which this role or "
          "persona acts.", example="admin"),
    Field("step", ListOf(_STEP, or_one=True, minimum=1), "Only calls because of this step, or one of these.",
          example="invite"),
    Field("account", MapOf(_SHAPE, noun="field", minimum=1), "Only trials whose account is in this state.",
          example="{card: expired}"),
    Field("call", ListOf(Integer(minimum=1), or_one=True, minimum=1), "Only the n-th of those calls, counted for each "
          "step and call site; or several.", example="2", attribute="calls"),
), "Which calls: all that is said must fit.", parts=_match_parts)


# --- when, and how far ----------------------------------------------------------------------------

_LASTS = Duration(positive=True, counted=True)


def _ramp(*, over: float, start: float = 0.0, end: float = 1.0) -> Ramp:
    return Ramp(over, start, end, by_calls=isinstance(over, int))


def _flap(*, up: float, down: float) -> Flap:
    return Flap(up, down, by_calls=isinstance(up, int))


def _burst(*, every: float, lasts: float) -> Burst:
    return Burst(every, lasts, by_calls=isinstance(every, int))


def _pattern_parts(pattern: Ramp | Flap | Burst) -> dict[str, Any]:
    """Numbers of calls are whole, durations are not."""
    said = {part.name: getattr(pattern, part.name) for part in fields(pattern) if part.name != "by_calls"}
    likely = ("start", "end")
    return {key: value if key in likely else int(value) if pattern.by_calls else float(value)
            for key, value in said.items()}


_LIKELY = Number(minimum=0, maximum=1)
_OPENING = Record("window", Opening, (
    Field("from", Duration(), "When it opens; at once where it is not said.", example="2s", attribute="since"),
    Field("to", Duration(positive=True), "When it closes; never where it is not said.", example="5s",
          attribute="until"),
), "A time since the plan was armed.", filled=True)
_RAMP = Record("ramp", _ramp, (
    Field("over", _LASTS, "How long it takes: a duration since the plan was armed, or a number of calls.",
          required=True, example="30s"),
    Field("from", _LIKELY, "The probability at its start.", example="0", attribute="start"),
    Field("to", _LIKELY, "The probability at its end, and from then on.", example="1", attribute="end"),
), "A probability that goes up, or down.", parts=_pattern_parts)
_FLAP = Record("flapping", _flap, (
    Field("up", _LASTS, "How long the provider is sound, which is first: a duration, or a number of calls.",
          required=True, example="5s"),
    Field("down", _LASTS, "How long it then suffers: a duration, or a number of calls.", required=True,
          example="2s"),
), "In turns sound and not.", parts=_pattern_parts)
_BURST = Record("burst", _burst, (
    Field("every", _LASTS, "From the beginning of one to that of the next: a duration, or a number of calls.",
          required=True, example="10s"),
    Field("for", _LASTS, "How long one lasts: a duration, or a number of calls.", required=True, example="1s",
          attribute="lasts"),
), "Now and then, for a while.", parts=_pattern_parts)

def _two_that_rise(values: Mapping[str, Any]) -> Wrong | None:
    """The check that a part of all draws is one."""
    drawn = values.get("draw", (0, 1))
    if len(drawn) == 2 and drawn[0] < drawn[1]:
        return None
    return Wrong("draw", "out-of-range", {"what": "`draw`", "wanted": "two numbers from 0 to 1 that rise",
                                          "seen": str(list(drawn)), "instead": "write for example [0, 0.04]"})


WHEN = Record("when", When, (
    Field("probability", _LIKELY, "How likely each one suffers.", example="0.5"),
    Field("first", Integer(minimum=1), "Only so many of them.", example="2"),
    Field("every", Integer(minimum=1), "Every n-th of them.", example="3"),
    Field("after", Integer(minimum=0), "So many pass before the first one suffers.", example="1"),
    Field("between", ListOf(Integer(minimum=1)), "From which call to which.", example="[2, 5]"),
    Field("window", ListOf(_OPENING, or_one=True, minimum=1), "Only in this time since the plan was armed, or in one "
          "of several.", example="{from: 2s, to: 5s}"),
    Field("ramp", _RAMP, "A probability that changes over a time, or over a number of calls.",
          example="{over: 30s, from: 0, to: 1}"),
    Field("flap", _FLAP, "The provider is sound for a while, then suffers for a while, and so on.",
          example="{up: 5s, down: 2s}"),
    Field("burst", _BURST, "Calls suffer at the beginning of every such time, or number of calls.",
          example="{every: 10s, for: 1s}"),
    Field("draw", ListOf(_LIKELY), "Each call has one draw from 0 to 1, the same "
          "for every fault that fits the same calls: those suffer whose draw lies from the first up to the second. So "
          "one fault takes a part of the calls, and another the rest.", example="[0, 0.04]"),
    Field("sticky", Number(minimum=0, maximum=0.99), "How likely a call has the draw of the one before it: bad calls "
          "come in a row, and are as many.", beside="draw", example="0.6"),
), "Which of those calls suffer: those for which all of it holds.", verify=_two_that_rise)

_SHARE = Text(pattern=r"100%|[1-9]?[0-9](\.[0-9]+)?%", described="a percentage up to 100%", verbatim=True)


def _percent(share: float) -> str:
    return f"{share * 100:.12g}%"


LIMIT = Record("limit", Limit, (
    Field("injections", Integer(minimum=1), "At most so many in all.", example="100"),
    Field("seconds", Number(minimum=0.001), "For at most so many seconds since it was armed.",
          example="30"),
    Field("max_active", Integer(minimum=1), "On at most so many calls that are under way at once.", example="5"),
    Field("share", As(_SHARE, lambda text: float(text[:-1]) / 100, _percent), "On at most this part of the matching "
          "calls, for each step and call site.", example="10%"),
))


def _parts(fault: Any) -> dict[str, Any]:
    """Of a fault, or of one that does not know its edge yet."""
    said = {"match": (fault.match, Match()), "when": (fault.when, When()), "limit": (fault.limit, Limit())}
    return {kind_name(fault.kind): fault.kind, **{key: value for key, (value, nothing) in said.items()
                                                 if value != nothing}}


FAULT = Record("fault", _harm, (
    *FIELDS,
    Field("match", MATCH, "Which calls of the edge the fault falls on; all of them where it is not said.",
          example="{method: POST}"),
    Field("when", WHEN, "Which of those calls suffer, counted for each trial, step and call site.",
          example="{first: 2}"),
    Field("limit", LIMIT, "The blast radius; the proxy enforces it.", example="{injections: 100}"),
), "Exactly one kind of harm, with its parameters.", positioned=True, exactly_one=KIND_NAMES, parts=_parts)


def _by_edge(faults: tuple[Fault, ...]) -> dict[str, tuple[Fault, ...]]:
    return {edge: tuple(fault for fault in faults if fault.edge == edge) for edge in dict.fromkeys(
        fault.edge for fault in faults)}


EDGES = As(MapOf(ListOf(FAULT, or_one=True, minimum=1), key=EDGE, noun="edge", minimum=1), _faults, _by_edge)

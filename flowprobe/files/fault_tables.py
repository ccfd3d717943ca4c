"""The table of a fault: its kind, the calls on which it falls, when, and its blast radius."""

from __future__ import annotations

from collections.abc import Mapping

from flowprobe.core.faults.fault import Fault, Limit, Match, When
from flowprobe.core.faults.kinds import FIELDS, KIND_NAMES, Kind
from flowprobe.core.fields import As, Field, Integer, ListOf, MapOf, Number, Record, Text
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Position
from flowprobe.files.calls import METHODS
from flowprobe.files.specials import EDGE

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


_METHOD = Text(pattern="|".join(METHODS), described="a method in capitals")
_PATH = Text(pattern=r"/\S*", described="a path that starts with /")

FAULT = Record("fault", _harm, (
    *FIELDS,
    Field("match", Record("match", Match, (
        Field("method", _METHOD, "Only calls with this method.", example="POST"),
        Field("path", _PATH, "Only calls whose path fits: `*` is one segment, `**` any rest.",
              example="/v1/charges/*"),
    )), "Which calls of the edge the fault falls on; all of them where it is not said.",
    example="{method: POST}"),
    Field("when", Record("when", When, (
        Field("probability", Number(minimum=0, maximum=1), "How likely each one suffers.", example="0.5"),
        Field("first", Integer(minimum=1), "Only so many of them.", example="2"),
        Field("every", Integer(minimum=1), "Every n-th of them.", example="3"),
        Field("after", Integer(minimum=0), "So many pass before the first one suffers.", example="1"),
    )), "Which of those calls suffer, counted for each trial, step and call site.", example="{first: 2}"),
    Field("limit", Record("limit", Limit, (
        Field("injections", Integer(minimum=1), "At most so many in all.", example="100"),
        Field("seconds", Number(minimum=0.001), "For at most so many seconds since it was armed.",
              example="30"),
    )), "The blast radius; the proxy enforces it.", example="{injections: 100}"),
), "Exactly one kind of harm, with its parameters.", positioned=True, exactly_one=KIND_NAMES)

EDGES = As(MapOf(ListOf(FAULT, or_one=True, minimum=1), key=EDGE, noun="edge", minimum=1), _faults)

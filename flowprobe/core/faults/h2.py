"""`h2: {rst_stream: REFUSED_STREAM}`: what only HTTP/2 can do to a caller."""

from __future__ import annotations

from flowprobe.core.faults.streams import CODES, Farewell, ResetStream
from flowprobe.core.fields import As, Choice, Field, Integer, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "H2", "GoAway"]


@plain
class GoAway(Plain):
    """After so many calls on one connection."""

    after: int = 1


@plain
class H2(Plain):
    """`how` is the name of an error code with which the call's stream is reset, or a `GoAway`. It falls on calls that
    come over HTTP/2, and on no others."""

    how: str | GoAway

    def action(self) -> ResetStream | Farewell:
        match self.how:
            case GoAway(after):
                return Farewell(after)
            case code:
                return ResetStream(CODES[code])

    def describe(self) -> str:
        match self.how:
            case GoAway(after):
                return f"h2 goaway after {after}"
            case code:
                return f"h2 rst_stream {code}"


def _h2(*, rst_stream: str | None = None, goaway: GoAway | None = None) -> H2:
    how = goaway or rst_stream
    assert how, "the table asks for one of the two"
    return H2(how)


def _parts(h2: H2) -> dict[str, str | GoAway]:
    return {"goaway" if isinstance(h2.how, GoAway) else "rst_stream": h2.how}


FIELD = Field(
    "h2",
    As(Record("h2 fault", _h2, (
        Field("rst_stream", Choice(tuple(CODES)), "Reset the call's stream with this error code.",
              example="REFUSED_STREAM"),
        Field("goaway", Record("goaway", GoAway, (
            Field("after", Integer(minimum=1), "How many calls of a connection are answered before it.",
                  required=True, example="10"),
        )), "Tell the caller to leave the connection, in an orderly way.", example="{after: 10}"),
    ), exactly_one=("rst_stream", "goaway"), parts=_parts), lambda found: found),
    "What only HTTP/2 can do: end one stream by a code, or the connection by GOAWAY.",
    example="{rst_stream: REFUSED_STREAM}",
)

"""Where a connection is cut, shared by `reset` and `close`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from flowprobe.core.faults.actions import Action, Cut, CutReply
from flowprobe.core.fields import As, Choice, Field, Integer, OneOf, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["AT_WORDS", "After", "At", "cut_at", "ending", "in_words"]

AT_WORDS = ("request", "headers")
T = TypeVar("T")


@plain
class After(Plain):
    """So many bytes of the reply's body reach the caller."""

    bytes: int


At: TypeAlias = str | After


def cut_at(at: At, *, reset: bool) -> Action:
    match at:
        case After(count):
            return CutReply(reset, count)
        case "headers":
            return CutReply(reset)
        case _:
            return Cut(reset)


def in_words(at: At) -> str:
    return f"after {at.bytes} bytes" if isinstance(at, After) else f"at {at}"


def ending(noun: str, make: Callable[[At], T]) -> OneOf:
    """The shape of such a kind."""
    return OneOf(
        scalar=As(Choice(AT_WORDS), make),
        mapping=Record(noun, lambda *, at="", bytes=0: make(at or After(bytes)), (
            Field("at", Choice(AT_WORDS), "Instead of asking the provider, or after the head of its reply.",
                  example="headers"),
            Field("bytes", Integer(minimum=1), "So many bytes of the reply's body reach the caller.", example="1000"),
        ), exactly_one=("at", "bytes"), parts=_parts),
    )


def _parts(ended: Any) -> dict[str, Any]:
    return {"bytes": ended.at.bytes} if isinstance(ended.at, After) else {"at": ended.at}


"""Standard output and standard error that may be closed, or full: what cannot be written is lost, and said at the end.

A run that has begun goes on to its cleanup and its folder, whatever becomes of its lines; a command that only prints
has failed where they are lost.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

__all__ = ["Outlet", "opened", "settled"]

_ACTING = ("run", "cleanup", "demo", "init", "proxy")
"""The commands that do more than print: their exit code says what came of it."""
_CLOSED = "it is closed"


class Outlet(io.FileIO):
    """A file descriptor to which everything can be written; `lost` says why something was not, '' where nothing was.
    `nowhere`: it was closed from the beginning. A reader who went away (`| head`) is no loss: that stays a
    BrokenPipeError."""

    lost = ""
    nowhere = False

    def write(self, data: Any, /) -> int:
        if self.nowhere:
            self.lost = _CLOSED
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.lost = error.strerror or str(error)
            return len(data)


def opened() -> Outlet | None:
    """Put an outlet under standard output and standard error; that of standard output, None where something else has
    taken its place already."""
    sys.stderr, _ = _outlet(sys.stderr, 2)
    sys.stdout, outlet = _outlet(sys.stdout, 1)
    return outlet


def settled(code: int, outlet: Outlet | None) -> int:
    """The exit code of the command once everything is written, or lost."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _attach_nothing(sys.stdout.fileno())
        return code if _acts() else 4
    if outlet is None or not outlet.lost:
        return code
    if not sys.stderr.closed:
        print(f"flowprobe: standard output cannot be written: {outlet.lost}", file=sys.stderr)
    return code if _acts() else 4


def _acts() -> bool:
    return sys.argv[1:2] != [] and sys.argv[1] in _ACTING


def _outlet(stream: TextIO | None, number: int) -> tuple[TextIO, Outlet | None]:
    if stream is None:  # Python found the descriptor closed: the next file that is opened must not take its number
        _attach_nothing(number)
    elif stream is not (sys.__stdout__ if number == 1 else sys.__stderr__):
        return stream, None
    outlet = Outlet(number, "w", closefd=False)
    outlet.nowhere = stream is None
    return _text(outlet, stream), outlet


def _text(outlet: Outlet, like: TextIO | None) -> TextIO:
    """As Python makes it, but that a terminal without UTF-8 is no reason to stop."""
    buffer = io.BufferedWriter(outlet)
    if not isinstance(like, io.TextIOWrapper):
        return io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace")
    return io.TextIOWrapper(buffer, encoding=like.encoding, errors="backslashreplace",
                            line_buffering=like.line_buffering, write_through=like.write_through)


def _attach_nothing(number: int) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)  # where it got this very number, that makes it one that children inherit
    os.set_inheritable(number, True)
    if nothing != number:
        os.close(nothing)

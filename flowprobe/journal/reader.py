"""Read streams back: a torn last line is tolerated, a gap in the numbers is told, unknown events are left out."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowprobe.core.events import SCHEMA_VERSION, Stamped, from_json
from flowprobe.errors import ToolFailed

__all__ = ["Ends", "Follower", "Stream", "being_written", "each_line", "ends_of", "read_folder", "read_stream"]

_TAIL = 1 << 16
"""So much of the end of a stream is looked through for its last line; one that is longer is not told of."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One file, as far as it could be read.

    `last` is the number of its last whole line. `torn` says that a part of a line stands after it (its writer
    was killed, or is writing). `gaps` holds what is missing or damaged, one sentence each: with any, nothing
    that this stream does not show can be called absent.
    """

    path: Path
    stamped: tuple[Stamped, ...]
    last: int = 0
    torn: bool = False
    gaps: tuple[str, ...] = ()


@dataclass(slots=True)
class Follower:
    """Reads on where it stopped: a stream that is still being written. `overhear` is given each whole line as it
    stands there."""

    path: Path
    last: int = 0
    torn: bool = False
    gaps: list[str] = field(default_factory=list)
    overhear: Callable[[str], None] | None = None
    _offset: int = 0

    def new(self) -> tuple[Stamped, ...]:
        """What was added since the last time."""
        whole, _, rest = self._rest().rpartition(b"\n")
        self.torn = bool(rest)
        if not whole:
            return ()
        self._offset += len(whole) + 1
        lines = whole.split(b"\n")
        if self.overhear is not None:
            for line in lines:
                self.overhear(line.decode("utf-8", "replace"))
        read = (self._read(line) for line in lines)
        return tuple(stamped for stamped in read if stamped is not None)

    def _rest(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise ToolFailed(f"cannot read the journal {self.path}: {error.strerror}") from error

    def _read(self, line: bytes) -> Stamped | None:
        data = _parse(line)
        if data is None:
            self.gaps.append(f"a damaged line after number {self.last}")
            return None
        self._follow(data["n"])
        if data["v"] > SCHEMA_VERSION:
            self.gaps.append(f"number {data['n']} was written by a newer version")
            return None
        event = from_json(data)
        if event is None:
            return None
        return Stamped(data["w"], data["n"], data["mono"], data["wall"], event)

    def _follow(self, number: int) -> None:
        if number != self.last + 1:
            self.gaps.append(f"number {number} comes after {self.last}")
        self.last = number


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    wanted: dict[str, Any] = {"v": int, "w": str, "n": int, "mono": (int, float), "wall": (int, float), "event": str}
    fits = isinstance(data, dict) and all(isinstance(data.get(k), kind) for k, kind in wanted.items())
    return data if fits else None


def each_line(path: Path) -> Iterator[Stamped]:
    """What a file says, line by line, however long it is: without what cannot be read. Raises ToolFailed."""
    try:
        with path.open("rb") as file:
            for line in file:
                data = _parse(line)
                event = from_json(data) if data is not None and data["v"] <= SCHEMA_VERSION else None
                if data is not None and event is not None:
                    yield Stamped(data["w"], data["n"], data["mono"], data["wall"], event)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ToolFailed(f"cannot read the journal {path}: {error.strerror}") from error


def read_stream(path: Path) -> Stream:
    """The whole of one file; an absent one is an empty stream."""
    follower = Follower(path)
    stamped = follower.new()
    return Stream(path, stamped, follower.last, follower.torn, tuple(follower.gaps))


def read_folder(folder: Path) -> tuple[Stream, ...]:
    """Every stream of a run, by name."""
    return tuple(read_stream(path) for path in sorted(folder.glob("*.jsonl")))


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last line of a stream, None where they cannot be read; `torn` as for `Stream`."""

    first: Stamped | None
    last: Stamped | None
    torn: bool = False


def ends_of(path: Path) -> Ends:
    """Where a stream begins and ends, without what stands between. Raises ToolFailed."""
    try:
        with path.open("rb") as file:
            first = file.readline()
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            *whole, rest = file.read().split(b"\n")
    except OSError as error:
        raise ToolFailed(f"cannot read the journal {path}: {error.strerror}") from error
    return Ends(_stamped(first) if first.endswith(b"\n") else None, _stamped(whole[-1]) if whole else None, bool(rest))


def _stamped(line: bytes) -> Stamped | None:
    data = _parse(line)
    event = from_json(data) if data is not None and data["v"] <= SCHEMA_VERSION else None
    return None if data is None or event is None else Stamped(data["w"], data["n"], data["mono"], data["wall"], event)


def being_written(path: Path) -> bool:
    """Whether the writer of a stream still lives. Where the file system has no locks, nobody can tell: no."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False

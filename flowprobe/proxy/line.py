"""The way out of one connection: it lets bytes through as they come, or only as fast as it is asked to.

It stands in the place of a stream writer. What is written waits here while the line is paced; `drain` makes the writer
wait in turn, so that a slow line slows whoever feeds it, and little is held. Over TLS these are the bytes of its
records, and over HTTP/2 those of all streams of the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import math
import socket
import struct
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Beat", "Line", "Moved", "pieces", "reset"]

_TICK_S = 0.02
_AT_ONCE_BYTES = 64 << 10
_HELD_S, _HELD_BYTES, _HELD_BYTES_AT_MOST = 0.1, 64 << 10, 1 << 20
"""So much waits here, by time and by size, before who writes it has to wait as well."""

_BLOCKED_BYTES, _BLOCKED_S = 256 << 10, 0.01
"""A reader that leaves so much unread is slower than the line, and is asked again after this long."""

_TRAVELS_S = 0.02
"""Between the last byte and a reset: what is still under way would be lost with the reset."""

_FLUSHED_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Beat:
    """How bytes go on: `rate` in bytes a second, at most `part` of them at once; and, before each written piece, a
    pause of `gap_s` since the one before. `piece` cuts what is written at once into such pieces."""

    rate: float = math.inf
    part: int = 0
    gap_s: float = 0.0
    piece: int = 0

    def size(self) -> int:
        """How many bytes go on at once; 0 is any number."""
        if self.part or self.rate == math.inf:
            return self.part
        return max(1, min(_AT_ONCE_BYTES, int(self.rate * _TICK_S)))

    def held(self) -> int:
        """How many bytes may wait."""
        return int(min(_HELD_BYTES_AT_MOST, max(_HELD_BYTES, self.rate * _HELD_S)))

    def slower(self, other: Beat) -> Beat:
        """Both of two at the same time."""
        sizes = [size for size in (self.size(), other.size()) if size]
        cuts = [piece for piece in (self.piece, other.piece) if piece]
        return Beat(min(self.rate, other.rate), min(sizes, default=0), max(self.gap_s, other.gap_s),
                    min(cuts, default=0))


@dataclass(frozen=True, slots=True)
class Moved:
    """What went over a line while it was paced: bytes, the time that it had any to move, and the pauses."""

    bytes: int = 0
    busy_s: float = 0.0
    gaps: int = 0
    gaps_s: float = 0.0

    def since(self, before: Moved) -> Moved:
        return Moved(self.bytes - before.bytes, self.busy_s - before.busy_s, self.gaps - before.gaps,
                     self.gaps_s - before.gaps_s)


@dataclass(slots=True)
class _Piece:
    data: memoryview
    arrived: float
    begun: bool = False


@dataclass(slots=True, eq=False)
class _Mark:
    """What is to be done when so many bytes have gone on in all; what was written with the last of them goes first.
    `body`: so many behind the head, which is what is written next."""

    at: float
    then: Callable[[], object]
    body: int | None = None


class Line:
    """A writer that can be paced; what it does not know is that of the real writer."""

    def __init__(self, writer: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self.watchers: list[Callable[[], bool]] = []  # asked before each write, until they say that they are done
        self._writer = writer
        self._clock = clock
        self._moved = Moved()
        self._beats: dict[object, Beat] = {}
        self._beat: Beat | None = None
        self._whole = False  # what is written next is a head, and stays in one piece
        self._waiting: deque[_Piece] = deque()
        self._held = 0
        self._taken = self._given = 0
        self._marks: list[_Mark] = []
        self._free_at = self._piece_at = self._sent_at = -math.inf
        self._busy_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._room = asyncio.Event()
        self._last: Callable[[], None] | None = None  # how mitmproxy closed it, while bytes were waiting
        self._ended = self._stopped = self._dropped = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    # --- pacing ---

    def pace(self, owner: object, beat: Beat) -> Moved:
        """Pace what is written from now on; returns what had been moved before. Of several owners, the slowest beat
        counts. The first thing to be written is a head, and is not cut into pieces."""
        self._beats[owner] = beat
        self._whole = True
        if not self._waiting:
            self._piece_at = self._sent_at = -math.inf
        self._combine()
        return self.moved

    @property
    def moved(self) -> Moved:
        """What went over this line while it was paced, until now."""
        if not self._waiting or not self._beats:
            return self._moved
        return replace(self._moved, busy_s=self._moved.busy_s + self._clock() - self._busy_since)

    def free(self, owner: object) -> None:
        """Pace for this owner no more: with the last one, what waits goes on at once."""
        if self._beats.pop(owner, None) is not None:
            self._combine()
            self._pump()

    def _combine(self) -> None:
        combined: Beat | None = None
        for beat in self._beats.values():
            combined = beat if combined is None else combined.slower(beat)
        self._beat = combined

    def after(self, count: int, then: Callable[[], object]) -> None:
        """Call `then` when so many more bytes have come, and these and what came with the last of them have gone on;
        or when the peer has left."""
        self._marks.append(_Mark(self._taken + count, then))
        self._reached()

    def after_message(self, length: int, then: Callable[[], object]) -> None:
        """The same for a head, which is one write, and a body of `length` bytes behind it."""
        self._marks.append(_Mark(math.inf, then, length))

    def stop(self, stopped: bool) -> None:
        """Make who feeds this line wait, or let it go on: nothing is written, and nothing is to pile up meanwhile."""
        self._stopped = stopped
        if not stopped:
            self._room.set()

    @property
    def dropped(self) -> bool:
        """Whether the peer left before it had all."""
        return self._dropped or (bool(self._waiting) and self._writer.is_closing())

    @property
    def emptying(self) -> bool:
        """Whether it was closed in order, and bytes are still on their way to a peer that is there."""
        return self._last is not None and bool(self._waiting) and not self._writer.is_closing()

    # --- what a stream writer does ---

    def write(self, data: bytes) -> None:
        self.watchers = [watcher for watcher in self.watchers if not watcher()]
        if self._ended:
            return
        self._count(len(data))
        if self._beat is None and not self._waiting:
            self._writer.write(data)
            self._given = self._taken
            self._reached()
            return
        now = self._clock()
        if not self._waiting:
            self._busy_since = now
        self._held += len(data)
        cut = 0 if self._whole or self._beat is None else self._beat.piece
        self._waiting.extend(_Piece(part, now) for part in pieces(memoryview(data), cut))
        self._whole = False
        self._pump()

    def _count(self, size: int) -> None:
        before, self._taken = self._taken, self._taken + size
        for mark in self._marks:
            if mark.body is not None:
                mark.at, mark.body = self._taken + mark.body, None
            elif before < mark.at <= self._taken:
                mark.at = self._taken

    async def drain(self) -> None:
        while (self._stopped or self._is_full()) and not self._writer.is_closing():
            self._room.clear()
            await self._room.wait()
        await self._writer.drain()

    def _is_full(self) -> bool:
        return self._held > (self._beat.held() if self._beat else _HELD_BYTES)

    def is_closing(self) -> bool:
        return self._ended or self._last is not None or self._writer.is_closing()

    def close(self) -> None:
        self._finish(self._writer.close)

    def write_eof(self) -> None:
        self._finish(self._writer.write_eof)

    def _finish(self, how: Callable[[], None]) -> None:
        if self._waiting and not self._writer.is_closing():
            self._last = how
        elif not self._ended:
            how()

    # --- moving ---

    def _pump(self) -> None:
        """Let go on what is due, and come back for the rest."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            now = self._clock()
            if self._writer.is_closing() or self._ended:
                self._drop(now)
                break
            again = self._blocked(now) or self._early(now)
            if again > 0:
                self._timer = asyncio.get_running_loop().call_later(again, self._pump)
                return
            self._send(now)
        self._emptied()

    def _drop(self, now: float) -> None:
        self._moved = replace(self._moved, busy_s=self._moved.busy_s + now - self._busy_since)
        self._waiting.clear()
        self._held = 0
        self._dropped = not self._ended

    def _blocked(self, now: float) -> float:
        """Whether the peer reads more slowly than we write: the time until then is not ours, nor made up for."""
        if self._writer.transport.get_write_buffer_size() <= _BLOCKED_BYTES or not self._beat:
            return 0.0
        self._free_at = self._busy_since = now
        return _BLOCKED_S

    def _early(self, now: float) -> float:
        return max(0.0, self._due() - now)

    def _due(self) -> float:
        """When the next bytes may go: the line needs its time for them, and a piece its pause before it."""
        piece, beat = self._waiting[0], self._beat
        if beat is None:
            return -math.inf
        due = max(self._free_at, piece.arrived) + self._next(piece) / beat.rate
        return due if piece.begun else max(due, self._piece_at + beat.gap_s)

    def _next(self, piece: _Piece) -> int:
        size = self._beat.size() if self._beat else 0
        return min(len(piece.data), size) if size else len(piece.data)

    def _send(self, now: float) -> None:
        piece, size, due = self._waiting[0], self._next(self._waiting[0]), self._due()
        if not piece.begun:
            self._began(piece, now, due)
        self._free_at = due
        part, piece.data = piece.data[:size], piece.data[size:]
        self._writer.write(bytes(part))
        self._held -= size
        self._given += size
        if self._beat:
            self._moved = replace(self._moved, bytes=self._moved.bytes + size,
                                  busy_s=self._moved.busy_s + now - self._busy_since)
        self._busy_since = now
        if not piece.data:
            self._waiting.popleft()
        if not self._is_full():
            self._room.set()
        self._reached()

    def _began(self, piece: _Piece, now: float, due: float) -> None:
        piece.begun = True
        if self._beat and self._beat.gap_s and due > piece.arrived and self._sent_at > -math.inf:
            self._moved = replace(self._moved, gaps=self._moved.gaps + 1,
                                  gaps_s=self._moved.gaps_s + now - self._sent_at)
        self._piece_at, self._sent_at = max(due, piece.arrived), now

    def _emptied(self) -> None:
        self._room.set()
        if self._last and not self._ended:
            last, self._last = self._last, None
            last()
        self._reached()

    def _reached(self) -> None:
        gone = self._writer.is_closing()
        for mark in [mark for mark in self._marks if gone or mark.at <= self._given]:
            if mark in self._marks:  # what one of them does may have been the end of others
                self._marks.remove(mark)
                mark.then()

    # --- ending ---

    def end(self, *, by_reset: bool) -> None:
        """End the connection after what has gone on; what waits, and what is still written, is dropped."""
        self._ended = True
        if by_reset:
            self._reset_after(self._clock() + _FLUSHED_WITHIN_S)
        else:
            self._writer.close()

    def _reset_after(self, deadline: float) -> None:
        """Reset when the peer's side has all of it, or does not take it."""
        loop = asyncio.get_running_loop()
        if self._clock() < deadline and not self._writer.is_closing() and self._unsent():
            loop.call_later(_TRAVELS_S / 4, self._reset_after, deadline)
        else:
            loop.call_later(_TRAVELS_S, reset, self._writer)

    def _unsent(self) -> bool:
        """Whether bytes are in our buffer, or in the kernel's and not acknowledged."""
        if self._writer.transport.get_write_buffer_size():
            return True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            raw = self._writer.get_extra_info("socket")
            return bool(struct.unpack("i", fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])
        return False


def pieces(data: memoryview, size: int) -> Iterator[memoryview]:
    """Data in pieces of `size` bytes, the last one shorter; in one where that is 0."""
    for start in range(0, len(data), size or max(1, len(data))):
        yield data[start : start + size] if size else data


def reset(writer: Any) -> None:
    """End a connection with a TCP reset; harmless where it is gone already."""
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()

"""The way out of one connection, with a writer and a clock that stand in."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.proxy.line import Beat, Line, pieces


class Writer:
    """What it was given, and when; `unread` is what its peer has not taken."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.given: list[tuple[float, bytes]] = []
        self.closed = self.eof = False
        self.unread = 0
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.unread)
        self._clock = clock

    @property
    def data(self) -> bytes:
        return b"".join(part for _, part in self.given)

    def write(self, data: bytes) -> None:
        self.given.append((self._clock(), data))

    async def drain(self) -> None:
        if self.closed:
            raise ConnectionResetError

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        self.eof = True

    def get_extra_info(self, _: str) -> socket.socket:
        raise OSError("there is no socket")


def on_a_line(check: Callable[[Line, Writer], Awaitable[None]]) -> None:
    async def run() -> None:
        clock = asyncio.get_running_loop().time
        writer = Writer(clock)
        await asyncio.wait_for(check(Line(writer, clock), writer), 20)

    asyncio.run(run())


async def holds(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_what_is_not_paced_goes_straight_on() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.write(b"at once")
        assert writer.data == b"at once"
        assert line.moved.bytes == 0
        line.close()
        assert writer.closed

    on_a_line(check)


def test_a_rate_takes_its_time_for_every_byte_and_says_how_long_it_was_busy() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=10_000))
        began = asyncio.get_running_loop().time()
        line.write(b"x" * 1000)
        assert writer.data == b""  # the line needs its time for the first byte as well
        await holds(lambda: len(writer.data) == 1000)
        assert writer.given[-1][0] - began >= 0.0999
        assert max(len(part) for _, part in writer.given) <= 200  # 20 ms of it
        assert line.moved.bytes == 1000
        assert line.moved.busy_s >= 0.0999

    on_a_line(check)


def test_an_idle_line_saves_nothing_up() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=10_000, part=100))
        for count in (1, 2):
            wrote = asyncio.get_running_loop().time()
            line.write(b"x" * 500)
            await holds(lambda count=count: len(writer.data) == 500 * count)
            assert writer.given[-1][0] - wrote >= 0.0499
            idle = asyncio.get_running_loop().time() + 0.02
            await holds(lambda idle=idle: asyncio.get_running_loop().time() > idle)

    on_a_line(check)


def test_pieces_have_their_pauses_and_a_head_stays_whole() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(gap_s=0.02, piece=3))
        began = asyncio.get_running_loop().time()
        line.write(b"a head")
        line.write(b"12345678")
        await holds(lambda: len(writer.given) == 4)
        assert [part for _, part in writer.given] == [b"a head", b"123", b"456", b"78"]
        assert writer.given[-1][0] - began >= 0.0599
        assert line.moved.gaps == 3
        assert line.moved.gaps_s >= 0.0599

    on_a_line(check)


def test_who_feeds_a_slow_line_has_to_wait() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=1_000_000))
        line.write(b"x" * 200_000)
        await line.drain()
        assert 200_000 - len(writer.data) <= 100_000  # what a tenth of a second lets pass
        line.stop(True)
        waiting = asyncio.ensure_future(line.drain())
        await holds(lambda: len(writer.data) == 200_000)
        assert not waiting.done()
        line.stop(False)
        await waiting

    on_a_line(check)


def test_a_line_that_is_freed_gives_all_it_has_at_once() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("one", Beat(rate=10))
        line.pace("other", Beat(rate=1))
        line.write(b"x" * 1000)
        line.free("other")
        assert writer.data == b""
        line.free("one")
        assert writer.data == b"x" * 1000
        line.free("one")  # harmless

    on_a_line(check)


def test_marks_are_reached_when_the_bytes_have_gone_on() -> None:
    async def check(line: Line, writer: Writer) -> None:
        reached: dict[str, int] = {}

        def reach(name: str) -> Callable[[], None]:
            return lambda: reached.update({name: len(writer.data)})

        line.after(0, reach("nothing"))
        line.pace("us", Beat(rate=50_000, part=100))
        line.after(1, reach("head"))
        line.after_message(500, reach("message"))
        line.write(b"h" * 300)
        line.write(b"b" * 500)
        line.write(b"more" * 500)
        await holds(lambda: len(writer.data) == 2800)
        assert reached == {"nothing": 0, "head": 300, "message": 800}

    on_a_line(check)


def test_an_orderly_end_waits_for_what_is_on_its_way() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=10_000))
        line.write(b"x" * 400)
        line.close()
        assert line.is_closing()
        assert line.emptying
        assert not writer.closed
        await holds(lambda: writer.closed)
        assert writer.data == b"x" * 400
        assert not line.dropped

    on_a_line(check)


def test_half_an_end_waits_as_well() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=10_000))
        line.write(b"x" * 400)
        line.write_eof()
        assert not writer.eof
        await holds(lambda: writer.eof)
        assert len(writer.data) == 400

    on_a_line(check)


def test_a_peer_that_leaves_lets_everybody_go() -> None:
    async def check(line: Line, writer: Writer) -> None:
        reached: list[bool] = []
        line.pace("us", Beat(rate=100_000))
        line.write(b"x" * 500_000)
        line.after(0, lambda: reached.append(line.dropped))
        waiting = asyncio.ensure_future(line.drain())
        writer.closed = True
        await holds(lambda: reached)
        assert reached == [True]
        with pytest.raises(ConnectionResetError):
            await waiting

    on_a_line(check)


def test_an_end_of_ours_drops_what_waits_and_what_comes() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=10_000))
        line.write(b"x" * 400)
        line.after(0, lambda: None)
        line.end(by_reset=False)
        line.write(b"late")
        assert line.is_closing()
        assert writer.closed
        await line_drained(line)
        assert writer.data == b""

    async def line_drained(line: Line) -> None:
        with pytest.raises(ConnectionResetError):
            await line.drain()

    on_a_line(check)


def test_a_reader_that_is_slower_than_the_line_is_not_held_against_it() -> None:
    async def check(line: Line, writer: Writer) -> None:
        line.pace("us", Beat(rate=1_000_000))
        writer.unread = 1 << 20
        clock = asyncio.get_running_loop().time
        began = clock()
        line.write(b"x" * 20_000)
        await holds(lambda: clock() > began + 0.1)
        assert writer.data == b""
        writer.unread = 0
        await holds(lambda: len(writer.data) == 20_000)
        assert 0.019 < line.moved.busy_s < clock() - began - 0.05

    on_a_line(check)


def test_a_watcher_is_asked_before_each_write_until_it_is_done() -> None:
    async def check(line: Line, writer: Writer) -> None:
        asked: list[int] = []

        def watch() -> bool:
            asked.append(len(writer.given))
            return len(asked) == 2

        line.watchers.append(watch)
        for _ in range(3):
            line.write(b"x")
        assert asked == [0, 1]

    on_a_line(check)


BEATS = st.builds(Beat, st.floats(1, 1e6) | st.just(math.inf), st.integers(0, 1000), st.floats(0, 1),
                  st.integers(0, 1000))


@settings(deadline=None)  # a busy machine is no failure
@given(BEATS, BEATS)
def test_of_two_beats_the_slower_counts_whichever_comes_first(one: Beat, other: Beat) -> None:
    both = one.slower(other)
    assert both == other.slower(one)
    assert both.rate == min(one.rate, other.rate)
    assert both.gap_s == max(one.gap_s, other.gap_s)


@settings(deadline=None)
@given(st.binary(), st.integers(0, 50))
def test_pieces_are_all_of_it_in_order(data: bytes, size: int) -> None:
    parts = [bytes(part) for part in pieces(memoryview(data), size)]
    assert b"".join(parts) == data
    assert all(len(part) == size for part in parts[:-1]) or not size

"""What is too large is a result, and costs no memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from pathlib import Path

import brotli
import pytest

from flowprobe.http import Driver, Limits
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import CHUNKED, Play, always, dripping, endless, replies, serving

ROOT = Path(__file__).parents[2]
MB = b"x" * 1_000_000


def with_body(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


ENDLESS = {
    "1 GB announced": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", MB),
    "no length": endless(b"HTTP/1.1 200 OK\r\n\r\n", MB),
    "chunks": endless(CHUNKED, b"%x\r\n%s\r\n" % (len(MB), MB)),
    "chunks with long extensions": endless(CHUNKED, (b"1;" + b"e" * 30_000 + b"\r\nx\r\n") * 10),
    "a chunk with one extension": endless(CHUNKED + b"1;", b"e" * 30_000),
    "a trailer": endless(CHUNKED + b"0\r\nX: ", MB),
    "trailers": endless(CHUNKED + b"0\r\n", b"A: b\r\n" * 100_000),
    "informational heads with headers": endless(b"", (b"HTTP/1.1 103 Early\r\n" + b"A: b\r\n" * 50 + b"\r\n") * 100),
    "informational heads": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "one header line": endless(b"HTTP/1.1 200 OK\r\nX: ", MB),
    "a million headers": endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 100_000),
    "a status line": endless(b"HTTP/1.1 200 ", MB),
}


@pytest.mark.parametrize("play", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_reply_is_too_large(driver: Driver, play: Play) -> None:
    with serving(play) as server:
        outcome = not_replied(driver, server.url(), budget=20.0)
    assert outcome.reason == "too-large", outcome
    assert outcome.detail.startswith("The ")


def test_trailers_are_passed_over(driver: Driver) -> None:
    reply = CHUNKED + b"2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n"
    with serving(always(reply)) as server:
        first, second = replied(driver, server.url()), replied(driver, server.url())
        assert server.connections == 1
    assert (first.body, second.body, first.header("x-trailer")) == (b"ok", b"ok", None)


def test_a_thousand_and_one_headers_are_too_many(driver: Driver) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"a: b\r\n" * 1000 + b"\r\n"
    with serving(replies(head)) as server:
        assert not_replied(driver, server.url()).detail == "The reply has more than 1000 headers."


def test_a_large_head_that_brings_its_body_is_a_reply(driver: Driver) -> None:
    body = b"y" * 200_000
    with serving(always(with_body(body, "X-Long: " + "x" * 70_000))) as server:
        assert replied(driver, server.url()).body == body


def test_a_body_over_keep_is_truncated_and_the_connection_is_used_again(driver: Driver) -> None:
    with serving(always(with_body(MB * 3))) as server:
        first, second = replied(driver, server.url()), replied(driver, server.url())
        assert server.connections == 1
    assert (len(first.body), first.truncated) == (1024 * 1024, True)
    assert second.truncated


def test_a_body_of_just_keep_is_whole(make_driver: MakeDriver) -> None:
    with serving(always(with_body(b"12345"))) as server:
        reply = replied(make_driver(limits=Limits(keep=5)), server.url())
    assert (reply.body, reply.truncated) == (b"12345", False)


# --- codings that we did not ask for --------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    return pack.compress(data) + pack.flush()


PACKERS = {
    "gzip": ("gzip", gzip.compress), "GZIP": ("GZIP", gzip.compress), "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "two members": ("gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:])),
}


@pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS.keys())
def test_an_unrequested_coding_is_undone(driver: Driver, coding: str, pack: object) -> None:
    assert callable(pack)
    plain = b'{"id": "inv_1"}' * 20_000
    with serving(replies(with_body(pack(plain), f"Content-Encoding: {coding}"))) as server:
        assert replied(driver, server.url()).body == plain
        assert b"Accept-Encoding: identity" in server.requests[0]


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "surprise"])
def test_an_unknown_coding_is_kept_as_it_came(driver: Driver, coding: str) -> None:
    with serving(replies(with_body(b"\x8b\x00raw", f"Content-Encoding: {coding}"))) as server:
        assert replied(driver, server.url()).body == b"\x8b\x00raw"


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"x" * 100)[:-9]], ids=["other", "cut"])
def test_a_body_that_is_not_what_it_claims_is_no_reply(driver: Driver, body: bytes) -> None:
    with serving(replies(with_body(body, "Content-Encoding: gzip"))) as server:
        outcome = not_replied(driver, server.url())
    assert (outcome.reason, outcome.status) == ("protocol", 200)


def test_an_empty_body_needs_no_coding(driver: Driver) -> None:
    with serving(replies(with_body(b"", "Content-Encoding: gzip"))) as server:
        assert replied(driver, server.url()).body == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
def test_a_bomb_in_a_coding_that_we_do_not_undo_stays_small(driver: Driver, coding: str) -> None:
    """Brotli is there, mitmproxy brings it: nobody asks it. A list of codings is not undone either."""
    twice = gzip.compress(gzip.compress(b"\0" * 50_000_000, 9), 9)
    bomb = {"br": brotli.compress(b"\0" * 50_000_000, quality=5), "gzip, gzip": twice}.get(coding, b"(\xb5/\xfd" + MB[:5000])
    with serving(replies(with_body(bomb, f"Content-Encoding: {coding}"))) as server:
        assert replied(driver, server.url()).body == bomb


@pytest.mark.parametrize(("coding", "window"), [("gzip", 31), ("deflate", 15)])
def test_a_bomb_is_too_large(driver: Driver, coding: str, window: int) -> None:
    pack = zlib.compressobj(9, zlib.DEFLATED, window)
    bomb = b"".join([*(pack.compress(b"\0" * 1_000_000) for _ in range(64)), pack.flush()])
    with serving(replies(with_body(bomb, f"Content-Encoding: {coding}"))) as server:
        outcome = not_replied(driver, server.url())
    assert outcome.reason == "too-large"
    assert outcome.detail == "The body inflates to more than 200 times its size."


def test_a_body_that_inflates_a_little_too_far_is_too_large(make_driver: MakeDriver) -> None:
    packed = gzip.compress(os.urandom(100_000), 1)
    with serving(replies(with_body(packed, "Content-Encoding: gzip"))) as server:
        outcome = not_replied(make_driver(limits=Limits(inflated=50_000)), server.url())
    assert outcome.detail == "The body inflates to more than 50000 bytes."


# --- memory ---------------------------------------------------------------------------------------

# Not ru_maxrss: a child inherits the peak of who started it, and a growth below that cannot be seen.
WATCH = """
import sys
from flowprobe.http import Driver, Limits
from tests.http.calls import call

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

driver = Driver(limits=Limits(keep=int(sys.argv[2]), wire=int(sys.argv[3])))
driver.send(call("http://127.0.0.1:1/warm"))
before = peak()
outcome = driver.send(call(sys.argv[1], budget=3.0))
print(getattr(outcome, "reason", "reply"), peak() - before, outcome.seconds)
"""
MIB = 1024 * 1024
BOMB_HEAD = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
HEAVY = {
    "1 GB": ENDLESS["1 GB announced"],
    "chunks of one byte": endless(CHUNKED, b"1\r\nx\r\n" * 10_000),
    "headers": ENDLESS["a million headers"],
    "trailers": ENDLESS["trailers"],
    "a chunk with one extension": ENDLESS["a chunk with one extension"],
    "informational heads": ENDLESS["informational heads with headers"],
    "one header line": ENDLESS["one header line"],
    "dripped chunks": dripping(CHUNKED + b"1\r\nx\r\n" * 1000),
    "bomb": replies(BOMB_HEAD + gzip.compress(b"\0" * 200_000_000, 9)),
}


def growth(play: Play, *, keep: int = MIB, wire: int = 16 * MIB) -> tuple[str, int, float]:
    """How a call in a process of its own ended, by how many KiB the peak of its memory grew, and its seconds."""
    with serving(play) as server:
        done = subprocess.run([sys.executable, "-c", WATCH, server.url(), str(keep), str(wire)], cwd=ROOT,
                              capture_output=True, text=True, timeout=60, check=True)
    reason, grown_kib, seconds = done.stdout.split()
    return reason, int(grown_kib), float(seconds)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("play", HEAVY.values(), ids=HEAVY.keys())
def test_memory_stays_flat(play: Play) -> None:
    reason, grown_kib, seconds = growth(play)
    assert reason in ("too-large", "timeout")
    assert grown_kib < 8_000
    assert seconds < 8.0  # the budget is 3 s, the machine may be busy


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_that_is_not_flat_would_be_seen() -> None:
    reason, grown_kib, _ = growth(ENDLESS["1 GB announced"], keep=64 * MIB, wire=64 * MIB)
    assert reason == "too-large"
    assert grown_kib > 50_000


def test_the_caps_hold_for_each_call_and_not_for_the_connection(make_driver: MakeDriver) -> None:
    small = make_driver(limits=Limits(wire=1000))
    with serving(always(with_body(b"x" * 700))) as server:
        assert [replied(small, server.url()).status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 1
        assert small.send(call(server.url(), method="HEAD")).call == "f" * 32

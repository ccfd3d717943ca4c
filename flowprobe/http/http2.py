"""HTTP/2, imported only where an environment asks for it: what `lean` keeps out comes in here.

One connection serves one call at a time. Streams that share a connection share its waits too: the deadline of one
call would break the reply of another, and its bytes would count against the other's caps. So calls that go on at
once have connections of their own, as they have with HTTP/1.1.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import h2.errors
import h2.events
import h2.exceptions
import httpcore

from flowprobe.http.client import Pool
from flowprobe.http.flight import Ended

__all__ = ["Lanes"]

for _name in ("httpcore._sync.http2", "httpcore._async.http2"):
    if sys.modules.get(_name, ...) is None:
        del sys.modules[_name]


class Lanes:
    """Pools of which each serves one call at a time. A call that did not end well closes its own."""

    def __init__(self, make: Callable[[], Pool]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[tuple[Pool, httpcore.NetworkStream]] = []
        self._all: set[Pool] = set()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        pool = self._take()
        try:
            with _in_our_words():
                response = pool.handle_request(request)
        except BaseException:
            self._drop(pool)
            raise
        stream = response.extensions["network_stream"]
        body = _Body(response, whole=lambda: self._give_back(pool, stream), broken=lambda: self._drop(pool))
        return httpcore.Response(response.status, headers=response.headers, content=body,
                                 extensions=response.extensions)

    def close(self) -> None:
        with self._lock:
            pools = list(self._all)
            self._all.clear()
            self._idle.clear()
        for pool in pools:
            pool.close()

    def _take(self) -> Pool:
        """An idle connection that has nothing to say: httpcore does not look whether one of HTTP/2 was closed."""
        while (found := self._idle_one()) is not None:
            pool, stream = found
            if not stream.get_extra_info("is_readable"):
                return pool
            self._drop(pool)
        pool = self._make()
        with self._lock:
            self._all.add(pool)
        return pool

    def _idle_one(self) -> tuple[Pool, httpcore.NetworkStream] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, pool: Pool, stream: httpcore.NetworkStream) -> None:
        with self._lock:
            if pool in self._all:
                self._idle.append((pool, stream))

    def _drop(self, pool: Pool) -> None:
        with self._lock:
            self._all.discard(pool)
        pool.close()


class _Body:
    """The body of a reply, which says when it is over how it ended."""

    def __init__(self, response: httpcore.Response, *, whole: Callable[[], None], broken: Callable[[], None]) -> None:
        self._response = response
        self._ends: tuple[Callable[[], None], ...] = (broken, whole)
        self._read = False

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._response.stream, Iterable), "a synchronous pool has synchronous streams"
        with _in_our_words():
            yield from self._response.stream
        self._read = True

    def close(self) -> None:
        ends, self._ends = self._ends, ()
        if ends:
            try:
                self._response.close()
            finally:
                ends[self._read]()


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What h2 raises is about what came in: what goes out, we have checked."""
    try:
        yield
    except h2.exceptions.DenialOfServiceError as exc:
        raise _too_large() from exc
    except h2.exceptions.H2Error as exc:
        raise _not_http2() from exc
    except httpcore.LocalProtocolError as exc:
        said = exc.args[0] if exc.args else None
        raise (_too_large() if isinstance(said, h2.exceptions.DenialOfServiceError) else _not_http2()) from exc
    except httpcore.RemoteProtocolError as exc:
        if (ended := _ended(exc.args[0] if exc.args else None)) is None:
            raise
        raise ended from exc
    except UnicodeError:
        raise
    except ValueError as exc:  # a status that is no number
        raise _not_http2() from exc


def _ended(event: object) -> Ended | None:
    """The product ended the stream, or the connection, in the words of HTTP/2."""
    match event:
        case h2.events.StreamReset(error_code=code):
            return Ended("closed", f"The product reset the stream ({_named(code)}) before the reply was whole.")
        case h2.events.ConnectionTerminated(error_code=code):
            return Ended("closed", f"The product ended the connection (GOAWAY, {_named(code)}) before the reply was "
                                   "whole.")
    return None


def _named(code: object) -> str:
    return code.name if isinstance(code, h2.errors.ErrorCodes) else str(code)


def _too_large() -> Ended:
    return Ended("too-large", "The head of the reply is longer than HTTP/2 clients take.")


def _not_http2() -> Ended:
    return Ended("protocol", "What came back is not HTTP/2.")

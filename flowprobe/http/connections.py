"""The connections of one persona over HTTP/1.1, kept open for the next call.

httpcore's pool makes them, for it knows the ways through a proxy, and is not asked for more: its queue, its second
reply around each reply and its walk over all connections before and after every call are a tenth of what a call costs.
Nobody waits here for a free connection: where none is, one is made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

import httpcore

__all__ = ["Connections"]

_MOST_IDLE = 8


class _Connection(Protocol):
    """What is asked of one: httpcore's `ConnectionInterface`, of which it has many kinds."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response: ...
    def can_handle_request(self, origin: httpcore.Origin) -> bool: ...
    def has_expired(self) -> bool: ...
    def is_idle(self) -> bool: ...
    def close(self) -> None: ...


class Connections:
    """Safe from any thread. `connect` makes a connection to an origin; it opens with its first request."""

    def __init__(self, connect: Callable[[httpcore.Origin], _Connection]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        connection = self._take(request.url.origin)
        try:
            response = connection.handle_request(request)
        except BaseException:
            self._drop(connection)
            raise
        assert isinstance(response.stream, Iterable), "a synchronous connection has synchronous streams"
        response.stream = _Body(response.stream, partial(self._give_back, connection))
        return response

    def close(self) -> None:
        """Also of the connections on which a call is under way."""
        with self._lock:
            connections = list(self._all)
            self._all.clear()
            self._idle.clear()
        for connection in connections:
            connection.close()

    def _take(self, origin: httpcore.Origin) -> _Connection:
        while (idle := self._idle_one(origin)) is not None:
            if not idle.has_expired():
                return idle
            self._drop(idle)
        connection = self._connect(origin)
        with self._lock:
            self._all.add(connection)
        return connection

    def _idle_one(self, origin: httpcore.Origin) -> _Connection | None:
        with self._lock:
            for place, connection in enumerate(self._idle):
                if connection.can_handle_request(origin):
                    return self._idle.pop(place)
        return None

    def _give_back(self, connection: _Connection) -> None:
        """One that can serve another call: its reply was read to the end, and the product did not end it."""
        with self._lock:
            if connection in self._all and connection.is_idle() and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            self._all.discard(connection)
        connection.close()


class _Body:
    """The body of a reply, and what is done when it is closed."""

    def __init__(self, stream: Iterable[bytes], closed: Callable[[], None]) -> None:
        self._stream = stream
        self._closed: Callable[[], None] | None = closed

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        closed, self._closed = self._closed, None
        if closed is None:
            return
        try:
            if hasattr(self._stream, "close"):
                self._stream.close()
        finally:
            closed()

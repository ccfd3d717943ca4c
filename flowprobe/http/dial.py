"""Open a TCP connection within a deadline, name resolution included, and let `stop()` interrupt it."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from queue import Empty, SimpleQueue
from typing import TypeAlias

from flowprobe.http.flight import Ended, Flight

__all__ = ["Address", "connect", "dial", "resolve"]

Address: TypeAlias = "tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]"
_Answer: TypeAlias = "list[Address] | OSError | UnicodeError | None"

# Not every system can shut down a socket that is not connected yet: while connecting, a stop is looked for
# this often.
_SLICE_S = 0.1
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)


def dial(host: str, port: int, flight: Flight) -> socket.socket:
    """A connected socket; raises `OSError` (refused, unreachable, name not found, late) or `Ended`."""
    until = min(flight.deadline, flight.clock() + flight.limits.connect)
    return connect(resolve(host, port, flight, until), f"{host}:{port}", flight, until)


def connect(addresses: list[Address], where: str, flight: Flight, until: float) -> socket.socket:
    """Connected to the first address that lets us. Raises as `dial` does."""
    flight.doing = f"connecting to {where}"
    failure: OSError = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    for index, address in enumerate(addresses):
        # A dead address of a name must not eat the time of the live ones behind it.
        share = (until - flight.clock()) / (len(addresses) - index)
        try:
            return _connect(address, flight, flight.clock() + share)
        except OSError as exc:
            failure = exc
    raise failure


def resolve(host: str, port: int, flight: Flight, until: float) -> list[Address]:
    """Ask the system's resolver from a thread of its own: it knows no deadline and cannot be interrupted. Raises as
    `dial` does."""
    flight.doing = f"resolving {host}"
    if _is_address(host):
        return _ask(host, port)
    answers: SimpleQueue[_Answer] = SimpleQueue()
    flight.hold(lambda: answers.put(None))
    threading.Thread(target=_answer, args=(host, port, answers), name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, until - flight.clock()))
    except Empty:
        raise TimeoutError(errno.ETIMEDOUT, "the name was not resolved in time") from None
    if answer is None:
        raise Ended("stopped", "We were asked to stop.")
    if isinstance(answer, UnicodeError):
        raise socket.gaierror(socket.EAI_NONAME, "not a valid name")
    if isinstance(answer, OSError):
        raise answer
    return answer


def _is_address(host: str) -> bool:
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):
        return False
    return True


def _answer(host: str, port: int, answers: SimpleQueue[_Answer]) -> None:
    try:
        answers.put(_ask(host, port))
    except (OSError, UnicodeError) as exc:
        answers.put(exc)


def _ask(host: str, port: int) -> list[Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _connect(address: Address, flight: Flight, until: float) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(where)
        if code in _UNDER_WAY:
            _wait_connected(sock, flight, until)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _wait_connected(sock: socket.socket, flight: Flight, until: float) -> None:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    while True:
        left = until - flight.clock()
        if flight.stopped:
            raise Ended("stopped", "We were asked to stop.")
        if left <= 0:
            raise TimeoutError(errno.ETIMEDOUT, "no answer in time")
        if poll.poll(min(left, _SLICE_S) * 1000):
            return

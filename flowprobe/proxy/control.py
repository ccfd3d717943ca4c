"""The server half of control over a socket: who may speak, how much at once, and what goes when they are gone.

Each connection is one caller with leases of its own, which end with it. Nobody can make the proxy wait: a caller that
says nothing, too much, or does not read what it asked for, loses its connection, and only that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from flowprobe.errors import CannotListen
from flowprobe.proxy.addresses import Address, instead_of, why_not
from flowprobe.proxy.control_certificate import fingerprint_of, make_certificate, server_context
from flowprobe.proxy.proofs import agrees, fresh, proof
from flowprobe.proxy.protocol import ControlSpec
from flowprobe.proxy.tail import Tail

__all__ = ["Asker", "Control", "Orders"]

_LINE_BYTES = 1 << 20
_UNREAD_BYTES = 1 << 20
"""What may wait for a caller to read it, before we give up on it."""
_HELLO_S = 5.0
_STRANGERS = 32
"""So many connections may be without a hello at a time; then the oldest goes."""
_AT_ONCE = 32
"""Orders of one caller that are being carried out; the next is not read before one of them is done."""
_TRY_S = 0.5


class Asker(Protocol):
    """Whoever gives orders. `parent`: it started this proxy, which ends with it."""

    name: str
    parent: bool

    def answer(self, line: Mapping[str, Any], data: Mapping[str, Any]) -> None: ...
    def refuse(self, line: Mapping[str, Any], why: str) -> None: ...
    def note(self, name: str, **data: Any) -> None: ...


class Orders(Protocol):
    """The proxy, as its callers see it."""

    def greeting(self) -> Mapping[str, Any]:
        """What a caller is told who has shown that it knows the token."""

    async def obey(self, line: Mapping[str, Any], asker: Asker) -> None:
        """Carry out one order, and answer it."""

    def left(self, asker: Asker) -> None:
        """An asker is gone, and what it asked for goes with it."""


class Control:
    """A socket that takes orders."""

    def __init__(self, spec: ControlSpec, orders: Orders, tail: Tail) -> None:
        self._spec = spec
        self.orders = orders
        self.tail = tail
        self.address = Address.parse(spec.address)
        self.fingerprint = ""
        self.callers: set[_Caller] = set()
        self._strangers: dict[_Caller, None] = {}
        self._server: asyncio.Server | None = None

    @property
    def token(self) -> str:
        return self._spec.token

    async def start(self, private: Path) -> None:
        """Listen; `private` is a folder for a key. Raises CannotListen."""
        try:
            if self.address.path:
                self._server = await self._listen_at_path()
            else:
                self._server = await asyncio.start_server(
                    self._serve, self.address.host, self.address.port, limit=_LINE_BYTES, ssl=self._tls(private))
                port = self._server.sockets[0].getsockname()[1]
                self.address = Address(host=self.address.host, port=port)
        except OSError as error:
            raise CannotListen(f"the proxy cannot take orders at {self.address}: {why_not(error)}",
                               instead_of(error, "--control")) from error

    async def _listen_at_path(self) -> asyncio.Server:
        path = self.address.path
        if _answers(path):
            raise CannotListen(f"another proxy takes orders at {self.address} already", "look at it with `flowprobe "
                               "proxy status`; end it, or choose another place with --control")
        before = os.umask(0o177)  # not chmod afterwards: there is a moment before that
        try:
            return await asyncio.start_unix_server(self._serve, path, limit=_LINE_BYTES)
        finally:
            os.umask(before)

    def _tls(self, private: Path) -> ssl.SSLContext | None:
        if self.address.near and not self._spec.cert:
            return None
        own = (Path(self._spec.cert), Path(self._spec.key)) if self._spec.cert else make_certificate(private)
        context = server_context(*own)
        self.fingerprint = fingerprint_of(own[0])
        return context

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for caller in list(self.callers | set(self._strangers)):
            caller.cut()
        if self.address.path:
            with contextlib.suppress(OSError):
                Path(self.address.path).unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = _Caller(self, reader, writer)
        if len(self._strangers) >= _STRANGERS:
            next(iter(self._strangers)).cut()
        self._strangers[caller] = None
        try:
            await caller.serve()
        finally:
            self._strangers.pop(caller, None)
            if caller in self.callers:
                self.callers.discard(caller)
                self.orders.left(caller)

    def admit(self, caller: _Caller) -> None:
        self._strangers.pop(caller, None)
        self.callers.add(caller)


class _Caller:
    """One connection."""

    parent = False

    def __init__(self, control: Control, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.name = "?"
        self._control = control
        self._reader, self._writer = reader, writer
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def serve(self) -> None:
        try:
            await asyncio.wait_for(self._greet(), _HELLO_S)
            await self._listen()
        except _Strange as strange:
            self.send({"failed": str(strange), "token": not isinstance(strange, _WrongToken)})
        except (OSError, TimeoutError, ssl.SSLError):
            pass  # it went away, or it never said anything
        finally:
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def cut(self) -> None:
        self._writer.transport.abort()

    async def _greet(self) -> None:
        nonce = fresh()
        self.send({"nonce": nonce})
        hello = await self._read()
        match hello:
            case {"hello": {"nonce": str(theirs), "proof": shown, "name": str(name)}}:
                token = self._control.token
                if not agrees(shown, proof(token, of="client", theirs=nonce, ours=theirs)):
                    raise _WrongToken("the token is not that of this proxy")
            case _:
                raise _Strange("the first line is no hello")
        self.name = name[:80]
        self._control.admit(self)
        greeting = dict(self._control.orders.greeting())
        self.send({**greeting, "proof": proof(token, of="proxy", theirs=theirs, ours=nonce)})

    async def _listen(self) -> None:
        while (line := await self._read()) is not None:
            await self._at_once.acquire()
            work = self._follow(line) if line.get("op") == "follow" else self._obey(line)
            task = asyncio.ensure_future(work)
            self._tasks.add(task)
            task.add_done_callback(self._done)
            await asyncio.sleep(0)  # one that never stops talking takes turns with everybody else

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._at_once.release()

    async def _obey(self, line: Mapping[str, Any]) -> None:
        await self._control.orders.obey(line, self)

    async def _follow(self, line: Mapping[str, Any]) -> None:
        after = line.get("after")
        if not isinstance(after, int):
            self.refuse(line, "follow needs the number of the last line that is known")
            return
        self.answer(line, {})
        with contextlib.suppress(OSError):
            async with contextlib.aclosing(self._control.tail.lines(after)) as pieces:
                async for lines in pieces:
                    self._writer.write(b"".join(b'{"journal":' + each + b"}\n" for each in lines))
                    await self._writer.drain()

    async def _read(self) -> dict[str, Any] | None:
        """The next line; None when the other end is gone."""
        try:
            line = await self._reader.readline()
        except ValueError:
            raise _Strange(f"a line is longer than {_LINE_BYTES >> 20} MiB") from None
        if not line.endswith(b"\n"):
            return None
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            raise _Strange("a line is not JSON") from None
        if not isinstance(data, dict):
            raise _Strange("a line is not a mapping")
        return data

    # --- speaking ---

    def send(self, data: Mapping[str, Any]) -> None:
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > _UNREAD_BYTES:
            transport.abort()
            return
        self._writer.write(json.dumps(data, separators=(",", ":")).encode() + b"\n")

    def answer(self, line: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        self.send({"id": line.get("id"), "ok": data})

    def refuse(self, line: Mapping[str, Any], why: str) -> None:
        self.send({"id": line.get("id"), "error": why})

    def note(self, name: str, **data: Any) -> None:
        self.send({"note": name, **data})


class _Strange(Exception):
    """What a caller said is not the protocol; the message says how."""


class _WrongToken(_Strange):
    """It does not know our token."""


def _answers(path: str) -> bool:
    """Whether somebody listens on a socket in the file system. What nobody listens on is left over."""
    with socket.socket(socket.AF_UNIX) as trying:
        trying.settimeout(_TRY_S)
        try:
            trying.connect(path)
        except OSError:
            return False
        return True

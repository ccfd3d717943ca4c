"""Serve applications of the demo as one process: quiet, on 127.0.0.1, and gone soon after a SIGTERM."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["INVALID_SETTINGS", "PORT_TAKEN", "Served", "fail", "serve"]

PORT_TAKEN = 1
INVALID_SETTINGS = 2
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Served:
    """An application, and the port on which it is to be found. Port 0 is any free one, which its first line names;
    `variable` is where the port comes from."""

    name: str
    app: Starlette
    port: int
    variable: str = "PORT"


def serve(*served: Served) -> int:
    """Serve until a signal; the exit code."""
    with ExitStack() as stack:
        listeners: list[socket.socket] = []
        for each in served:
            try:
                listeners.append(stack.enter_context(_listen(each.port)))
            except OSError as error:
                where = f"cannot listen on {_HOST}:{each.port}: {error.strerror}"
                advice = f"Set {each.variable} to a free port, or to 0 for any."
                return fail(each.name, f"{where}. {advice}", PORT_TAKEN)
        ports = [int(listener.getsockname()[1]) for listener in listeners]
        for each, port in zip(served, ports, strict=True):
            print(f"{each.name}: http://{_HOST}:{port}", flush=True)
        _run(_ByPort({port: each.app for each, port in zip(served, ports, strict=True)}), listeners)
    return 0


class _ByPort:
    """Several applications in one server: which one is asked is known by the port."""

    def __init__(self, apps: Mapping[int, Starlette]) -> None:
        self._apps = apps
        self._life = Starlette(lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._life if scope["type"] == "lifespan" else self._apps[scope["server"][1]]
        await app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:  # noqa: ARG002 - Starlette's signature
        async with AsyncExitStack() as stack:
            for each in self._apps.values():
                await stack.enter_async_context(each.router.lifespan_context(each))
            yield


def fail(name: str, message: str, code: int) -> int:
    """Say on standard error why the process does not start."""
    for line in message.splitlines():
        print(f"{name}: {line}", file=sys.stderr)
    return code


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's delay off only where the protocol is named, and it costs 40 ms a reply.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def _run(app: ASGIApp, listeners: Sequence[socket.socket]) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        loop="asyncio",
        http="h11",
        ws="none",
        # Longer than any client of the demo keeps a connection, so that no call meets a closing one.
        timeout_keep_alive=75,
        # A tab that hangs on a provider must not keep the process.
        timeout_graceful_shutdown=1,
    )
    try:
        uvicorn.Server(config).run(sockets=list(listeners))
    except KeyboardInterrupt:
        return

"""Serve one application of the demo as a process: quiet, on 127.0.0.1, and gone soon after a SIGTERM."""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.types import ASGIApp

__all__ = ["INVALID_SETTINGS", "PORT_TAKEN", "fail", "serve"]

PORT_TAKEN = 1
INVALID_SETTINGS = 2
_HOST = "127.0.0.1"


def serve(name: str, app: ASGIApp, port: int) -> int:
    """Serve until a signal; the exit code. Port 0 is any free one, which the first line names."""
    try:
        listener = _listen(port)
    except OSError as error:
        where = f"cannot listen on {_HOST}:{port}: {error.strerror}"
        return fail(name, f"{where}. Set PORT to a free port, or to 0 for any.", PORT_TAKEN)
    with listener:
        print(f"{name}: http://{_HOST}:{listener.getsockname()[1]}", flush=True)
        _run(app, listener)
    return 0


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


def _run(app: ASGIApp, listener: socket.socket) -> None:
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
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return

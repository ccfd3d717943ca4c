"""The only module that knows mitmproxy's insides; everything else of ours uses its documented hooks.

Two lines of mitmproxy are supported (11.0.2 on Python 3.11, 12.2.3 and later after it), and what is used here is
undocumented in both: `missing_symbols` looks for it before anything listens, and tests/proxy/test_mitm.py holds
one test for each row of it.
"""

from __future__ import annotations

import asyncio
import collections
import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mitmproxy import log, master, options
from mitmproxy.addons import clientplayback, next_layer, proxyserver, tlsconfig
from mitmproxy.connection import Client, Connection
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy import layers, mode_servers, mode_specs, server
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.version import VERSION

from flowprobe.proxy.line import Line
from flowprobe.proxy.line import reset as reset_writer

__all__ = [
    "VERSION",
    "Engine",
    "Handled",
    "LogWatch",
    "ServerConnectionHookData",
    "Trouble",
    "client_of",
    "drop_server",
    "kill",
    "line_of",
    "missing_symbols",
    "redirect",
    "reset",
    "servers_of",
    "spec_of",
    "tunnel_target",
    "use_tunnel",
]

_BUFFERED_AT_MOST = "64m"
"""A body beyond this is streamed whatever we would like to do to it: memory stays bounded."""

_CONNECTIONS_PER_CLIENT = 1000


# --- what has to be there -------------------------------------------------------------------------


def missing_symbols() -> list[str]:
    """What this mitmproxy lacks of what we rely on, by name; empty for a version that will do."""
    return [name for name, found in _SYMBOLS.items() if not _holds(found)]


def _holds(found: Callable[[], bool]) -> bool:
    try:
        return found()
    except AttributeError:
        return False


def _declares(cls: type[Any], *names: str) -> bool:
    declared = {key for base in cls.__mro__ for key in getattr(base, "__annotations__", {})}
    return all(name in declared or hasattr(cls, name) for name in names)


def _takes(function: Callable[..., Any], *names: str) -> bool:
    return set(names) <= set(inspect.signature(function).parameters)


_SYMBOLS: dict[str, Callable[[], bool]] = {
    "master.Master(opts, with_termlog)": lambda: _takes(master.Master.__init__, "opts", "with_termlog"),
    "master.Master.run, .shutdown": lambda: _declares(master.Master, "run", "shutdown"),
    "log.LegacyLogEvents.uninstall": lambda: _declares(log.LegacyLogEvents, "uninstall"),
    "Proxyserver.servers, .connections, .is_running": (
        lambda: _declares(proxyserver.Proxyserver, "servers", "connections", "is_running")
    ),
    "Servers.update": lambda: _takes(proxyserver.Servers.update, "modes"),
    "ServerInstance.last_exception, .listen_addrs, .mode": lambda: (
        _declares(mode_servers.ServerInstance, "last_exception", "listen_addrs")
        and _takes(mode_servers.ServerInstance.make, "mode")
    ),
    "ConnectionHandler.transports, .max_conns": (
        lambda: _declares(server.ConnectionHandler, "transports", "max_conns")
    ),
    "ConnectionIO.writer": lambda: _declares(server.ConnectionIO, "writer"),
    "ProxyMode.parse, .full_spec": lambda: _declares(mode_specs.ProxyMode, "parse", "full_spec"),
    "Client.proxy_mode, .peername, .id": lambda: _declares(Client, "proxy_mode", "peername", "id"),
    "NextLayer.context, .layer": lambda: _declares(NextLayer, "layer") or _takes(NextLayer.__init__, "context"),
    "layers.TCPLayer(context, ignore)": lambda: _takes(layers.TCPLayer.__init__, "context", "ignore"),
    "clientplayback.ReplayHandler(flow, options).replay": lambda: (
        _takes(clientplayback.ReplayHandler.__init__, "flow", "options")
        and _declares(clientplayback.ReplayHandler, "replay")
    ),
    "addons.NextLayer, TlsConfig": lambda: (
        _declares(next_layer.NextLayer, "next_layer") and _declares(tlsconfig.TlsConfig, "tls_start_client")
    ),
}


# --- the engine -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handled:
    """One bound listener: its spec and its address."""

    spec: str
    address: tuple[str, int]


class Engine:
    """A mitmproxy master with the addons that forwarding needs, and ours."""

    def __init__(self, specs: Iterable[str], addon: object, *, confdir: Path, upstream_ca: str | None) -> None:
        # Several listeners on free ports are accepted in the constructor only (a later update refuses them).
        opts = options.Options(listen_host="127.0.0.1", confdir=str(confdir), mode=list(specs))
        self._master = master.Master(opts, with_termlog=False)
        self._master._legacy_log_events.uninstall()  # it feeds a hook that we have no addon for
        self._server = proxyserver.Proxyserver()  # type: ignore[no-untyped-call]  # mitmproxy's
        # Ours comes first: it decides which tunnels are opened up before mitmproxy does.
        addons: Any = self._master.addons  # typed in part only, as the options are
        addons.add(self._server, addon, next_layer.NextLayer(), tlsconfig.TlsConfig())
        # Lazy: an eager connection to the provider turns its failure into that of the tunnel, and pins sockets.
        chosen: Any = self._master.options
        chosen.update(connection_strategy="lazy", stream_large_bodies=_BUFFERED_AT_MOST)
        if upstream_ca:
            chosen.update(ssl_verify_upstream_trusted_ca=upstream_ca)
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> tuple[Handled, ...]:
        """Listen; raises OSError with mitmproxy's sentence where an address is taken."""
        self._running = asyncio.ensure_future(self._master.run())
        while not self._server.is_running and not self._running.done():
            await asyncio.sleep(0.001)
        if self._running.done():
            self._running.result()
            raise OSError("mitmproxy ended while it was starting")
        for instance in self._server.servers:
            if instance.last_exception is not None:
                raise OSError(str(instance.last_exception)) from instance.last_exception
        return tuple(
            Handled(instance.mode.full_spec, (instance.listen_addrs[0][0], instance.listen_addrs[0][1]))
            for instance in self._server.servers
        )

    async def deliver(self, flow: HTTPFlow, within_s: float) -> HTTPFlow:
        """Send a whole request to where it goes, beside its flow; what comes back has a response or an error. The
        hooks are called for it too, with `is_replay`. Raises TimeoutError."""
        copy = HTTPFlow(flow.client_conn, flow.server_conn)  # not its metadata: that is of the call itself
        copy.request, copy.is_replay = flow.request.copy(), "request"
        handler = clientplayback.ReplayHandler(copy, self._master.options)
        await asyncio.wait_for(handler.replay(), within_s)
        return copy

    async def drop(self, spec: str) -> None:
        """Stop listening for one spec; the others keep their sockets."""
        kept = [each.mode for each in self._server.servers if each.mode.full_spec != spec]
        await self._server.servers.update(kept)

    async def stop_listening(self) -> None:
        """Close every listener: ending the master alone leaves them accepting."""
        await self._server.servers.update([])

    def handler(self, client_id: str) -> server.ConnectionHandler | None:
        return self._server.connections.get(client_id)

    def client_at(self, peername: object) -> Client | None:
        """The connection of a peer, which is all that a log record names."""
        handlers = self._server.connections.values()
        return next((each.client for each in handlers if each.client.peername == peername), None)

    def unlimit(self, client: Client) -> None:
        """Let one HTTP/2 client have as many calls upstream as it likes, not mitmproxy's five."""
        if handler := self.handler(client.id):
            handler.max_conns = collections.defaultdict(lambda: asyncio.Semaphore(_CONNECTIONS_PER_CLIENT))


# --- connections ----------------------------------------------------------------------------------


def spec_of(client: Client) -> str:
    """By which listener a client came in."""
    return client.proxy_mode.full_spec


def client_of(layer: NextLayer) -> Client:
    return layer.context.client


def tunnel_target(layer: NextLayer) -> tuple[str, int] | None:
    """Where a client of a forward listener asked for a tunnel to; None before it did, or elsewhere."""
    context = layer.context
    if not isinstance(context.client.proxy_mode, mode_specs.RegularMode) or context.server.address is None:
        return None
    return context.server.address[0], context.server.address[1]


def use_tunnel(layer: NextLayer) -> None:
    """Relay the bytes of this connection without looking at them."""
    layer.layer = layers.TCPLayer(layer.context, ignore=True)


def _writer(engine: Engine, client: Client) -> Any | None:
    handler = engine.handler(client.id)
    transport = handler.transports.get(client) if handler else None
    return transport.writer if transport else None


def line_of(engine: Engine, client: Client, connection: Connection) -> Line | None:
    """The way out of one connection of a client's, which is the client's own or one to a provider; None where it is
    gone. From then on mitmproxy writes to it."""
    handler = engine.handler(client.id)
    transport = handler.transports.get(connection) if handler else None
    if transport is None or transport.writer is None:
        return None
    if not isinstance(transport.writer, Line):
        standing_in: Any = Line(transport.writer)
        transport.writer = standing_in
    found: Any = transport.writer
    return cast("Line", found)


def servers_of(engine: Engine, client: Client) -> list[Connection]:
    """The connections to providers that one client's have opened."""
    handler = engine.handler(client.id)
    return [each for each in handler.transports if each is not client] if handler else []


def drop_server(engine: Engine, client: Client, server: Connection) -> None:
    """End a connection to a provider; harmless where it is gone already."""
    if found := line_of(engine, client, server):
        found.transport.abort()


def reset(engine: Engine, client: Client) -> None:
    """End a client's connection with a TCP reset; harmless where it is gone already."""
    if writer := _writer(engine, client):
        reset_writer(writer)


def redirect(flow: HTTPFlow, *, scheme: str, host: str, port: int, authority: str) -> None:
    """Send a request elsewhere. Setting `request.host` and `.port` would write the Host header twice."""
    data = flow.request.data
    data.scheme, data.host, data.port = scheme.encode(), host, port
    flow.request.host_header = authority


def kill(flow: HTTPFlow) -> None:
    """End one exchange without an answer: one stream of HTTP/2, the connection of HTTP/1."""
    if flow.killable:
        flow.kill()  # type: ignore[no-untyped-call]  # mitmproxy's


# --- its log --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error that mitmproxy only logs: a hook that raised, a connection whose protocol it gave up on."""

    crashed: bool
    detail: str
    peername: object


class LogWatch(logging.Handler):
    """Turns such errors into calls of `tell`: mitmproxy goes on as if nothing had happened, we must not."""

    def __init__(self, tell: Callable[[Trouble], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        crashed = "has crashed" in text
        if crashed or "Addon error" in text or "Unhandled" in text:
            self._tell(Trouble(crashed, _sentence(record, text), getattr(record, "client", None)))

    def install(self) -> None:
        logger = logging.getLogger("mitmproxy")
        logger.setLevel(logging.WARNING)
        logger.addHandler(self)


def _sentence(record: logging.LogRecord, text: str) -> str:
    error = record.exc_info[1] if record.exc_info else None
    first = text.splitlines()[0] if text else ""
    return f"{first} {type(error).__name__}: {error}" if error else text[-500:]

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
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mitmproxy import certs, ctx, log, master, options, optmanager
from mitmproxy.addons import clientplayback, next_layer, proxyserver, tlsconfig
from mitmproxy.connection import Client, Connection
from mitmproxy.http import HTTPFlow, MessageData, Request
from mitmproxy.proxy import commands, context, events, layers, mode_servers, mode_specs, server
from mitmproxy.proxy.layer import CommandGenerator, NextLayer
from mitmproxy.proxy.layers.http import _base, _events, _http2
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
    "Shown",
    "Trouble",
    "alert",
    "client_of",
    "close",
    "cut_stream",
    "drop_server",
    "enter",
    "kill",
    "line_of",
    "missing_symbols",
    "option",
    "options_of",
    "redirect",
    "reset",
    "reset_stream",
    "say_goodbye",
    "servers_of",
    "spec_of",
    "tunnel_target",
    "unclaimed_options",
    "use_tunnel",
]

_BUFFERED_AT_MOST = "64m"
"""A body beyond this is streamed whatever we would like to do to it: memory stays bounded."""

_CONNECTIONS_PER_CLIENT = 1000

_CLOSING_LOOKS, _CLOSING_LOOK_S = 250, 0.002

_UNTYPED: Any = layers


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
    "ServerInstance.last_exception, .listen_addrs, .is_running, .mode": lambda: (
        _declares(mode_servers.ServerInstance, "last_exception", "listen_addrs", "is_running")
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
    "TlsConfig.get_cert, .certstore; certs.CertStoreEntry": lambda: (
        _takes(tlsconfig.TlsConfig.get_cert, "conn_context") and _declares(tlsconfig.TlsConfig, "certstore")
        and _declares(certs.CertStoreEntry, "cert", "privatekey", "chain_file", "chain_certs")
    ),
    "certs.CertStore.default_ca, .default_privatekey": lambda: _takes(
        certs.CertStore.__init__, "default_privatekey", "default_ca"
    ),
    "layers.http.Http2Server, .handle_h2_event, .h2_conn": lambda: (
        _declares(_http2.Http2Server, "h2_conn", "handle_h2_event", "is_closed", "_handle_event")
        and _UNTYPED.http.Http2Server is not None
    ),
    "h2.events.RequestReceived": lambda: _UNTYPED.http._http2.h2.events.RequestReceived is not None,
    "RequestHeaders.request, ResponseProtocolError": lambda: (
        _declares(_events.RequestHeaders, "request") and _declares(_events.ResponseProtocolError, "message")
        and _declares(_base.ReceiveHttp, "event")
    ),
    "OptManager.deferred, .keys": lambda: (
        hasattr(optmanager.OptManager(), "deferred") and _declares(optmanager.OptManager, "keys")
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


class NotBound(OSError):
    """A listener that has no socket: its `spec`, and why."""

    def __init__(self, spec: str, error: BaseException) -> None:
        super().__init__(getattr(error, "errno", None), str(error))
        self.spec = spec


class Engine:
    """A mitmproxy master: of ours, or the one that has loaded us as a script (`enter`)."""

    def __init__(self, host: master.Master, served: proxyserver.Proxyserver, certificates: _Certificates) -> None:
        self._master = host
        self._server = served
        self._certificates = certificates
        self._running: asyncio.Task[None] | None = None

    @classmethod
    def ours(cls, specs: Iterable[str], addon: object, *, confdir: Path, upstream_ca: str | None) -> Engine:
        """One with the addons that forwarding needs, and ours."""
        _as_optimised()
        # Several listeners on free ports are accepted in the constructor only (a later update refuses them).
        opts = options.Options(listen_host="127.0.0.1", confdir=str(confdir), mode=list(specs))
        host = master.Master(opts, with_termlog=False)
        host._legacy_log_events.uninstall()  # it feeds a hook that we have no addon for
        served = proxyserver.Proxyserver()  # type: ignore[no-untyped-call]  # mitmproxy's
        # Ours comes first: it decides which tunnels are opened up before mitmproxy does.
        addons: Any = host.addons  # typed in part only, as the options are
        certificates = _Certificates()
        addons.add(served, addon, next_layer.NextLayer(), certificates)
        # Lazy: an eager connection to the provider turns its failure into that of the tunnel, and pins sockets.
        chosen: Any = host.options
        chosen.update(connection_strategy="lazy", stream_large_bodies=_BUFFERED_AT_MOST)
        if upstream_ca:
            chosen.update(ssl_verify_upstream_trusted_ca=upstream_ca)
        return cls(host, served, certificates)

    async def start(self) -> tuple[Handled, ...]:
        """Listen, with a master of ours; raises NotBound where an address cannot be had, and OSError."""
        self._running = asyncio.ensure_future(self._master.run())
        while not self._server.is_running and not self._running.done():
            await asyncio.sleep(0.001)
        if self._running.done():
            self._running.result()
            raise OSError("mitmproxy ended while it was starting")
        for instance in self._server.servers:
            if instance.last_exception is not None:
                raise NotBound(instance.mode.full_spec, instance.last_exception) from instance.last_exception
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

    async def listen(self, spec: str) -> bool:
        """Listen again for a spec that was dropped; whether that succeeded."""
        kept = [each.mode for each in self._server.servers]
        await self._server.servers.update([*kept, mode_specs.ProxyMode.parse(spec)])
        if any(each.mode.full_spec == spec and each.is_running for each in self._server.servers):
            return True
        await self.drop(spec)  # or the next one would find it there, and not start it
        return False

    def clients_of(self, spec: str) -> list[Client]:
        """The connections that came in by one listener."""
        return [each.client for each in self._server.connections.values() if spec_of(each.client) == spec]

    async def end(self, clients: Iterable[Client]) -> None:
        """Close connections in an orderly way, and wait until they are gone (half a second at the most)."""
        closing = list(clients)
        for client in closing:
            close(self, client)
        for _ in range(_CLOSING_LOOKS):
            if not any(self.handler(client.id) for client in closing):
                return
            await asyncio.sleep(_CLOSING_LOOK_S)

    def client(self, client_id: str) -> Client | None:
        handler = self.handler(client_id)
        return handler.client if handler else None

    @property
    def authority(self) -> tuple[bytes, Any]:
        """The certificate of our authority (PEM), and its key."""
        store = self._certificates.certstore
        return store.default_ca.to_pem(), store.default_privatekey

    def show(self, client: Client, shown: Shown) -> None:
        """Let a client see this certificate in its next handshake."""
        self._certificates.shown[client.id] = shown

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


# --- as a script ----------------------------------------------------------------------------------


def enter() -> Engine:
    """The mitmproxy that has loaded us; from here on it connects as ours does."""
    host: Any = ctx.master
    host.options.update(connection_strategy="lazy")  # a fault may stand in for a provider that is not there
    if host.options.stream_large_bodies is None:
        host.options.update(stream_large_bodies=_BUFFERED_AT_MOST)
    return Engine(host, host.addons.get("proxyserver"), _Certificates())  # handshakes are its own: these show nothing


def option(name: str) -> Any:
    return getattr(ctx.options, name)


def options_of(prefix: str) -> list[str]:
    """The options whose names start so."""
    every: Any = ctx.options
    return sorted(name for name in every.keys() if name.startswith(prefix))  # noqa: SIM118 (it is no mapping)


def unclaimed_options(prefix: str) -> list[str]:
    """Those that were set and that nobody has declared so far."""
    return [name for name in ctx.options.deferred if name.startswith(prefix)]


def _as_optimised() -> None:
    """mitmproxy checks the type of every part of every message, unless Python runs with -O: an eighth of what a request
    costs. We run without -O, since assertions are to hold, and leave these checks out."""
    MessageData.__post_init__ = lambda _: None  # type: ignore[method-assign]


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


def close(engine: Engine, client: Client) -> None:
    """End a client's connection in an orderly way, when what is written is sent."""
    if writer := _writer(engine, client):
        writer.transport.close()


def alert(engine: Engine, client: Client, code: int) -> None:
    """Answer a TLS handshake that has begun with a fatal alert, in the clear as it has to be, and end it."""
    if writer := _writer(engine, client):
        writer.write(b"\x15\x03\x03\x00\x02\x02" + bytes((code,)))
        writer.transport.close()


def redirect(flow: HTTPFlow, *, scheme: str, host: str, port: int, authority: str) -> None:
    """Send a request elsewhere. Setting `request.host` and `.port` would write the Host header twice."""
    data = flow.request.data
    data.scheme, data.host, data.port = scheme.encode(), host, port
    if flow.request.is_http2:
        flow.request.host_header = authority
    else:  # what mitmproxy does here as well, in one pass over the headers
        rest = tuple(line for line in data.headers.fields if line[0].lower() != b"host")
        data.headers.fields = ((b"Host", authority.encode()), *rest)


def kill(flow: HTTPFlow) -> None:
    """End one exchange without an answer: one stream of HTTP/2, the connection of HTTP/1."""
    if flow.killable:
        flow.kill()  # type: ignore[no-untyped-call]  # mitmproxy's


# --- certificates ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate and its key, as the cryptography package has them. `signed`: by our authority."""

    certificate: Any
    key: Any
    signed: bool


class _Certificates(tlsconfig.TlsConfig):
    """mitmproxy's certificates, but for the connections that are to see another one."""

    def __init__(self) -> None:
        self.shown: dict[str, Shown] = {}

    def get_cert(self, conn_context: context.Context) -> certs.CertStoreEntry:
        usual = super().get_cert(conn_context)
        shown = self.shown.pop(conn_context.client.id, None)
        if shown is None:
            return usual
        chain = (usual.chain_file, usual.chain_certs) if shown.signed else (None, [])
        return certs.CertStoreEntry(certs.Cert(shown.certificate), shown.key, *chain)


# --- HTTP/2 ---------------------------------------------------------------------------------------

_STREAM = "_flowprobe_stream"
_GOAWAY = 7  # the type of the frame; the codes are those of RFC 9113, section 7
_INTERNAL_ERROR, _REFUSED = 2, 7


class _Http2Server(_http2.Http2Server):
    """The caller's side of an HTTP/2 connection, which can also end a stream by a code, and say goodbye."""

    def __init__(self, context: context.Context) -> None:
        super().__init__(context)
        self.codes: dict[int, int] = {}
        self.cuts: set[int] = set()
        self.goodbyes: dict[int, Callable[[], bool]] = {}
        self.last: int | None = None

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        stream: int = getattr(event, "stream_id", 0)
        if isinstance(event, _events.ResponseProtocolError) and stream in self.codes:
            yield from self._reset(stream, self.codes.pop(stream))
            return
        if isinstance(event, _events.ResponseHeaders) and stream in self.cuts:
            event.end_stream = False
        if isinstance(event, _events.ResponseEndOfMessage) and stream in self.cuts:
            self.cuts.discard(stream)
            yield from self._reset(stream, _INTERNAL_ERROR)
            return
        if isinstance(event, _events.ResponseEndOfMessage) and self.goodbyes.pop(stream, _never)():
            yield from self._say_goodbye(event)
            return
        yield from super()._handle_event(event)

    def handle_h2_event(self, event: Any) -> CommandGenerator[bool]:
        if not isinstance(event, _UNTYPED.http._http2.h2.events.RequestReceived):
            done: bool = yield from super().handle_h2_event(event)
            return done
        if self.last is not None and event.stream_id > self.last:
            yield from self._reset(event.stream_id, _REFUSED)
            return False
        commands_ = super().handle_h2_event(event)
        answer = None
        while True:
            try:
                command = commands_.send(answer)
            except StopIteration as ended:
                return bool(ended.value)
            _mark(self, command)
            answer = yield command

    def _reset(self, stream: int, code: int) -> CommandGenerator[None]:
        if not self.is_closed(stream):
            self.h2_conn.reset_stream(stream, code)
            yield commands.SendData(self.conn, self.h2_conn.data_to_send())

    def _say_goodbye(self, event: events.Event) -> CommandGenerator[None]:
        """End a stream, and say GOAWAY with the same bytes: a caller that has its answer has heard both."""
        # The library behind would take the connection for closed: what is open on it must still be answered.
        self.last = self.h2_conn.highest_inbound_stream_id
        frame = struct.pack(">I", 8)[1:] + bytes((_GOAWAY, 0)) + struct.pack(">III", 0, self.last, 0)
        for command in super()._handle_event(event):
            if isinstance(command, commands.SendData):
                command.data, frame = command.data + frame, b""
            yield command
        if frame:
            yield commands.SendData(self.conn, frame)


_UNTYPED.http.Http2Server = _Http2Server  # the name by which mitmproxy makes its connections


def _never() -> bool:
    return False


def _mark(connection: _Http2Server, command: object) -> None:
    """Let a request know its stream: mitmproxy keeps the two apart."""
    if isinstance(command, _base.ReceiveHttp) and isinstance(command.event, _events.RequestHeaders):
        setattr(command.event.request, _STREAM, (connection, command.event.stream_id))


def _stream(request: Request) -> tuple[_Http2Server, int] | None:
    found: tuple[_Http2Server, int] | None = getattr(request, _STREAM, None)
    return found


def reset_stream(flow: HTTPFlow, code: int) -> None:
    """End the stream of an exchange by a code; harmless where it is none."""
    if found := _stream(flow.request):
        connection, stream = found
        connection.codes[stream] = code
        kill(flow)


def cut_stream(flow: HTTPFlow) -> None:
    """End the stream of an exchange by a reset where its reply ends, as a connection that breaks would; what came
    before has been sent. Harmless where it is none."""
    if found := _stream(flow.request):
        connection, stream = found
        connection.cuts.add(stream)


def say_goodbye(flow: HTTPFlow, still: Callable[[], bool]) -> None:
    """Send GOAWAY when this exchange is answered, if `still` says so then. What is open goes on, what comes later on
    this connection is refused, unprocessed."""
    if found := _stream(flow.request):
        connection, stream = found
        connection.goodbyes[stream] = still


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

"""Our hooks: route, attribute, decide, inject, record. Faults fail off, guards fail closed.

A hook that has nothing to wait for is a plain function: most requests never see a coroutine of ours.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar, cast

from mitmproxy.connection import Client
from mitmproxy.http import Headers, HTTPFlow, Response
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.tls import ClientHelloData, TlsData

from flowprobe.core.carriers import stripped
from flowprobe.core.decide import Injection, Seen, call_site, decide
from flowprobe.core.faults.actions import CutReply, Dribble, changes_reply
from flowprobe.core.faults.asked import Asked
from flowprobe.core.faults.fault import Fault
from flowprobe.core.marks import SCANNED_BYTES
from flowprobe.core.retry_after import asked_to_wait
from flowprobe.core.spared import reason_of
from flowprobe.proxy import mitm
from flowprobe.proxy.connections import Connections
from flowprobe.proxy.delivering import losing
from flowprobe.proxy.edges import UNDECLARED, USER, Door, Listener, Route
from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.guard import Guard, user_of
from flowprobe.proxy.injector import Injector, can_have_body
from flowprobe.proxy.leases import Lease, Leases, OnEdge
from flowprobe.proxy.passing import Passing
from flowprobe.proxy.recorder import Recorder, digest
from flowprobe.proxy.whose import Whose

__all__ = ["Addon", "Rules"]

_KEY = "flowprobe"
_HTTP2 = "HTTP/2.0"
P = ParamSpec("P")
S = TypeVar("S", HTTPFlow, NextLayer)
Outcome = Awaitable[None] | None


def _fails_off(hook: Callable[Concatenate[Addon, P], Outcome]) -> Callable[Concatenate[Addon, P], Outcome]:
    """An exception in a hook becomes an event, and the exchange goes on without our doing."""
    name = hook.__name__

    @functools.wraps(hook)
    def guarded(self: Addon, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        try:
            if self.fail_in == name:
                raise RuntimeError("this hook was told to fail")
            waiting = hook(self, *args, **kwargs)
        except Exception as error:
            self.failed(name, error, args[0] if args else None)
            return None
        return self.finish(name, waiting, args[0]) if waiting is not None else None

    return cast("Callable[Concatenate[Addon, P], Outcome]", guarded)


def _fails_closed(hook: Callable[[Addon, S], None]) -> Callable[[Addon, S], None]:
    """An exception in a guard, or on the way to one, becomes an event and ends the connection."""
    name = hook.__name__

    @functools.wraps(hook)
    def guarded(self: Addon, subject: S) -> None:
        try:
            if self.fail_in == name:
                raise RuntimeError("this guard was told to fail")
            hook(self, subject)
        except Exception as error:
            self.failed(name, error, subject)
            self.shut_out(subject)

    return guarded


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides: the leases, whose a call is, and whether anything is injected at all."""

    leases: Leases
    whose: Whose
    injector: bool


class Addon:
    """The hooks that mitmproxy calls."""

    def __init__(
        self,
        listeners: Mapping[str, Listener],
        rules: Rules,
        recorder: Recorder,
        injector: Injector,
        guard: Guard,
        connections: Connections,
        clock: Callable[[], float],
    ) -> None:
        self.listeners = dict(listeners)
        self.fail_in = ""
        self.rules = rules
        self._recorder = recorder
        self._injector = injector
        self._guard = guard
        self._connections = connections
        self._clock = clock
        self._spared: set[str] = set()  # connections on which a hook failed: nothing is injected there any more
        self._users: dict[str, str] = {}

    # --- failing off ---

    def failed(self, hook: str, error: Exception, subject: object = None) -> None:
        exchange = _exchange(subject) if isinstance(subject, HTTPFlow) else None
        if client := _client(subject):
            self._spared.add(client.id)
            for open_one in self._recorder.open_on(client.id):
                open_one.injections = ()
        if exchange:
            exchange.injections = ()
            self._injector.pacing.stop(exchange)
            self._recorder.settled(exchange)
        self._recorder.failed(hook, f"{type(error).__name__}: {error}", exchange)

    async def finish(self, hook: str, waiting: Awaitable[None], subject: object) -> None:
        try:
            await waiting
        except Exception as error:
            self.failed(hook, error, subject)

    def shut_out(self, subject: HTTPFlow | NextLayer) -> None:
        if isinstance(subject, HTTPFlow):
            mitm.kill(subject)
        else:
            mitm.reset(self._injector.engine, mitm.client_of(subject))

    # --- connections ---

    @_fails_off
    def client_connected(self, client: Client) -> Outcome:
        self._injector.engine.unlimit(client)
        self._connections.doors.connected(client)
        return None

    @_fails_off
    def client_disconnected(self, client: Client) -> Outcome:
        self._spared.discard(client.id)
        self._guard.forget(client.id)
        self._users.pop(client.id, None)
        self._injector.client_left(client.id)
        self._connections.handshakes.forget(client.id)
        self._recorder.client_left(client.id)
        return None

    @_fails_off
    def server_connected(self, data: mitm.ServerConnectionHookData) -> Outcome:
        self._injector.pacing.connected(data.client, data.server)
        return None

    @_fails_closed
    def http_connect(self, flow: HTTPFlow) -> None:
        self._note_user(flow)
        self._guard.tunnel(flow, door=self._door(flow))
        flow.request.headers.pop("proxy-authorization", None)

    def _note_user(self, flow: HTTPFlow) -> None:
        """Who calls through our proxy, before the guard takes it away: it tells an instance of the product."""
        if user := user_of(flow.request.headers.get("proxy-authorization", "")):
            self._users[flow.client_conn.id] = user

    def _door(self, flow: HTTPFlow) -> Door:
        listener = self.listeners.get(mitm.spec_of(flow.client_conn))
        return "run" if listener is None else listener.door

    @_fails_off
    def http_connected(self, flow: HTTPFlow) -> Outcome:
        listener = self.listeners[mitm.spec_of(flow.client_conn)]
        if route := listener.route(flow.request.host, flow.request.port):
            self._connections.handshakes.tunnel(flow.client_conn, route.edge)
        else:
            exchange = self._undeclared(flow)
            self._recorder.ended(exchange, 200)
        return None

    @_fails_closed
    def next_layer(self, layer: NextLayer) -> None:
        target = mitm.tunnel_target(layer)
        listener = self.listeners.get(mitm.spec_of(mitm.client_of(layer)))
        if target and (listener is None or listener.route(*target) is None):
            mitm.use_tunnel(layer)

    # --- handshakes ---

    @_fails_off
    def tls_clienthello(self, data: ClientHelloData) -> Outcome:
        address = data.context.server.address
        self._connections.handshakes.hello(data.context.client, address[0] if address else "")
        return None

    @_fails_off
    def tls_start_client(self, data: TlsData) -> Outcome:
        handshakes = self._connections.handshakes
        return handshakes.start(data.context.client) if handshakes.busy else None

    @_fails_off
    def tls_established_client(self, data: TlsData) -> Outcome:
        self._connections.handshakes.ended(data.context.client, "")
        return None

    @_fails_off
    def tls_failed_client(self, data: TlsData) -> Outcome:
        self._connections.handshakes.ended(data.context.client, data.conn.error or "the handshake failed")
        return None

    # --- requests ---

    @_fails_closed
    def requestheaders(self, flow: HTTPFlow) -> None:
        if flow.is_replay:  # a delivery of our own, beside a call that was let through
            return
        listener = self.listeners[mitm.spec_of(flow.client_conn)]
        if listener.default is None:  # somebody's proxy
            self._note_user(flow)
        if not self._guard.request(flow, door=listener.door):
            return
        # Routing comes before everything that may fail off: without faults the product must still work.
        believed = flow.request.host
        route = listener.route(believed, flow.request.port)
        if route and route.upstream:
            to = route.upstream
            mitm.redirect(flow, scheme=to.scheme, host=to.host, port=to.port, authority=to.authority)
        self.arrived(flow, route, flow.request.host if listener.default else believed)

    @_fails_off
    def arrived(self, flow: HTTPFlow, route: Route | None, host: str) -> Outcome:
        """Take up a request whose way is known; `host` is the one that its sender means."""
        if route is None:
            flow.metadata[_KEY] = self._undeclared(flow)
            return None
        headers = _read(flow.request.headers)
        exchange = self._begin(flow, route.edge, host, headers)
        length = _length(headers.get(b"content-length", b""))
        exchange.request_bytes = length or 0
        if length is not None and length > SCANNED_BYTES and not self._may_be_faulted(flow, exchange):
            flow.request.stream = True
        return None

    def _undeclared(self, flow: HTTPFlow) -> Exchange:
        exchange = Exchange(
            self._recorder.next_id(), UNDECLARED, flow.request.method, flow.request.host, "", flow.client_conn.id,
            self._clock(), site=f"{flow.request.method} {flow.request.host}", settled=True,
        )
        self._recorder.began(exchange)
        return exchange

    def _begin(self, flow: HTTPFlow, edge: str, host: str, headers: Mapping[bytes, bytes]) -> Exchange:
        request = flow.request
        method, path = request.method, request.path  # mitmproxy decodes them at each look
        exchange = Exchange(
            self._recorder.next_id(), edge, method, host, path.partition("?")[0],
            flow.client_conn.id, self._clock(), site=call_site(method, path),
            protocol=request.http_version,
            key=digest(headers.get(b"idempotency-key")),
        )
        flow.metadata[_KEY] = exchange
        self._recorder.began(exchange)
        values = (value for _, value in request.headers.fields)
        user = self._user(flow, headers)
        exchange.shown = self.rules.whose.look(edge, request.data.path, host, headers, values, user)
        if edge != USER:
            self._strip(flow, exchange, headers)
        if headers.get(b"upgrade", b"").lower() == b"h2c":
            _refuse_h2c(flow)
        return exchange

    def _user(self, flow: HTTPFlow, headers: Mapping[bytes, bytes]) -> str:
        """The user of our proxy that sent a request; what it says to us goes no further."""
        if b"proxy-authorization" in headers:
            del flow.request.headers["proxy-authorization"]
        return self._users.get(flow.client_conn.id, "") if self._users else ""

    def _strip(self, flow: HTTPFlow, exchange: Exchange, headers: Mapping[bytes, bytes]) -> None:
        """Take out what is ours, before a third party sees it."""
        for name in self.rules.whose.not_for_others(exchange, headers):
            if rest := stripped(name, flow.request.headers[name]):
                flow.request.headers[name] = rest
            else:
                del flow.request.headers[name]

    def _may_be_faulted(self, flow: HTTPFlow, exchange: Exchange) -> bool:
        """A long body streams, and is past before `request` is called: so its headers have to decide."""
        exchange.whose = self.rules.whose.of(exchange, b"")
        lease = self.rules.whose.lease(exchange)
        if lease is None or not (faults := lease.on(exchange.edge)):
            return False
        seen = _seen(flow, exchange, lease.steps.get(exchange.whose.step_number or 0, ""), None)
        return any(not lease.counters.unfit(fault, seen) for fault in faults)

    @_fails_off
    def request(self, flow: HTTPFlow) -> Outcome:
        exchange = _exchange(flow)
        if exchange is None or exchange.done:
            return None
        exchange.ready = self._clock()
        content = flow.request.raw_content or b""
        exchange.request_bytes = exchange.request_bytes or len(content)
        if exchange.edge == UNDECLARED:
            return None
        exchange.body = digest(content)
        whose = self.rules.whose
        exchange.whose = whose.of(exchange, content)
        if whose.leases.probing and exchange.edge != USER:
            exchange.carriers = whose.came_through(exchange, content)
        self._recorder.settled(exchange)
        if self._connections.doors.resets(flow, exchange):
            return None
        lease = whose.lease(exchange)
        exchange.spared = whose.spared(exchange, lease)
        if lease is None:
            if exchange.whose.trial is None:
                self.rules.leases.overlook(exchange.edge, exchange.whose.evidence)
            return None
        if exchange.spared:
            lease.counters.pass_all(lease.on(exchange.edge), reason_of(exchange.spared))
            return None
        exchange.lease = lease.id
        exchange.injections = self._decide(lease, flow, exchange)
        return self._injector.before_forwarding(flow, exchange) if exchange.injections else None

    def _decide(self, lease: Lease, flow: HTTPFlow, exchange: Exchange) -> tuple[Injection, ...]:
        on_edge = lease.sorted_on(exchange.edge)
        if not on_edge.all or exchange.client in self._spared:
            return ()
        if not self.rules.injector:
            lease.counters.pass_all(on_edge.all, "injector-off")
            return ()
        faults = _of_protocol(on_edge, exchange, lease)
        step = lease.steps.get(exchange.whose.step_number or 0, "")
        if flow.request.stream:
            lease.counters.pass_streamed(faults, _seen(flow, exchange, step, None))
            return ()
        exchange.counters = lease.counters
        seen = _seen(flow, exchange, step, flow.request.raw_content or b"")
        if any(not lease.counters.unfit(fault, seen) for fault in on_edge.stale):
            exchange.earlier = lease.earlier
        return decide(
            faults, seen, lease.counters, seed=lease.seed, armed_s=self._clock() - lease.armed_at,
            active=lambda fault: self._recorder.active(lease.id, fault), earlier=lambda: lease.earlier.has(flow))

    # --- replies ---

    @_fails_off
    def responseheaders(self, flow: HTTPFlow) -> Outcome:
        exchange, reply = _exchange(flow), flow.response
        if exchange is None or reply is None or exchange.done:
            return None
        if not exchange.answered:
            exchange.acted(reply.status_code)
            if losing(exchange):
                return self._injector.lose_reply(flow, exchange)
            endless = _is_endless(reply)
            if endless or not self._injector.pad_reply(flow, exchange):
                self._let_pass(flow, exchange, reply, endless=endless)
        return self._injector.before_reply(flow, exchange) if exchange.injections else None

    def _let_pass(self, flow: HTTPFlow, exchange: Exchange, reply: Response, *, endless: bool) -> None:
        """Stream what need not be whole before it goes on."""
        if endless or (not _needs_whole(exchange) and _passes(flow, exchange, reply)):
            reply.stream, exchange.streams = Passing(exchange) if exchange.injections else _counted(exchange), True

    @_fails_off
    def response(self, flow: HTTPFlow) -> Outcome:
        exchange, reply = _exchange(flow), flow.response
        if exchange is None or reply is None or exchange.done or exchange.held:
            return None
        if not reply.stream and not exchange.answered and self.rules.whose.wants_reply(exchange):
            self._learn(flow, exchange, reply)
        if exchange.heard is not None and not reply.stream:
            reply = flow.response = exchange.heard
        if exchange.earlier is not None and not exchange.answered:
            exchange.earlier.keep(flow)
        if exchange.injections and not reply.stream:
            self._injector.spoil_reply(flow, exchange)
        exchange.reply_bytes += len(reply.raw_content or b"")
        if reply.status_code >= 400:
            exchange.retry_after_s = asked_to_wait(reply.headers.get("retry-after"), reply.headers.get("date"))
        if flow.websocket is not None:
            return None  # it has only begun
        if exchange.injections and self._injector.webhooks.repeats(exchange):
            return self._repeated(flow, exchange, reply.status_code)
        self._injector.pacing.finish(flow, exchange, lambda: self._ended(exchange, reply.status_code))
        return None

    async def _repeated(self, flow: HTTPFlow, exchange: Exchange, status: int) -> None:
        await self._injector.webhooks.again(flow, exchange)
        self._ended(exchange, status)

    def _ended(self, exchange: Exchange, status: int | None) -> None:
        self._recorder.ended(exchange, status)
        self._connections.handshakes.answered(exchange.client)

    def _learn(self, flow: HTTPFlow, exchange: Exchange, reply: Response) -> None:
        """Whose ids the provider's own reply brings; where a thing was made is said in a header too."""
        text = b"%b\n%b" % (reply.raw_content or b"", reply.headers.get("location", "").encode())
        coding = reply.headers.get("content-encoding", "")
        self.rules.whose.replied(exchange, reply.raw_content or b"" if coding else text, coding,
                                 flow.request.raw_content or b"")

    @_fails_off
    def error(self, flow: HTTPFlow) -> Outcome:
        exchange = _exchange(flow)
        if exchange is None or exchange.done:
            return None
        message = flow.error.msg if flow.error else "unknown"
        exchange.error = exchange.error or message
        self._injector.pacing.stop(exchange, gave_up="client" in message.lower())
        self._ended(exchange, _status_after(flow, message))
        return None

    # --- messages ---

    @_fails_off
    def websocket_message(self, flow: HTTPFlow) -> Outcome:
        exchange = _exchange(flow)
        return None if exchange is None or exchange.done else self._injector.messages.passes(flow, exchange)

    @_fails_off
    def websocket_end(self, flow: HTTPFlow) -> Outcome:
        exchange = _exchange(flow)
        if exchange is not None and not exchange.done:
            exchange.error = exchange.error or self._injector.messages.ended(flow)
            self._recorder.ended(exchange, flow.response.status_code if flow.response else None)
        return None


# --- what a flow tells ----------------------------------------------------------------------------


def _client(subject: object) -> Client | None:
    """The connection that a hook was about."""
    match subject:
        case Client():
            return subject
        case HTTPFlow():
            return subject.client_conn
        case NextLayer():
            return mitm.client_of(subject)
        case ClientHelloData() | TlsData():
            return subject.context.client
        case mitm.ServerConnectionHookData():
            return subject.client
        case _:
            return None


def _exchange(flow: HTTPFlow) -> Exchange | None:
    found = flow.metadata.get(_KEY)
    return found if isinstance(found, Exchange) and not flow.is_replay else None


def _of_protocol(on_edge: OnEdge, exchange: Exchange, lease: Lease) -> tuple[Fault, ...]:
    """Those that a call of this protocol can suffer: HTTP/1.1 has no streams."""
    if exchange.protocol == _HTTP2 or not on_edge.streams:
        return on_edge.all
    lease.counters.pass_all(on_edge.streams, "http/1.1")
    return on_edge.others


def _seen(flow: HTTPFlow, exchange: Exchange, step: str, body: bytes | None) -> Seen:
    """The call as faults see it; its headers and its body are read when one of them asks."""
    request = flow.request
    return Seen(exchange.edge, exchange.method, exchange.path, step, Asked(request.path, request.headers.fields, body))


def _read(headers: Headers) -> dict[bytes, bytes]:
    """The first header of each name, in one pass: mitmproxy goes through all of them at each look-up."""
    return {name.lower(): value for name, value in reversed(headers.fields)}


def _needs_whole(exchange: Exchange) -> bool:
    if exchange.earlier is not None or exchange.heard is not None:
        return True
    return any(changes_reply(injection.action) for injection in exchange.injections)


def _header(reply: Response, name: bytes) -> bytes:
    """The first header of that name, in lower case: mitmproxy decodes all of them at each look-up."""
    return next((value for field, value in reply.headers.fields if field.lower() == name), b"")


def _is_endless(reply: Response) -> bool:
    return _header(reply, b"content-type").startswith(b"text/event-stream")


def _passes(flow: HTTPFlow, exchange: Exchange, reply: Response) -> bool:
    """Whether a reply need not be whole before it goes on, and should not be."""
    return _comes_in_pieces(reply) or (
        can_have_body(flow) and _header(reply, b"content-length") != b"0" and _happens_within(exchange))


def _happens_within(exchange: Exchange) -> bool:
    return any(isinstance(injection.action, CutReply | Dribble) for injection in exchange.injections)


def _comes_in_pieces(reply: Response) -> bool:
    """A long reply, or one of unknown length: its sender wants the pieces to arrive as they are sent."""
    length = _length(_header(reply, b"content-length"))
    return length is None or length > SCANNED_BYTES


def _length(text: str | bytes) -> int | None:
    return int(text) if text.isdigit() else None


def _counted(exchange: Exchange) -> Callable[[bytes], bytes]:
    def count(chunk: bytes) -> bytes:
        exchange.reply_bytes += len(chunk)
        return chunk

    return count


def _refuse_h2c(flow: HTTPFlow) -> None:
    """An upgrade to HTTP/2 without TLS would leave mitmproxy with a protocol that it does not speak."""
    for name in ("upgrade", "connection", "http2-settings"):
        flow.request.headers.pop(name, None)


def _status_after(flow: HTTPFlow, message: str) -> int | None:
    """What mitmproxy tells the caller after an error: nothing where it is gone, else 502."""
    if flow.response is not None:
        return flow.response.status_code
    gone = "disconnect" in message.lower() or "killed" in message.lower()
    return None if gone else 502

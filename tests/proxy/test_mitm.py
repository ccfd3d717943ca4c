"""One test for each thing of mitmproxy's insides that we rely on, in its own process's real objects.

The behaviour behind them (a reset is a reset, a listener that is dropped stops) is what the other tests of this
folder see from outside; these name the row that a new mitmproxy broke.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():  # what it depends on deprecates one another
    warnings.simplefilter("ignore")
    from mitmproxy import log, master, options
    from mitmproxy.addons import clientplayback, next_layer, proxyserver, tlsconfig
    from mitmproxy.connection import Client
    from mitmproxy.http import Headers, Response
    from mitmproxy.proxy import layers, mode_specs, server
    from mitmproxy.proxy.context import Context
    from mitmproxy.proxy.layer import NextLayer
    from mitmproxy.proxy.layers.http import _base, _events, _http2
    from mitmproxy.test.tflow import tflow, treq

from flowprobe.proxy import mitm
from flowprobe.proxy.certificates import Forger
from flowprobe.proxy.kept_ports import hold


def test_nothing_is_missing() -> None:
    assert mitm.missing_symbols() == []


@pytest.mark.parametrize(("owner", "name"), [
    (master.Master, "run"),
    (log.MitmLogHandler, "uninstall"),
    (proxyserver.Servers, "update"),
    (proxyserver.Proxyserver, "load"),
    (mode_specs.ProxyMode, "parse"),
    (next_layer.NextLayer, "next_layer"),
    (tlsconfig.TlsConfig, "tls_start_client"),
    (clientplayback.ReplayHandler, "replay"),
    (tlsconfig.TlsConfig, "get_cert"),
    (_http2.Http2Connection, "is_closed"),
    (_http2.h2.events, "RequestReceived"),
    (_base.ReceiveHttp, "event"),
    (_events.RequestHeaders, "request"),
])
def test_what_is_missing_is_named(owner: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in ("event", "request"):
        monkeypatch.setattr(owner, "__annotations__", {})
    elif name == "load":
        monkeypatch.delattr(owner, "is_running", raising=False)
        monkeypatch.setattr(owner, "__annotations__", {})
    else:
        monkeypatch.delattr(owner, name)
    assert mitm.missing_symbols()


class Nothing:
    """An addon without hooks."""


def in_engine(check: Callable[[mitm.Engine, list[str]], object], folder: Path) -> None:
    """Run a check on an engine with a reverse and two forward listeners."""

    async def run() -> None:
        specs = ["reverse:http://edge-0.invalid@127.0.0.1:0", "regular@0", "regular@127.0.0.1:0"]
        engine = mitm.Engine.ours(specs, Nothing(), confdir=folder, upstream_ca=None)
        try:
            bound = await engine.start()
            assert sorted(each.spec for each in bound) == sorted(specs)
            assert len({each.address[1] for each in bound}) == len(specs)
            assert {each.address[0] for each in bound} == {"127.0.0.1"}
            waiting = check(engine, [each.spec for each in bound])
            if waiting is not None:
                await waiting
        finally:
            await engine.stop_listening()
            engine._master.shutdown()
            assert engine._running
            await engine._running

    asyncio.run(run())


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def test_listeners_on_free_ports_can_be_dropped_one_by_one(tmp_path: Path) -> None:
    async def check(engine: mitm.Engine, specs: list[str]) -> None:
        ports = {s.mode.full_spec: s.listen_addrs[0][1] for s in engine._server.servers}
        await engine.drop(specs[0])
        assert [await accepts(ports[spec]) for spec in specs] == [False, True, True]
        await engine.stop_listening()
        assert not any([await accepts(port) for port in ports.values()])

    in_engine(check, tmp_path)


def test_a_listener_that_was_dropped_listens_again_on_its_port(tmp_path: Path) -> None:
    async def run() -> None:
        holder = hold("127.0.0.1", 0)
        assert holder
        port = holder.getsockname()[1]
        spec = f"reverse:http://edge-0.invalid@127.0.0.1:{port}"
        engine = mitm.Engine.ours([spec, "regular@0"], Nothing(), confdir=tmp_path, upstream_ca=None)
        await engine.start()
        for _ in range(3):
            await engine.drop(spec)
            assert not await accepts(port)
            assert await engine.listen(spec)
            assert await accepts(port)
        await engine.drop(spec)
        with socket.socket() as other:  # somebody sits there after all
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()
            assert not await engine.listen(spec)
        assert await engine.listen(spec)
        await engine.stop_listening()
        holder.close()
        engine._master.shutdown()
        assert engine._running
        await engine._running

    asyncio.run(run())


def test_connections_are_ended_when_that_returns(tmp_path: Path) -> None:
    async def check(engine: mitm.Engine, specs: list[str]) -> None:
        port = next(iter(engine._server.servers)).listen_addrs[0][1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not (clients := engine.clients_of(specs[0])):
            await asyncio.sleep(0.001)
        assert engine.client(clients[0].id) is clients[0]
        await engine.end(clients)
        assert engine.client(clients[0].id) is None
        assert await reader.read() == b""
        writer.close()

    in_engine(check, tmp_path)


def test_a_client_can_be_shown_another_certificate_once(tmp_path: Path) -> None:
    def check(engine: mitm.Engine, _: list[str]) -> None:
        context = Context(Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), timestamp_start=0.0),
                          engine._master.options)
        context.client.sni = "api.mail.example"
        expired = Forger(engine.authority).make("expired", "api.mail.example")
        engine.show(context.client, expired)
        assert engine._certificates.get_cert(context).privatekey is expired.key
        assert engine._certificates.get_cert(context).privatekey is not expired.key

    in_engine(check, tmp_path)


def test_http2_connections_are_ours() -> None:
    assert layers.http.Http2Server is mitm._Http2Server
    assert "Http2Server(self.context" in Path(layers.http.__file__).read_text()


def test_the_authority_is_written_where_we_say(tmp_path: Path) -> None:
    in_engine(lambda *_: None, tmp_path)
    assert (tmp_path / "mitmproxy-ca-cert.pem").exists()
    assert (tmp_path / "mitmproxy-ca.pem").stat().st_mode & 0o077 == 0


def test_a_connection_is_found_and_has_a_writer_and_a_limit(tmp_path: Path) -> None:
    async def check(engine: mitm.Engine, _: list[str]) -> None:
        port = next(iter(engine._server.servers)).listen_addrs[0][1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not engine._server.connections:
            await asyncio.sleep(0.001)
        handler = next(iter(engine._server.connections.values()))
        client = handler.client
        assert engine.handler(client.id) is handler
        assert engine.client_at(client.peername) is client
        assert mitm.spec_of(client) == next(iter(engine._server.servers)).mode.full_spec
        assert mitm._writer(engine, client)
        engine.unlimit(client)
        assert handler.max_conns["somewhere", 80]._value == mitm._CONNECTIONS_PER_CLIENT
        mitm.reset(engine, client)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        while engine._server.connections:
            await asyncio.sleep(0.001)
        mitm.reset(engine, client)  # gone already: harmless

    in_engine(check, tmp_path)


def a_layer(spec: str, address: tuple[str, int] | None) -> NextLayer:
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), timestamp_start=0.0)
    client.proxy_mode = mode_specs.ProxyMode.parse(spec)
    context = Context(client, options.Options())
    context.server.address = address
    return NextLayer(context)


def test_a_tunnel_has_a_target_on_forward_listeners_only() -> None:
    assert mitm.tunnel_target(a_layer("regular@0", ("x.example", 443))) == ("x.example", 443)
    assert mitm.tunnel_target(a_layer("regular@0", None)) is None
    assert mitm.tunnel_target(a_layer("reverse:http://x@0", ("x", 80))) is None


def test_a_tunnel_is_relayed_without_a_flow() -> None:
    layer = a_layer("regular@0", ("x.example", 443))
    mitm.use_tunnel(layer)
    assert isinstance(layer.layer, layers.TCPLayer)
    assert layer.layer.flow is None


@pytest.mark.parametrize(("text", "crashed"), [
    ("mitmproxy has crashed!", True), ("Addon error: no", False), ("Unhandled error in task.", False),
])
def test_errors_in_mitmproxys_log_are_heard(text: str, crashed: bool) -> None:
    heard: list[mitm.Trouble] = []
    watch = mitm.LogWatch(heard.append)
    watch.install()
    try:
        raise_in_log(text)
    finally:
        logging.getLogger("mitmproxy").removeHandler(watch)
    assert [(trouble.crashed, trouble.peername) for trouble in heard] == [(crashed, ("127.0.0.1", 7))]
    assert "KeyError" in heard[0].detail


def raise_in_log(text: str) -> None:
    try:
        raise KeyError("seed")
    except KeyError:
        logging.getLogger("mitmproxy.proxy.server").error(text, exc_info=True, extra={"client": ("127.0.0.1", 7)})


def test_the_line_that_we_wait_for_is_the_one_that_it_writes() -> None:
    source = Path(server.__file__).read_text()
    assert "mitmproxy has crashed!" in source
    assert "extra={\"client\": self.client.peername}" in source


def test_options_that_nobody_has_declared_so_far_are_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = options.Options()
    chosen.set("provider.mail=mail.example", defer=True)
    monkeypatch.setattr("mitmproxy.ctx.options", chosen, raising=False)
    assert (mitm.unclaimed_options("provider."), mitm.options_of("listen_")) == (["provider.mail"], ["listen_host", "listen_port"])
    assert mitm.option("mode") == ["regular"]


def test_messages_are_made_without_a_check_of_every_part(tmp_path: Path) -> None:
    """As with `python -O`; what they are made of is what it would be with it."""
    async def made() -> None:
        mitm.Engine.ours([], object(), confdir=tmp_path, upstream_ca=None)

    asyncio.run(made())
    assert Response.make(status_code="200").data.status_code == "200"  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2.0"])
def test_a_redirected_request_names_its_new_host_once(version: str) -> None:
    flow = tflow(req=treq(http_version=version.encode(), headers=Headers([(b"hOST", b"old"), (b"x", b"1"), (b"host", b"older")])))
    mitm.redirect(flow, scheme="https", host="new.example", port=8443, authority="new.example:8443")
    assert (flow.request.scheme, flow.request.host, flow.request.port) == ("https", "new.example", 8443)
    assert flow.request.host_header == "new.example:8443"
    assert flow.request.headers.get_all("host") in ([], ["new.example:8443"])
    assert flow.request.headers["x"] == "1"

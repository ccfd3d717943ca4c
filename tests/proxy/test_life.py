"""How a proxy starts, fails to start, fails in its hooks, and ends."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flowprobe.core.events import HookFailed, ProxyStarted
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.errors import ToolFailed
from flowprobe.journal.reader import read_stream
from flowprobe.proxy.authority import Authority, sweep
from flowprobe.proxy.process import INTERPRETER_VARIABLE, EdgeSpec, ProxyProcess
from tests.proxy.rig import BODY, Origin, Rig, fault, marks, new_trial, plan, run_proxy, until


@contextmanager
def failing(edges: list[EdgeSpec], tmp_path: Path) -> Iterator[ProxyProcess]:
    proxy = ProxyProcess(run="r", edges=edges, journal=tmp_path / "proxy.jsonl", owned=False)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()


def payments(**options: object) -> EdgeSpec:
    return EdgeSpec("payments", "reverse", "http://127.0.0.1:9", **options)


def test_a_proxy_says_what_it_is(rig: Rig) -> None:
    started = rig.events()[0]
    assert isinstance(started, ProxyStarted)
    assert (started.edges, started.mitmproxy) == (rig.ready.edges, rig.ready.mitmproxy)
    assert 0 < rig.ready.own_cost_s < 0.1
    assert abs(rig.ready.clock_offset_s) < 1
    assert "user_proxy" not in repr(rig.ready)
    assert rig.ready.user_proxy.rpartition("@")[2] not in ("", rig.ready.user_proxy)
    assert rig.ready.user_proxy.split("//")[1].split("@")[0] not in rig.journal.read_text()


def test_the_folder_of_the_authority_is_private(rig: Rig) -> None:
    assert rig.ready.ca_cert
    folder = Path(rig.ready.ca_cert).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in Path(rig.ready.ca_cert).read_text()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with failing([payments(listen=("127.0.0.1", port))], tmp_path) as proxy:
            with pytest.raises(ToolFailed, match=str(port)):
                proxy.ready()
            assert proxy.lost.wait(15)


@pytest.mark.parametrize(("edge", "says"), [
    (payments(listen=("0.0.0.0", 0)), "use 127.0.0.1"),
    (EdgeSpec("payments", "reverse"), "no upstream"),
    (EdgeSpec("payments", "reverse", "ftp://x"), "must be a URL"),
    (EdgeSpec("undeclared", "reverse", "http://x"), "reserved"),
])
def test_edges_that_cannot_be_are_refused_at_once(edge: EdgeSpec, says: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=says):
        ProxyProcess(run="r", edges=[edge], journal=tmp_path / "proxy.jsonl", owned=False)


@pytest.mark.parametrize(("sabotage", "says"), [
    ("import mitmproxy.addons.proxyserver as p; del p.Servers.update", "lacks.*Servers.update"),
    ("import sys; sys.modules['mitmproxy'] = None", "mitmproxy cannot be used"),
])
def test_another_mitmproxy_stops_the_proxy_at_start(
    sabotage: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(sabotage)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with failing([payments()], tmp_path) as proxy, pytest.raises(ToolFailed, match=says):
        proxy.ready()


def test_a_child_that_dies_in_its_cradle_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.write(2, b'no such luck'); os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with failing([payments()], tmp_path) as proxy, pytest.raises(ToolFailed, match="no such luck"):
        proxy.ready()


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INTERPRETER_VARIABLE, "/nowhere/python")
    with pytest.raises(ToolFailed, match="/nowhere/python"):
        ProxyProcess(run="r", edges=[payments()], journal=tmp_path / "p.jsonl", owned=False).start()


def test_a_journal_that_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "proxy.jsonl").write_text("precious\n")
    with failing([payments()], tmp_path) as proxy, pytest.raises(ToolFailed, match="a folder of its own"):
        proxy.ready()
    assert (tmp_path / "proxy.jsonl").read_text() == "precious\n"


def test_a_proxy_that_dies_is_noticed(tmp_path: Path, origin: Origin) -> None:
    with run_proxy(tmp_path, origin) as rig:
        os.kill(rig.proxy.pid, signal.SIGKILL)
        assert rig.proxy.lost.wait(15)
        assert not rig.proxy.alive
        assert "process ended" in rig.proxy.reason
        with pytest.raises(ToolFailed, match="is gone"):
            rig.proxy.apply(lease="l", trial=new_trial(), plan=plan(), seed=1)
    assert rig.ready.ca_cert
    folder = Path(rig.ready.ca_cert).parent
    assert folder.exists()  # nobody could remove it
    until(lambda: folder in sweep() or not folder.exists())
    assert not folder.exists()


def test_closing_lets_go_of_what_is_held_and_leaves_nothing_behind(tmp_path: Path, origin: Origin) -> None:
    from concurrent.futures import ThreadPoolExecutor

    trial = new_trial()
    with run_proxy(tmp_path, origin) as rig, rig.client() as client, ThreadPoolExecutor(1) as pool:
        rig.proxy.apply(lease="l", trial=trial, plan=plan(fault(Hang(60))), seed=1)
        call = pool.submit(client.get, "/v1/x", headers=marks(trial))
        until(lambda: rig.proxy.drain(trial, timeout_s=0).open)
        rig.proxy.close()
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            call.result(5)
    assert [receipt.detail for receipt in rig.receipts(trial)] == ["the lease ended"]
    assert rig.ready.ca_cert
    assert not Path(rig.ready.ca_cert).parent.exists()
    assert read_stream(rig.journal).gaps == ()
    rig.proxy.close()


def test_a_living_proxys_authority_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living = Authority()
    assert sweep(tmp_path) == []
    assert living.folder.exists()
    living.remove()
    assert not living.folder.exists()


@pytest.mark.parametrize("hook", ["request", "arrived", "response"])
def test_a_hook_that_fails_injects_nothing_and_says_so(tmp_path: Path, origin: Origin, hook: str) -> None:
    trial = new_trial()
    harm = Status(503) if hook in ("request", "arrived") else Latency(0.01)
    with (
        run_proxy(tmp_path, origin, fail_in=hook) as rig, rig.client() as client, rig.armed(trial, fault(harm)),
    ):
        assert client.get("/v1/x", headers=marks(trial)).content == BODY
    failures = [event for event in rig.events() if isinstance(event, HookFailed)]
    assert [failure.hook for failure in failures] == [hook]
    assert rig.proxy.reason == "closed"


@pytest.mark.parametrize("hook", ["requestheaders", "http_connect"])
def test_a_guard_that_fails_lets_nothing_through(tmp_path: Path, origin: Origin, hook: str) -> None:
    origin.calls.clear()
    with run_proxy(tmp_path, origin, fail_in=hook) as rig, rig.client("mail") as client:
        url = "https://api.mail.example/x" if hook == "http_connect" else "http://mail.example/x"
        with pytest.raises(httpx.HTTPError):
            client.get(url)
    assert [event.hook for event in rig.events() if isinstance(event, HookFailed)] == [hook]
    assert origin.calls == []


def test_without_an_injector_everything_is_recorded_and_nothing_happens(tmp_path: Path, origin: Origin) -> None:
    trial = new_trial()
    with run_proxy(tmp_path, origin, injector=False) as rig, rig.client() as client:
        with rig.armed(trial, fault(Status(503))):
            assert client.get("/v1/x", headers=marks(trial)).status_code == 200
        assert (len(rig.exchanges(trial)), rig.receipts(trial)) == (1, [])


def test_a_product_that_we_started_works_for_its_only_trial(tmp_path: Path, origin: Origin) -> None:
    first, second = new_trial(), new_trial()
    with run_proxy(tmp_path, origin, owned=True) as rig, rig.client() as client:
        def code() -> int:
            return client.get("/v1/x").status_code

        with rig.armed(first, fault(Status(503))):
            assert code() == 503
            with rig.armed(second, fault(Status(429))):
                assert code() == 200
            assert code() == 200  # the second may still be at work
            rig.proxy.drain(second, timeout_s=10)
            assert code() == 503
    assert [exchange.evidence for exchange in rig.exchanges(first)] == ["owned", "owned"]
    assert [exchange.evidence for exchange in rig.exchanges(None)] == ["none", "none"]


def test_a_journal_that_cannot_be_written_ends_the_faults_and_is_told(
    tmp_path: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = (  # without bytecode: a file that was cut short would break every later start
        "import resource, sys; sys.dont_write_bytecode = True; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))"
    )
    (tmp_path / "sitecustomize.py").write_text(full)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    trial = new_trial()
    with run_proxy(tmp_path, origin) as rig, rig.client() as client:
        rig.proxy.apply(lease="l", trial=trial, plan=plan(fault(Status(503))), seed=1)
        until(lambda: client.get("/v1/x", headers=marks(trial)).status_code == 200)
        assert rig.proxy.lost.wait(15)
        assert "cannot write the journal" in rig.proxy.reason
        assert client.get("/v1/x", headers=marks(trial)).content == BODY


def test_trailers_end_the_call_and_are_told(rig: Rig, trial: str) -> None:
    """mitmproxy gives up on a connection whose reply has trailers, and would leave its caller waiting."""
    with rig.armed(trial), rig.client() as client, pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get("/trailers", headers=marks(trial))
    until(lambda: [event for event in rig.events() if isinstance(event, HookFailed)])
    failure = [event for event in rig.events() if isinstance(event, HookFailed)][-1]
    assert (failure.hook, failure.trial) == ("mitmproxy", trial)
    assert "trailers" in failure.detail

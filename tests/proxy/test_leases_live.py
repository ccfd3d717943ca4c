"""Leases in a running proxy: what ends a fault, and what drain waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from flowprobe.core.events import LeaseEnded
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Limit, When
from flowprobe.errors import ToolFailed
from flowprobe.journal.reader import read_stream
from tests.proxy.rig import BODY, Rig, fault, marks, new_trial, plan, until


def ended(rig: Rig, trial: str) -> list[str]:
    return [e.reason for e in rig.events() if isinstance(e, LeaseEnded) and e.lease == f"lease-{trial}"]


def test_a_hang_is_let_go_on_release(rig: Rig, trial: str) -> None:
    with rig.client() as client, ThreadPoolExecutor(1) as pool:
        with rig.armed(trial, fault(Hang(60))):
            call = pool.submit(client.get, "/v1/x", headers=marks(trial))
            _holds(rig, trial)
        with pytest.raises(httpx.RemoteProtocolError):
            call.result(5)
    assert rig.receipts(trial)[0].detail == "the lease ended"
    assert rig.origin.calls == []


def _holds(rig: Rig, trial: str) -> None:
    until(lambda: rig.proxy.drain(trial, timeout_s=0).open)


def test_a_delay_ends_on_release_and_the_call_goes_on(rig: Rig, trial: str) -> None:
    with rig.client() as client, ThreadPoolExecutor(1) as pool:
        with rig.armed(trial, fault(Latency(60))):
            call = pool.submit(client.get, "/v1/x", headers=marks(trial))
            _holds(rig, trial)
        assert call.result(5).status_code == 200
    receipt = rig.receipts(trial)[0]
    assert (receipt.detail, receipt.asked_s) == ("the lease ended", 60)
    assert receipt.slept_s < 30


def test_what_was_decided_before_a_release_does_not_happen_after_it(rig: Rig, trial: str) -> None:
    with rig.client() as client, ThreadPoolExecutor(1) as pool:
        with rig.armed(trial, fault(Body("html"))):
            call = pool.submit(client.get, "/gate", headers=marks(trial))
            until(lambda: rig.origin.calls)
        rig.origin.gate.set()
        assert call.result(5).content == BODY
    assert rig.receipts(trial) == []


def test_a_delay_that_a_release_ends_is_not_followed_by_an_answer(rig: Rig, trial: str) -> None:
    with rig.client() as client, ThreadPoolExecutor(1) as pool:
        with rig.armed(trial, fault(Latency(60), id="slow"), fault(Status(503), id="down")):
            call = pool.submit(client.get, "/v1/x", headers=marks(trial))
            _holds(rig, trial)
        assert call.result(5).status_code == 200
    assert [receipt.fault for receipt in rig.receipts(trial)] == ["slow"]


def test_a_caller_that_gives_up_during_a_delay_is_not_forwarded(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Latency(30))), rig.client(timeout=httpx.Timeout(10, read=1.5)) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/v1/x", headers=marks(trial))
        until(lambda: rig.exchanges(trial))
    kinds = [type(event).__name__ for event in rig.events() if getattr(event, "trial", "") == trial]
    assert kinds == ["LeaseApplied", "Injected", "ExchangeEnded"]
    assert rig.receipts(trial)[0].gave_up_s is not None
    assert rig.exchanges(trial)[0].status is None
    assert rig.origin.calls == []


def test_renewals_keep_a_lease_alive_beyond_its_time_to_live(rig: Rig, trial: str) -> None:
    with rig.client() as client, rig.armed(trial, fault(Status(503)), ttl_s=2.0):
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline:
            assert client.get("/v1/x", headers=marks(trial)).status_code == 503
    assert ended(rig, trial) == ["released"]


def test_a_lease_ends_at_its_ceiling_however_often_it_is_renewed(rig: Rig, trial: str) -> None:
    with rig.client() as client, rig.armed(trial, fault(Status(503)), ttl_s=3.0, ceiling_s=4.0):
        assert client.get("/v1/x", headers=marks(trial)).status_code == 503
        until(lambda: rig.proxy.ended.get(f"lease-{trial}"))
        assert client.get("/v1/x", headers=marks(trial)).status_code == 200
    assert ended(rig, trial) == ["ceiling"]


def test_a_hang_ends_with_the_ceiling_of_its_lease(rig: Rig, trial: str) -> None:
    with (
        rig.armed(trial, fault(Hang(60)), ceiling_s=2), rig.client() as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.get("/v1/x", headers=marks(trial))


def test_apply_replaces_the_rules_as_one(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503))), rig.client() as client:
        rig.proxy.apply(lease=f"lease-{trial}", trial=trial, plan=plan(fault(Status(429))), seed=1)
        assert client.get("/v1/x", headers=marks(trial)).status_code == 429
    assert [receipt.ordinal for receipt in rig.receipts(trial)] == [1]


def test_a_second_lease_on_one_trial_is_refused(rig: Rig, trial: str) -> None:
    with rig.armed(trial), pytest.raises(ToolFailed, match="is held by the lease"):
        rig.proxy.apply(lease="another", trial=trial, plan=plan(), seed=1)


def test_a_limit_of_injections_is_kept(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503), limit=Limit(injections=2))), rig.client() as client:
        codes = [client.get("/v1/x", headers=marks(trial)).status_code for _ in range(4)]
    assert codes == [503, 503, 200, 200]


def test_drain_waits_for_what_is_under_way_and_tells_the_journals_number(rig: Rig, trial: str) -> None:
    with rig.armed(trial), rig.client() as client, ThreadPoolExecutor(2) as pool:
        call = pool.submit(client.get, "/gate", headers=marks(trial))
        until(lambda: rig.origin.calls)
        assert rig.proxy.drain(trial, timeout_s=0.05).open == 1
        assert rig.proxy.drain(new_trial(), timeout_s=5).open == 0
        draining = pool.submit(rig.proxy.drain, trial, timeout_s=10)
        rig.origin.gate.set()
        drained = draining.result(10)
        assert call.result(10).status_code == 200
    assert drained.open == 0
    assert len(rig.exchanges(trial)) == 1
    assert drained.sequence <= rig._follower.last


def test_calls_at_once_suffer_as_often_as_calls_in_turn(rig: Rig) -> None:
    def hits(workers: int) -> int:
        trial = new_trial()
        some = fault(Status(503), when=When(probability=0.4))
        with rig.armed(trial, some, seed=7), rig.client() as client, ThreadPoolExecutor(workers) as pool:
            codes = pool.map(lambda _: client.get("/v1/x", headers=marks(trial)).status_code, range(40))
            assert list(codes).count(503) == len(rig.receipts(trial))
        return sorted(receipt.ordinal for receipt in rig.receipts(trial))

    assert hits(1) == hits(8)


# --- a controller that stops or dies ---

CONTROLLER = """
import sys, threading
from pathlib import Path
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, FaultPlan, Position
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

folder, upstream, trial = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
edges = [EdgeSpec("payments", "reverse", upstream), EdgeSpec("user", "forward", hosts={upstream: None})]
proxy = ProxyProcess(run="r", edges=edges, journal=folder / "proxy.jsonl", owned=False)
proxy.start()
ready = proxy.ready()
fault = Fault("f", "payments", Status(503), Position("", 0, 0))
proxy.apply(lease="l", trial=trial, plan=FaultPlan("p", (fault,)), seed=1, ttl_s=1.5)
print(proxy.pid, ready.edges["payments"], ready.ca_cert, flush=True)
threading.Event().wait()
"""


class Controller:
    """A runner in a process of its own, which has armed a fault and waits."""

    def __init__(self, folder: Path, upstream: str, trial: str) -> None:
        root = str(Path(__file__).resolve().parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, str(folder), upstream, trial], stdout=subprocess.PIPE, text=True,
            cwd=root, env={**os.environ, "PYTHONPATH": root},
        )
        assert self.process.stdout
        pid, self.url, authority = self.process.stdout.readline().split()
        self.proxy_pid, self.authority = int(pid), Path(authority)
        self.journal = folder / "proxy.jsonl"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


@pytest.fixture
def controller(rig: Rig, trial: str, tmp_path: Path):
    made = Controller(tmp_path, rig.origin.url, trial)
    yield made
    made.end()


def test_a_controller_that_stands_still_loses_its_lease(controller: Controller, trial: str) -> None:
    with httpx.Client(base_url=controller.url, trust_env=False) as client:
        assert client.get("/v1/x", headers=marks(trial)).status_code == 503
        controller.process.send_signal(signal.SIGSTOP)
        until(lambda: client.get("/v1/x", headers=marks(trial)).status_code == 200)
    until(lambda: [s.event for s in read_stream(controller.journal).stamped if isinstance(s.event, LeaseEnded)])
    reasons = [s.event.reason for s in read_stream(controller.journal).stamped if isinstance(s.event, LeaseEnded)]
    assert reasons == ["expired"]


def test_a_controller_that_dies_takes_its_proxy_with_it(controller: Controller) -> None:
    assert controller.authority.exists()
    controller.process.send_signal(signal.SIGKILL)
    until(lambda: is_gone(controller.proxy_pid))
    assert not controller.authority.parent.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(controller.url, trust_env=False)
    stream = read_stream(controller.journal)
    assert stream.gaps == ()
    assert isinstance(stream.stamped[-1].event, LeaseEnded)
    assert stream.stamped[-1].event.reason == "lost"

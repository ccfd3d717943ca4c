"""`flowprobe proxy` beside a product that somebody else started: runs that attach, people who look, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowprobe.core import tracing
from flowprobe.core.events import LeaseEnded
from flowprobe.journal.reader import read_stream
from flowprobe.product.ports import free_port
from tests.docs.documents import File, session
from tests.end_to_end.conftest import PRODUCT, Place, Result, _environment, wait_for

PROJECT = """\
flowprobe: 1
environments:
  beside:
    target: http://127.0.0.1:{product}
    providers:
      shop: {{url: "http://127.0.0.1:{provider}", listen: "127.0.0.1:{edge}"}}
      mail: {{url: https://api.mail.example, upstream: "http://127.0.0.1:{provider}", edge: forward}}
    proxy: unix:.flowprobe/proxy.sock
  elsewhere:
    target: http://127.0.0.1:{product}
    providers:
      shop: {{url: "http://127.0.0.1:{provider}"}}
  other:
    target: http://127.0.0.1:{product}
    providers:
      maps: {{url: "http://127.0.0.1:{provider}"}}
personas:
  pro-eu: {{team: t1}}
"""
JOURNEY = """\
flowprobe: 1
scenario: A journey beside others
personas: {admin: pro-eu}
workflow:
  - {step: ask, call: GET /provider, expect: {json: {provider: 200}, sends: {shop: {GET /v1/thing: 1}}}}
faults:
  shop-down: {shop: {status: 503}}
under:
  shop-down: {ask: {status: 502, json: {provider: 503}}}
"""
HELD = """\
flowprobe: 1
scenario: A journey that takes its time
personas: {admin: pro-eu}
workflow:
  - {step: wait, call: GET /sleep?5}
  - {step: ask, call: GET /provider}
faults:
  shop-down: {shop: {status: 503}}
"""
SLOW = "flowprobe: 1\nprofile: shop-down\nimitates: A shop that is closed\nfaults:\n  shop: {status: 503}\n"
HANGS = "flowprobe: 1\nprofile: shop-hangs\nimitates: A shop that is stuck\nfaults:\n  shop: {hang: 60s}\n"


@dataclass
class Beside:
    """A product and its provider, started by hand; the product's provider is the edge of a proxy that may stand. The
    product passes the headers `passes` on."""

    place: Place
    passes: str = "traceparent"
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("product", "provider", "edge")})
    out: Path = field(init=False)

    def __post_init__(self) -> None:
        self.out = self.place.folder / "proxy.out"
        (self.place.folder / "flowprobe.yaml").write_text(PROJECT.format(**self.ports))
        self.place.scenario(JOURNEY)
        self.place.scenario(HELD, "held.yaml")
        for name, text in (("shop-down", SLOW), ("shop-hangs", HANGS)):
            (self.place.folder / "proxies" / "profiles").mkdir(parents=True, exist_ok=True)
            (self.place.folder / "proxies" / "profiles" / f"{name}.yaml").write_text(text)
        self.place.start_python(str(PRODUCT), PORT=str(self.ports["provider"]))
        self.place.start_python(str(PRODUCT), PORT=str(self.ports["product"]), PROVIDER_URL=self.edge,
                                NOTES=str(self.place.notes), PASSES=self.passes)
        for name in ("product", "provider"):
            wait_for(lambda name=name: _listens(self.ports[name]), f"the {name}")

    @property
    def edge(self) -> str:
        return f"http://127.0.0.1:{self.ports['edge']}"

    @contextmanager
    def standing(self, *words: str, env: str = "beside", **environ: str) -> Iterator[subprocess.Popen[str]]:
        """`proxy run`, once it stands; ended by Ctrl-C, which has to be exit code 0."""
        process = self.begin("--env", env, "--json", *words, **environ)
        wait_for(lambda: self.lines() or process.poll() is not None, "the proxy")
        assert process.poll() is None, self.said()
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                assert process.wait(20) == 0, self.said()

    def begin(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        with self.out.open("w") as out, self.out.with_suffix(".err").open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "flowprobe", "proxy", "run", *words], cwd=self.place.folder, text=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={**_environment(), **environ}, start_new_session=True)
        self.place.running.append(process)
        return process

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text().split("\n")[:-1]]

    def said(self) -> str:
        return self.out.read_text() + self.out.with_suffix(".err").read_text()

    def proxy(self, command: str, *words: str) -> Result:
        return self.place.flowprobe("proxy", command, *words)

    def code(self, trial: str = "") -> int:
        """What a call to the shop through the edge comes to; of a trial, or of nobody."""
        headers = {"traceparent": tracing.traceparent(tracing.call_id(trial, 1, 1))} if trial else {}
        with httpx.Client(trust_env=False, timeout=5) as client:
            return client.get(f"{self.edge}/v1/x", headers=headers).status_code

    def folder(self) -> Path:
        (found,) = (self.place.folder / ".flowprobe" / "proxies").iterdir()
        return found

    def reasons(self) -> list[str]:
        stamped = read_stream(self.folder() / "proxy.jsonl").stamped
        return [each.event.reason for each in stamped if isinstance(each.event, LeaseEnded)]


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], object], what: str) -> float:
    """How long it took until a condition held."""
    began = time.monotonic()
    wait_for(holds, what, deadline_s=30)
    return time.monotonic() - began


@pytest.fixture
def beside(place: Place) -> Beside:
    return Beside(place)


# --- runs that attach ---


def test_a_run_attaches_and_faults_its_own_calls_alone(beside: Beside) -> None:
    codes: list[int] = []
    ended = threading.Event()

    def others() -> None:
        while not ended.is_set():
            codes.append(beside.code())

    with beside.standing(), ThreadPoolExecutor(1) as pool:
        noise = pool.submit(others)
        result = beside.place.run("journey.yaml", "--env", "beside")
        ended.set()
        noise.result(10)
        status = json.loads(beside.proxy("status", "--json").out)
    assert result.code == 0, result.out + result.err
    assert [trial["verdict"] for trial in result.json["trials"]] == ["pass", "degraded"]
    assert result.json["collateral"] == 0
    assert set(codes) == {200}
    assert (status["injections"], status["leases"], status["hook_failures"]) == ({"shop": 1}, [], 0)
    copy = read_stream(beside.place.latest() / "journal" / "proxy.jsonl")
    assert (copy.gaps, copy.torn, type(copy.stamped[0].event).__name__) == ((), False, "ProxyStarted")


def test_a_proxy_can_be_named_on_the_command_line(beside: Beside) -> None:
    with beside.standing("--control", "127.0.0.1:0"):
        control = beside.lines()[0]["control"]
        assert beside.place.run("journey.yaml", "--env", "elsewhere", "--proxy", control).code == 0
        without = beside.place.run("journey.yaml", "--env", "elsewhere", "--faults", "shop-down")
    assert without.code == 5
    assert "no `start` and no `proxy`" in without.err


def test_what_the_proxy_does_not_stand_before_is_said_before_the_first_trial(beside: Beside) -> None:
    with beside.standing(env="other"):
        result = beside.place.run("journey.yaml", "--env", "beside")
    assert result.code == 3
    assert "has no edge shop: it has" in result.out


def test_no_proxy_at_all_is_said_with_what_to_do(beside: Beside) -> None:
    absent = beside.place.run("journey.yaml", "--env", "beside")
    assert absent.code == 2
    assert "flowprobe proxy run" in absent.err
    (beside.place.folder / ".flowprobe").mkdir(exist_ok=True)
    token = beside.place.folder / ".flowprobe" / "proxy.sock.token"
    token.write_text("a token of yesterday")
    token.chmod(0o644)
    shown = beside.place.run("journey.yaml", "--env", "beside")
    assert (shown.code, "others can read this token" in shown.err) == (2, True)
    token.chmod(0o600)
    gone = beside.place.run("journey.yaml", "--env", "beside")
    assert gone.code == 3
    assert "nobody takes orders at unix:.flowprobe/proxy.sock" in gone.out
    assert "a token of yesterday" not in absent.err + shown.err + gone.out + gone.err


def test_a_product_that_we_start_has_a_proxy_of_its_own(beside: Beside) -> None:
    beside.place.project()
    result = beside.place.run("journey.yaml", "--env", "local", "--proxy", "127.0.0.1:9")
    assert (result.code, "with a proxy of its own" in result.err) == (2, True)


def test_the_user_edge_of_an_attached_run_is_that_of_the_proxy(beside: Beside) -> None:
    beside.place.scenario(JOURNEY.replace("shop-down: {shop: {status: 503}}", "slow: {user: {latency: 200ms}}")
                          .partition("under:")[0])
    with beside.standing():
        result = beside.place.run("journey.yaml", "--env", "beside")
    assert result.code == 0, result.out + result.err
    (receipt,) = [e for e in beside.place.events("proxy") if e["event"] == "Injected"]
    assert (receipt["edge"], receipt["kind"]) == ("user", "latency")
    assert receipt["realised_s"] >= 0.2


def test_a_profile_for_every_call_and_a_run_do_not_go_together(beside: Beside) -> None:
    with beside.standing("--profile", "shop-down", "--unscoped"):
        result = beside.place.run("journey.yaml", "--env", "beside")
    assert result.code == 3
    assert "shop-down is in force for every call" in result.out


# --- faults end ---


def _held(beside: Beside) -> tuple[subprocess.Popen[str], str]:
    """A run in the middle of a faulted trial, and the trial."""
    run = beside.place.start("run", "held.yaml", "--env", "beside", "--faults", "shop-down", "--json")
    trial = beside.place.wait_for_event("FaultsArmed")["trial"]
    wait_for(lambda: beside.code(trial) == 503, "the fault")
    return run, trial


def test_kill_9_of_the_runner_takes_its_faults_with_it_at_once(beside: Beside) -> None:
    with beside.standing():
        run, trial = _held(beside)
        run.send_signal(signal.SIGKILL)
        took = until(lambda: beside.code(trial) == 200, "the end of the fault")
        assert beside.code() == 200
        assert json.loads(beside.proxy("status", "--json").out)["leases"] == []
    assert took < 8  # a lease that nobody renews lives for 10 s
    assert beside.reasons()[-1] == "lost"


@pytest.mark.slow
def test_a_runner_that_stands_still_loses_its_lease_in_ten_seconds(beside: Beside) -> None:
    with beside.standing():
        run, trial = _held(beside)
        run.send_signal(signal.SIGSTOP)
        took = until(lambda: beside.code(trial) == 200, "the end of the lease")
        run.send_signal(signal.SIGKILL)
    assert 5 < took < 12
    assert "expired" in beside.reasons()


def test_a_proxy_that_dies_makes_the_run_inconclusive_and_ends_it(beside: Beside) -> None:
    with beside.standing() as process:
        run, _ = _held(beside)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda: not _listens(beside.ports["edge"]), "the end of the listener")
        result = beside.place.finish(run)
    assert result.code == 3
    assert result.json["trials"][-1]["blame"] == "tool"


def test_a_halt_ends_the_faults_of_a_run_which_says_so(beside: Beside) -> None:
    with beside.standing():
        run, trial = _held(beside)
        (fault,) = json.loads(beside.proxy("faults", "--json").out)
        halted = beside.proxy("halt")
        assert beside.code(trial) == 200
        result = beside.place.finish(run)
        status = beside.proxy("status")
        assert (halted.code, "quiet after" in halted.out) == (0, True)
        assert re.search(r"halted: the run \w+ .* puts no fault into force", status.out)
        assert beside.place.run("journey.yaml", "--env", "beside").code == 0  # a new run is a decision of now
    assert (fault["kind"], fault["trial"]) == ("status 503", trial)
    assert result.code == 3
    assert "ended early (halted)" in json.dumps(result.json)


def test_a_halt_is_quick_twenty_times_while_the_proxy_is_saturated_and_a_fault_hangs(beside: Beside) -> None:
    from flowprobe.core.faults.hang import Hang
    from flowprobe.core.scenario import Fault, FaultPlan, Position
    from flowprobe.proxy.addresses import Address
    from flowprobe.proxy.attached import AttachedProxy, Key

    ended = threading.Event()

    def load() -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not ended.is_set():
                client.get(f"{beside.edge}/v1/x")

    def hang(trial: str) -> str:
        try:
            with httpx.Client(trust_env=False, timeout=60) as client:
                headers = {"traceparent": tracing.traceparent(tracing.call_id(trial, 1, 1))}
                return str(client.get(f"{beside.edge}/v1/x", headers=headers).status_code)
        except httpx.HTTPError as error:
            return type(error).__name__

    plan = FaultPlan("p", (Fault("shop", "shop", Hang(60), Position("", 0, 0)),))
    took: list[float] = []
    with beside.standing(), ThreadPoolExecutor(40) as pool:
        token = (beside.place.folder / ".flowprobe" / "proxy.sock.token").read_text().strip()
        address = Address(path=os.path.relpath(beside.place.folder / ".flowprobe" / "proxy.sock"))
        loads = [pool.submit(load) for _ in range(24)]
        for number in range(20):
            trial = f"{0xB5B5000000000000 + number:016x}"
            with AttachedProxy(address, Key(token), name=f"run {number}") as run:
                run.apply(lease=trial, trial=trial, plan=plan, seed=1)
                held = pool.submit(hang, trial)
                wait_for(lambda run=run: run.faults()[0]["injections"], "the hang")
                began = time.monotonic()
                with AttachedProxy(address, Key(token), name=f"a person {number}") as person:
                    halted = person.halt()
                took.append(time.monotonic() - began)
                assert held.result(10) == "RemoteProtocolError"
                assert (halted["held"], halted["still_held"]) == (1, 0)
        ended.set()
        for each in loads:
            each.result(30)
    assert max(took) < 2, took


# --- a profile for every call ---


def test_a_profile_falls_on_every_call_until_its_time_is_up(beside: Beside) -> None:
    with beside.standing("--profile", "shop-down", "--unscoped", "--for", "2s"):
        assert beside.code() == 503
        assert beside.proxy("faults").out.startswith("shop         status 503           every call")
        until(lambda: beside.code() == 200, "the end of the profile")
        wait_for(lambda: any(line["event"] == "Notice" for line in beside.lines()), "the notice")
    assert beside.reasons() == ["ceiling"]


def test_a_profile_for_every_call_has_to_be_meant(beside: Beside) -> None:
    process = beside.begin("--env", "beside", "--profile", "shop-down")
    assert process.wait(30) == 2
    assert "would fall on every call to shop" in beside.said()
    assert "--unscoped" in beside.said()


def test_a_profile_goes_with_the_process_that_asked_for_it(beside: Beside) -> None:
    """Its person is gone: so is the proxy, with the fault."""
    with beside.standing("--profile", "shop-hangs", "--unscoped", "--ttl", "2s") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        took = until(lambda: not _listens(beside.ports["edge"]), "the end of the proxy")
    assert took < 3


@pytest.mark.parametrize(("words", "says"), [
    (("--profile", "shop-dwn", "--unscoped"), "did you mean 'shop-down'?"),
    (("--profile", "shop-down", "--unscoped", "--for", "61m"), "at most an hour"),
    (("--profile", "slow-payments", "--unscoped"), "falls on the provider 'payments'"),
    (("--providers", "shop,maps"), "has no provider 'maps'"),
    (("--provider", "shop=ftp://x"), "is no provider"),
    (("--provider", "user=http://x.example"), "taken by FlowProbe itself"),
    (("--listen", "nowhere:99999"), "nowhere to listen"),
    (("--control", "somewhere"), "nowhere that a proxy could take orders"),
    (("--print-env", "cmd"), "write one of bash"),
    (("--control-cert", "x.pem"), "go together"),
    (("--unscoped",), "--unscoped is about a profile"),
    (("--for", "5m"), "--for is about a profile"),
])
def test_what_cannot_be_is_said_before_anything_listens(beside: Beside, words: tuple[str, ...], says: str) -> None:
    process = beside.begin("--env", "beside", *words)
    assert process.wait(30) == 2, beside.said()
    assert says in beside.said()


def test_an_address_that_is_taken_is_said_with_whose_it_was_to_be(beside: Beside) -> None:
    with beside.standing():
        port = beside.place.flowprobe("proxy", "run", "--env", "beside", "--control", "127.0.0.1:0")
        socket_ = beside.place.flowprobe("proxy", "run", "--env", "elsewhere")
        edge = f"127.0.0.1:{beside.ports['edge']}"
        control = beside.place.flowprobe("proxy", "run", "--env", "elsewhere", "--control", edge)
        assert beside.proxy("status").code == 0  # the first one stands as before
    assert (port.code, socket_.code, control.code) == (2, 2, 2), port.err + socket_.err + control.err
    assert f"the edge shop cannot listen on {edge}: Address already in use" in port.err
    assert "a proxy may stand here already: `flowprobe proxy status`" in port.err
    assert "another proxy takes orders at unix:.flowprobe/proxy.sock already" in socket_.err
    assert "flowprobe proxy status" in socket_.err
    assert f"the proxy cannot take orders at {edge}: Address already in use" in control.err
    assert not [text for text in (port.err, socket_.err, control.err) if "itself failed" in text or ".invalid" in text]


# --- what the product is given ---


def exported(beside: Beside) -> dict[str, str]:
    """What a shell that has read the file has."""
    listing = f"set -a; . {beside.out}; env -0"
    env = subprocess.run(["bash", "-c", listing], capture_output=True, text=True, check=True, env=_environment())
    return dict(pair.split("=", 1) for pair in env.stdout.split("\0") if "=" in pair)


PYTHON = """
import os, sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).status)
"""
HTTPX = "import httpx, sys; print(httpx.get(sys.argv[1]).status_code)"
NODE = "fetch(process.argv[1]).then(r => console.log(r.status), e => console.log(String(e.cause || e)))"


@pytest.mark.parametrize(("client", "command", "through"), [
    ("urllib", [sys.executable, "-c", PYTHON], "proxy"), ("httpx", [sys.executable, "-c", HTTPX], "proxy"),
    ("curl", ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}\n"], "proxy"), ("node", ["node", "-e", NODE], "base"),
])
def test_each_client_comes_through_with_what_it_is_given(
    beside: Beside, client: str, command: list[str], through: str
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{client} is not here")
    process = beside.begin("--env", "beside", "--print-env", "bash")
    wait_for(lambda: beside.out.read_text() or process.poll() is not None, "the variables")
    env = exported(beside)
    url = "https://api.mail.example" if through == "proxy" else env["FLOWPROBE_MAIL_URL"]
    done = subprocess.run([*command, f"{url}/health"], env=env, capture_output=True, text=True, timeout=60, check=False)
    status = json.loads(beside.proxy("status", "--json").out)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert done.stdout.strip() == "200", done.stderr + beside.said()
    assert status["calls"] == {"mail": 1}


def test_beyond_loopback_the_product_shows_a_token_that_nobody_else_sees(beside: Beside) -> None:
    process = beside.begin("--env", "beside", "--listen", "0.0.0.0", "--print-env", "json")
    wait_for(lambda: beside.out.read_text() or process.poll() is not None, "the variables")
    env = json.loads(beside.out.read_text())
    token = re.match(r"http://flowprobe:([\w-]+)@", env["HTTPS_PROXY"])[1]  # type: ignore[index]
    base = env["FLOWPROBE_SHOP_URL"].replace(socket.gethostname(), "127.0.0.1")
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{base}/v1/x").status_code == 200
        assert client.get(f"{base.replace(token, 'x')}/v1/x").status_code == 403
    status = beside.proxy("status")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    others = [beside.out.with_suffix(".err").read_text(), status.out, (beside.folder() / "proxy.jsonl").read_text()]
    assert base.startswith(f"http://127.0.0.1:{beside.ports['edge']}/")
    assert not [text for text in others if token in text]
    assert "…" in others[0]


def test_the_token_of_control_is_in_one_file_of_its_owner_and_goes_with_the_proxy(beside: Beside) -> None:
    with beside.standing() as process:
        file = beside.place.folder / ".flowprobe" / "proxy.sock.token"
        token = file.read_text().strip()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        seen = [beside.proxy(each) for each in ("status", "faults", "halt")]
        running = beside.place.descendants(process) | {process.pid}
        argv = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in running)
        run = beside.place.run("journey.yaml", "--env", "beside")
    assert len(token) >= 32
    assert not file.exists()
    assert token.encode() not in argv
    assert not any(token in each.out + each.err for each in (*seen, run))
    written = [path for path in beside.place.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if token.encode() in path.read_bytes() or b"PRIVATE KEY" in path.read_bytes()]


def test_a_token_may_come_from_a_variable(beside: Beside) -> None:
    token = "a-token-from-the-secret-store"
    with beside.standing(FLOWPROBE_PROXY_TOKEN=token):
        assert not (beside.place.folder / ".flowprobe" / "proxy.sock.token").exists()
        assert beside.place.flowprobe("proxy", "status", FLOWPROBE_PROXY_TOKEN=token).code == 0
        wrong = beside.place.flowprobe("proxy", "halt", FLOWPROBE_PROXY_TOKEN=token + "x")
        assert (wrong.code, "the proxy at unix:.flowprobe/proxy.sock refused the token" in wrong.err) == (2, True)
        assert "gone" not in wrong.err
        run = beside.place.flowprobe("run", "journey.yaml", "--env", "beside", FLOWPROBE_PROXY_TOKEN=token + "x")
        assert (run.code, "refused the token" in run.out) == (3, True)
        assert token not in wrong.err
        assert beside.proxy("status").code == 2


def test_the_variable_may_have_the_whole_file_and_an_address_with_tls_says_what_it_lacks(beside: Beside) -> None:
    with beside.standing("--control", "0.0.0.0:0"):
        first = beside.lines()[0]
        port = first["control"].rpartition(":")[2]
        whole = (beside.place.folder / first["token_file"]).read_text()
        assert whole.split() == [whole.split()[0], first["fingerprint"]]
        look = ("proxy", "status", "--control", f"127.0.0.1:{port}")
        seen = beside.place.flowprobe(*look, FLOWPROBE_PROXY_TOKEN=whole)
        without = beside.place.flowprobe(*look, FLOWPROBE_PROXY_TOKEN=whole.split()[0])
    assert seen.code == 0, seen.err
    assert (without.code, "speaks TLS and needs the fingerprint" in without.err) == (2, True), without.err


def test_it_stands_without_any_project(beside: Beside) -> None:
    (beside.place.folder / "flowprobe.yaml").unlink()
    process = beside.begin("--provider", f"shop=http://127.0.0.1:{beside.ports['provider']}", "--listen",
                           f"127.0.0.1:{beside.ports['edge']}")
    wait_for(lambda: "FLOWPROBE_SHOP_URL" in beside.out.read_text() or process.poll() is not None, "the proxy")
    assert beside.code() == 200
    wait_for(lambda: "GET    /v1/x  200" in beside.out.read_text(), "its line")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0, beside.said()
    assert "the faults are off and the proxy has ended" in beside.said()


# --- the page ---


def test_the_how_to_can_be_followed(place: Place) -> None:
    """docs/how-to/stand-beside-an-app.md, with free ports in place of those on the page; what it starts in the
    background is ended before the next of its kind."""
    ports = {"8000": free_port(), "9001": free_port(), "9100": free_port()}
    place.start_python(str(PRODUCT), PORT=str(ports["9001"]))
    bin_folder = place.folder / "bin"
    bin_folder.mkdir()
    for name, words in (("flowprobe", '-m flowprobe "$@"'), ("acme-server", f'"{PRODUCT}"')):
        (bin_folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}\n')
        (bin_folder / name).chmod(0o755)
    environ = {**_environment(), "PORT": str(ports["8000"])}
    environ["PATH"] = f"{bin_folder}:{environ['PATH']}"
    proxies: list[subprocess.Popen[str]] = []
    for thing in session(Path("docs/how-to/stand-beside-an-app.md")):
        if isinstance(thing, File):
            text = re.sub(r"127\.0\.0\.1:(\d+)", lambda found: f"127.0.0.1:{ports[found[1]]}", thing.text)
            (place.folder / thing.name).write_text(text)
        elif thing.text.endswith("&"):
            _in_background(place, thing.text.removesuffix("&"), environ, proxies)
        else:
            done = subprocess.run(["bash", "-c", thing.text], cwd=place.folder, env=environ, capture_output=True, text=True,
                                  timeout=60, check=False)
            assert done.returncode == thing.code, f"{thing.text}\n{done.stdout}\n{done.stderr}"
    _end(proxies)


def _in_background(place: Place, command: str, environ: dict[str, str], proxies: list[subprocess.Popen[str]]) -> None:
    stands = "proxy run" in command
    if stands:
        _end(proxies)
        (place.folder / "proxy.env").unlink(missing_ok=True)
    command = command.replace("PAYMENTS_URL=$", "PROVIDER_URL=$")  # the product of these tests calls it so
    process = subprocess.Popen(["bash", "-c", f"exec {command}" if stands else command.replace("acme", "exec acme")],
                               cwd=place.folder, env=environ, text=True, start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    place.running.append(process)
    if not stands:
        wait_for(lambda: _listens(int(environ["PORT"])), "the product")
        return
    proxies.append(process)
    sign = place.folder / ("proxy.env" if ">" in command else ".flowprobe/proxy.sock.token")
    wait_for(lambda: process.poll() is not None or (sign.exists() and sign.read_text()), "the proxy")
    assert process.poll() is None, command


def _end(proxies: list[subprocess.Popen[str]]) -> None:
    while proxies:
        process = proxies.pop()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0

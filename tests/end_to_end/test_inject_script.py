"""`mitmdump -s proxies/inject.py`, for real: whose calls suffer, what is printed, and what it says where it cannot."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.docs.documents import commands

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "proxies" / "inject.py"
MITMDUMP = Path(sys.executable).with_name("mitmdump")
DEADLINE_S = 30.0
BODY = b'{"ok": true}'

DOWN = "{payments: {status: 503}, mail: {status: 429}, user: {status: 418}}"
COIN = "{provider: {status: 503, when: {probability: 0.5}}}"
GONE = "{provider: {reset: request}}"


class _Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[int]:
    """The port of a server that answers everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class Dump:
    """A mitmdump with the script, and what it has printed so far."""

    def __init__(self, folder: Path, words: tuple[str, ...], environ: dict[str, str] | None = None) -> None:
        command = [str(MITMDUMP), "--listen-host", "127.0.0.1", "-p", "0", "--set", f"confdir={folder / 'mitm'}",
                   "-s", str(SCRIPT), *words]
        self.process = subprocess.Popen(
            command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})})
        self.text = ""
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as printed:
            for line in printed:
                self.text += line

    def wait_for(self, pattern: str) -> re.Match[str]:
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until and not re.search(pattern, self.text):
            time.sleep(0.01)
        found = re.search(pattern, self.text)
        assert found, f"{pattern!r} is not in what mitmdump printed:\n{self.text}"
        return found

    @property
    def url(self) -> str:
        return "http://" + self.wait_for(r"(?:listening at|proxy to .* at|listening on) [^\n]*?(127\.0\.0\.1:\d+)")[1]

    def client(self) -> httpx.Client:
        return httpx.Client(proxy=self.url, trust_env=False, timeout=DEADLINE_S)

    def injected(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith("flowprobe: ") and " is on: " not in line]

    def ended(self) -> int:
        code = self.process.wait(DEADLINE_S)
        self._reading.join(DEADLINE_S)
        return code

    def stop(self) -> None:
        self.process.terminate()
        self.ended()


Start = Callable[..., Dump]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a mitmdump with these words; `faults` become the profile of the file ours.yaml."""
    running: list[Dump] = []

    def begin(*words: str, faults: str = "", environ: dict[str, str] | None = None) -> Dump:
        if faults:
            (tmp_path / "ours.yaml").write_text(f"flowprobe: 1\nprofile: ours\nimitates: A bad day\nfaults: {faults}\n")
            words = ("--set", "profile=ours.yaml", *words)
        running.append(Dump(tmp_path, words, environ))
        return running[-1]

    yield begin
    for dump in running:
        dump.stop()


def statuses(dump: Dump, *urls: str) -> list[int]:
    with dump.client() as client:
        return [client.get(url).status_code for url in urls]


def test_a_profile_that_ships_falls_on_the_named_host_and_on_no_other(start: Start, origin: int) -> None:
    dump = start("--set", "profile=slow-payments", "--set", "provider=localhost")
    dump.wait_for("flowprobe: slow-payments is on: A payment provider")
    with dump.client() as client:
        slow = client.get(f"http://localhost:{origin}/v1/charges")
        quick = client.get(f"http://127.0.0.1:{origin}/v1/charges")
    assert (slow.content, quick.content) == (BODY, BODY)
    assert slow.elapsed.total_seconds() >= 0.5
    dump.wait_for(r"flowprobe: payments GET /v1/charges: latency 500ms \(slept (49|5\d)\d ms\)")
    assert len(dump.injected()) == 1


def test_what_moves_the_bytes_and_what_takes_the_answer_works_here_too(start: Start, origin: int) -> None:
    dump = start(faults="{provider: [{bandwidth: 100B/s, when: {first: 1}}, {lost_reply: reset, when: {after: 1}}]}")
    with dump.client() as client:
        assert client.get(f"http://127.0.0.1:{origin}/a").content == BODY
        with pytest.raises(httpx.ReadError):
            client.get(f"http://127.0.0.1:{origin}/a")
    dump.wait_for(r"flowprobe: provider GET /a: bandwidth 100B/s")
    dump.wait_for(r"flowprobe: provider\[1\] GET /a: lost reply")


def test_each_edge_has_its_hosts(start: Start, origin: int) -> None:
    dump = start("--set", f"provider.payments=api.payments.example,LOCALHOST:{origin}", "--set", "provider.mail=mail.example",
                 "--set", "provider.user=app.example", faults=DOWN)
    hosts = ("api.payments.example", f"localhost:{origin}", "mail.example:8025", "app.example", f"127.0.0.1:{origin}")
    assert statuses(dump, *(f"http://{host}/a" for host in hosts)) == [503, 503, 429, 418, 200]
    assert dump.wait_for("flowprobe: mail GET /a: status 429")
    assert len(dump.injected()) == 4


def test_without_a_host_every_call_suffers_also_behind_a_reverse_mode(start: Start, origin: int) -> None:
    dump = start("--mode", f"reverse:http://127.0.0.1:{origin}", faults=GONE)
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ReadError):
        client.get(f"{dump.url}/v1/charges")
    dump.wait_for("flowprobe: provider GET /v1/charges: reset")


PAGE = Path("docs/how-to/inject-with-mitmdump.md")
STARTED = [command.text for command in commands(PAGE) if command.text.startswith("mitmdump ")]


@pytest.mark.parametrize("text", STARTED)
def test_the_page_can_be_followed(start: Start, text: str) -> None:
    words = shlex.split(text)[3:]
    start(*[word.replace("profile=proxies/", f"profile={ROOT}/proxies/") for word in words]).wait_for(r"flowprobe: [\w-]+ is on: \w+")


def test_the_script_is_where_the_page_says() -> None:
    (command,) = [command.text for command in commands(PAGE) if command.text not in STARTED]
    done = subprocess.run(["bash", "-c", command.replace("python", sys.executable, 1)], cwd=ROOT, text=True, capture_output=True, check=True)
    assert Path(done.stdout.strip()) == SCRIPT


def test_https_is_opened_up_with_mitmdumps_own_authority(start: Start) -> None:
    dump = start("--set", "provider.payments=api.payments.example", "--set", "provider.mail=m.example",
                 "--set", "provider.user=u.example", faults=DOWN)
    with httpx.Client(proxy=dump.url, trust_env=False, verify=False) as client:
        assert client.get("https://api.payments.example/a").status_code == 503


def test_the_same_seed_injects_the_same_in_another_process(start: Start, origin: int) -> None:
    def fallen(seed: int) -> list[int]:
        return statuses(start("--set", f"seed={seed}", faults=COIN), *[f"http://127.0.0.1:{origin}/a"] * 20)

    first, second, other = fallen(7), fallen(7), fallen(8)
    assert first == second != other
    assert {200, 503} == set(first)


@pytest.mark.parametrize(("words", "faults", "said"), [
    ((), "", "say which profile: --set profile=slow-payments"),
    (("--set", "profile=slow-paymnts"), "", "did you mean 'slow-payments'?"),
    (("--set", "provider=127.0.0.1:abc"), COIN, "'127.0.0.1:abc' is no host: write api.payments.example"),
    (("--set", "provider=127.0.0.1:70000"), COIN, "'127.0.0.1:70000' is no host"),
    (("--set", "provider=http://127.0.0.1"), COIN, "'http://127.0.0.1' is no host"),
    (("--set", "provider.mail=a.example"), COIN, "has no faults on 'mail'; it falls on provider"),
    ((), DOWN, "--set provider.payments=HOST --set provider.mail=HOST --set provider.user=HOST"),
    ((), "{provider: {latency: 5ms, match: {step: pay}}}", "ours.yaml:4:20: `step` in `match` never fits here"),
    ((), "{provider: {tls: expired}}", "`tls` cannot be made here: handshakes are mitmdump's own"),
    ((), "{provider: {latency: 500}}", "write 500s or 500ms"),
])
def test_what_does_not_fit_is_said_and_is_the_end_of_it(start: Start, words: tuple[str, ...], faults: str, said: str) -> None:
    dump = start(*words, faults=faults)
    assert dump.ended() == 1
    assert said in dump.text
    assert "Traceback" not in dump.text


def test_without_flowprobe_beside_it_the_script_says_what_to_install(start: Start, tmp_path: Path) -> None:
    (tmp_path / "flowprobe").mkdir()
    (tmp_path / "flowprobe" / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'flowprobe'\")")
    dump = start(environ={"PYTHONPATH": str(tmp_path)})
    assert dump.ended() == 1
    assert "FlowProbe is not installed where this mitmdump runs" in dump.text
    assert f"{sys.executable} -m pip install flowprobe" in dump.text
    assert "Traceback" not in dump.text

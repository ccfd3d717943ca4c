"""Is the blame right? A matrix of failures that are staged with real processes on loopback: a product that is down, a provider
that is, names, certificates, credentials, a runner that starves, a proxy that is killed, a clock that jumps.

`python tests/bench/blaming.py [--quick] [NAME...]`: prints each miss and the share that is right; exit 1 below the target, or
where something that is not the product's passed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import yaml

from tests.bench.cpu import python, surroundings
from tests.http.servers import Authority, authority

HERE = Path(__file__).parent
RIGHT = 0.98
DEADLINE_S = 120.0
PRODUCT, ENVIRONMENT, ACCOUNT, TOOL = "product", "environment", "account set-up", "tool"
IDENTITY = {"call": "GET /health"}
BEARER = {"bearer": "file:token"}
SIGNED = {"hmac": {"key": "file:token", "sign": ["timestamp", "path"],
                   "headers": {"X-Timestamp": "{timestamp}", "X-Signature": "{signature}"}}}
GOOD, BAD, CLOSED = "good", "bad", "closed"
"""Controls: one that answers, one whose name is not there, one that nobody listens for."""


@dataclass(frozen=True)
class Case:
    """`product` is what staged_product.py is told. `owned`: FlowProbe starts it, behind the proxy; else it stands there, at
    `host`, where it is `up`. `provider` is what that answers, '' for none. `says` is in the first sentence of the verdict
    or, of a provider, in one of them."""

    name: str
    blame: str
    product: Mapping[str, Any] = field(default_factory=dict)
    owned: bool = False
    up: bool = True
    host: str = "127.0.0.1"
    scheme: str = "http"
    port: str = "its own"
    provider: str = ""
    identity: bool = False
    auth: Mapping[str, Any] | None = None
    certificate: str = ""
    then_certificate: str = ""
    controls: tuple[str, ...] = (GOOD,)
    run: Mapping[str, Any] = field(default_factory=dict)
    clock: float = 0.0
    says: str = ""
    quick: bool = False


def _cases() -> Iterator[Case]:
    yield from _of_product()
    yield from _of_provider()
    yield from _of_environment()
    yield from _of_account()
    yield from _of_runner()
    yield from _of_proxy()
    yield from _of_clock()


def _of_product() -> Iterator[Case]:
    gone = {"after_first": {"exit": True}}
    yield Case("gone after it answered", PRODUCT, gone, quick=True)
    yield Case("gone, two controls", PRODUCT, gone, controls=(GOOD, GOOD))
    yield Case("gone, one control of two", PRODUCT, gone, controls=(GOOD, CLOSED))
    yield Case("gone, with an identity", PRODUCT, gone, identity=True)
    yield Case("gone, no controls", PRODUCT, gone, controls=())
    yield Case("down since yesterday", PRODUCT, up=False, identity=True, run={"answered": True}, says="refuses connections",
               quick=True)
    yield Case("down since yesterday, no identity", PRODUCT, up=False, run={"answered": True}, says="refuses connections")
    yield Case("silent since yesterday", PRODUCT, {"silent": True}, identity=True, run={"answered": True},
               says="does not answer")
    for status in (500, 502, 503, 404, 429):
        yield Case(f"answers {status}", PRODUCT, {"then": status}, identity=status == 503, quick=status == 500)
    yield Case("hangs", PRODUCT, {"then": "hang"}, quick=True)
    yield Case("hangs altogether", PRODUCT, {"after_first": {"silent": True}}, identity=True)
    yield Case("resets", PRODUCT, {"then": "reset"})
    yield Case("answers wrongly", PRODUCT, {"then": "wrong"})
    yield Case("is late", PRODUCT, {"then": "late"})
    yield Case("denies one call", PRODUCT, {"then": 403}, auth=BEARER)
    yield Case("denies whom it knows", PRODUCT, {"auth": {"always": 401}}, auth=BEARER, run={"whoami": "/v1/me"})


def _of_provider() -> Iterator[Case]:
    for how in ("503", "500", "429", "closed", "hang", "reset"):
        yield Case(f"the provider: {how}", PRODUCT, {"then": "provider"}, owned=True, provider=how, says="shop", quick=how == "503")
    yield Case("the provider is made to fail by a fault", PRODUCT, {"then": "provider"}, owned=True, provider="200",
               run={"faults": None})


def _of_environment() -> Iterator[Case]:
    nameless: dict[str, Any] = {"host": "nowhere.invalid", "up": False, "run": {"answered": True}}
    yield Case("no name", ENVIRONMENT, **nameless, says="does not resolve", quick=True)
    yield Case("no name, with an identity", ENVIRONMENT, **nameless, identity=True, says="does not resolve")
    yield Case("no names at all", ENVIRONMENT, **nameless, controls=(BAD,), says="the runner's network")
    yield Case("no name, no controls", ENVIRONMENT, **nameless, controls=(), says="does not resolve")
    lost = {"after_first": {"touch": "nameless", "text": ""}}
    yield Case("the name goes", ENVIRONMENT, lost, host="product.test", says="not resolve")
    yield Case("the name goes, with an identity", ENVIRONMENT, lost, host="product.test", identity=True, says="not resolve")
    for name, said in (("expired", "expired"), ("other", "mismatch"), ("stranger", "self-signed")):
        secure: dict[str, Any] = {"scheme": "https", "certificate": name, "says": "TLS with", "run": {"answered": True}}
        yield Case(f"a certificate that is {said}", ENVIRONMENT, **secure, quick=name == "expired")
        yield Case(f"a certificate that is {said}, with an identity", ENVIRONMENT, **secure, identity=True)
    for name in ("expired", "other"):
        yield Case(f"a certificate that becomes {name}", ENVIRONMENT, scheme="https", certificate="good", then_certificate=name,
                   says="TLS with")
    yield Case("nothing was ever there", ENVIRONMENT, up=False)
    yield Case("nothing was ever there, with an identity", ENVIRONMENT, up=False, identity=True)
    yield Case("it cannot be reached", ENVIRONMENT, up=False, port="full", run={"answered": True}, says="cannot be reached", quick=True)
    yield Case("it cannot be reached, with an identity", ENVIRONMENT, up=False, port="full", identity=True,
               run={"answered": True}, says="cannot be reached")
    yield Case("nothing can be reached", ENVIRONMENT, {"then": 502}, controls=(CLOSED, BAD), says="the runner's network")
    yield Case("everything is gone at once", ENVIRONMENT, {"after_first": {"exit": True}}, controls=(BAD, CLOSED))


def _of_account() -> Iterator[Case]:
    for status in (401, 403):
        wrong = {"auth": {"header": "Authorization", "value": "Bearer another", "status": status}}
        yield Case(f"a wrong token, {status}", ACCOUNT, wrong, auth=BEARER, quick=status == 401)
        yield Case(f"a wrong token, {status}, asked", ACCOUNT, wrong, auth=BEARER, run={"whoami": "/v1/me"}, identity=True)
    key = {"auth": {"header": "X-Key", "value": "another"}}
    yield Case("a wrong key", ACCOUNT, key, auth={"api_key": {"header": "X-Key", "value": "file:token"}})
    password = {"auth": {"header": "Authorization", "value": "Basic another"}}
    yield Case("a wrong password", ACCOUNT, password, auth={"basic": {"user": "acme", "password": "file:token"}})
    yield Case("a token that expires", ACCOUNT, {"auth": {"expires": True}}, auth=BEARER, run={"whoami": "/v1/me"})
    client = {"token": "POST /v1/token", "client_id": "acme", "client_secret": "file:token"}
    yield Case("nobody gets a token", ACCOUNT, {"auth": {"header": "Authorization", "value": "Basic another"}},
               auth={"oauth2": client})


def _of_runner() -> Iterator[Case]:
    for seconds, times in ((1.5, 1), (3.0, 1), (0.9, 4), (1.2, 3)):  # each longer than what is promised: else it is kept
        yield Case(f"the runner stands still, {times} times {seconds:g} s", TOOL,
                   {"at_then": {"stop_runner": seconds, "times": times}}, says="did not get to run", quick=seconds == 1.5)
    for seconds in (2, 4):
        yield Case(f"the runner is busy with itself for {seconds} s", TOOL,
                   {"at_then": {"touch": "hog", "text": seconds}}, says="did not get to run", quick=seconds == 2)
    yield Case("the runner stands still, with an identity", TOOL, {"at_then": {"stop_runner": 2.0, "times": 1}}, identity=True)


def _of_proxy() -> Iterator[Case]:
    for name, when in (("before the call", "at_first"), ("at the call", "at_then")):
        for sign in (signal.SIGKILL, signal.SIGSTOP):
            what = "killed" if sign is signal.SIGKILL else "stopped"
            yield Case(f"the proxy is {what} {name}", TOOL, {when: {"proxy": int(sign)}, "then": "provider"}, owned=True,
                       provider="200", quick=(what, name) == ("killed", "at the call"))


def _of_clock() -> Iterator[Case]:
    for status in (401, 403, 400):
        for by in (3600, -3600, 600):
            jump = {"auth": {"clock": True, "status": status}, "after_first": {"touch": "clock", "text": by}}
            yield Case(f"the clock jumps by {by} s, {status}", TOOL, jump, auth=SIGNED, says="the clock of the runner jumped",
                       quick=(status, by) == (401, 3600))
    yield Case("the clock jumps, asked", TOOL, {"auth": {"clock": True}, "after_first": {"touch": "clock", "text": 900}},
               auth=SIGNED, run={"whoami": "/v1/me"}, identity=True)
    for by in (1800, -1800):
        yield Case(f"the clock is off by {by} s", TOOL, {"auth": {"clock": True}}, auth=SIGNED, clock=by,
                   says="the clock of the runner is")


CASES: Mapping[str, Case] = {case.name: case for case in _cases()}


# --- staging --------------------------------------------------------------------------------------


class Stage:
    """What all cases share: an authority, a control that answers, a port that takes no connection."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.authority = self._authority("ours")
        self._stranger = self._authority("stranger")
        self.control = self._serve(_Control)
        self._full = stack.enter_context(_full_port())
        self._pairs = {
            "good": self.authority.pair("127.0.0.1"), "other": self.authority.pair("other.example"),
            "stranger": self._stranger.pair("127.0.0.1"), "expired": self._expired()}

    def _authority(self, name: str) -> Authority:
        (self.folder / name).mkdir()
        return authority(self.folder / name)

    def _expired(self) -> tuple[Path, Path]:
        """Beside the good one of the same name, which it must not be written over."""
        certificate, key = self.authority.pair("127.0.0.1", days=-1)
        kept = tuple(path.with_name(f"expired-{path.name}") for path in (certificate, key))
        for path, copy in zip((certificate, key), kept, strict=True):
            copy.write_bytes(path.read_bytes())
        self.authority.pair("127.0.0.1")
        return kept[0], kept[1]

    def _serve(self, handler: type[http.server.BaseHTTPRequestHandler]) -> int:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        return server.server_address[1]

    def pair(self, name: str) -> list[str]:
        return [str(path) for path in self._pairs[name]]

    def where(self, case: Case) -> str:
        port = self._full if case.port == "full" else _free_port()
        return f"{case.scheme}://{case.host}:{port}"

    def url(self, control: str) -> str:
        match control:
            case "good":
                return f"http://127.0.0.1:{self.control}/"
            case "bad":
                return "http://control.invalid/"
            case _:
                return f"http://127.0.0.1:{_free_port()}/"


class _Control(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Provider(_Control):
    how = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.how == "hang":
            time.sleep(5)
        elif self.how == "reset":
            self.connection.close()
        else:
            self.send_response(int(self.how))
            self.send_header("Content-Length", "0")
            self.end_headers()


@contextlib.contextmanager
def _full_port() -> Iterator[int]:
    """A port whose queue is full: who connects there waits for ever, as for a host that is not reached."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield int(listener.getsockname()[1])


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass(frozen=True)
class Came:
    case: Case
    verdict: str
    blame: str
    reasons: tuple[str, ...]
    seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        case = self.case
        kind = "fail" if case.blame == PRODUCT else "inconclusive"
        said = " | ".join(self.reasons)
        return (self.verdict, self.blame) == (kind, case.blame) and case.says in said

    @property
    def is_whitewashed(self) -> bool:
        return self.case.blame != PRODUCT and self.verdict in ("pass", "degraded")

    def __str__(self) -> str:
        return f"{self.case.name}: {self.case.blame} is right, it said {self.verdict}, {self.blame}: {' | '.join(self.reasons)[:300]}"


def staged(case: Case, stage: Stage, number: int) -> Came:
    """One case from its beginning to its verdict."""
    folder = stage.folder / f"{number:02}"
    folder.mkdir()
    began = time.monotonic()
    with ExitStack() as stack:
        url = stage.where(case)
        _write(case, stage, folder, url, stack)
        if case.up and not case.owned:
            stack.enter_context(_process("staged_product.py", folder, {"PORT": url.rpartition(":")[2]}))
            _until((folder / "product.up").exists, "the product")
        words = python("-P", str(HERE / "staged_run.py"), str(folder / "case.json"))
        ended = subprocess.run(words, env=surroundings(), capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        return _came(case, folder, ended.stderr, time.monotonic() - began)


def _came(case: Case, folder: Path, said: str, seconds: float) -> Came:
    try:
        result = json.loads((folder / ".flowprobe" / "latest" / "result.json").read_text())
    except OSError:
        return Came(case, "nothing", "", (said[-600:],), seconds)
    trial = result["trials"][-1]
    return Came(case, trial["verdict"], trial["blame"], tuple(trial["reasons"]), seconds)


def _write(case: Case, stage: Stage, folder: Path, url: str, stack: ExitStack) -> None:
    product = dict(case.product)
    if case.certificate:
        product["certificate"] = stage.pair(case.certificate)
    if case.then_certificate:
        product["after_first"] = {"certificate": stage.pair(case.then_certificate)}
    controls = {f"control-{number}": stage.url(control) for number, control in enumerate(case.controls, 1)}
    (folder / "case.json").write_text(json.dumps({**product, "controls": controls, **case.run}))
    (folder / "token").write_text("the-token-of-pro-eu")
    (folder / "token").chmod(0o600)
    (folder / "flowprobe.yaml").write_text(yaml.safe_dump(_project(case, stage, folder, url, stack)))
    (folder / "journey.yaml").write_text(yaml.safe_dump(_journey(case)))
    if case.clock:
        (folder / "clock").write_text(str(case.clock))


def _journey(case: Case) -> dict[str, Any]:
    then = {"status": 200, "json": {"ok": True}, "within": "800ms"}
    journey: dict[str, Any] = {
        "flowprobe": 1, "scenario": "A staged journey", "personas": {"admin": "pro-eu"},
        "workflow": [{"step": "first", "call": "GET /first", "expect": {"status": 200}},
                     {"step": "then", "call": "POST /then", "expect": then}]}
    return {**journey, "faults": {"down": {"shop": {"status": 503}}}} if case.owned else journey


def _project(case: Case, stage: Stage, folder: Path, url: str, stack: ExitStack) -> dict[str, Any]:
    environment: dict[str, Any] = {"target": url}
    if case.identity:
        environment["identity"] = IDENTITY
    if case.scheme == "https":
        environment["tls"] = {"ca": str(stage.authority.ca)}
    if case.owned:
        upstream = f"http://127.0.0.1:{_free_port()}" if case.provider == "closed" else _provider(case.provider, stack)
        environment["providers"] = {"shop": {"url": "https://shop.example", "upstream": upstream, "edge": "reverse"}}
        environment["start"] = [{
            "command": [sys.executable, str(HERE / "staged_product.py")], "ready": "GET /health",
            "env": {"PORT": "${target.port}", "CASE": str(folder / "case.json"), "PROVIDER_URL": "${edges.shop.url}"}}]
    persona: dict[str, Any] = {"team": "t1", **({"auth": dict(case.auth)} if case.auth else {})}
    return {"flowprobe": 1, "environments": {"staged": environment}, "personas": {"pro-eu": persona}}


def _provider(how: str, stack: ExitStack) -> str:
    handler = type("Handler", (_Provider,), {"how": how})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_address[1]}"


@contextlib.contextmanager
def _process(script: str, folder: Path, more: Mapping[str, str]) -> Iterator[None]:
    env = surroundings({**more, "CASE": str(folder / "case.json")})
    process = subprocess.Popen(python("-P", str(HERE / script)), env=env, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _until(condition: Any, what: str) -> None:
    until = time.monotonic() + 30
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"waited 30 s for {what}")
        time.sleep(0.02)


def main() -> int:
    options = argparse.ArgumentParser(description="Is the blame right?")
    options.add_argument("names", nargs="*", help="parts of the names of cases; default: all")
    options.add_argument("--quick", action="store_true", help="one case of each kind")
    chosen = options.parse_args()
    cases = [case for case in CASES.values() if (case.quick or not chosen.quick)
             and (not chosen.names or any(name in case.name for name in chosen.names))]
    with tempfile.TemporaryDirectory(prefix="flowprobe-blame-") as folder, ExitStack() as stack:
        stage = Stage(Path(folder), stack)
        came = [staged(case, stage, number) for number, case in enumerate(cases)]
    return _told(came)


def _told(came: list[Came]) -> int:
    for each in came:
        if not each.is_right:
            print(f"  {each}", flush=True)
    right = sum(each.is_right for each in came)
    kinds = Counter(each.case.blame for each in came)
    of = ", ".join(f"{number} {blame}" for blame, number in kinds.items())
    longest = max((each.seconds for each in came), default=0.0)
    print(f"  {right} of {len(came)} right ({right / len(came):.1%}; {of}), the longest in {longest:.0f} s", flush=True)
    whitewashed = [each for each in came if each.is_whitewashed]
    for each in whitewashed:
        print(f"  passed, and must not: {each.case.name}", flush=True)
    return 0 if right / len(came) >= RIGHT and not whitewashed else 1


if __name__ == "__main__":
    sys.exit(main())

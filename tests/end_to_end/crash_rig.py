"""A runner that is killed at its n-th write, sync, send or receive, over and over: run as a process of its own.

    python crash_rig.py MODE

MODE is `run` (the run is killed), `torn` (the same, in the middle of a write), `sweep` (a run is killed when most is
open, then its cleanup at each of its operations) or `off` (as `run`, with a ledger that writes nothing). Everything is
imported once; each life is a fork that ends with SIGKILL. Prints one line of JSON: how many operations were counted,
and for each life what it left.

What counts as an operation: every write to a file descriptor, every fsync, every send and every receive on a socket;
for `torn` the writes and fsyncs alone. Of `off`, one in four is enough to find what is left.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from flowprobe.cli.cleaning import cleanup_command
from flowprobe.cli.running import run_command
from flowprobe.cli.sinks import Sinks
from flowprobe.http.driver import Driver  # noqa: F401  # imported before the first fork
from flowprobe.ledger.file import Ledger
from flowprobe.running.selection import Request
from flowprobe.running.sweep import find_left

PROJECT = """\
flowprobe: 1
environments: {{production: {{target: "http://127.0.0.1:{port}"}}}}
personas: {{pro-eu: {{team: t1}}}}
"""
SCENARIO = """\
flowprobe: 1
scenario: Things that are made
personas: {admin: pro-eu}
workflow:
  - {step: names, call: GET /names, capture: {all: "$.items[*].name"}}
  - step: seek
    each: {name: "${names.all}"}
    call: POST /things
    json: {tag: "found ${trial.id}", name: "${name}"}
    capture: {id: $.id}
    cleanup:
      call: DELETE /things/${found.id}
      find: {call: GET /things, where: {tag: "found ${trial.id}"}, id: "$.items[*].id"}
  - step: named
    each: {name: "${names.all}"}
    call: POST /things
    json: {tag: "named ${trial.id}", name: "${name}"}
    capture: {id: $.id}
    cleanup: DELETE /things/${named.id}
"""
Life = Callable[[], int]


# --- the product ----------------------------------------------------------------------------------


class Product(ThreadingHTTPServer):
    """Keeps things in memory. `busy` counts the connections that are open, from the moment of their accept."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.things: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.busy = 0
        self.lock = threading.Lock()

    def process_request(self, request: Any, address: Any) -> None:
        with self.lock:
            self.busy += 1
        super().process_request(request, address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.lock:
            self.busy -= 1

    def handle_error(self, request: Any, address: Any) -> None:
        """Callers that die are what this is about."""


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Product

    def log_message(self, *_: Any) -> None:
        pass

    def _reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode() if status != 204 else b""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        with self.server.lock:
            match self.path:
                case "/names":
                    body: Any = {"items": [{"name": "a"}, {"name": "b"}]}
                case "/busy":
                    body = self.server.busy
                case "/forget":
                    self.server.things.clear()
                    body = None
                case _:
                    body = {"items": list(self.server.things.values())}
        self._reply(200, body)

    def do_POST(self) -> None:
        made = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.made += 1
            thing = {"id": f"thing-{self.server.made}", **made}
            self.server.things[thing["id"]] = thing
        self._reply(201, {"id": thing["id"]})

    def do_DELETE(self) -> None:
        with self.server.lock:
            gone = self.server.things.pop(self.path.rpartition("/")[2], None)
        self._reply(204 if gone else 404, None)


def ask(port: int, path: str) -> Any:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return json.load(reply)


def left_in(port: int) -> list[str]:
    """The tags of what is there, once everybody who asked for something is served: our own connection is the last."""
    until = time.monotonic() + 10
    while ask(port, "/busy") > 1 and time.monotonic() < until:
        time.sleep(0.001)
    return [thing["tag"].split()[0] for thing in ask(port, "/things")["items"]]


# --- dying ----------------------------------------------------------------------------------------


class Operations:
    """Counts what is done, and ends the process at the one that it is told; `torn`: with half of a write done."""

    def __init__(self, fatal: int, *, torn: bool) -> None:
        self.fatal, self.torn, self.count = fatal, torn, 0
        self.lock = threading.Lock()

    def install(self) -> None:
        real = os.write

        def write(file: int, data: Any) -> int:
            self._at(lambda: real(file, data[: len(data) // 2]))
            return real(file, data)

        os.write = write
        os.fsync = self._counted(lambda _: None)  # what was written survives its process without it
        if self.torn:
            return
        for name in ("send", "sendall", "recv"):
            setattr(socket.socket, name, self._counted(getattr(socket.socket, name)))

    def _counted(self, real: Any) -> Any:
        def counted(*words: Any) -> Any:
            self._at(lambda: None)
            return real(*words)
        return counted

    def _at(self, half: Callable[[], object]) -> None:
        with self.lock:
            self.count += 1
            if self.count == self.fatal:
                if self.torn:
                    half()
                os.kill(os.getpid(), signal.SIGKILL)


def live(life: Life, *, fatal: int = 0, torn: bool = False, ledger: bool = True) -> tuple[int | None, int]:
    """One life in a process of its own: its exit code (None: it was killed), and the operations that it counted."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        _be_born(ledger)
        operations = Operations(fatal, torn=torn)
        operations.install()
        code = life()
        count, operations.fatal = operations.count, 0
        os.write(writes, str(count).encode())
        os._exit(code)
    os.close(writes)
    with open(reads) as pipe:
        counted = pipe.read()
    _, status = os.waitpid(child, 0)
    return (os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else None), int(counted or 0)


def _be_born(ledger: bool) -> None:
    """Nothing of the product is under way when it answers, so that nobody has to wait between two looks."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    time.sleep = lambda _: None
    if not ledger:
        Ledger.append = lambda _self, _event: None


def run() -> int:
    return run_command(Request(paths=(Path("journey.yaml"),), seed=1, cleanup_first=False), Sinks())


def sweep() -> int:
    return cleanup_command(dry_run=False)


# --- the lives ------------------------------------------------------------------------------------


def one(port: int, fatal: int, *, torn: bool = False, ledger: bool = True, sweep_dies_at: int = 0) -> dict[str, Any]:
    """A run that dies, its cleanup, and what both have left."""
    ask(port, "/forget")
    _forget_runs()
    code, _ = live(run, fatal=fatal, torn=torn, ledger=ledger)
    before = left_in(port)
    _long_ago()
    if sweep_dies_at:
        live(sweep, fatal=sweep_dies_at, torn=torn)
        left_in(port)
    exit_code, counted = live(sweep)
    unknown = sorted(row.step for left in find_left() for row in left.rows)
    return {"at": sweep_dies_at or fatal, "died": code is None, "before": before, "left": left_in(port),
            "unknown": unknown, "exit": exit_code, "counted": counted}


def _forget_runs() -> None:
    for path in sorted(Path(".flowprobe").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def _long_ago() -> None:
    """The run died a while ago: whatever was under way then has come to its end, as `left_in` has waited for it."""
    for file in Path(".flowprobe/runs").glob("*/ledger/runner.jsonl"):
        os.utime(file, (time.time() - 60,) * 2)


def main(mode: str) -> dict[str, Any]:
    product = Product()
    port = product.server_address[1]
    serving = os.fork()
    if serving == 0:
        product.serve_forever()
    product.server_close()
    try:
        return _lives(port, mode)
    finally:
        os.kill(serving, signal.SIGKILL)
        os.waitpid(serving, 0)


def _lives(port: int, mode: str) -> dict[str, Any]:
    Path("flowprobe.yaml").write_text(PROJECT.format(port=port))
    Path("journey.yaml").write_text(SCENARIO)
    code, count = live(run, torn=mode == "torn")
    assert (code, left_in(port)) == (0, []), code
    if mode == "sweep":
        return {"counted": count, "lives": _sweeps(port, count)}
    fatal = range(1, count + 1, 4 if mode == "off" else 1)
    lives = [one(port, at, torn=mode == "torn", ledger=mode != "off") for at in fatal]
    return {"counted": count, "lives": lives}


def _sweeps(port: int, count: int) -> list[dict[str, Any]]:
    """Kill the run where most is open, then its cleanup at each of its operations."""
    found = [one(port, fatal) for fatal in range(1, count + 1, 3)]
    worst = max((life for life in found if not life["unknown"]), key=lambda life: len(life["before"]))
    return [one(port, worst["at"], sweep_dies_at=at) for at in range(1, worst["counted"] + 1)]


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))

"""A product that breaks in the way that its case says: `python staged_product.py`, with PORT, CASE (a JSON file; see
`tests/bench/blaming.py`) and, where it has a provider, PROVIDER_URL."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

FILE = Path(os.environ["CASE"])
CASE: dict[str, Any] = json.loads(FILE.read_text())
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if "certificate" in CASE else None
PROVIDER_WAITS_S = 1.0
_STOP = """
import glob, os, signal, time
print("ready", flush=True)
pid, seconds, times = map(float, input().split())
def stands():  # a signal is on its way for a while: each of its threads has to have it
    threads = glob.glob(f"/proc/{int(pid)}/task/*/stat")
    return bool(threads) and all(open(each).read().rpartition(")")[2].split()[0] == "T" for each in threads)
for _ in range(int(times)):
    os.kill(int(pid), signal.SIGSTOP)
    until = time.monotonic() + 2
    while not stands() and time.monotonic() < until:
        time.sleep(0.001)
    print("stopped", flush=True)
    time.sleep(seconds)
    os.kill(int(pid), signal.SIGCONT)
    time.sleep(0.01)
"""
STOPPER = subprocess.Popen([sys.executable, "-c", _STOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE) if (
    "stop_runner" in CASE.get("at_then", {})) else None


class State:
    first = False
    silent = bool(CASE.get("silent"))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if State.silent:
            time.sleep(3600)
        match self.path:
            case "/health":
                self.answer(CASE.get("health", 200))
            case "/v1/me":
                self.answer(self.denied(whoami=True) or 200)
            case _:
                denied = self.denied()
                act(CASE.get("at_first", {}))
                self.answer(denied or 200)
                State.first = True
                act(CASE.get("after_first", {}))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if State.silent:
            time.sleep(3600)
        if denied := self.denied():
            self.answer(denied)
            return
        act(CASE.get("at_then", {}))
        self.then(CASE.get("then", 200))

    def then(self, what: Any) -> None:
        match what:
            case int():
                self.answer(what)
            case "wrong":
                self.answer(200, ok=False)
            case "late":
                time.sleep(3)
                self.answer(200)
            case "hang":
                time.sleep(3600)
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case "provider":
                self.answer(asked_provider())

    def answer(self, status: int, *, ok: bool = True) -> None:
        body = json.dumps({"ok": ok and status < 400}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def denied(self, *, whoami: bool = False) -> int:
        """The status with which a caller is refused, 0 where it is not."""
        auth = CASE.get("auth", {})
        status = int(auth.get("status", 401))
        if "header" in auth and self.headers.get(auth["header"]) != auth["value"]:
            return status
        if "expires" in auth and State.first:
            return status
        if "clock" in auth and abs(float(self.headers.get("X-Timestamp", 0)) - time.time()) > 300:
            return status
        return 0 if whoami else int(auth.get("always", 0))

    def log_message(self, *_: object) -> None:
        """Nothing: standard error is the runner's."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, where = super().get_request()
        if CONTEXT is not None:
            connection.settimeout(10)
            connection = CONTEXT.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, where

    def handle_error(self, *_: object) -> None:
        """Whoever does not believe us goes away in the middle."""


def act(what: dict[str, Any]) -> None:
    match what:
        case {"exit": _}:
            os._exit(0)
        case {"silent": _}:
            State.silent = True
        case {"touch": name, "text": text}:
            FILE.with_name(name).write_text(str(text))
            time.sleep(0.2)
        case {"certificate": [certificate, key]}:
            assert CONTEXT is not None
            CONTEXT.load_cert_chain(certificate, key)
        case {"stop_runner": seconds, "times": times}:
            stopped(runner(), float(seconds), int(times))
        case {"proxy": number}:
            os.kill(proxy(), number)
            time.sleep(0.3)


def stopped(pid: int, seconds: float, times: int) -> None:
    """Let a process stand still, from a process of its own that is there already: the reply comes meanwhile."""
    assert STOPPER is not None
    assert STOPPER.stdin is not None
    assert STOPPER.stdout is not None
    STOPPER.stdin.write(f"{pid} {seconds} {times}\n".encode())
    STOPPER.stdin.flush()
    STOPPER.stdout.readline()


def runner() -> int:
    return int(FILE.with_name("runner.pid").read_text())


def proxy() -> int:
    """The child of the runner that is our proxy."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == runner() and b"flowprobe.proxy" in (status.parent / "cmdline").read_bytes():
                return int(status.parent.name)
        except OSError:
            continue
    raise LookupError("there is no proxy")


def asked_provider() -> int:
    try:
        with urllib.request.urlopen(os.environ["PROVIDER_URL"] + "/charge", data=b"{}", timeout=PROVIDER_WAITS_S):
            return 200
    except urllib.error.HTTPError:
        return 502
    except TimeoutError:
        return 504
    except OSError as failed:
        return 504 if isinstance(getattr(failed, "reason", None), TimeoutError) else 502


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if CONTEXT is not None:
        CONTEXT.load_cert_chain(*CASE["certificate"])
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    if STOPPER is not None and STOPPER.stdout is not None:
        STOPPER.stdout.readline()
    FILE.with_name("product.up").write_text("up")
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()

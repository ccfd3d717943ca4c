"""A product, and its providers, of which each request says what is wrong with it: how it calls a provider, and what it does
when that fails. Run with PORT; the product also with the URL of each provider (SEARCH, PAYMENTS, MAIL).

A switch that says `from` a number is on from that visit of its case on: the first visit is the trial without faults.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VISITS: Counter[str] = Counter()
KEPT: dict[str, Any] = {}
LOCK = threading.Lock()


class Failed(Exception):
    """A provider failed, and the product has nothing in its place."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        self.answer(json.loads(self.rfile.read(int(self.headers["content-length"] or 0)) or b"{}"))

    def answer(self, said: dict[str, Any]) -> None:
        path, _, query = self.path.partition("?")
        match path.strip("/").split("/"):
            case ["v1", *_]:
                self.provide(dict(urllib.parse.parse_qsl(query)))
            case ["do"]:
                self.do(said)
            case _:
                self.reply(200, {"ok": True})

    def provide(self, asked: dict[str, str]) -> None:
        """A provider, which is well but where its switch says otherwise."""
        ill = is_on({"from": int(asked["ill_from"])}, visit(f"{asked['case']} {self.path}")) if "ill_from" in asked else False
        if ill and "slow" in asked:
            time.sleep(float(asked["slow"]))
        self.reply(503 if ill and "slow" not in asked else 200, {"ok": True})

    def do(self, said: dict[str, Any]) -> None:
        """One step of a journey: the product's own faults, and then the provider calls."""
        number = visit(f"{said['case']} {said['step']}")
        own = said.get("own", {})
        began = time.monotonic()
        sleeps = own.get("seconds", 0.0) if own and is_on(own, number) else 0.0
        if not own.get("meanwhile"):
            time.sleep(sleeps)
        trace = self.headers["traceparent"] or ""
        passed = "" if "untraced" in said else trace
        try:
            if said.get("side_by_side"):
                with ThreadPoolExecutor() as pool:
                    well = list(pool.map(lambda call: called(said["case"], call, passed), said["calls"]))
            else:
                well = [called(said["case"], call, passed) for call in said.get("calls", [])]
        except Failed as failed:
            self.reply(502, {"error": str(failed)})
            return
        if own.get("meanwhile"):
            time.sleep(max(0.0, sleeps - (time.monotonic() - began)))
        if not all(well[:1] if "needs_first" in said else well if "needs_all" in said else ()):
            self.reply(502, {"error": "a part is missing"})
        elif "patience" in said and time.monotonic() - began > said["patience"]:
            self.reply(504, {"error": "too late"})
        elif "keeps" in said:
            KEPT[f"{said['case']} {trial_of(trace)}"] = all(well)
            self.reply(200, {"ok": True})
        elif "kept" in said:
            self.reply(200, {"ok": KEPT.get(f"{said['case']} {trial_of(trace)}")})
        else:
            status = own["status"] if "status" in own and is_on(own, number) else 200
            self.reply(status, {"ok": status == 200})

    def reply(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


def trial_of(trace: str) -> str:
    return trace.split("-")[1][-16:] if trace else ""


def visit(name: str) -> int:
    with LOCK:
        VISITS[name] += 1
        return VISITS[name]


def is_on(switch: dict[str, Any], number: int) -> bool:
    return number >= int(switch.get("from", 1))


def called(case: str, call: dict[str, Any], trace: str) -> bool:
    """Whether the provider answered, at last. `tries`, `pause`, `timeout`, and `else`: whether there is a fallback."""
    for number in range(call.get("tries", 1)):
        if number:
            time.sleep(call.get("pause", 0.0))
        if once(case, call, trace):
            return True
    if not call.get("else"):
        raise Failed(call["to"])
    return False


def once(case: str, call: dict[str, Any], trace: str) -> bool:
    query = urllib.parse.urlencode({"case": case, **call.get("query", {})})
    url = f"{os.environ[call['to'].upper()]}/v1/{call['to']}?{query}"
    data = b'{"n": 1}' if call.get("writes") else None
    request = urllib.request.Request(url, data, headers={"traceparent": trace, "content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=call.get("timeout", 5.0)) as answer:
            return json.load(answer) is not None
    except (OSError, http.client.HTTPException, ValueError):
        return False


if __name__ == "__main__":
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer.request_queue_size = 64
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

"""A product and its provider whose mood a file tells, at each call anew. Run with PORT and MOOD (the file); the product also
with PROVIDER_URL.

Moods, in words: `coin` (every second payment fails), `timid` (a payment fails where the provider does), `coin-timid` (every
second one of these), `picky` (90 seats break payments), `quota` (the provider says 429), `mortal` (it ends at its next
payment), `broken` (no payment succeeds), `slow` (a payment takes a second), `jealous` (a payment beside another fails).
"""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

PAYMENTS, FAILED, ACCOUNTS = count(1), count(1), count(1)
PAYING = Lock()
STATES: dict[str, Any] = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        match self.path:
            case "/v1/charge" if "quota" in mood():
                self.reply(429, {"error": "quota"}, ("retry-after", "60"))
            case "/accounts":
                self.reply(200, {"items": [{"id": name, "tag": said.get("tag")} for name, said in STATES.items()]})
            case _:
                self.reply(200, {"ok": True})

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"] or 0)) or b"{}")
        if self.path == "/pay":
            self.pay(said)
        else:
            name = str(next(ACCOUNTS))
            STATES[name] = said
            note(f"make {name}")
            self.reply(201, {"id": name})

    def do_PUT(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.reply(422 if said["seats"] == 13 else 200, {"seats": said["seats"]})

    def do_DELETE(self) -> None:
        name = self.path.rpartition("/")[2]
        if STATES.pop(name, None) is not None:
            note(f"unmake {name}")
        self.reply(204, None)

    def pay(self, said: dict[str, Any]) -> None:
        if "mortal" in mood():
            os._exit(9)
        alone = PAYING.acquire(blocking=False)
        try:
            self.pay_now(said, alone="jealous" not in mood() or alone)
        finally:
            if alone:
                PAYING.release()

    def pay_now(self, said: dict[str, Any], *, alone: bool) -> None:
        time.sleep(1 if "slow" in mood() else 0.2 if "jealous" in mood() else 0)
        paid = charged(self.headers["traceparent"])
        number, moods = next(PAYMENTS), mood()
        fails = not alone or "broken" in moods or ("coin" in moods and number % 2 == 0) or ("picky" in moods and said.get("seats") == 90)
        if not paid and "timid" in moods:
            fails = True
        if not paid and "coin-timid" in moods:
            fails = next(FAILED) % 2 == 1
        self.reply(500 if fails else 200, {"paid": not fails})

    def reply(self, status: int, body: Any, *more: tuple[str, str]) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(content))), *more):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """The test reads what is noted."""


def charged(trace: str | None) -> bool:
    if "PROVIDER_URL" not in os.environ:
        return True
    request = urllib.request.Request(os.environ["PROVIDER_URL"] + "/v1/charge", headers={"traceparent": trace or ""})
    try:
        with urllib.request.urlopen(request, timeout=0.3) as answer:
            return bool(json.load(answer)["ok"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False


def mood() -> set[str]:
    return set(Path(os.environ["MOOD"]).read_text().split())


def note(text: str) -> None:
    with open(os.environ["MOOD"] + ".notes", "a") as notes:
        notes.write(text + "\n")


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

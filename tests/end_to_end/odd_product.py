"""A product with every bad habit, on raw sockets: what the runner must survive. Run with PORT (and PROVIDER_URL; PASSES
names the headers that it passes on)."""

from __future__ import annotations

import asyncio
import base64
import http.client
import itertools
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections import Counter

HOSTILE = ["\ud800", "a\r\nX-Evil: 1", "\x1b[2J\x00", "../../..", "${admin.team}", "é" * 9000, "<script>alert(1)</script>"]
MADE: set[str] = set()
NUMBERS = itertools.count(1)
CALLS: Counter[str] = Counter()
TOKEN = "s3ss10n/+t0k3n"
PASSES = os.environ.get("PASSES", "traceparent").split()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := (await reader.readline()).decode():
            method, target, _ = request.split(" ", 2)
            length, head = 0, ""
            while (line := await reader.readline()).strip():
                head += line.decode()
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = await reader.readexactly(length)
            await answer(method, target, writer, head, body)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()


async def answer(method: str, target: str, writer: asyncio.StreamWriter, head: str, body: bytes) -> None:
    path, _, query = target.partition("?")
    match path.strip("/").split("/"):
        case ["hang"]:
            await asyncio.sleep(3600)
        case ["sleep"]:
            await asyncio.sleep(float(query))
            reply(writer, 200, '{"slept": true}')
        case ["drip-headers"]:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            for number in itertools.count():
                writer.write(f"x-{number}: drip\r\n".encode())
                await writer.drain()
                await asyncio.sleep(0.05)
        case ["drip-body"]:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        case ["gigabyte"]:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            for _ in range(1000):
                writer.write(b"x" * 1_000_000)
                await writer.drain()
        case ["hostile"]:
            reply(writer, 200, json.dumps({"id": HOSTILE[int(query)], "list": [HOSTILE[int(query)]]}))
        case ["echo"]:
            reply(writer, 200, json.dumps({"head": head, "log": head.upper()}))
        case ["crash"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["state", calls]:  # done after so many calls
            CALLS[path] += 1
            state = "done" if CALLS[path] > int(calls) else query or "running"
            reply(writer, 200, f'{{"state": "{state}", "calls": {CALLS[path]}}}')
        case ["flaky", calls]:  # fails so often
            CALLS[path] += 1
            reply(writer, 503 if CALLS[path] <= int(calls) else 200, f'{{"calls": {CALLS[path]}}}')
        case ["pages"]:  # three pages of two items
            page = int(query.partition("=")[2] or 1)
            ends = "" if page == 3 else f', "next": {page + 1}'
            reply(writer, 200, f'{{"items": [{{"id": "i{page}a"}}, {{"id": "i{page}b"}}]{ends}}}')
        case ["mirror"]:  # says what it was sent
            note(f"{method} {target}")
            reply(writer, 200, json.dumps({"type": field(head, "content-type"), "body": base64.b64encode(body).decode(),
                                           "bearer": field(head, "authorization"), "method": method, "target": target}))
        case ["ticket"]:  # where to go next, as a whole URL
            reply(writer, 201, json.dumps({"url": f"http://{field(head, 'host')}/mirror?ticket=1"}))
        case ["ticket", "elsewhere"]:
            reply(writer, 201, '{"url": "http://127.0.0.1:1/evil"}')
        case ["stamps"]:  # takes its time, and says when it began and ended
            began = time.monotonic()
            await asyncio.sleep(float(query))
            reply(writer, 200, f'{{"began": {began!r}, "ended": {time.monotonic()!r}}}')
        case ["refuse"]:
            reply(writer, 409, '{"error": "the account cannot be that"}')
        case ["bytes"]:
            raw(writer, 200, b"\xff\x00\xfe" * 100, "X-Odd: caf\xe9\r\nX-Two: a\r\nX-Two: b\r\n")
        case ["scan"]:  # asks the provider, which calls back by webhook
            status = await asyncio.to_thread(call_provider, "/v1/scan", head)
            reply(writer, 202, f'{{"provider": {status}}}')
        case ["v1", "scan"]:  # the provider: answers, and calls the product's webhook back
            await asyncio.to_thread(call_webhook, head)
            reply(writer, 200, '{"accepted": true}')
        case ["hooks", "scanned"]:
            CALLS[path] += 1
            reply(writer, 200, "{}")
        case ["scanned"]:
            state = "done" if CALLS["/hooks/scanned"] else "waiting"
            reply(writer, 200, f'{{"state": "{state}"}}')
        case ["pay", *carelessly]:  # charges until it hears of it
            tries = 0
            while await asyncio.to_thread(call_provider, "/v1/charge", head, "POST", not carelessly) != 200 and tries < 3:
                tries += 1
            reply(writer, 200, f'{{"tries": {tries + 1}}}')
        case ["login"]:
            reply(writer, 200, f'{{"token": "{TOKEN}", "user": {{"again": "{TOKEN}"}}}}')
        case ["provider"]:
            status = await asyncio.to_thread(call_provider, "/v1/thing", head)
            reply(writer, 200 if status == 200 else 502, f'{{"provider": {status}}}')
        case ["crowd"]:  # meanwhile it works for somebody else
            status = await asyncio.to_thread(call_provider, "/v1/thing", "", keyed=False)
            reply(writer, 200, f'{{"provider": {status}}}')
        case ["things"] if method == "POST":
            await asyncio.sleep(float(query or 0))
            made = f"thing-{next(NUMBERS)}"
            MADE.add(made)
            reply(writer, 201, f'{{"id": "{made}"}}')
        case ["things"]:
            reply(writer, 200, f'{{"left": {len(MADE)}}}')
        case ["things", made]:
            await asyncio.sleep(float(os.environ.get("DELETE_TAKES", "0")))
            MADE.discard(made)
            note(f"{method} {made}")
            reply(writer, 204, "")
        case _:
            reply(writer, 200, '{"ok": true}')


def field(head: str, name: str) -> str:
    """The value of a header of the request."""
    return next((line.partition(":")[2].strip() for line in head.splitlines() if line.lower().startswith(name + ":")), "")


def reply(writer: asyncio.StreamWriter, status: int, body: str) -> None:
    raw(writer, status, body.encode(), "content-type: application/json\r\n")


def raw(writer: asyncio.StreamWriter, status: int, body: bytes, headers: str) -> None:
    head = f"HTTP/1.1 {status} X\r\n{headers}content-length: {len(body)}\r\n\r\n"
    writer.write(head.encode("latin-1") + body)


def call_provider(path: str, head: str, method: str = "GET", keyed: bool = True) -> int:
    proxy = os.environ.get("HTTPS_PROXY")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": proxy} if proxy else {}))
    try:
        with opener.open(_request(os.environ["PROVIDER_URL"] + path, head, method, keyed), timeout=20) as response:
            response.read()
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return 0


def call_webhook(head: str) -> None:
    with urllib.request.urlopen(_request(os.environ["HOOK_URL"] + "/hooks/scanned", head, "POST"), timeout=20):
        pass


def _request(url: str, head: str, method: str, keyed: bool = True) -> urllib.request.Request:
    """A call that passes the trace on and, where it pays with care, bears a key that is the same each time."""
    headers = {name: field(head, name) for name in PASSES}
    if keyed and "traceparent" in PASSES:
        headers["Idempotency-Key"] = field(head, "traceparent")[3:35]
    return urllib.request.Request(url, method=method, headers=headers, data=b"{}" if method == "POST" else None)


def note(text: str) -> None:
    """What was done, for the test to read after the run."""
    if "NOTES" in os.environ:
        with open(os.environ["NOTES"], "a") as file:
            file.write(text + "\n")


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""A product with every bad habit, on raw sockets: what the runner must survive. Run with PORT (and PROVIDER_URL)."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import urllib.error
import urllib.request
from collections import Counter

HOSTILE = ["\ud800", "a\r\nX-Evil: 1", "\x1b[2J\x00", "../../..", "${admin.team}", "é" * 9000, "<script>alert(1)</script>"]
MADE: set[str] = set()
NUMBERS = itertools.count(1)
CALLS: Counter[str] = Counter()
TOKEN = "s3ss10n/+t0k3n"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := (await reader.readline()).decode():
            method, target, _ = request.split(" ", 2)
            length, head = 0, ""
            while (line := await reader.readline()).strip():
                head += line.decode()
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            await reader.readexactly(length)
            await answer(method, target, writer, head)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()


async def answer(method: str, target: str, writer: asyncio.StreamWriter, head: str) -> None:
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
        case ["login"]:
            reply(writer, 200, f'{{"token": "{TOKEN}", "user": {{"again": "{TOKEN}"}}}}')
        case ["provider"]:
            status = await asyncio.to_thread(call_provider)
            reply(writer, 200 if status == 200 else 502, f'{{"provider": {status}}}')
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


def reply(writer: asyncio.StreamWriter, status: int, body: str) -> None:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write((head + body).encode())


def call_provider() -> int:
    proxy = os.environ.get("HTTPS_PROXY")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": proxy} if proxy else {}))
    try:
        with opener.open(os.environ["PROVIDER_URL"] + "/v1/thing", timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


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

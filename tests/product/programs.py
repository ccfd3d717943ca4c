"""Small products to start, and how to look at processes from outside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowprobe.product import StartSpec

SERVES = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
    do_HEAD = do_GET
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
SLEEPS = "import time; time.sleep(600)"
IGNORES_TERM = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(600)
"""
# A grandchild in the group, and one that left it: their ids go to the file.
FORKS = """
import os, signal, subprocess, sys, time
code = '''import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(1, flush=True)
time.sleep(600)'''
started = [subprocess.Popen([sys.executable, "-c", code], start_new_session=away, stdout=subprocess.PIPE)
           for away in (False, True)]
for one in started:
    one.stdout.readline()
with open(sys.argv[1] + ".new", "w") as ids:
    ids.write(" ".join(str(one.pid) for one in started))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""


def python(code: str, *arguments: object) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *map(str, arguments))


def spec(command: tuple[str, ...], run: Path, **parts: Any) -> StartSpec:
    """A start named `acme` whose log lies under `run`."""
    env: Mapping[str, str] = parts.pop("env", {})
    name = parts.pop("name", "acme")
    return StartSpec(command, name, run / "logs" / f"{name}.log", env, **parts)


def until(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def read_ids(path: Path) -> list[int]:
    until(path.exists)
    return [int(one) for one in path.read_text(encoding="ascii").split()]

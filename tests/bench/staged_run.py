"""One run with a diagnosis, in a process whose clock and names its case may turn: `python staged_run.py CASE`."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

FILE = Path(sys.argv[1])
CASE: dict[str, Any] = json.loads(FILE.read_text())


def turn_clock() -> None:
    """The time of the day is off by what the file `clock` says, from the moment on that it is there."""
    right = time.time
    moved = FILE.with_name("clock")

    def wall() -> float:
        return right() + (float(moved.read_text() or 0) if moved.exists() else 0.0)

    time.time = wall


def turn_names() -> None:
    """`*.test` is this machine, until the file `nameless` is there."""
    ask = socket.getaddrinfo

    def asked(host: Any, *more: Any, **words: Any) -> Any:
        if isinstance(host, str) and host.endswith(".test"):
            if FILE.with_name("nameless").exists():
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return ask(host, *more, **words)

    socket.getaddrinfo = asked


def hog() -> None:
    """Hold the interpreter for about as many seconds as the file `hog` says, once it is there, without letting go."""
    wanted = FILE.with_name("hog")
    while not wanted.exists():
        time.sleep(0.02)
    began = time.monotonic()
    sum(range(2_000_000))
    sum(range(int(2_000_000 * float(wanted.read_text() or 1) / (time.monotonic() - began))))


def main() -> int:
    turn_clock()
    turn_names()
    threading.Thread(target=hog, daemon=True).start()
    FILE.with_name("runner.pid").write_text(str(os.getpid()))
    os.chdir(FILE.parent)

    from flowprobe.cli.watching import screen
    from flowprobe.running.diagnosing import Diagnosis
    from flowprobe.running.engine import Engine, Trouble
    from flowprobe.running.run import in_groups, run
    from flowprobe.running.selection import Request, select

    def program(engine: Engine, trouble: Trouble | None) -> None:
        with Diagnosis(engine, controls=CASE["controls"], whoami=CASE.get("whoami", ""), answered=CASE.get("answered", False)):
            in_groups(engine, trouble)

    request = Request((Path("journey.yaml"),), environment="staged", timeout_s=2.0, cleanup_first=False,
                      faults=CASE.get("faults", "none"))
    with screen(sys.stderr) as watcher:
        return run(request, select(request), watcher, program).exit_code


if __name__ == "__main__":
    sys.exit(main())

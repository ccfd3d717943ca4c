"""The clients of `test_clients.py`: one process each, which makes the calls that it is told to make."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

__all__ = ["CLIENTS", "WIRE", "Caller", "Seen", "absent", "start"]

_DRIVERS = Path(__file__).with_name("clients")
WIRE = "on the wire"
_ANSWER_S = 40.0
CLIENTS: Mapping[str, tuple[str, str]] = {
    WIRE: ("", "with_socket.py"),
    "httpx": ("", "with_httpx.py"),
    "requests": ("", "with_requests.py"),
    "aiohttp": ("", "with_aiohttp.py"),
    "curl": ("curl", "with_curl.py"),
    "fetch": ("node", "with_fetch.mjs"),
}
"""What each needs of the machine beside Python, and the script that makes its calls."""


@dataclass(frozen=True)
class Seen:
    """What one client made of one call; `status` None where it saw no head."""

    status: int | None
    headers: dict[str, str]
    length: int
    sha: str
    json: str
    error: str
    seconds: float


def absent(client: str, *, path: str | None = None) -> str:
    """Why a client cannot be asked; '' where it can be. `path` stands for PATH in the tests of this."""
    program = CLIENTS[client][0]
    if not program or shutil.which(program, path=path):
        return ""
    return f"{client} needs {program}, which is not on PATH"


@dataclass
class Caller:
    """A client that waits for its calls."""

    name: str
    process: subprocess.Popen[str]

    def call(self, **call: Any) -> Seen:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        answered, _, _ = select.select([self.process.stdout], [], [], _ANSWER_S)
        line = self.process.stdout.readline() if answered else ""
        assert line, f"{self.name} did not answer to {call} (exit code {self.process.poll()})"
        told = json.loads(line)
        return Seen(**{field.name: told[field.name] for field in fields(Seen)})


@contextmanager
def start(client: str) -> Iterator[Caller]:
    program, script = CLIENTS[client]
    interpreter = "node" if program == "node" else sys.executable
    with subprocess.Popen(
        [interpreter, str(_DRIVERS / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
    ) as process:
        try:
            yield Caller(client, process)
        finally:
            process.kill()

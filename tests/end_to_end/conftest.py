"""The real thing on loopback: `flowprobe` in a process of its own, a product and a provider that it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowprobe.report.result_schema import result_schema

PRODUCT = Path(__file__).parent / "odd_product.py"
DEADLINE_S = 150.0
RESULT = Draft202012Validator(result_schema())

PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    providers:
      shop: {{url: https://shop.example, upstream: "http://127.0.0.1:0", edge: reverse}}
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.shop.port}}"}}
        ready: GET ${{upstreams.shop.url}}/health
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", PROVIDER_URL: "${{edges.shop.url}}", NOTES: "{notes}", DELETE_TAKES: "{delete_takes}"}}
        ready: GET /health
  bare:
    target: http://127.0.0.1:0
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", NOTES: "{notes}", DELETE_TAKES: "{delete_takes}"}}
        ready: GET /health
  hooked:
    target: http://127.0.0.1:0
    providers:
      shop: {{url: https://shop.example, upstream: "http://127.0.0.1:0", edge: reverse, webhooks: target}}
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.shop.port}}", HOOK_URL: "${{edges.shop.webhooks.url}}"}}
        ready: GET ${{upstreams.shop.url}}/health
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", PROVIDER_URL: "${{edges.shop.url}}", NOTES: "{notes}"}}
        ready: GET /health
  nowhere:
    target: http://127.0.0.1:9
personas:
  pro-eu: {{team: t1, region: eu, labels: [key-account], auth: {{bearer: file:token}}}}
  free-us: {{team: t2, region: us}}
"""


@dataclass
class Result:
    code: int
    out: str
    err: str
    json: dict[str, Any] = field(default_factory=dict)

    def trial(self, plan: str = "none") -> dict[str, Any]:
        found: dict[str, Any] = next(trial for trial in self.json["trials"] if trial["plan"] == plan)
        return found


def wait_for(condition: Callable[[], Any], what: str, *, deadline_s: float = DEADLINE_S) -> Any:
    """The first true value of `condition`; fails the test at the deadline."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"waited {deadline_s:g} s for {what}")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Place:
    """A folder with a project and scenarios, in which `flowprobe` is called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes.txt"
        self.running: list[subprocess.Popen[str]] = []
        (folder / "token").write_text("the-token-of-pro-eu-here")
        (folder / "token").chmod(0o600)
        self.project()

    def project(self, *, delete_takes: float = 0) -> None:
        text = PROJECT.format(python=sys.executable, product=PRODUCT, notes=self.notes, delete_takes=delete_takes)
        (self.folder / "flowprobe.yaml").write_text(text)

    def scenario(self, text: str, name: str = "journey.yaml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def workflow(self, steps: str, *, more: str = "", name: str = "journey.yaml") -> Path:
        return self.scenario(f"flowprobe: 1\nscenario: A journey\npersonas: {{admin: pro-eu}}\nworkflow:\n{steps}{more}", name)

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        return self.start_python("-m", "flowprobe", *words, **environ)

    def start_python(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**_environment(), **environ}, start_new_session=True)
        self.running.append(process)
        return process

    def finish(self, process: subprocess.Popen[str], *, deadline_s: float = DEADLINE_S) -> Result:
        out, err = process.communicate(timeout=deadline_s)
        self.running.remove(process)
        result = Result(process.returncode, out, err)
        if out.startswith("{") and "\n{" not in out:  # one document, and not one a line
            result.json = json.loads(out)
        return result

    def finish_reading(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Of a process whose standard output has been closed: its exit code, and what of standard error is no line for
        people."""
        assert process.stderr is not None
        with process.stderr:
            said = process.stderr.read()
        code = process.wait(DEADLINE_S)
        self.running.remove(process)
        return code, "".join(line for line in said.splitlines() if "Error" in line or "cannot" in line)

    def flowprobe(self, *words: str, **environ: str) -> Result:
        return self.finish(self.start(*words, **environ))

    def run(self, *words: str) -> Result:
        """Its result is what its schema says, whatever came of it."""
        result = self.flowprobe("run", *words, "--json")
        if result.json:
            RESULT.validate(result.json)
        return result

    def latest(self) -> Path:
        return self.folder / ".flowprobe" / "latest"

    def events(self, writer: str = "runner") -> list[dict[str, Any]]:
        """What a journal says so far; a torn last line is left out."""
        try:
            lines = (self.latest() / "journal" / f"{writer}.jsonl").read_text().split("\n")[:-1]
        except OSError:
            return []
        return [json.loads(line) for line in lines]

    def wait_for_event(self, name: str, **values: Any) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((e for e in self.events() if e["event"] == name and values.items() <= e.items()), None)

        event: dict[str, Any] = wait_for(found, f"{name} {values}")
        return event

    def descendants(self, process: subprocess.Popen[str]) -> set[int]:
        """Everything that a runner started, guardians' children included."""
        return _descendants(process.pid)


def _descendants(pid: int) -> set[int]:
    children: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, set()).add(int(stat.parent.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        for child in children.get(todo.pop(), set()) - found:
            found.add(child)
            todo.append(child)
    return found


def _environment() -> dict[str, str]:
    """That of a user: our checkout can be imported, nothing else is set."""
    root = str(Path(__file__).parents[2])
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR", "FLOWPROBE_PROXY_PYTHON") if key in os.environ}
    return {**kept, "PYTHONPATH": root, "COLUMNS": "160"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = Place(tmp_path)
    yield here
    for process in here.running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

"""What the command imports before it does anything: a cold start is felt at every call."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

SLOW = {"apprise", "botocore", "google", "httpx", "hypothesis", "jsonschema", "jsonschema_rs", "mitmproxy",
        "oauthlib", "opentelemetry", "psycopg", "pydantic", "rich", "sqlite3", "starlette", "uvicorn"}
LOADED = """
import atexit, sys
atexit.register(lambda: print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules})))
from flowprobe.cli.main import main
main()
"""


def _loaded(*arguments: str) -> set[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CI": "true"}
    done = subprocess.run([sys.executable, "-c", LOADED, *arguments], cwd=ROOT, env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("command", [("--help",), ("run", "--help"), ("check", "scenarios")], ids=" ".join)
def test_these_import_nothing_slow(command: tuple[str, ...]) -> None:
    assert not _loaded(*command) & SLOW


def test_the_version_imports_no_library_at_all() -> None:
    assert not _loaded("--version") & {*SLOW, "click", "typer", "yaml"}


def test_a_check_of_files_by_their_names_needs_no_parser() -> None:
    assert not _loaded("check", "scenarios/search.yaml") & {*SLOW, "click", "typer"}


def test_the_runner_never_imports_mitmproxy() -> None:
    done = subprocess.run([sys.executable, "-c", "import flowprobe.running.run, sys; print('mitmproxy' in sys.modules)"],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

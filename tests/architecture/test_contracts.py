"""The contracts of pyproject.toml, and that each of them sees what it forbids."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

PLANTED = {
    "flowprobe/core/blame.py": "import flowprobe.files.nodes, httpx",
    "flowprobe/files/nodes.py": "import flowprobe.http.limits",
    "flowprobe/cli/demo.py": "import flowprobe.demo.state, flowprobe.proxy.protocol",
    "flowprobe/running/places.py": "import yaml, mitmproxy, cryptography, rich, starlette, jsonpath_ng, jsonschema_rs, oauthlib, regex, hypothesis, opentelemetry, sqlite3, psycopg, apprise",
}
"""One sin against each contract."""


def _lint(folder: Path) -> str:
    env = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_contracts_are_kept() -> None:
    said = _lint(ROOT)
    assert " 0 broken" in said, said


def test_every_contract_sees_what_it_forbids(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "flowprobe", tmp_path / "flowprobe", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, line in PLANTED.items():
        with (tmp_path / file).open("a") as module:
            module.write(f"\n{line}\n")
    said = _lint(tmp_path)
    assert " 0 kept" in said, said

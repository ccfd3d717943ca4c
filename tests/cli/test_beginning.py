"""`flowprobe init`: what it says, and that what it writes is green at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowprobe.cli.beginning import init_command
from tests.architecture.source import ROOT


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init_command(tmp_path) == 0
    out = capsys.readouterr().out
    assert f"✓ {tmp_path}/flowprobe.yaml\n" in out
    assert f"flowprobe run {tmp_path}/scenarios " in out


def test_it_names_what_is_there_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flowprobe.yaml").write_text("mine")
    assert init_command(tmp_path) == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith(f"{tmp_path}/flowprobe.yaml: this is there already\n")) == ("", True)
    assert err.endswith("nothing was written\n")
    assert os.listdir(tmp_path) == ["flowprobe.yaml"]


def test_what_it_writes_is_green_at_once(tmp_path: Path) -> None:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}

    def flowprobe(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "flowprobe", *words], cwd=tmp_path, text=True, check=False,
                              capture_output=True, timeout=120, env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "160"})

    assert flowprobe("init").returncode == 0
    for _ in range(3):  # a machine that is starved of processor time misses promises of time
        done = flowprobe("run", "scenarios")
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 pass  exit 0" in done.stdout
    assert flowprobe("fmt", "--check").returncode == 0

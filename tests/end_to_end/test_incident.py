"""From recorded calls to a red segment, by the commands that a person types."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running.test_incidents import recorded

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    recorded(tmp_path / "calls.csv")
    return tmp_path


def flowprobe(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "flowprobe", *words], cwd=folder, capture_output=True, text=True, timeout=120,
                          check=False)


def test_friday_is_fitted_shown_and_replayed(project: Path) -> None:
    fitted = flowprobe(project, "incident", "fit", "calls.csv", "--provider", "payments", "-o", "proxies/friday.yaml",
                       "--window", "2026-11-20T17:50Z..18:30Z", "--healthy", "2026-11-20T17:30Z..17:50Z")
    assert fitted.returncode == 0, fitted.stderr
    assert "calls.csv  read as csv" in fitted.stdout
    shown = flowprobe(project, "incident", "show", "proxies/friday.yaml")
    assert "worst  from 10:00 on" in shown.stdout
    run = flowprobe(project, "run", "scenarios/payment.yaml", "--faults", "proxies/friday.yaml#worst", "--seed", "3")
    assert "friday.worst" in run.stdout
    assert run.returncode in (0, 1, 3), run.stdout  # what the product makes of it is not what is tested here
    assert "never fired" not in run.stdout


def test_what_names_no_zone_is_an_error_that_says_what_to_write(project: Path) -> None:
    done = flowprobe(project, "incident", "fit", "calls.csv", "--provider", "payments", "-o", "friday.yaml", "--window",
                     "2026-11-20T18:00..18:30")
    assert done.returncode == 2
    assert "--zone Europe/Berlin" in done.stderr
    assert not (project / "friday.yaml").exists()

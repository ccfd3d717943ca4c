"""Every command with a standard output that is closed, or full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = "flowprobe: 1\nscenario: A\npersonas: {admin: b}\nworkflow: [{step: a, call: GET /a}]\n"
PROJECT = "flowprobe: 1\npersonas: {b: {}}\nenvironments: {local: {targets: {api: http://127.0.0.1:1}}}\n"
PRINTS = ["--version", "--help", "check a.yaml", "check a.yaml --json", "check --help", "config", "config --json", "schema"]


def shell(folder: Path, words: str, redirect: str) -> tuple[int, str]:
    (folder / "a.yaml").write_text(SCENARIO)
    (folder / "flowprobe.yaml").write_text(PROJECT)
    ended = subprocess.run(["sh", "-c", f"exec {sys.executable} -m flowprobe {words} {redirect}"], cwd=folder,
                           capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(("redirect", "why"), [(">&-", "it is closed"), ("> /dev/full", "No space left on device")])
@pytest.mark.parametrize("words", PRINTS)
def test_a_command_that_only_prints_ends_with_one_sentence(tmp_path: Path, words: str, redirect: str, why: str) -> None:
    code, said = shell(tmp_path, words, redirect)
    assert (code, said) == (4, f"flowprobe: standard output cannot be written: {why}\n")


@pytest.mark.parametrize("redirect", [">&-", "> /dev/full"])
def test_a_command_that_does_something_does_it_all_the_same(tmp_path: Path, redirect: str) -> None:
    code, said = shell(tmp_path, "init new", redirect)
    assert (code, said.count("\n")) == (0, 1)
    assert (tmp_path / "new" / "flowprobe.yaml").is_file()


@pytest.mark.parametrize("redirect", ["2>&-", "2> /dev/full", ">&- 2>&-", "< /dev/null >&- 2> /dev/full"])
def test_a_standard_error_that_takes_nothing_changes_no_exit_code(tmp_path: Path, redirect: str) -> None:
    code, _ = shell(tmp_path, "check nowhere.yaml", redirect)
    assert code == 2


def test_what_is_said_on_a_closed_standard_error_does_not_come_out_on_standard_output(tmp_path: Path) -> None:
    ended = subprocess.run(["sh", "-c", f"exec {sys.executable} -m flowprobe check nowhere.yaml 2>&-"], cwd=tmp_path,
                           capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")


def test_a_reader_who_went_away_is_no_loss_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SCENARIO)
    ended = subprocess.run(["bash", "-c", f"{sys.executable} -m flowprobe schema | head -c 1"], cwd=tmp_path,
                           capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.stderr) == ("{", "")

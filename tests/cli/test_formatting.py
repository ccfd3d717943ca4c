"""`flowprobe fmt` as it is called: by people, in CI, and by editors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

UGLY = "flowprobe: 1\nscenario:   A  # why\npersonas: {admin: pro-eu}\nworkflow:\n- call: GET /a\n  step: one\n"
FINE = "flowprobe: 1\nscenario: A  # why\npersonas: {admin: pro-eu}\nworkflow:\n  - step: one\n    call: GET /a\n"
WRONG = "flowprobe:   1\nscenaro: A\n"


def fmt(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "flowprobe", "fmt", *words], cwd=folder, text=True, input=stdin,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "CI": "true"}, capture_output=True, check=False)


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    file = tmp_path / "a.yaml"
    file.write_text(UGLY)
    return file


def test_a_file_is_formatted_where_it_stands_and_keeps_its_mode(ugly: Path) -> None:
    ugly.chmod(0o640)
    done = fmt(ugly.parent, "a.yaml")
    assert (done.returncode, done.stdout) == (0, "formatted a.yaml\n1 file looked at, 1 formatted\n")
    assert ugly.read_text() == FINE
    assert ugly.stat().st_mode & 0o777 == 0o640
    assert os.listdir(ugly.parent) == ["a.yaml"]


def test_a_second_time_changes_nothing(ugly: Path) -> None:
    fmt(ugly.parent)
    before = ugly.stat().st_mtime_ns
    assert fmt(ugly.parent).stdout == "1 file looked at, 0 formatted\n"
    assert ugly.stat().st_mtime_ns == before


def test_check_writes_nothing_and_lists_what_would_change(ugly: Path) -> None:
    done = fmt(ugly.parent, "--check")
    assert (done.returncode, done.stdout) == (1, "would format a.yaml\n1 file looked at, 1 would change\n")
    assert ugly.read_text() == UGLY
    ugly.write_text(FINE)
    assert fmt(ugly.parent, "--check").returncode == 0


def test_diff_shows_what_would_change(ugly: Path) -> None:
    done = fmt(ugly.parent, "--diff")
    assert done.returncode == 0
    assert "-scenario:   A  # why\n+scenario: A  # why\n" in done.stdout
    assert ugly.read_text() == UGLY
    assert fmt(ugly.parent, "--diff", "--check").returncode == 1


def test_an_editor_hands_the_text_over(tmp_path: Path) -> None:
    assert fmt(tmp_path, "-", stdin=UGLY).stdout == FINE
    done = fmt(tmp_path, "-", "--check", stdin=UGLY)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_file_with_mistakes_is_not_touched_and_the_others_are_formatted(ugly: Path) -> None:
    wrong = ugly.with_name("wrong.yaml")
    wrong.write_text(WRONG)
    done = fmt(ugly.parent)
    assert done.returncode == 2
    assert "wrong.yaml:2:1: `scenaro` is not a key of a scenario" in done.stderr
    assert (ugly.read_text(), wrong.read_text()) == (FINE, WRONG)


def test_an_editor_gets_nothing_where_there_are_mistakes(tmp_path: Path) -> None:
    done = fmt(tmp_path, "-", stdin=WRONG)
    assert (done.returncode, done.stdout) == (2, "")
    assert "<stdin>:2:1: `scenaro`" in done.stderr


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert fmt(tmp_path, "absent.yaml").returncode == 2


def test_other_yaml_files_of_a_folder_are_not_looked_at(ugly: Path) -> None:
    other, hidden = ugly.with_name("compose.yml"), ugly.parent / ".github" / "ci.yaml"
    hidden.parent.mkdir()
    for file in (other, hidden):
        file.write_text("services:   {}\n")
    assert fmt(ugly.parent).stdout == "formatted a.yaml\n1 file looked at, 1 formatted\n"


def test_a_link_stays_a_link(ugly: Path) -> None:
    link = ugly.with_name("link.yaml")
    link.symlink_to("a.yaml")
    fmt(ugly.parent, "link.yaml")
    assert link.is_symlink()
    assert ugly.read_text() == FINE


def test_line_ends_and_a_byte_order_mark_are_those_of_the_house(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + FINE.replace("\n", "\r\n").encode())
    fmt(tmp_path)
    assert file.read_bytes() == FINE.encode()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_leaves_the_file(ugly: Path) -> None:
    ugly.parent.chmod(0o500)
    try:
        done = fmt(ugly.parent, "a.yaml")
    finally:
        ugly.parent.chmod(0o700)
    assert (done.returncode, ugly.read_text()) == (3, UGLY)

"""The first files: written once, whole, and never over others; what stands in them is in order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput, ToolFailed
from flowprobe.files.checks import check_scenario
from flowprobe.files.formatting.text import formatted
from flowprobe.files.lints import lint
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import read_scenario
from flowprobe.running import beginning
from flowprobe.running.beginning import FILES, FIRST, begin


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    begun = begin(tmp_path / "new" / "project")
    assert begun.written == tuple(tmp_path / "new" / "project" / file for file in FILES)
    assert files(tmp_path / "new" / "project") == sorted(map(str, FILES))


@pytest.mark.parametrize("file", FILES, ids=str)
def test_each_is_formatted(file: Path) -> None:
    text = (FIRST / file).read_text()
    assert formatted(file, text) == text


def test_they_fit_each_other_without_a_warning() -> None:
    project = load_project(FIRST / "flowprobe.yaml")
    scenario, root, context = read_scenario(FIRST / "scenarios" / "first-journey.yaml")
    assert check_scenario(scenario, project, project.environments["demo"]) == ()
    assert lint(root, context, writes_need_cleanup=True) == ()


def test_the_block_for_ones_own_product_is_right_once_it_is_no_comment() -> None:
    lines = (FIRST / "flowprobe.yaml").read_text().splitlines()
    start = lines.index("  # local:")
    end = lines.index("", start)
    lines[start:end] = [line.replace("# ", "", 1) for line in lines[start:end]]
    assert set(load_project(Path("a.yaml"), text="\n".join(lines)).environments) == {"demo", "local"}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_that_is_there_is_left_and_nothing_is_written(tmp_path: Path, file: Path) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("mine")
    with pytest.raises(InvalidInput) as caught:
        begin(tmp_path)
    assert [problem.file for problem in caught.value.problems] == [str(tmp_path / file)]
    assert files(tmp_path) == [str(file)]
    assert (tmp_path / file).read_text() == "mine"


def test_a_link_that_leads_nowhere_is_left_too(tmp_path: Path) -> None:
    (tmp_path / "flowprobe.yaml").symlink_to("absent")
    with pytest.raises(InvalidInput):
        begin(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput):
        begin(tmp_path / "file")


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(beginning, "_ignored", interrupted)
    with pytest.raises(KeyboardInterrupt):
        begin(tmp_path / "project")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ToolFailed, match="Permission denied"):
            begin(tmp_path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(("before", "after"), [
    (None, ".flowprobe/\n"), ("*.pyc\n", "*.pyc\n.flowprobe/\n"), ("*.pyc", "*.pyc\n.flowprobe/\n"),
    ("/.flowprobe\n", "/.flowprobe\n"),
])
def test_runs_are_kept_out_of_a_repository(tmp_path: Path, before: str | None, after: str) -> None:
    (tmp_path / ".git").mkdir()
    if before is not None:
        (tmp_path / ".gitignore").write_text(before)
    begun = begin(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == after
    assert begun.ignore == (tmp_path / ".gitignore" if before != after else None)


def test_what_the_repository_ignores_already_is_not_said_again(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(".flowprobe/\n")
    assert begin(tmp_path / "tests").ignore is None
    assert ".gitignore" not in files(tmp_path / "tests")

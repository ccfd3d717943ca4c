"""What is said of a path that names no case."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flowprobe.cli.replaying import replay_command
from flowprobe.errors import InvalidInput
from flowprobe.running.selection import Request
from tests.files.samples import GOOD


@pytest.mark.parametrize(("name", "content", "said"), [
    ("nowhere", None, "there is no such file or folder"),
    ("empty.yaml", b"", "this file is empty"),
    ("binary.yaml", b"\xff\xfe\x00case:", "this file is not UTF-8 text"),
    ("other.yaml", b"flowprobe: 1\nscenario: a\n", "this is no case: no line of it begins with `case:`"),
])
def test_why_a_path_names_no_case(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    shutil.copy(GOOD / "case.yaml", tmp_path)
    with pytest.raises(InvalidInput) as caught:
        replay_command(Request((tmp_path / "case.yaml", path)), times=None, as_json=False)
    assert [(problem.file, problem.found) for problem in caught.value.problems] == [(str(path), said)]


def test_a_folder_without_a_case_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no case in this folder"):
        replay_command(Request((tmp_path,)), times=None, as_json=False)

import os
from pathlib import Path

import pytest

from flowprobe.secrets.files import read_private, refusal


def test_a_private_file_is_read_without_the_space_around_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(" tok-1 \n")
    file.chmod(0o600)
    assert read_private(file)[0] == "tok-1"
    assert refusal(file) == ""


@pytest.mark.parametrize(("mode", "content", "said"), [
    (0o640, b"tok", "can be read by others"), (0o604, b"tok", "can be read by others"), (0o620, b"tok", "can be read by others"),
    (0o600, b"", "is empty"), (0o600, b"\xff\xfe", "cannot be read: UnicodeDecodeError"), (0o600, b"x" * 70_000, "is larger"),
])
def test_what_cannot_be_trusted_is_not_read(tmp_path: Path, mode: int, content: bytes, said: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(mode)
    value, problem = read_private(file)
    assert (value, said in problem) == ("", True)


def test_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    assert "is not a file" in refusal(tmp_path)
    assert read_private(tmp_path)[0] == ""
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is not a file" in refusal(tmp_path / "pipe")
    assert "is not a file" in read_private(tmp_path / "pipe")[1]

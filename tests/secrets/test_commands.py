import os
import time
from pathlib import Path

from flowprobe.secrets.commands import first_line, program
from tests.end_to_end.conftest import alive, wait_for

ENVIRON = {"PATH": os.environ["PATH"]}


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    command = "sh -c 'sleep 3600 & echo $! > pid; echo s3cret; wait'"
    value, problem = first_line(command, folder=tmp_path, environ=ENVIRON, timeout_s=0.5)
    assert (value, problem) == ("", "the command did not end within 0.5 s")
    assert time.monotonic() - began < 10
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())), "the command's child to be gone")


def test_one_that_ends_and_leaves_a_child_with_its_output_is_ended_too(tmp_path: Path) -> None:
    value, _ = first_line("sh -c 'sleep 3600 & echo $! > pid; echo s3cret'", folder=tmp_path, environ=ENVIRON, timeout_s=0.5)
    assert value == ""
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())), "the command's child to be gone")


def test_a_command_is_given_nothing_to_read(tmp_path: Path) -> None:
    assert first_line("cat", folder=tmp_path, environ=ENVIRON) == ("", "the command printed nothing")


def test_of_a_command_the_program_alone_is_shown() -> None:
    assert program("pass show acme/token") == "pass"
    assert program("") == ""

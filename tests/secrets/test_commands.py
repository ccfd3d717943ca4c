import os
import resource
import time
from pathlib import Path

import pytest

from flowprobe.secrets.commands import LARGEST, first_line, program
from tests.end_to_end.conftest import alive, wait_for

ENVIRON = {"PATH": os.environ["PATH"]}


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    command = "sh -c 'sleep 3600 & echo $! > pid; printf s3cret; wait'"
    value, problem = first_line(command, folder=tmp_path, environ=ENVIRON, timeout_s=0.5)
    assert (value, problem) == ("", "the command printed no line within 0.5 s")
    assert time.monotonic() - began < 10
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())), "the command's child to be gone")


@pytest.mark.parametrize("then", ["", "; wait", "; printf second; wait"])
def test_a_line_is_taken_when_it_is_there_and_what_goes_on_is_ended(tmp_path: Path, then: str) -> None:
    began = time.monotonic()
    value, _ = first_line(f"sh -c 'sleep 3600 & echo $! > pid; echo s3cret{then}'", folder=tmp_path, environ=ENVIRON, timeout_s=60)
    assert value == "s3cret"
    assert time.monotonic() - began < 30
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())), "the command's child to be gone")


@pytest.mark.parametrize(("command", "value", "problem"), [
    ("yes s3cret", "s3cret", ""),
    ("cat /dev/zero", "", f"the first line is longer than {LARGEST} bytes"),
    ("sh -c 'echo it went wrong; exit 3'", "", "the command ended with 3"),
    ("sh -c 'printf s3cret; exit 3'", "", "the command ended with 3"),
    ("printf s3cret", "s3cret", ""),
])
def test_no_more_than_a_line_is_read(tmp_path: Path, command: str, value: str, problem: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, why = first_line(command, folder=tmp_path, environ=ENVIRON)
    assert (found, "" if found else why) == (value, problem)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_a_command_is_given_nothing_to_read(tmp_path: Path) -> None:
    assert first_line("cat", folder=tmp_path, environ=ENVIRON) == ("", "the command printed nothing")


def test_of_a_command_the_program_alone_is_shown() -> None:
    assert program("pass show acme/token") == "pass"
    assert program("") == ""

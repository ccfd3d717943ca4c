"""Log lines that a command prints: bounded, without a shell, and told in a sentence where it fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.telemetry import LogLine
from flowprobe.telemetry import command
from flowprobe.telemetry.command import Command
from flowprobe.telemetry.reading import MOST, Found
from tests.telemetry.stores import OTHER, TRACE


def reader(program: str, *words: str, timeout_s: float = 20.0) -> Command:
    return Command((sys.executable, "-c", program, *words), folder=Path.cwd(), environ={"SEEN": "yes"}, began=5.0,
                   patience=lambda: timeout_s)


def test_each_line_belongs_to_the_trace_that_was_asked_for() -> None:
    found = reader("import sys; print('seen', sys.argv[1])", "of=${trace}").read((TRACE, OTHER))
    assert found == Found(tuple(LogLine(trace, "", 5.0, "", "", f"seen of={trace}") for trace in (TRACE, OTHER)))


def test_a_line_without_a_time_has_that_of_the_one_before_it() -> None:
    found = reader("print('1970-01-01T00:00:09Z ERROR no luck\\n  at pay()\\n')").read((TRACE,))
    assert [line.at for line in found.said if isinstance(line, LogLine)] == [9.0, 9.0]


def test_nothing_is_read_by_a_shell() -> None:
    found = reader("import sys; print(sys.argv[1])", "$(touch x); ${trace} | cat > y").read((TRACE,))
    assert [line.text for line in found.said if isinstance(line, LogLine)] == [f"$(touch x); {TRACE} | cat > y"]


def test_it_runs_where_the_project_is_with_what_it_is_given(tmp_path: Path) -> None:
    program = "import os; print(os.getcwd(), os.environ['SEEN'])"
    found = Command((sys.executable, "-c", program), folder=tmp_path, environ={"SEEN": "yes"}, began=0).read((TRACE,))
    assert [line.text for line in found.said if isinstance(line, LogLine)] == [f"{tmp_path.resolve()} yes"]


def test_what_journalctl_says_between_the_lines_is_none() -> None:
    assert reader("print('-- No entries --')").read((TRACE,)) == Found()


def test_a_command_that_finds_nothing_ends_with_1() -> None:
    assert reader("raise SystemExit(1)").read((TRACE,)) == Found()


@pytest.mark.parametrize(("program", "trouble"), [
    ("import sys; print('x'); sys.exit('no\\x1b[31m \\n luck')", "ended with 1: no\N{REPLACEMENT CHARACTER}[31m luck"),
    ("raise SystemExit(3)", "ended with 3"),
])
def test_a_command_that_fails_is_told(program: str, trouble: str) -> None:
    assert reader(program).read((TRACE, OTHER)).trouble == f"the command {sys.executable} {trouble}"


def test_a_command_that_is_not_there_is_told() -> None:
    found = Command(("no-such-program", "${trace}"), folder=Path.cwd(), environ={}, began=0).read((TRACE,))
    assert found == Found((), "the command no-such-program cannot be started: No such file or directory")


def test_a_command_that_does_not_end_is_ended_and_what_it_printed_is_taken() -> None:
    program = "import time; print('first', flush=True); time.sleep(600)"
    found = reader(program, timeout_s=1.5).read((TRACE,))
    assert [line.text for line in found.said if isinstance(line, LogLine)] == ["first"]
    assert found.trouble.endswith("did not end in time; what it printed until then is taken")


def test_a_command_for_which_there_is_no_time_is_not_started(tmp_path: Path) -> None:
    found = reader(f"open({str(tmp_path / 'x')!r}, 'w')", timeout_s=0).read((TRACE,))
    assert (found.said, found.trouble.startswith("there was no time left"), [*tmp_path.iterdir()]) == ((), True, [])


def test_so_much_is_taken_of_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LARGEST", 1_000)
    found = reader("print('x' * 100_000)").read((TRACE,))
    assert found.trouble.startswith(f"the command {sys.executable} prints more than 1000 bytes")


def test_so_many_lines_are_taken() -> None:
    assert len(reader("print('x\\n' * 5000)").read((TRACE,)).said) == MOST


def test_what_it_says_on_standard_error_does_not_hold_it_up() -> None:
    program = "import sys; sys.stderr.write('e' * 1_000_000); print('paid')"
    found: Any = reader(program).read((TRACE,))
    assert ([line.text for line in found.said], found.trouble) == (["paid"], "")

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.clues import ExclusiveWindow
from flowprobe.core.scenario import Environment, Position, Provider
from flowprobe.errors import Refused
from flowprobe.running.flight import one_night, single_flight

HOLDER = """
import sys, time
from flowprobe.core.scenario import Environment, Position
from flowprobe.running.flight import one_night, single_flight
with single_flight(Environment("production", Position(sys.argv[1], 3, 3), {}, production=True)):
    print("held", flush=True)
    sys.stdin.read()
"""


def an_environment(folder: Path) -> Environment:
    return Environment("production", Position(str(folder / "flowprobe.yaml"), 3, 3), {}, production=True)


def test_a_second_run_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with single_flight(an_environment(tmp_path)):
        with pytest.raises(Refused) as refused, single_flight(an_environment(tmp_path)):
            pytest.fail("two at once")
        assert re.search(rf"pid {os.getpid()} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", str(refused.value))
        assert f"`production`, {tmp_path}/flowprobe.yaml:3:3" in str(refused.value)
    with single_flight(an_environment(tmp_path)):
        pass


def test_what_stands_beside_the_project_belongs_into_no_repository(tmp_path: Path) -> None:
    with one_night(an_environment(tmp_path)):
        assert (tmp_path / ".flowprobe" / ".gitignore").read_text() == "*\n"


def test_a_lock_goes_with_the_process_that_held_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "flowprobe.yaml")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=f"pid {holder.pid} since"), single_flight(an_environment(tmp_path)):
            pass
        holder.send_signal(signal.SIGKILL)
    with single_flight(an_environment(tmp_path)):
        pass


def test_other_environments_take_as_many_as_there_are(tmp_path: Path) -> None:
    staging = replace(an_environment(tmp_path), production=False)
    with single_flight(staging), single_flight(staging):
        assert not (tmp_path / ".flowprobe").exists()


def test_an_exclusive_window_is_for_one_run_at_a_time(tmp_path: Path) -> None:
    here = Position(str(tmp_path / "flowprobe.yaml"), 5, 7)
    mail = Provider("mail", "https://mail.example", here, attribute=(ExclusiveWindow(2.0),))
    search = Provider("search", "https://search.example", here)
    staging = Environment("staging", here, {}, providers={"mail": mail, "search": search})
    with single_flight(staging):
        with pytest.raises(Refused, match="the window on 'mail' is for one at a time: pid"), single_flight(staging):
            pytest.fail("two at once")
        with single_flight(replace(staging, providers={"search": search})):
            pass


def test_nights_are_one_at_a_time_in_any_environment(tmp_path: Path) -> None:
    staging = replace(an_environment(tmp_path), name="staging", production=False)
    with one_night(staging):
        with pytest.raises(Refused, match=r"another night is on 'staging'.*pid \d+ since"), one_night(staging):
            pytest.fail("two at once")
        with one_night(replace(staging, name="other")), single_flight(staging):
            pass
    with one_night(staging):
        pass

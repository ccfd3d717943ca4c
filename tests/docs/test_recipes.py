"""What `docs/how-to/schedule-the-nights.md` says is read by what it is written for, as far as that is here."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "schedule-the-nights.md"
_BLOCK = re.compile(r"^```(\w+)\n# (\S[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = {name.split(",")[0]: text for _, name, text in _BLOCK.findall(PAGE.read_text())}
SERVICE, TIMER = "/etc/systemd/system/flowprobe-nightly.service", "/etc/systemd/system/flowprobe-nightly.timer"
_CRON = re.compile(r"(?:[\d*/,-]+\s+){5}(?P<command>\S.*)")
_ANALYZE = shutil.which("systemd-analyze")


def commands() -> list[str]:
    """Every line that starts FlowProbe, in whatever form it stands."""
    found = re.findall(r"(?<![\w/`-])((?:\S*/)?flowprobe (?:nightly|alert|cleanup)[^\n`>]*)", "\n".join(BLOCKS.values()))
    listed = re.findall(r"command: \[(flowprobe, [^\]]*)\]", BLOCKS["flowprobe-nightly.yaml"])
    return [*found, *(each.replace(",", "") for each in listed)]


@cache
def options_of(command: str) -> frozenset[str]:
    done = subprocess.run([sys.executable, "-m", "flowprobe", *command.split(), "--help"], capture_output=True, text=True,
                          timeout=120, check=True, env={"NO_COLOR": "1", "COLUMNS": "200", "PATH": "/usr/bin:/bin"})
    return frozenset(re.findall(r"--[a-z][a-z-]*", done.stdout))


@pytest.mark.parametrize("line", commands())
def test_a_command_of_a_schedule_is_one_that_there_is(line: str) -> None:
    words = shlex.split(line)[1:]
    named = [word for word in words[:2] if not word.startswith("-")]
    command = " ".join(named if named[0] == "alert" else named[:1])
    assert {word for word in words if word.startswith("--")} <= options_of(command)


def test_each_line_of_the_crontab_is_a_time_and_a_command() -> None:
    _, *lines = BLOCKS["crontab -e"].splitlines()
    assert len(lines) == 2
    for line in lines:
        found = _CRON.fullmatch(line)
        assert found is not None
        assert "%" not in found["command"]  # cron would take it for a line break


@pytest.mark.parametrize("name", [SERVICE, TIMER])
def test_a_unit_has_its_sections(name: str) -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(BLOCKS[name])
    assert unit.has_section("Service" if name is SERVICE else "Timer")


@pytest.mark.skipif(_ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    assert _ANALYZE is not None
    service = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", BLOCKS[SERVICE])
    units = [tmp_path / Path(name).name for name in (SERVICE, TIMER)]
    for unit, text in zip(units, (service.replace("User=flowprobe\n", ""), BLOCKS[TIMER]), strict=True):
        unit.write_text(text)
    done = subprocess.run([_ANALYZE, "verify", "--man=no", *map(str, units)], capture_output=True, text=True, timeout=60,
                          check=False)
    assert not [line for line in done.stderr.splitlines() if "flowprobe-nightly" in line]
    calendar, = re.findall(r"(?m)^OnCalendar=(.*)$", BLOCKS[TIMER])
    assert subprocess.run([_ANALYZE, "calendar", calendar], capture_output=True, timeout=60, check=False).returncode == 0


def document(name: str) -> Any:
    return yaml.safe_load(BLOCKS[name])


def test_the_cron_job_of_kubernetes_starts_one_at_a_time_and_leaves_time_to_clean_up() -> None:
    job = document("flowprobe-nightly.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["terminationGracePeriodSeconds"] >= 60
    mounted = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert len(job["spec"]["schedule"].split()) == 5


def test_the_workflows_of_forges_have_a_schedule_and_clean_up_whatever_happens() -> None:
    workflow = document(".github/workflows/nightly.yml")
    times = workflow[True]["schedule"]  # YAML 1.1 takes `on` for a truth value, as GitHub's own reader does not
    assert len(times[0]["cron"].split()) == 5
    steps = workflow["jobs"]["nightly"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    assert [step["if"] for step in steps if step.get("run") == "flowprobe cleanup"] == ["always()"]
    job = document(".gitlab-ci.yml")["nightly"]
    assert job["script"][-1].startswith("flowprobe nightly")
    assert job["after_script"] == ["flowprobe cleanup"]

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowprobe.core.profiles import segments_of
from flowprobe.errors import InvalidInput
from flowprobe.files.scenarios import load_profile
from flowprobe.report.incident import fitted_lines, profile_lines
from flowprobe.running.incidents import Wanted, fit_incident, options, window_of

BEGAN = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
PAYMENTS = options(kind=None, format_="", zone="", columns="", provider=("payments",))


def recorded(file: Path, *, bad: bool = True) -> Path:
    """An hour, of which minutes 30 to 50 are slow and fail now and then."""
    draw, time, rows = random.Random(1), 0.0, ["time,method,path,latency_ms,status"]
    while (time := time + draw.expovariate(2)) < 3600:
        worst = bad and 1800 < time < 3000
        status = "503" if worst and draw.random() < 0.15 else "200"
        took = (1100 if worst else 120) * math.exp(draw.gauss(0, 0.4))
        rows.append(f"{(BEGAN + timedelta(seconds=time)).isoformat()},POST,/v1/charges,{took:.1f},{status}")
    file.write_text("\n".join(rows) + "\n")
    return file


def wanted(tmp_path: Path, **more: str) -> Wanted:
    said = {"window": "2026-11-20T17:50Z..18:30Z", "healthy": "2026-11-20T17:30Z..17:50Z", **more}
    return Wanted((recorded(tmp_path / "calls.csv"),), tmp_path / "friday.yaml", **said)


def test_what_was_recorded_becomes_a_profile_with_a_segment_to_replay(tmp_path: Path) -> None:
    fitted = fit_incident(wanted(tmp_path), PAYMENTS, progress=lambda _done, _total: None)
    worst, = segments_of(load_profile(fitted.output))
    assert worst.name == "friday.worst"
    status, latency = worst.faults
    assert status.when.draw[1] == pytest.approx(0.15, abs=0.02)
    assert latency.kind.takes.at(0.5) == pytest.approx(0.98, rel=0.08)  # type: ignore[union-attr]
    told = ["".join(span.text for span in each) for each in fitted_lines(fitted.incident)]
    assert told[0].startswith("payments POST /v1/charges  ")
    assert "503 1" in told[2]
    shown = ["".join(span.text for span in each) for each in profile_lines(load_profile(fitted.output))]
    assert shown[1] == "  worst  from 10:00 on"
    assert "status 503" in shown[2]
    assert shown[-1] == "  nothing is injected in: ordinary, ordinary-2"


@pytest.mark.parametrize(("more", "found"), [
    ({"window": "2026-11-20T17:31Z..17:45Z"}, "nothing was amiss in it"),
    ({"window": "2026-11-19T17:31Z..17:45Z"}, "there is nothing to fit"),
    ({"window": "2026-11-20T18:00..18:30"}, "names no time zone"),
    ({"window": "2026-11-20T18:30Z..18:00Z"}, "ends before it begins"),
    ({"window": "yesterday"}, "is no window"),
    ({"name": "last friday"}, "is no name"),
])
def test_what_makes_no_profile_is_told_and_nothing_is_written(tmp_path: Path, more: dict[str, str], found: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        fit_incident(wanted(tmp_path, **more), PAYMENTS, progress=lambda _done, _total: None)
    assert found in raised.value.problems[0].found
    assert not (tmp_path / "friday.yaml").exists()


def test_a_window_may_end_on_the_same_day_or_another() -> None:
    assert window_of("2026-11-20T18:00Z..18:40Z", "", "--window").seconds == 2400
    assert window_of("2026-11-20T23:00..2026-11-21T01:00", "Europe/Berlin", "--window").seconds == 7200


def test_a_kind_that_is_none_is_told() -> None:
    with pytest.raises(InvalidInput):
        options(kind="pcap", format_="", zone="", columns="", provider=())

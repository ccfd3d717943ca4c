from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.profiles import segments_of
from flowprobe.errors import ToolFailed
from flowprobe.files.incident_writing import profile_text, write_profile
from flowprobe.files.scenarios import load_profile

SAID = {
    "flowprobe": 1, "profile": "friday", "imitates": "What providers did",
    "incident": {"from": "2026-11-20T18:00:00Z", "calls": 12402, "sources": ["access: 1.log"]},
    "segments": {"ordinary": "0s", "worst": "240s"},
    "faults": {"payments": [
        {"status": {"code": 503}, "match": {"method": "POST"},
         "when": {"window": {"from": "240s", "to": "900s"}, "draw": [0.0, 0.15], "sticky": 0.6}},
        {"latency": {"quantiles": {"p50": "500ms", "cap": "3800ms"}, "mode": "at-least"},
         "when": {"window": {"from": "240s", "to": "900s"}, "draw": [0.15, 1]}}]}}


def test_a_profile_is_written_as_people_write_one_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "proxies" / "friday.yaml"
    write_profile(SAID, file, remarks=("Written by hand",))
    assert file.read_text().startswith("# Written by hand\nflowprobe: 1\nprofile: friday\n")
    worst, = segments_of(load_profile(file))
    assert (worst.name, [fault.when.draw for fault in worst.faults]) == ("friday.worst", [(0.0, 0.15), (0.15, 1)])
    assert all(not fault.when.window for fault in worst.faults)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "friday.yaml"
    with pytest.raises(ToolFailed, match="cannot be written"):
        write_profile({**SAID, "segments": {"worst": "often"}}, file)
    assert not file.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolFailed, match="cannot write"):
        write_profile(SAID, tmp_path / "file" / "friday.yaml")


def test_a_text_that_looks_like_something_else_stays_a_text() -> None:
    assert '"access: 1.log"' in profile_text(SAID)

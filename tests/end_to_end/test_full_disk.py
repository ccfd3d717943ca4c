"""No room on the disk: the run stops before the next thing is made, and no intent is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Place, Result

SHIM = """
import os, sys
left, real = int(sys.argv[1]), os.write

def write(file, data):
    global left
    name = os.readlink(f"/proc/self/fd/{file}")
    if not name.startswith(os.getcwd() + "/.flowprobe/"):
        return real(file, data)
    if left <= 0:
        raise OSError(28, "No space left on device")
    done = real(file, data[:left])
    left -= done
    return done

os.write = write
sys.argv[1:] = sys.argv[2:]
from flowprobe.cli.main import main
main()
"""
"""A disk with so many bytes left for what the runner writes by itself; what is deleted frees nothing."""
MAKE = """\
  - step: make
    repeat: {while: {make.id: {$absent: false}}, max: 8}
    call: POST /things
    capture: {id: $.id}
    cleanup: DELETE /things/${make.id}
"""


def with_room(place: Place, room: int) -> Result:
    place.workflow(MAKE)
    process = place.start_python("-c", SHIM, str(room), "run", "journey.yaml", "--env", "bare", "--json")
    return place.finish(process, deadline_s=20)


def rows(place: Place) -> list[dict[str, object]]:
    path = place.latest() / "ledger" / "runner.jsonl"
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


@pytest.mark.parametrize("room", [300, 1100, 1500, 2500, 4000, 6000])
def test_what_was_made_before_the_disk_was_full_is_undone_and_nothing_more_is_made(place: Place, room: int) -> None:
    result = with_room(place, room)
    intents = sum(row["event"] == "CleanupPlanned" for row in rows(place))
    undone = len(place.notes.read_text().split("\n")) - 1 if place.notes.exists() else 0
    assert undone <= intents < 8
    assert result.code == 3, (result.code, result.out[-300:], result.err)
    assert "No space left on device" in result.err + result.out
    assert [trial["verdict"] for trial in result.json.get("trials", [])] in ([], ["inconclusive"])
    for trial in result.json.get("trials", []):
        assert all(row.get("outcome") == "gone" or row["state"] == "not-needed" for row in trial["cleanup"].values()), trial
        assert undone == sum(row.get("outcome") == "gone" for row in trial["cleanup"].values())


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_sent(place: Place) -> None:
    place.workflow(MAKE)
    (place.folder / ".flowprobe").write_text("in the way")
    result = place.flowprobe("run", "journey.yaml", "--env", "nowhere")
    assert (result.code, "cannot make the folder of this run" in result.err) == (3, True), result.err
    assert not Path(place.notes).exists()

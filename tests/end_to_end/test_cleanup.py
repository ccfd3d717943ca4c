"""What a crash leaves behind is found again and goes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from flowprobe.product.ports import free_port, taken
from tests.end_to_end.conftest import PRODUCT, Place, wait_for

MAKE = """\
  - step: make
    call: POST /things
    capture: {id: $.id}
    cleanup: DELETE /things/${make.id}
  - step: wait
    call: GET /hang
"""


class Standing:
    """A product that nobody of ours started: it outlives the runner."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def left(self) -> int:
        with urllib.request.urlopen(f"{self.url}/things", timeout=5) as reply:
            return int(json.load(reply)["left"])


@pytest.fixture
def standing(place: Place) -> Iterator[Standing]:
    port = free_port()
    product = subprocess.Popen([sys.executable, str(PRODUCT)], env={**os.environ, "PORT": str(port)})
    wait_for(lambda: taken("127.0.0.1", port), "the product to listen")
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace("http://127.0.0.1:9\n", f"http://127.0.0.1:{port}\n"))
    yield Standing(port)
    product.kill()
    product.wait()


def test_what_a_killed_runner_made_is_gone_after_cleanup(place: Place, standing: Standing) -> None:
    place.workflow(MAKE)
    process = place.start("run", "journey.yaml", "--env", "nowhere")
    place.wait_for_event("CallSent", step="wait")
    process.kill()
    place.finish(process)
    assert standing.left() == 1
    result = place.flowprobe("cleanup")
    assert (result.code, "make: gone" in result.out) == (0, True), result.out + result.err
    assert standing.left() == 0
    assert "nothing is left behind" in place.flowprobe("cleanup").out


def test_a_runner_that_was_killed_between_the_call_and_its_outcome_leaves_an_unknown(place: Place, standing: Standing) -> None:
    place.workflow(MAKE.replace("POST /things", "POST /things?30"))
    process = place.start("run", "journey.yaml", "--env", "nowhere")
    place.wait_for_event("CallSent", step="make")
    process.kill()
    place.finish(process)
    result = place.flowprobe("cleanup")
    assert (result.code, "unknown" in result.out) == (7, True), result.out + result.err
    assert standing.left() == 0


def killed(place: Place, *words: str) -> None:
    """A run that is killed when it has made a thing."""
    process = place.start("run", "journey.yaml", "--env", "nowhere", *words)
    wait_for(lambda: any('"due"' in file.read_text() for file in place.folder.rglob("ledger/runner.jsonl")), "a thing")
    process.kill()
    place.finish(process)


def test_the_next_run_takes_away_what_a_killed_one_left(place: Place, standing: Standing) -> None:
    place.workflow(MAKE)
    killed(place)
    place.workflow("  - {step: me, call: GET /me}\n")
    kept = place.flowprobe("run", "journey.yaml", "--env", "nowhere", "--no-cleanup-first")
    assert (kept.code, standing.left()) == (0, 1), kept.out
    result = place.flowprobe("run", "journey.yaml", "--env", "nowhere")
    assert (result.code, "make gone" in result.out) == (0, True), result.out
    assert standing.left() == 0
    assert "left by" not in place.flowprobe("run", "journey.yaml", "--env", "nowhere").out


def test_what_a_run_in_a_folder_of_its_own_left_is_found_too(place: Place, standing: Standing) -> None:
    place.workflow(MAKE)
    killed(place, "-o", "elsewhere")
    assert standing.left() == 1
    result = place.flowprobe("cleanup")
    assert (result.code, "make: gone" in result.out) == (0, True), result.out
    assert standing.left() == 0


def test_what_a_run_that_still_goes_on_has_made_stays(place: Place, standing: Standing) -> None:
    place.workflow(MAKE)
    process = place.start("run", "journey.yaml", "--env", "nowhere")
    place.wait_for_event("CallSent", step="wait")
    place.workflow("  - {step: me, call: GET /me}\n", name="other.yaml")
    assert place.flowprobe("run", "other.yaml", "--env", "nowhere").code == 0
    cleaned = place.flowprobe("cleanup")
    assert (cleaned.code, "left alone" in cleaned.out) == (0, True), cleaned.out
    assert standing.left() == 1
    process.terminate()
    assert place.finish(process).code == 130
    assert standing.left() == 0


def test_the_port_of_a_product_that_we_started_is_not_called_by_a_later_cleanup(place: Place, standing: Standing) -> None:
    place.workflow(MAKE)
    process = place.start("run", "journey.yaml", "--env", "bare")
    place.wait_for_event("CallSent", step="wait")
    process.kill()
    place.finish(process)
    ledger = place.latest() / "ledger" / "runner.jsonl"
    ledger.write_text(re.sub(r"http://127\.0\.0\.1:\d+", standing.url, ledger.read_text()))  # it has that port now
    with urllib.request.urlopen(urllib.request.Request(f"{standing.url}/things", method="POST"), timeout=5) as reply:
        assert json.load(reply)["id"] == "thing-1"
    result = place.flowprobe("cleanup")
    assert (result.code, "went with the product" in result.out) == (0, True), result.out
    assert standing.left() == 1

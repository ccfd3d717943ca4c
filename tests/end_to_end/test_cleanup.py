"""What a crash leaves behind is found again and goes."""

from __future__ import annotations

import json
import os
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

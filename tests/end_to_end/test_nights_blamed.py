"""A night whose product stands there, or does not: whose doing a failure is, from its first attempt on."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowprobe.product.ports import free_port
from tests.end_to_end.conftest import Place, Result, wait_for
from tests.end_to_end.test_nightly import journeys

PRODUCT = Path(__file__).parents[1] / "bench" / "staged_product.py"
JOURNEY = """\
flowprobe: 1
scenario: one
personas: {admin: pro-eu}
workflow:
  - step: ask
    call: GET /first
"""


class _Control(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def control() -> Iterator[str]:
    """A host that is not the product's."""
    server = http.server.ThreadingHTTPServer(("127.0.0.2", 0), _Control)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.2:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


class Standing:
    """A product that nobody but the test starts, and the nights of the environment where it stands."""

    def __init__(self, place: Place, port: int, control: str) -> None:
        self.place, self.port = place, port
        self._process: subprocess.Popen[bytes] | None = None
        (place.folder / "journeys").mkdir()
        (place.folder / "journeys" / "one.yaml").write_text(JOURNEY)
        (place.folder / "flowprobe.yaml").write_text(json.dumps({
            "flowprobe": 1,
            "personas": {"pro-eu": {"team": "t1", "auth": {"bearer": "file:token"}}},
            "environments": {"standing": {
                "target": f"http://127.0.0.1:{port}", "identity": {"call": "GET /health"},
                "nightly": {"samples": 1, "attempts": {"max": 2, "over": "1s"}, "scenarios": "journeys", "whoami": "/v1/me",
                            "controls": {"elsewhere": f"GET {control}"}}}}}))

    def up(self, **case: Any) -> None:
        self.down()
        (self.place.folder / "product.up").unlink(missing_ok=True)
        (self.place.folder / "case.json").write_text(json.dumps(case))
        surroundings = {"PORT": str(self.port), "CASE": str(self.place.folder / "case.json")}
        self._process = subprocess.Popen([sys.executable, str(PRODUCT)], env=surroundings)
        wait_for((self.place.folder / "product.up").exists, "the product")

    def down(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def night(self) -> Result:
        return self.place.flowprobe("nightly", "--env", "standing", "--json", "--again")


@pytest.fixture
def standing(place: Place, control: str) -> Iterator[Standing]:
    found = Standing(place, free_port(), control)
    yield found
    found.down()


def told(night: Result) -> tuple[int, str, str, list[str]]:
    one = journeys(night)["one"]
    return night.code, night.json["verdict"], one["blame"], [each["blame"] for each in one["attempts"]]


def test_an_environment_that_never_answered_is_dead_and_nobody_is_paged(standing: Standing) -> None:
    night = standing.night()
    assert told(night) == (3, "inconclusive", "environment", ["environment", "environment"]), night.err
    alert, = night.json["alerts"]
    assert (alert["severity"], alert["blame"]) == ("notice", "environment")
    assert alert["sentence"].startswith("nobody answered at all: ")


def test_a_product_that_answered_on_an_earlier_night_and_is_gone_is_down(standing: Standing) -> None:
    standing.up()
    assert standing.night().code == 0
    standing.down()
    night = standing.night()
    assert told(night) == (1, "fail", "product", ["product", "product"]), night.err
    alert, = night.json["alerts"]
    assert (alert["severity"], alert["blame"]) == ("page", "product")
    assert "refuses connections" in alert["sentence"]


def test_wrong_credentials_are_the_accounts_from_the_first_attempt_on(standing: Standing) -> None:
    standing.up(auth={"header": "Authorization", "value": "Bearer another"})
    night = standing.night()
    assert told(night) == (3, "inconclusive", "account set-up", ["account set-up", "account set-up"]), night.err
    assert "GET /v1/me is answered 401" in journeys(night)["one"]["sentence"]
    assert "the-token-of-pro-eu-here" not in night.out + night.err

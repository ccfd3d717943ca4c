"""What exploring places can be written in a file, and passes `check`: the case that it becomes is a scenario's plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.exploring.catalogue import offers
from flowprobe.core.exploring.model import Reached, Site
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.scenario import Scenario
from flowprobe.files.checks import check_scenario
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_scenario
from tests.files.samples import GOOD

WRITTEN = (
    "status: 500", "status: 503", "status: {code: 429, retry_after: 1s}", "status: 404", "status: 401",
    "reset: request", "reset: headers", "close: request", "close: headers", "lost_reply: close",
    "error_envelope: plain", "error_envelope: graphql", "body: html", "body: empty", "body: malform", "body: truncate",
    "field: {path: $.*, null: true}", "field: {path: $.*, drop: true}", "field: {path: $.*, retype: true}",
    "expired_token: true", "duplicate: 2", "stale: true", "redirect_loop: 302", "h2: {rst_stream: REFUSED_STREAM}",
    "h2: {rst_stream: INTERNAL_ERROR}", "websocket: {close: 1}", "websocket: {latency: 200ms}",
    "webhook: {duplicate: 2}", "webhook: {drop: true}", "webhook: {delay: 2s}", "refuse: true", "tls: handshake",
    "tls: expired", "latency: 500ms", "bandwidth: {down: 20KB/s}", "hang: 10s",
)
_SEEN = (
    Reached(Site("payments", "POST /charges", "pay", 2), 200, 0.1, reply_bytes=20_000, protocol="HTTP/2"),
    Reached(Site("payments", "POST /graphql", "pay"), 101, 0.1, reply_bytes=20_000),
    Reached(Site("other", "POST /graphql", "pay"), 101, 0.1, reply_bytes=20_000),
    Reached(Site("payments.webhooks", "POST /hook", "pay"), 200, 0.1),
)
_SCENARIO = """\
flowprobe: 1
scenario: Explored
personas: {{admin: pro-eu}}
workflow:
  - step: pay
    call: GET /v1/billing/summary
    expect: {{status: 200}}
faults:
  search:
    {edge}: {{{kind}}}
"""
_EDGES = ("payments", "mail", "mail.webhooks")


def offered() -> list[Kind]:
    found = offers(_SEEN, connections=True, cap_s=10.0)
    return [kind for some in found.values() for offer in some for kind in offer.kinds]


@pytest.fixture(scope="module")
def read() -> dict[str, Kind]:
    return {text: _scenario(text, "mail.webhooks" if text.startswith("webhook") else "mail").faults[0].faults[0].kind
            for text in WRITTEN}


def _scenario(text: str, edge: str) -> Scenario:
    return load_scenario(Path("explored.yaml"), text=_SCENARIO.format(edge=edge, kind=text))


def test_every_representative_is_one_that_a_file_can_say(read: dict[str, Kind]) -> None:
    assert [kind for kind in offered() if kind not in read.values()] == []


def test_every_line_is_of_a_kind_that_is_offered(read: dict[str, Kind]) -> None:
    assert [text for text, kind in read.items() if kind not in offered()] == []


@pytest.mark.parametrize("text", WRITTEN)
def test_some_edge_can_do_it_and_no_check_minds(text: str) -> None:
    project = load_project(GOOD / "flowprobe.yaml")
    problems = {edge: [problem.id for problem in check_scenario(_scenario(text, edge), project,
                                                                project.environments["local"])] for edge in _EDGES}
    assert [] in problems.values(), problems

"""Spans and log lines that are kept in a store: asked for by the trace id of the calls that failed, and told under
their step, with links to where people look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.conftest import Place
from tests.playing_stores import Stores, playing

SECRET = "the-token-of-the-store"
STEPS = """\
  - {step: first, call: GET /health}
  - {step: look, call: GET /scan, expect: {status: 202, within: 300ms}}
"""
FAULTS = "faults:\n  slow: {shop: {latency: 400ms}}\n"
SETTING = """\
    telemetry:
      wait: 20s
      read:
        - jaeger: STORES
          headers: {X-Scope-OrgID: acme}
          auth: {bearer: file:store-token}
        - loki: STORES
          query: '{app="shop"} |= "${trace}"'
      links:
        Grafana & Co: https://grafana.example.com/explore?trace=${trace}&org="1"
"""


@pytest.fixture
def stores() -> Iterator[Stores]:
    with playing() as found:
        yield found


def prepare(place: Place, url: str, setting: str = SETTING) -> Place:
    (place.folder / "store-token").write_text(SECRET)
    (place.folder / "store-token").chmod(0o600)
    path = place.folder / "flowprobe.yaml"
    text = path.read_text().replace("  bare:\n", setting.replace("STORES", url) + "  bare:\n", 1)
    path.write_text(text)
    place.workflow(STEPS, more=FAULTS)
    return place


def spans(trace: str) -> tuple[int, list[dict[str, Any]]]:
    """What Jaeger knows of every call: leading zeros of ids are lost, and somebody is up to no good."""
    span = {"traceID": trace.lstrip("0"), "spanID": "a1", "operationName": "GET <script>alert(1)</script>",
            "startTime": 1_000_000, "duration": 250_000, "processID": "p1",
            "tags": [{"key": "span.kind", "type": "string", "value": "server"},
                     {"key": "authorization", "type": "string", "value": f"Bearer {SECRET}"}]}
    return 200, [span]


def failing_call(result: dict[str, Any]) -> str:
    slow = next(trial for trial in result["trials"] if trial["plan"] == "slow")
    [call] = [call["call"] for step in slow["steps"] if step["step"] == "look" for call in step["calls"]]
    return str(call)


def test_what_a_store_knows_stands_under_the_step_that_failed(place: Place, stores: Stores) -> None:
    stores.spans = spans
    stores.lines = lambda query: (200, [["1100000000", f"the shop did not answer {query[-34:-1]}"]])
    prepare(place, stores.url)
    ran = place.run("journey.yaml")
    assert ran.code == 1, ran.err + ran.out
    call = failing_call(ran.json)
    asked = [(target, headers) for target, headers in stores.asked if target.startswith("/api/")]
    assert {(headers["authorization"], headers["x-scope-orgid"]) for _, headers in asked} == {(f"Bearer {SECRET}", "acme")}
    assert not [headers for target, headers in stores.asked if target.startswith("/loki") and "authorization" in headers]
    assert {target.rpartition("/")[2][16:] for target, _ in asked} == {call[16:]}, "the trial that passed is left alone"

    step = place.flowprobe("show", "latest", "slow", "look")
    for said in ("the product says: 1 span, 1 log line", "▪ GET <script>alert(1)</script>  shop · server · 250 ms",
                 "the shop did not answer", f"look at it in Grafana & Co: https://grafana.example.com/explore?trace={call}&org="):
        assert said in step.out, step.out + step.err
    page = (place.latest() / "report.html").read_text()
    for said in ("What the product says of itself: 1 span, 1 log line", "GET &lt;script&gt;alert(1)&lt;/script&gt;",
                 f'href="https://grafana.example.com/explore?trace={call}&amp;org=&quot;1&quot;"', ">Grafana &amp; Co</a>"):
        assert said in page, said
    written = [path for path in place.latest().resolve().rglob("*") if path.is_file()]
    assert {"read.jsonl", "links.json"} <= {path.name for path in written}
    assert not [path for path in written if SECRET in path.read_text(errors="replace")]
    assert SECRET not in step.out + ran.out + ran.err


def test_a_store_that_fails_costs_a_sentence_and_no_verdict(place: Place, stores: Stores) -> None:
    stores.spans = lambda _trace: (500, [])
    prepare(place, stores.url, SETTING.replace("20s", "1s"))
    ran = place.flowprobe("run", "journey.yaml", "--env", "local")
    assert ran.code == 1, ran.err + ran.out
    assert f"Jaeger at {stores.url} answers 500" in ran.out, ran.out
    assert f"Loki at {stores.url} knows nothing of the " in ran.out
    result = json.loads((place.latest() / "result.json").read_text())
    assert [trial["verdict"] for trial in result["trials"]] == ["pass", "fail"]


def test_a_command_is_run_only_where_commands_are_allowed(place: Place) -> None:
    prepare(place, "", "    telemetry: {read: {cmd: [echo, 'ERROR no luck ${trace}']}, wait: 1s}\n")
    refused = place.flowprobe("run", "journey.yaml", "--env", "local")
    assert refused.code == 2, refused.out
    assert "log lines are what the command echo prints, and none may be run" in refused.err + refused.out
    assert not (place.folder / ".flowprobe" / "runs").exists(), "nothing was begun"
    ran = place.flowprobe("run", "journey.yaml", "--env", "local", "--allow-exec")
    assert ran.code == 1, ran.err + ran.out
    step = place.flowprobe("show", "latest", "slow", "look")
    assert "ERROR no luck 0000000200000001" in step.out, step.out

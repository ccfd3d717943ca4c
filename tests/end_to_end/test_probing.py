"""`flowprobe probe-propagation` as its users call it."""

from __future__ import annotations

import json

from tests.end_to_end.conftest import Place

STEPS = """\
  - step: make
    call: POST /things
    json: {name: "${trial.id}"}
    capture: {id: $.id}
    cleanup: DELETE /things/${make.id}
  - {step: ask, call: GET /provider}
"""


def test_a_probe_is_a_run_that_says_what_came_through(place: Place) -> None:
    place.workflow(STEPS)
    result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "local", "--json")
    assert result.code == 0, result.out + result.err
    (shop,) = result.json["providers"]
    assert (shop["provider"], shop["calls"], shop["rung"]) == ("shop", 1, "trace")
    assert shop["carriers"] == dict.fromkeys(shop["carriers"], "lost") | {
        "traceparent": "survived", "trial-id": "survived"}
    assert json.loads((place.latest() / "propagation.json").read_text()) == result.json
    assert [event["outcome"] for event in place.events() if event["event"] == "CleanupEnded"] == ["gone"]
    sent = next(event for event in place.events() if event["event"] == "CallSent")
    assert {"x-request-id", "b3", "sentry-trace", "x-amzn-trace-id"} <= sent["headers"].keys()


def test_people_get_a_table_and_a_sentence(place: Place) -> None:
    place.workflow("  - {step: ask, call: GET /provider}\n")
    result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "local")
    lines = [line.split() for line in result.out.splitlines()]
    assert ["traceparent", "survived"] in lines
    assert ["trial-id", "not", "sent"] in lines  # though the product sends on what it made of our trace
    assert "shop (1 call, trace): every call bears traceparent" in result.out


def test_a_journey_that_calls_no_provider_tells_nothing(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /health}\n")
    result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "local")
    assert result.code == 3
    assert "the journey made no call to it" in result.out


def test_where_nothing_passes_us_nothing_is_sent(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /health}\n")
    result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "bare")
    assert result.code == 2
    assert "has no `providers`" in result.err
    assert not (place.folder / ".flowprobe").exists()


def test_a_standing_proxy_cannot_be_probed_through(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /health}\n")
    project = place.folder / "flowprobe.yaml"
    project.write_text("flowprobe: 1\nenvironments:\n  beside:\n    target: http://127.0.0.1:9\n    providers: {shop: {url: "
                       "\"http://127.0.0.1:9\"}}\n    proxy: unix:.flowprobe/proxy.sock\npersonas: {pro-eu: {team: t1}}\n")
    result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "beside")
    assert result.code == 2, result.out + result.err
    assert "flowprobe.yaml:4:5: " in result.err
    assert "a probe needs a product, and a proxy, that FlowProbe starts" in result.err
    assert "passes FlowProbe there" not in result.err

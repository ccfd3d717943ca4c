"""`flowprobe probe-propagation` as its users call it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import flowprobe
from flowprobe.product.ports import free_port
from tests.end_to_end.conftest import Place, wait_for
from tests.end_to_end.test_standing import Beside, _listens

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


def test_where_neither_a_product_nor_a_proxy_of_ours_is_nothing_is_sent(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /health}\n")
    project = place.folder / "flowprobe.yaml"
    project.write_text("flowprobe: 1\nenvironments:\n  beside:\n    target: http://127.0.0.1:9\n    providers: {shop: {url: "
                       "\"http://127.0.0.1:9\"}}\npersonas: {pro-eu: {team: t1}}\n")
    result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "beside")
    assert result.code == 2, result.out + result.err
    assert "flowprobe.yaml:4:5: " in result.err
    assert "has neither `start` nor `proxy`: no provider's call passes FlowProbe there" in result.err
    assert "flowprobe proxy run --env beside" in result.err
    assert not (place.folder / ".flowprobe").exists()


# --- through a proxy that stands beside the product -----------------------------------------------


ASK = "  - {step: ask, call: GET /provider, expect: {json: {provider: 200}}}\n"
DEMO_PORTS = ("product", "payments", "search", "to_payments", "to_search")
DEMO = """\
flowprobe: 1
environments:
  demo:
    target: http://127.0.0.1:{product}
    providers:
      payments: {{url: "http://127.0.0.1:{payments}", listen: "127.0.0.1:{to_payments}"}}
      search: {{url: "http://127.0.0.1:{search}", listen: "127.0.0.1:{to_search}"}}
    proxy: unix:.flowprobe/proxy.sock
personas:
  pro-eu: {{plan: pro, region: eu, account: acc_eu_pro, team: team_eu, budget: {{search: 2s}}, auth: {{bearer: env:ACME_TOKEN}}}}
"""
CROWD = "  - {step: others, call: GET /crowd, expect: {json: {provider: 200}}}\n"


def test_where_baggage_survives_a_probe_through_a_standing_proxy_tells_its_calls_from_others(place: Place) -> None:
    beside = Beside(place, passes="baggage")
    place.workflow(ASK + CROWD)
    with beside.standing():
        result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "beside", "--json")
        after = place.run("journey.yaml", "--env", "beside")
    assert result.code == 0, result.out + result.err
    shop, mail = result.json["providers"]
    assert (shop["provider"], shop["calls"], shop["unattributed"], shop["rung"]) == ("shop", 1, 1, "trace")
    assert shop["carriers"] == dict.fromkeys(shop["carriers"], "lost") | {"baggage": "survived", "trial-id": "not sent"}
    assert shop["advice"].startswith("every call that can be told bears baggage")
    assert (mail["provider"], mail["calls"], mail["unattributed"]) == ("mail", 0, 0)
    assert "no call to it passed the proxy" in mail["advice"]
    assert after.code == 0, after.out + after.err
    ours, others = (e for e in place.events("proxy") if e["event"] == "ExchangeEnded")
    assert (ours["evidence"], ours["carriers"], others["trial"], others["carriers"]) == ("baggage", {}, None, {})


def test_where_nothing_survives_a_probe_does_not_say_that_nobody_was_called(place: Place) -> None:
    beside = Beside(place, passes="")
    place.workflow(ASK + CROWD)
    with beside.standing():
        result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "beside", "--json")
    assert (result.code, result.json["verdict"]) == (3, "pass"), result.out + result.err
    shop, _ = result.json["providers"]
    assert (shop["calls"], shop["unattributed"], shop["rung"], shop["carriers"]) == (0, 2, "", {})
    assert shop["advice"].startswith("2 calls passed to it while the probe ran, and none can be told to be the journey's")


def test_the_demo_product_is_probed_by_a_proxy_beside_it(place: Place) -> None:
    """It passes the trace on where it charges, and not where it searches."""
    token, ports = "the-token-of-an-admin-of-acme", {name: free_port() for name in DEMO_PORTS}
    place.scenario((Path(flowprobe.__file__).parent / "running/first/scenarios/first-journey.yaml").read_text())
    (place.folder / "flowprobe.yaml").write_text(DEMO.format(**ports))
    for name in ("payments", "search"):
        place.start_python("-m", "flowprobe.demo.providers", name, PORT=str(ports[name]))
    place.start_python(
        "-m", "flowprobe.demo.product", PORT=str(ports["product"]), ACME_TOKEN_ADMIN=token, ACME_WEAKNESSES="none",
        ACME_TOKEN_OPERATOR="the-token-of-an-operator", PAYMENTS_URL=f"http://127.0.0.1:{ports['to_payments']}",
        SEARCH_URL=f"http://127.0.0.1:{ports['to_search']}")
    proxy = place.start("proxy", "run", "--env", "demo", "--json")
    for name in DEMO_PORTS:
        wait_for(lambda name=name: _listens(ports[name]), name)
    wait_for((place.folder / ".flowprobe" / "proxy.sock.token").exists, "the token")
    result = place.flowprobe("probe-propagation", "journey.yaml", "--json", ACME_TOKEN=token)
    proxy.send_signal(signal.SIGINT)
    assert proxy.wait(20) == 0
    assert (result.code, result.json["verdict"]) == (3, "pass"), result.out + result.err
    payments, search = result.json["providers"]
    assert (payments["calls"], payments["unattributed"], payments["rung"]) == (1, 0, "trace")
    assert [name for name, came in payments["carriers"].items() if came == "survived"] == [
        "traceparent", "baggage", "tracestate", "trial-id"]
    assert (search["calls"], search["unattributed"], search["rung"]) == (0, 1, "")


def test_people_are_told_how_many_calls_may_be_theirs_and_what_to_do(place: Place) -> None:
    beside = Beside(place, passes="")
    place.workflow(ASK)
    with beside.standing("--control", "127.0.0.1:0"):
        control = beside.lines()[0]["control"]
        result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "elsewhere", "--proxy", control)
    assert result.code == 3, result.out + result.err
    assert "shop (0 calls, 1 unattributed, no rung): 1 call passed to it while the probe ran, and none can be told" in result.out
    assert "declare `attribute` for this provider" in result.out
    assert "pass  1 pass  exit 3" in result.out
    assert "inconclusive: what the product passes on to shop cannot be told" in result.out
    assert "made no call" not in result.out


def test_a_provider_that_the_proxy_does_not_stand_before_is_said(place: Place) -> None:
    beside = Beside(place)
    place.workflow(ASK)
    with beside.standing(env="elsewhere"):
        result = place.flowprobe("probe-propagation", "journey.yaml", "--env", "beside")
    assert result.code == 3, result.out + result.err
    assert "has no edge mail: it has shop" in result.out
    assert "made no call" not in result.out
    assert json.loads((place.latest() / "propagation.json").read_text())["providers"] == []

"""Faults of connections and of webhooks, from the file to the verdict, with a product that FlowProbe starts."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.conftest import PRODUCT, Place

ASKS = "  - {step: ask, call: GET /provider}\n"
FORWARD = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    providers: {{shop: {{url: https://shop.example, upstream: "http://127.0.0.1:0", edge: forward}}}}
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.shop.port}}"}}
        ready: GET ${{upstreams.shop.url}}/health
      - command: ["{python}", "{product}"]
        env:
          PORT: "${{target.port}}"
          PROVIDER_URL: https://shop.example
          HTTPS_PROXY: "${{edges.proxy.url}}"
          SSL_CERT_FILE: "${{edges.ca}}"
        ready: GET /health
personas: {{pro-eu: {{team: t1}}}}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells of refused connections")
def test_a_provider_that_refuses_is_proven_by_who_tried(place: Place) -> None:
    place.workflow(ASKS, more="faults: {down: {shop: {refuse: true}}}\nunder: {down: {ask: {status: 502}}}\n")
    result = place.run("journey.yaml")
    trial = result.trial("down")
    assert (trial["verdict"], result.trial()["verdict"]) == ("degraded", "pass"), result.out
    (receipt,) = trial["receipts"]
    assert (receipt["kind"], receipt["detail"]) == ("refuse", "refused: nobody listened")
    ((call,),) = [step["calls"] for step in trial["steps"]]
    (exchange,) = call["exchanges"]
    assert (exchange["method"], exchange["error"]) == ("CONNECT", "refused by a fault")


def test_a_provider_that_refuses_proves_nothing_about_a_product_that_never_tried(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /}\n", more="faults: {down: {shop: {refuse: true}}}\n")
    result = place.run("journey.yaml")
    trial = result.trial("down")
    assert (result.code, trial["verdict"], trial["blame"]) == (3, "inconclusive", "fault never fired")
    assert "nobody was seen to connect there while it was in force" in trial["reasons"][0]


def test_our_own_client_is_refused_and_tries_again(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /, retry: {on: connect, max: 2, backoff: 10ms}}\n",
                   more="faults: {no-line: {user: {refuse: true, when: {first: 1}}}}\n")
    result = place.run("journey.yaml")
    trial = result.trial("no-line")
    assert (result.code, trial["verdict"]) == (0, "degraded"), result.out
    (receipt,) = trial["receipts"]
    assert (receipt["kind"], receipt["edge"], receipt["detail"]) == ("refuse", "user", "refused by our own client")
    refused, answered = trial["steps"][0]["calls"]
    assert refused["no_reply"]["reason"] == "connect"
    assert answered["status"] == 200


def test_our_own_client_that_is_always_refused_says_nothing_about_the_product(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /, retry: {on: connect, max: 2, backoff: 10ms}}\n",
                   more="faults: {no-line: {user: {refuse: true}}}\n")
    trial = place.run("journey.yaml").trial("no-line")
    assert (trial["verdict"], trial["blame"]) == ("inconclusive", "plan")


@pytest.mark.parametrize(("how", "words"), [("expired", "the caller refused it"), ("handshake", "fatal alert")])
def test_a_handshake_that_fails_reaches_the_user(place: Place, how: str, words: str) -> None:
    (place.folder / "flowprobe.yaml").write_text(FORWARD.format(python=sys.executable, product=PRODUCT))
    place.workflow(ASKS, more=f"faults: {{broken: {{shop: {{tls: {how}}}}}}}\nunder: {{broken: {{ask: {{status: 502}}}}}}\n")
    result = place.run("journey.yaml")
    trial = result.trial("broken")
    assert (trial["verdict"], result.trial()["verdict"]) == ("degraded", "pass"), result.out
    assert words in trial["receipts"][0]["detail"]


SCANS = """\
  - {step: scan, call: GET /scan, expect: {status: 202}}
  - {step: wait, call: GET /scanned, poll: {until: {json: {state: done}}, every: 50ms, for: 2s}}
"""


def test_a_webhook_that_is_late_is_waited_for(place: Place) -> None:
    place.workflow(SCANS, more="faults: {late: {shop.webhooks: {webhook: {delay: 300ms}}}}\n")
    trial = place.run("journey.yaml", "--env", "hooked").trial("late")
    assert trial["receipts"][0]["kind"] == "webhook"
    assert trial["verdict"] == "pass"


def test_a_webhook_that_is_said_twice_is_received_once_and_delivered_twice(place: Place) -> None:
    place.workflow(SCANS.replace("status: 202", "status: 202, receives: {shop: {POST /hooks/scanned: 1}}"),
                   more="faults: {twice: {shop.webhooks: {webhook: {duplicate: 2}}}}\n")
    trial = place.run("journey.yaml", "--env", "hooked").trial("twice")
    assert [receipt["detail"] for receipt in trial["receipts"]] == ["delivered again: the product answered 200"]
    assert trial["verdict"] == "pass"

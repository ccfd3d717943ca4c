from __future__ import annotations

from flowprobe.core.nights.settings import Nightly
from flowprobe.core.scenario import CallTemplate, Environment, Position, Provider
from flowprobe.running.nightly.around import elsewhere

PLACE = Position("flowprobe.yaml", 3, 3)
TARGETS = {"target": "https://acme.example", "auth": "https://auth.acme.example:8443"}


def controls(**lines: str) -> Nightly:
    calls = {name: line.split(" ") for name, line in lines.items()}
    return Nightly(controls={name: CallTemplate(method, path, PLACE) for name, (method, path) in calls.items()})


def environment(*providers: Provider) -> Environment:
    return Environment("staging", PLACE, TARGETS, providers={each.name: each for each in providers})


def test_what_goes_to_the_product_says_nothing_of_the_network() -> None:
    said = controls(health="GET /health", own="GET https://ACME.example/ping", auth="GET https://auth.acme.example/",
                    other="GET https://example.com/")
    assert elsewhere(said, environment(), TARGETS) == {"other": "https://example.com/"}


def test_a_provider_may_be_down_together_with_the_product_and_is_no_control() -> None:
    shop = Provider("shop", "https://shop.example", PLACE, upstream="https://eu.shop.example")
    said = controls(shop="GET https://shop.example/", eu="GET https://eu.shop.example/status", other="GET http://a.example/")
    assert elsewhere(said, environment(shop), TARGETS) == {"other": "http://a.example/"}


def test_what_is_sent_again_after_a_failure_is_no_more_than_a_get() -> None:
    assert elsewhere(controls(posted="POST https://example.com/"), environment(), TARGETS) == {}

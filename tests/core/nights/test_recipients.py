from __future__ import annotations

import pytest

from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.nights.recipients import (
    EVERYTHING,
    Apprise,
    Heartbeat,
    PagerDuty,
    Slack,
    Teams,
    Wants,
    Webhook,
    named,
    secrets_of,
)
from flowprobe.core.scenario import Position, SecretRef
from flowprobe.core.verdict import Blame

KEY, TOKEN = (SecretRef("env", name, Position("flowprobe.yaml", 1, 1)) for name in ("KEY", "TOKEN"))
PAGE = Alert("prod", "product/invite", Severity.PAGE, Blame.PRODUCT, "It broke.", (), "2026-11-01", "2026-11-01")


@pytest.mark.parametrize(("wants", "taken"), [
    (EVERYTHING, True),
    (Wants(frozenset({Severity.PAGE})), True),
    (Wants(frozenset({Severity.NOTICE})), False),
    (Wants(blames=frozenset({Blame.PRODUCT, Blame.TOOL})), True),
    (Wants(frozenset({Severity.PAGE}), frozenset({Blame.TOOL})), False),
], ids=["everything", "pages", "notices", "of the product", "pages of the tool"])
def test_who_wants_an_alert_wants_its_severity_and_its_blame(wants: Wants, taken: bool) -> None:
    assert wants.takes(PAGE) is taken


@pytest.mark.parametrize(("recipient", "secrets"), [
    (Slack("a", KEY), [KEY]), (Teams("a", KEY), [KEY]), (PagerDuty("a", KEY), [KEY]), (Apprise("a", KEY), [KEY]),
    (Heartbeat("a", KEY), [KEY]), (Webhook("a", "https://a.example", {"X-Team": "b", "Authorization": TOKEN}), [TOKEN]),
    (Webhook("a", KEY), [KEY]),
], ids=lambda each: type(each).__name__)
def test_every_secret_that_it_takes_to_reach_somebody_is_known(recipient: Slack, secrets: list[SecretRef]) -> None:
    assert list(secrets_of(recipient)) == secrets


def test_a_recipient_is_found_by_its_name() -> None:
    both = (Slack("team", KEY), Teams("owners", KEY))
    assert (named(both, "owners"), named(both, "nobody")) == (both[1], None)

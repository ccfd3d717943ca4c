"""Who is told of alerts: the services that an environment names, and which alerts each of them wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias, assert_never

from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame

if TYPE_CHECKING:
    from flowprobe.core.scenario import SecretRef

__all__ = ["EVERYTHING", "PAGERDUTY_URL", "WANTED", "Apprise", "Heartbeat", "PagerDuty", "Recipient", "Slack", "Teams",
           "Wants", "Webhook", "named", "secrets_of"]

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
WANTED: Mapping[str, Severity | Blame] = {
    "page": Severity.PAGE, "notice": Severity.NOTICE, "product": Blame.PRODUCT, "environment": Blame.ENVIRONMENT,
    "account": Blame.ACCOUNT, "tool": Blame.TOOL, "cleanup": Blame.CLEANUP, "scenario": Blame.SCENARIO,
    "plan": Blame.PLAN, "fault": Blame.FAULT}
"""What `for` may say: a severity, or who has to look."""


@plain
class Wants(Plain):
    """Which alerts somebody is told of: those of one of the severities, and of one of the blames; where none of a kind
    is said, of any."""

    severities: frozenset[Severity] = frozenset()
    blames: frozenset[Blame] = frozenset()

    def takes(self, alert: Alert) -> bool:
        return (not self.severities or alert.severity in self.severities) and (
            not self.blames or alert.blame in self.blames)


EVERYTHING = Wants()


@plain
class Slack(Plain):
    """`url` is that of an incoming webhook, which is a secret."""

    name: str
    url: SecretRef
    wants: Wants = EVERYTHING


@plain
class Teams(Plain):
    """`url` is that of a webhook of Workflows, which is a secret."""

    name: str
    url: SecretRef
    wants: Wants = EVERYTHING


@plain
class PagerDuty(Plain):
    """`key` is the integration key of a service (Events API v2); `url` where events are taken."""

    name: str
    key: SecretRef
    wants: Wants = EVERYTHING
    url: str = PAGERDUTY_URL


@plain
class Webhook(Plain):
    """Anything that takes our own JSON (docs/schema/alert.v1.json) by POST; values of headers may be secrets."""

    name: str
    url: SecretRef | str
    headers: Mapping[str, SecretRef | str] = field(default_factory=dict)
    wants: Wants = EVERYTHING


@plain
class Apprise(Plain):
    """Whatever apprise can reach: `url` is one of its URLs, which hold secrets."""

    name: str
    url: SecretRef
    wants: Wants = EVERYTHING


@plain
class Heartbeat(Plain):
    """Somebody who raises the alarm when nothing comes: told of each night that was made, and of no alert."""

    name: str
    url: SecretRef
    wants: Wants = EVERYTHING


Recipient: TypeAlias = Slack | Teams | PagerDuty | Webhook | Apprise | Heartbeat


def secrets_of(recipient: Recipient) -> Iterator[SecretRef]:
    """Every secret that it takes to reach somebody."""
    match recipient:
        case PagerDuty(key=key):
            yield key
        case Webhook(url=url, headers=headers):
            yield from (each for each in (url, *headers.values()) if not isinstance(each, str))
        case Slack(url=reference) | Teams(url=reference) | Apprise(url=reference) | Heartbeat(url=reference):
            yield reference
        case _:
            assert_never(recipient)


def named(recipients: Sequence[Recipient], name: str) -> Recipient | None:
    return next((each for each in recipients if each.name == name), None)

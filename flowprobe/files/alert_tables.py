"""The tables of who is told of alerts: exactly one service for each, every secret by reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flowprobe.core.fields import As, Choice, Field, ListOf, Name, Record, Text
from flowprobe.core.nights.model import Severity
from flowprobe.core.nights.recipients import (
    EVERYTHING,
    PAGERDUTY_URL,
    WANTED,
    Apprise,
    Heartbeat,
    PagerDuty,
    Recipient,
    Slack,
    Teams,
    Wants,
    Webhook,
)
from flowprobe.core.verdict import Blame
from flowprobe.files.specials import HOOK, HOOK_HEADERS, STORED_SECRET

__all__ = ["ALERT", "ALERTS"]

_KINDS = ("slack", "teams", "pagerduty", "webhook", "apprise", "heartbeat")
_SIMPLE: dict[str, Callable[..., Recipient]] = {"slack": Slack, "teams": Teams, "apprise": Apprise,
                                                "heartbeat": Heartbeat}
_EVENTS = Text(pattern=r"https?://[^\s@/?#]+(?:/[^\s?#]*)?", described="a URL without query, user or fragment")


def _recipient(*, name: str = "", wants: Wants = EVERYTHING, pagerduty: Any = None, url: str = PAGERDUTY_URL,
               webhook: Any = None, headers: Any = None, **service: Any) -> Recipient:
    if pagerduty is not None:
        return PagerDuty(name, pagerduty, wants, url)
    if webhook is not None:
        return Webhook(name, webhook, headers or {}, wants)
    ((kind, reference),) = service.items()
    return _SIMPLE[kind](name, reference, wants)


def _each_named(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """Whoever has no name has that of the service; the second one of a name is NAME-2."""
    made: list[Recipient] = []
    counted: Counter[str] = Counter()
    for recipient in recipients:
        name = recipient.name or type(recipient).__name__.lower()
        counted[name] += 1
        made.append(replace(recipient, name=name if counted[name] == 1 else f"{name}-{counted[name]}"))
    return tuple(made)


def _wants(words: tuple[str, ...]) -> Wants:
    said = [WANTED[word] for word in words]
    return Wants(frozenset(each for each in said if isinstance(each, Severity)),
                 frozenset(each for each in said if isinstance(each, Blame)))


ALERT = Record("alert recipient", _recipient, (
    Field("slack", STORED_SECRET, "Slack, by the URL of an incoming webhook.", example="env:SLACK_WEBHOOK"),
    Field("teams", STORED_SECRET, "Microsoft Teams, by the URL of a webhook of Workflows.",
          example="env:TEAMS_WEBHOOK"),
    Field("pagerduty", STORED_SECRET, "PagerDuty, by the integration key of a service (Events API v2).",
          example="env:PAGERDUTY_KEY"),
    Field("url", _EVENTS, "Where PagerDuty takes events; its address in the USA where it is not said.",
          beside="pagerduty", example="https://events.eu.pagerduty.com/v2/enqueue"),
    Field("webhook", HOOK, "A URL that is sent FlowProbe's own JSON, or a secret that is one.",
          example="https://alerts.example.com/flowprobe"),
    Field("headers", HOOK_HEADERS, "Headers that go with it; secrets by reference.", beside="webhook",
          example="{Authorization: env:ALERTS_TOKEN}"),
    Field("apprise", STORED_SECRET, "Whatever apprise reaches, by one of its URLs; needs `flowprobe[apprise]`.",
          example="env:APPRISE_URL"),
    Field("heartbeat", STORED_SECRET, "A URL that is asked for after each night that was made, by somebody who raises "
          "the alarm when that does not happen.", example="env:HEARTBEAT_URL"),
    Field("for", As(ListOf(Choice(tuple(WANTED)), or_one=True, minimum=1), _wants),
          "Which alerts: a severity (`page`, `notice`), who has to look, or both; all where it is not said.",
          example="[page]", attribute="wants"),
    Field("name", Name(), "What it is called in messages and by `--to`; that of the service where it is not said.",
          example="on-call"),
), "Somebody who is told.", exactly_one=_KINDS)

ALERTS = As(ListOf(ALERT, or_one=True, minimum=1), _each_named)

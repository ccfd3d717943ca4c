"""What is said of an alert, in the words and the form of each service.

What an alert says came from a product that may be broken or hostile: no part of it mentions anybody, makes a link,
leaves its line or grows beyond what a service takes. A text that is too long is cut, and says so with an ellipsis.
Limits: Slack 3000 characters of a section, Teams 28 KB of a message, PagerDuty 1024 characters of a summary and 255 of
a dedup key, our own webhook what is said in its schema.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, TypeAlias

from flowprobe.core.nights.alerting import Telling, Why
from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.redact import CUT

__all__ = ["JOURNEYS", "SENTENCE", "Payload", "dedup_key", "headline", "identity", "lead", "on_one_line", "pagerduty",
           "plain_text", "resolution", "shown_link", "slack", "teams", "webhook"]

Payload: TypeAlias = dict[str, Any]

SENTENCE, JOURNEYS = 1000, 20
"""So many characters of a sentence, and so many journeys, are told; of the others how many they are."""
_NAME, _URL, _SUMMARY, _DEDUP = 150, 2000, 1024, 255
_MENTION = re.compile(r"@(?=\w)")
_LINK = re.compile(r"https?://[^\s<>|\"'\\`{}^\[\]]+", re.ASCII)
_LEADS = {Why.OPENED: "", Why.ESCALATED: "now confirmed", Why.REMINDER: "still broken", Why.RESOLVED: "resolved",
          Why.TEST: "test"}
_COLOURS = {Severity.PAGE: "attention", Severity.NOTICE: "warning"}
_GRAVITY = {Severity.PAGE: "critical", Severity.NOTICE: "warning"}


def identity(telling: Telling) -> str:
    """Equal for the same thing said twice: whoever gets it again can tell."""
    alert = telling.alert
    parts = (alert.environment, alert.key, alert.opened, telling.night, telling.why)
    return _digest("\0".join(map(str, parts)))[:32]


def dedup_key(alert: Alert) -> str:
    """Equal for whatever is told of one alert, from its opening to its end."""
    key = f"flowprobe/{on_one_line(alert.environment)}/{on_one_line(alert.key)}"
    return key if len(key) <= _DEDUP else f"{key[: _DEDUP - 33]}#{_digest(key)[:32]}"


def lead(telling: Telling) -> str:
    """The words before the sentence: `[page] prod`, `[resolved] prod`."""
    alert = telling.alert
    said = _LEADS[telling.why]
    what = said if telling.why in (Why.RESOLVED, Why.TEST) else f"{alert.severity}, {said}" if said else alert.severity
    return f"[{what}] {_cut(on_one_line(alert.environment), _NAME)}"


def headline(telling: Telling) -> str:
    """The sentence of the failure, and before it only that it is over, where it is."""
    over = "Resolved: " if telling.why is Why.RESOLVED else ""
    return over + _sentence(telling.alert)


def _sentence(alert: Alert) -> str:
    return _cut(on_one_line(alert.sentence), SENTENCE)


def plain_text(telling: Telling) -> str:
    """Some lines for people: the sentence first, then what it breaks, since when, and where to look."""
    link = shown_link(telling.alert)
    return "\n".join((f"{headline(telling)}", f"{lead(telling)}: {_context(telling.alert)}",
                      *_journeys(telling.alert), *([link] if link else ())))


def shown_link(alert: Alert) -> str:
    return _cut(on_one_line(alert.link), _URL)


def _context(alert: Alert) -> str:
    when = f"resolved in the night of {alert.resolved}" if alert.resolved else f"seen in the night of {alert.last}"
    blame = f"{alert.blame}; " if alert.blame else ""
    return on_one_line(f"{blame}opened in the night of {alert.opened}, {when}")


def _journeys(alert: Alert) -> list[str]:
    """What it breaks, one for each line; of many only some, and how many more."""
    shown = [_cut(on_one_line(journey), _NAME) for journey in alert.journeys[:JOURNEYS]]
    more = len(alert.journeys) - len(shown)
    return [*shown, f"and {more} more"] if more else shown


# --- the services ---------------------------------------------------------------------------------


def slack(telling: Telling) -> Payload:
    """A message of an incoming webhook. What came from elsewhere stands in plain text, where Slack reads no markup;
    `text`, which it shows in notifications, is escaped."""
    alert, journeys = telling.alert, _journeys(telling.alert)
    blocks = [_section(headline(telling)), _section(f"{lead(telling)}: {_context(alert)}")]
    if journeys:
        blocks.append(_section("\n".join(f"• {journey}" for journey in journeys)))
    if (link := shown_link(alert)):
        said = f"<{_for_slack(link)}|The page of the run>" if _LINK.fullmatch(link) else _for_slack(link)
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": said, "verbatim": True}]})
    text = _for_slack(f"{headline(telling)} {lead(telling)}")
    return {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _section(text: str) -> Payload:
    return {"type": "section", "text": {"type": "plain_text", "text": _cut(text, 2900), "emoji": False}}


def _for_slack(text: str) -> str:
    """Escaped as Slack wants it, and no word that it could take for a mention."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@\u200b", escaped)


def teams(telling: Telling) -> Payload:
    """An Adaptive Card for a webhook of Workflows. Runs of a rich text block are shown as they stand: no Markdown, no
    mention, no function."""
    alert = telling.alert
    colour = "good" if telling.why is Why.RESOLVED else _COLOURS[alert.severity]
    body = [_rich(headline(telling), weight="bolder", color=colour), _rich(f"{lead(telling)}: {_context(alert)}")]
    body += [_rich(journey) for journey in _journeys(alert)]
    link = shown_link(alert)
    linked = bool(_LINK.fullmatch(link))
    body += [] if linked or not link else [_rich(link)]
    actions = [{"type": "Action.OpenUrl", "title": "The page of the run", "url": link}] if linked else []
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
            "body": body, "actions": actions}
    return {"type": "message", "attachments": [
        {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}]}


def _rich(text: str, **style: str) -> Payload:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def pagerduty(telling: Telling, routing_key: str) -> Payload:
    """An event of the Events API v2: it opens an incident, or ends the one with the same dedup key."""
    alert = telling.alert
    event: Payload = {"routing_key": routing_key, "dedup_key": dedup_key(alert),
                      "event_action": "resolve" if telling.why is Why.RESOLVED else "trigger"}
    if telling.why is Why.RESOLVED:
        return event
    link = shown_link(alert)
    gravity = "info" if telling.why is Why.TEST else _GRAVITY[alert.severity]
    event["payload"] = {
        "summary": _cut(f"{headline(telling)} {lead(telling)}", _SUMMARY), "severity": gravity,
        "source": f"flowprobe {_cut(on_one_line(alert.environment), _NAME)}", "class": str(alert.blame) or "alert",
        "custom_details": {"opened": on_one_line(alert.opened), "last": on_one_line(alert.last), "link": link,
                           "journeys": _journeys(alert)}}
    if _LINK.fullmatch(link):
        event["links"] = [{"href": link, "text": "The page of the run"}]
    return event


def webhook(telling: Telling) -> Payload:
    """Our own form, for whatever is not known here: docs/schema/alert.v1.json."""
    alert = telling.alert
    shown = _journeys(alert)[:JOURNEYS]
    return {"version": 1, "id": identity(telling), "why": str(telling.why), "night": on_one_line(telling.night),
            "environment": _cut(on_one_line(alert.environment), _NAME), "key": on_one_line(alert.key),
            "severity": str(alert.severity), "blame": str(alert.blame), "sentence": _sentence(alert),
            "journeys": shown, "more_journeys": len(alert.journeys) - len(shown), "opened": on_one_line(alert.opened),
            "last": on_one_line(alert.last), "resolved": on_one_line(alert.resolved) or None,
            "link": shown_link(alert) or None, "text": plain_text(telling)}


def resolution(telling: Telling) -> Telling:
    """What ends the alert that a test has opened."""
    return Telling(telling.alert, Why.RESOLVED, telling.night)


# --- texts ----------------------------------------------------------------------------------------


def on_one_line(text: str) -> str:
    """Without what a screen would act on: line breaks, control characters, marks that turn the direction of writing."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def _cut(text: str, longest: int) -> str:
    """At most so many characters, the ellipsis among them."""
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


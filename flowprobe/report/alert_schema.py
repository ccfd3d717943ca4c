"""The JSON that a webhook is told an alert with, as a JSON Schema 2020-12."""

from __future__ import annotations

from flowprobe.core.nights.alerting import Why
from flowprobe.core.nights.model import Severity
from flowprobe.core.verdict import Blame
from flowprobe.report.schema_parts import Schema, count, list_of, maybe, object_of, text

__all__ = ["alert_schema"]


def alert_schema() -> Schema:
    """The schema; keys may be added without a new version, so others are allowed."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A FlowProbe alert", **object_of(
        version={"const": 1, "description": "Of this format."},
        id=text("Equal where the same thing is said again: at least once is promised, not exactly once. Also in the "
                "header Idempotency-Key."),
        why={"enum": [str(why) for why in Why], "description": "Why it is told now."},
        night=text("The night in which it is told."),
        environment=text("Where it was seen."),
        key=text("Of the cause: equal from night to night, and in what opens an alert and what resolves it."),
        severity={"enum": [str(severity) for severity in Severity], "description": "page: somebody is to be woken."},
        blame={"enum": [str(blame) for blame in Blame], "description": "Who has to look."},
        sentence=text("Of the failure."),
        journeys=list_of({"type": "string"}, "What the cause breaks, at most 20."),
        more_journeys=count("How many more it breaks."),
        opened=text("The night that opened it."),
        last=text("The night that saw it last."),
        resolved=maybe("string", "The night that saw it was over."),
        link=maybe("string", "The page of the run that it was last seen in: a URL, or a path where nothing publishes "
                   "pages."),
        text=text("All of it for people, in some lines."))}

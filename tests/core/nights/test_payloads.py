from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowprobe.core.nights.alerting import Telling, Why
from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.nights.payloads import (
    dedup_key,
    headline,
    identity,
    lead,
    pagerduty,
    plain_text,
    resolution,
    slack,
    teams,
    webhook,
)
from flowprobe.core.verdict import Blame
from flowprobe.report.alert_schema import alert_schema

ALERT = Alert("prod", "product/invite 500", Severity.PAGE, Blame.PRODUCT, "invite: 500 where 201 was promised",
              ("seats (admin=pro-eu)", "refunds"), "2026-11-01", "2026-11-02", link="https://ci.example/runs/7/report.html")
OPENED = Telling(ALERT, Why.OPENED, "2026-11-01")
RESOLVED = Telling(replace(ALERT, resolved="2026-11-03"), Why.RESOLVED, "2026-11-03")
TEXT = st.text(max_size=5000) | st.sampled_from(["<!here>", "<!channel> @channel", "[x](http://evil.example)", "<at>all</at>",
                                                 "a\nb\r\x00\x1b[31m", "\u202egnp", "\ud800", "|>", "{{DATE(2020)}}", "*" * 4000])
ALERTS = st.builds(Alert, TEXT, TEXT, st.sampled_from(Severity), st.sampled_from(Blame), TEXT,
                   st.lists(TEXT, max_size=60).map(tuple), TEXT, TEXT, TEXT, TEXT)
TELLINGS = st.builds(Telling, ALERTS, st.sampled_from(Why), TEXT)


def texts(value: Any) -> list[str]:
    match value:
        case dict():
            return [text for inner in value.values() for text in texts(inner)]
        case list():
            return [text for inner in value for text in texts(inner)]
        case str():
            return [value]
        case _:
            return []


def test_every_text_leads_with_the_sentence_of_the_failure_and_links_to_the_page() -> None:
    assert plain_text(OPENED).splitlines() == [
        "invite: 500 where 201 was promised",
        "[page] prod: product; opened in the night of 2026-11-01, seen in the night of 2026-11-02",
        "seats (admin=pro-eu)", "refunds", "https://ci.example/runs/7/report.html"]
    message = slack(OPENED)
    assert message["text"] == "invite: 500 where 201 was promised [page] prod"
    assert message["blocks"][0]["text"]["text"] == ALERT.sentence
    assert message["blocks"][-1]["elements"][0]["text"] == "<https://ci.example/runs/7/report.html|The page of the run>"
    card = teams(OPENED)["attachments"][0]["content"]
    assert card["body"][0]["inlines"][0]["text"] == ALERT.sentence
    assert card["actions"][0]["url"] == ALERT.link
    event = pagerduty(OPENED, "key")
    assert event["payload"]["summary"] == "invite: 500 where 201 was promised [page] prod"
    assert (event["payload"]["severity"], event["links"][0]["href"]) == ("critical", ALERT.link)


@pytest.mark.parametrize(("why", "said"), [
    (Why.OPENED, "[page] prod"), (Why.ESCALATED, "[page, now confirmed] prod"), (Why.REMINDER, "[page, still broken] prod"),
    (Why.RESOLVED, "[resolved] prod"), (Why.TEST, "[test] prod")])
def test_it_says_why_it_is_told_now(why: Why, said: str) -> None:
    assert lead(replace(OPENED, why=why)) == said


def test_what_is_over_ends_the_incident_that_it_opened() -> None:
    opened, over = pagerduty(OPENED, "key"), pagerduty(RESOLVED, "key")
    assert (opened["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == over["dedup_key"]
    assert resolution(OPENED).why is Why.RESOLVED
    assert teams(RESOLVED)["attachments"][0]["content"]["body"][0]["inlines"][0]["color"] == "good"


def test_what_is_said_twice_can_be_told_and_nothing_else_is_taken_for_it() -> None:
    others = [OPENED, RESOLVED, replace(OPENED, night="2026-11-02"), replace(OPENED, why=Why.REMINDER),
              Telling(replace(ALERT, key="product/refund 504"), Why.OPENED, "2026-11-01")]
    assert identity(OPENED) == identity(Telling(replace(ALERT, sentence="in other words"), Why.OPENED, "2026-11-01"))
    assert len({identity(each) for each in others}) == len(others)


def test_nobody_can_be_mentioned_by_what_a_product_says() -> None:
    telling = Telling(replace(ALERT, sentence="<!here> & <@U1> @channel @everyone", link="https://a.example/<!here>|x"), Why.OPENED, "n")
    message = slack(telling)
    assert message["text"].startswith("&lt;!here&gt; &amp; &lt;@\u200bU1&gt; @\u200bchannel @\u200beveryone")
    assert message["blocks"][0]["text"]["type"] == "plain_text"
    assert message["blocks"][-1]["elements"][0]["text"] == "https://a.example/&lt;!here&gt;|x", "no link is made of it"


@given(TELLINGS)
def test_in_slack_only_our_own_link_is_markup_and_no_limit_is_passed(telling: Telling) -> None:
    message = slack(telling)
    assert len(message["blocks"]) <= 50
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) < 13_000
    for block in message["blocks"]:
        if block["type"] == "section":
            assert block["text"]["type"] == "plain_text"
            assert len(block["text"]["text"]) <= 3000
        else:
            said = block["elements"][0]["text"].removeprefix("<").removesuffix("|The page of the run>")
            assert "<" not in said
            assert ">" not in said
    assert "<" not in message["text"]
    assert "@channel" not in message["text"]


@given(TELLINGS)
def test_in_teams_all_text_is_shown_as_it_stands_and_stays_below_28_kb(telling: Telling) -> None:
    card = teams(telling)["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert all(action["url"].startswith(("http://", "https://")) for action in card["actions"])
    assert len(json.dumps(teams(telling), ensure_ascii=False).encode()) < 28_000


@given(TELLINGS)
def test_pagerduty_takes_every_event(telling: Telling) -> None:
    event = pagerduty(telling, "key")
    assert 0 < len(event["dedup_key"]) <= 255
    if "payload" in event:
        assert 0 < len(event["payload"]["summary"]) <= 1024
        assert event["payload"]["severity"] in ("critical", "warning", "info")
        assert event["payload"]["source"]


@given(TELLINGS)
def test_our_own_form_is_as_its_schema_says(telling: Telling) -> None:
    found = webhook(telling)
    Draft202012Validator(alert_schema()).validate(found)
    assert set(found) == set(alert_schema()["properties"])
    assert found["more_journeys"] == max(0, len(telling.alert.journeys) - 20)


@given(TELLINGS)
def test_no_text_leaves_its_line_or_holds_what_a_screen_would_act_on(telling: Telling) -> None:
    for payload in (slack(telling), teams(telling), pagerduty(telling, "key"), webhook(telling)):
        json.dumps(payload, ensure_ascii=False).encode()
        assert all((sign.isprintable() or sign in "\n\u200b") for text in texts(payload) for sign in text)
    assert "\n" not in headline(telling) + dedup_key(telling.alert)


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    telling = Telling(replace(ALERT, sentence="x" * 5000, journeys=tuple(f"j{index}" for index in range(50))), Why.OPENED, "n")
    assert headline(telling) == "x" * 999 + "…"
    assert plain_text(telling).splitlines()[-2] == "and 30 more"


def test_what_is_over_begins_with_that_wherever_people_read_it() -> None:
    said = f"Resolved: {ALERT.sentence}"
    assert plain_text(RESOLVED).startswith(said)
    assert slack(RESOLVED)["text"].startswith("Resolved: ")
    assert slack(RESOLVED)["blocks"][0]["text"]["text"] == said
    assert teams(RESOLVED)["attachments"][0]["content"]["body"][0]["inlines"][0]["text"] == said
    assert webhook(RESOLVED)["text"].startswith(said)
    assert webhook(RESOLVED)["sentence"] == ALERT.sentence, "and for machines `why` says so"

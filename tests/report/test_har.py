import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator, FormatChecker, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT6

from flowprobe.core.events import CallReplied
from flowprobe.core.redact import Redactor
from flowprobe.report.har import Streams, har_text
from tests.journals import Journal, ended, exchange, injected, replied, sent, started, step_ended, unanswered

OTHER = "ffeeddccbbaa9988"
SCHEMAS = json.loads((Path(__file__).parent / "har" / "schemas.json").read_text())
"""Of HAR 1.2, by their file names, as they stand in the package `har-schema` of npm, 2.0.0 (ISC)."""
VALID = Draft6Validator(
    SCHEMAS["har.json"], format_checker=FormatChecker(),
    registry=Registry().with_resources((name, DRAFT6.create_resource(schema)) for name, schema in SCHEMAS.items()))


def read(journal: Journal, redact: Callable[[str], str] = str) -> dict[str, Any]:
    streams = Streams(*((lambda writer=writer: iter([line for line in journal.lines if line.writer == writer])) for writer in ("runner", "proxy")))
    text = "".join(har_text(streams, version="1.2.3", origins={"payments": "https://pay.example"}, redact=redact))
    document = json.loads(text.encode("utf-8", "strict"))
    VALID.validate(document)
    log: dict[str, Any] = document["log"]
    assert (log["version"], log["creator"]) == ("1.2", {"name": "flowprobe", "version": "1.2.3"})
    for entry in log["entries"]:
        valid(entry)
    assert {entry["pageref"] for entry in log["entries"]} <= {page["id"] for page in log["pages"]}
    return log


def valid(entry: dict[str, Any]) -> None:
    """What the specification asks for and the schemas do not: that the parts add up, and that a time has its zone."""
    assert entry["time"] == sum(entry["timings"].values())
    assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None


@pytest.mark.parametrize("part", ["url", "httpVersion", "headers", "queryString"])
def test_the_schema_misses_what_is_not_there(part: str) -> None:
    journal = Journal().runner(started("slow"), sent("one"), replied(), step_ended("one"), ended())
    log = read(journal)
    del log["entries"][0]["request"][part]
    with pytest.raises(ValidationError, match=f"'{part}' is a required property"):
        VALID.validate({"log": log})


def test_a_call_has_its_headers_and_bodies_and_a_provider_call_what_is_known_of_it() -> None:
    asked = replace(sent("one"), method="POST", url="http://acme.test/pay?q=a%20b&q=", headers={"Content-Type": "text/plain"}, body="hé")
    answer = replace(replied(), headers=(("content-type", "application/json"), ("location", "/there")), body='{"a": 1}', body_bytes=8)
    journal = Journal().runner(started("slow"), asked).proxy(exchange(), injected()).runner(answer, step_ended("one"), ended())
    provider, ours = read(journal)["entries"]
    assert ours["request"]["postData"] == {"mimeType": "text/plain", "text": "hé"}
    assert ours["request"]["bodySize"] == 3
    assert ours["request"]["queryString"] == [{"name": "q", "value": "a b"}, {"name": "q", "value": ""}]
    assert ours["response"]["content"] == {"size": 8, "mimeType": "application/json", "text": '{"a": 1}'}
    assert (ours["response"]["status"], ours["response"]["redirectURL"], ours["time"]) == (200, "/there", 50)
    assert (ours["_flowprobe"]["step"], ours["_flowprobe"]["persona"], ours["_flowprobe"]["edge"]) == ("one", "pro-eu", "user")
    assert (provider["request"]["method"], provider["request"]["url"]) == ("POST", "https://pay.example/v1/charges")
    assert (provider["_flowprobe"]["edge"], provider["_flowprobe"]["step"]) == ("payments", "one")
    assert provider["_flowprobe"]["injections"][0]["realised_s"] == 0.501
    assert provider["time"] == 20


def test_what_was_injected_before_the_product_stands_at_our_own_call_and_is_no_further_entry() -> None:
    """The proxy tells of it after our client does."""
    journal = Journal().runner(started("slow"), sent("one"), replied(), step_ended("one"))
    journal.proxy(replace(injected("u1"), edge="user"), exchange("u1", edge="user")).runner(ended())
    entry, = read(journal)["entries"]
    assert [each["kind"] for each in entry["_flowprobe"]["injections"]] == ["latency"]


def test_receipts_of_one_trial_are_not_those_of_the_next() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    journal.runner(started("slow", trial=OTHER), sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", trial=OTHER))
    journal.proxy(replace(injected("u2", trial=OTHER), edge="user"), exchange("u2", edge="user", trial=OTHER)).runner(ended(trial=OTHER))
    log = read(journal)
    assert [len(entry["_flowprobe"]["injections"]) for entry in log["entries"]] == [0, 1]
    assert [(page["title"], page["_flowprobe"]["plan"]) for page in log["pages"]] == [("A journey · none", "none"), ("A journey · slow", "slow")]


def test_a_call_without_a_reply_has_the_status_zero_and_its_reason() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(), sent("two", 2))
    refused, unknown = read(journal)["entries"]
    assert (refused["response"]["status"], refused["_flowprobe"]["no_reply"]["reason"]) == (0, "connect")
    assert (unknown["response"]["status"], unknown["_flowprobe"]["no_reply"]["reason"]) == (0, "stopped")


def test_calls_that_belong_to_no_trial_are_left_out() -> None:
    journal = Journal().runner(started(), ended()).proxy(exchange(call=None, trial=None))
    assert read(journal)["entries"] == []


def test_a_journal_without_a_line_is_a_document_too() -> None:
    assert read(Journal())["pages"] == []


def test_a_secret_is_in_no_part_of_it() -> None:
    asked = replace(sent("one"), url="http://acme.test/?k=s3cr3t-x", headers={"X-Key": "s3cr3t-x"}, body="s3cr3t-x")
    journal = Journal().runner(started(), asked, replace(replied(), body="s3cr3t-x", headers=(("x", "s3cr3t-x"),)))
    assert "s3cr3t" not in json.dumps(read(journal, Redactor(["s3cr3t-x"])))


HOSTILE = st.text(st.characters()) | st.sampled_from(["]]>", "\x1b[31m", "\u202egpj", "\ud800", '"}]}', "\x00", "http://[::1"])


@given(HOSTILE)
def test_whatever_is_said_the_file_can_be_read_back(text: str) -> None:
    answer = CallReplied(sent("one").call, 200, 100.0, 0.1, 0.2, ((text, text),), text, len(text))
    journal = Journal().runner(started(), replace(sent("one"), url=text, headers={text: text}, body=text), answer)
    entry, = read(journal)["entries"]
    assert entry["response"]["status"] == 200

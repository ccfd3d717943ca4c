"""HAR files: of browsers, of others, and our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.incident import text
from tests.incident.recorded import FRIDAY, Known, as_har, read_text, told


def entry(**parts: Any) -> dict[str, Any]:
    return {"startedDateTime": "2026-11-20T18:00:00.000Z", "time": 180.0, "request": {"method": "GET", "url": "https://payments.example/v1/me"},
            "response": {"status": 200}, "timings": {"blocked": -1, "wait": 180}, **parts}


def har(*entries: Any) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": list(entries), "pages": []}})


def test_what_the_browser_kept_waiting_is_not_the_providers(tmp_path: Path) -> None:
    read = read_text(tmp_path, har(entry(time=280, timings={"blocked": 100, "wait": 180})))
    assert told(read) == [(FRIDAY * 1000 + 100, 180, "200", "payments.example", "GET", "/v1/me")]


def test_of_ours_the_calls_on_provider_edges_count(tmp_path: Path) -> None:
    read = read_text(tmp_path, har(
        entry(_flowprobe={"edge": "user"}), entry(_flowprobe={"edge": "payments"}),
        entry(_flowprobe={"edge": "payments", "error": "reset by a fault"}, response={"status": 0})))
    assert [(call[2], call[3]) for call in told(read)] == [("200", "payments"), ("reset", "payments")]
    assert read.counts.skipped == {"a call to the product itself": 1}


@pytest.mark.parametrize(("parts", "why"), [
    ({"response": {"status": 0}}, "an entry that does not say how it ended"),
    ({"response": {"status": 101}}, "an entry that does not say how it ended"),
    ({"request": {"method": "GET", "url": "data:text/plain,hello"}}, "no call over HTTP"),
    ({"_fromCache": "disk"}, "a reply from the browser's cache"),
])
def test_what_is_no_call_is_counted(tmp_path: Path, parts: dict[str, Any], why: str) -> None:
    assert read_text(tmp_path, har(entry(**parts), entry())).counts.skipped == {why: 1}


@pytest.mark.parametrize(("content", "said"), [
    ('{"log": {}}', "a.har: this JSON has no log.entries, which a HAR has"),
    (har(entry(), entry(startedDateTime="yesterday")), "a.har:1:1: 'yesterday' is no time"),
    (har(entry(), entry(startedDateTime="2026-11-20T18:00:00")), "a.har:1:1: '2026-11-20T18:00:00' names no time zone"),
    (har(entry(time=-5)), "a.har:1:1: its time -5 is not between nothing and a day"),
    (har(entry(time=float("nan"))), "a.har:1:1: its time nan is not between nothing and a day"),
    (har(entry(request=None)), "a.har:1:1: this entry is none of a HAR"),
    (har(3, None), "a.har:1:1: this entry is none of a HAR"),
    (har(), "a.har: there is no call in it"),
    ('{"log": {"entries": [\n{"a": 1,, "b": 2}' + " " * 99 + "\n]}}", "a.har:2:9: this is no JSON"),
    ('{"log": {"entries": [' + "[" * 100_000, "a.har:1:1: this entry is nested too deep"),
    (b'{"log": {"entries": [\xff', "a.har: this is not UTF-8 text"),
], ids=range(11))
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, content, "a.har")
    first = caught.value.problems[0]
    assert f"{first.place}: {first.found}".replace(f"{tmp_path}/", "").startswith(said)


def test_a_document_that_was_cut_short_is_read_up_to_there(tmp_path: Path) -> None:
    whole = har(entry(), entry(), entry())
    read = read_text(tmp_path, whole[:-120])
    assert (read.counts.calls, read.counts.skipped) == (2, {"a last line that was cut short": 1})


@pytest.mark.parametrize("piece", [1, 7, 64, 1000])
def test_pieces_of_any_size_are_the_same_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(text, "PIECE", piece)
    calls = [Known(round(FRIDAY * 1000) + number, number, "200", path="/v1/ü") for number in range(3)]
    content = as_har(calls).replace("\\u00fc", "ü")
    assert len(told(read_text(tmp_path, content))) == 3

"""Log lines from Loki, as `query_range` gives them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flowprobe.core.telemetry import LogLine
from flowprobe.telemetry.loki import Loki
from flowprobe.telemetry.reading import Found
from tests.telemetry.stores import GARBAGE, HOSTILE, OTHER, TRACE, always, no_reply, reply

BASE = "http://127.0.0.1:3100"
QUERY = '{app="shop"} |= "${trace}"'
AT = 1569266497240578000


def answer(*values: Any, **labels: str) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "streams", "stats": {},
                                          "result": [{"stream": labels, "values": list(values)}]}}


def read(*values: Any, **labels: str) -> Found:
    return Loki(BASE, QUERY, always(reply(answer(*values, **labels))), began=1000).read((TRACE,))


def test_a_line_with_the_labels_of_its_stream() -> None:
    found = read([str(AT), "paid"], level="info", service_name="shop", span_id="00b321d76f92134d")
    assert found == Found((LogLine(TRACE, "00b321d76f92134d", AT / 1e9, "info", "shop", "paid"),))


def test_metadata_that_stands_beside_a_line_counts_first() -> None:
    beside = {"structuredMetadata": {"severity_text": "ERROR", "span_id": "a1"}, "parsed": {"service": "bank"}}
    (line,) = read([str(AT), "no luck", beside], app="shop").said
    assert line == LogLine(TRACE, "00000000000000a1", AT / 1e9, "ERROR", "bank", "no luck")


def test_loki_is_asked_from_a_minute_before_the_run_on() -> None:
    store = always(reply(answer()))
    Loki(f"{BASE}/", QUERY, store, began=1000.7).read((TRACE,))
    (asked,) = map(urlsplit, store.asked)
    assert asked.path == "/loki/api/v1/query_range"
    assert parse_qs(asked.query) == {"query": [f'{{app="shop"}} |= "{TRACE}"'], "start": ["940000000000"],
                                     "limit": ["1000"], "direction": ["forward"]}


def test_a_service_that_loki_does_not_know_is_none() -> None:
    (line,) = read([str(AT), "x"], service_name="unknown_service", app="shop").said
    assert line.service == "shop"


def test_values_that_are_none_are_passed_over() -> None:
    assert read([], [str(AT)], "x", None) == Found()


def test_nothing_found() -> None:
    assert Loki(BASE, QUERY, always(reply(answer())), began=0).read((TRACE, OTHER)) == Found()


@pytest.mark.parametrize("body", [*GARBAGE, b"{}", b'{"data": []}', b'{"data": {"resultType": "matrix", "result": []}}'])
def test_what_holds_no_lines_is_told(body: bytes) -> None:
    found = Loki(BASE, QUERY, always(reply(body)), began=0).read((TRACE,))
    assert found.said == ()
    assert found.trouble.startswith(f"Loki at {BASE} is not understood: its reply ")


def test_a_query_that_loki_does_not_understand_is_told_in_its_words() -> None:
    found = Loki(BASE, "{", always(reply(b"parse error at line 1, col 2: syntax error", 400)), began=0).read((TRACE,))
    assert found.trouble == f"Loki at {BASE} answers 400: parse error at line 1, col 2: syntax error"


def test_a_loki_that_is_away_is_asked_once() -> None:
    store = always(no_reply())
    Loki(BASE, QUERY, store, began=0).read((TRACE, OTHER))
    assert len(store.asked) == 1


def test_a_time_that_is_none_is_told() -> None:
    assert "a time in its reply is none" in read(["soon", "x"]).trouble


def test_hostile_texts_stay_texts() -> None:
    (line,) = read([str(AT), HOSTILE], level=HOSTILE).said
    assert isinstance(line, LogLine)
    assert (line.text, line.severity) == (HOSTILE, HOSTILE)

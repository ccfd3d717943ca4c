from __future__ import annotations

from flowprobe.core.propagation import PROBED, Propagation
from flowprobe.report.propagation import propagation_json, propagation_lines

ROWS = (Propagation("payments", 3, dict.fromkeys(PROBED, "lost") | {"b3": "2 of 3"}, "", "pass it on"),
        Propagation("a-mail-provider", 1, dict.fromkeys(PROBED, "survived"), "trace", "all is well"),
        Propagation("search", 0, {}, "", "not called"))


def test_the_table_has_a_line_for_each_carrier_and_a_column_for_each_provider() -> None:
    lines = ["".join(span.text for span in line).rstrip() for line in propagation_lines(ROWS)]
    assert lines[1].split() == ["payments", "a-mail-provider", "search"]
    cells = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[2:2 + len(PROBED)]}
    assert list(cells) == list(PROBED)
    assert cells["traceparent"].split() == ["lost", "survived", "·"]
    assert cells["b3"].replace("2 of 3", "2/3").split() == ["2/3", "survived", "·"]
    assert lines[1].index("a-mail-provider") == lines[2].index("survived")
    assert lines[-3:] == ["  payments (3 calls, no rung): pass it on", "  a-mail-provider (1 call, trace): all is well",
                          "  search (0 calls, no rung): not called"]


def test_machines_get_the_same() -> None:
    data = propagation_json(ROWS, run="r", environment="local", verdict="pass")
    assert [row["rung"] for row in data["providers"]] == ["", "trace", ""]
    assert data["providers"][0]["carriers"]["b3"] == "2 of 3"


def test_calls_that_may_be_anybodys_are_told_beside_those_of_the_journey() -> None:
    row = Propagation("payments", 0, {}, "", "who knows", 3)
    assert ["".join(span.text for span in line) for line in propagation_lines([row, *ROWS])][-4:] == [
        "  payments (3 calls, no rung): pass it on", "  a-mail-provider (1 call, trace): all is well",
        "  search (0 calls, no rung): not called",
        "  inconclusive: what the product passes on to payments cannot be told"]
    told = ["".join(span.text for span in line) for line in propagation_lines([row])]
    assert told[-2] == "  payments (0 calls, 3 unattributed, no rung): who knows"
    assert propagation_json([row], run="r", environment="e", verdict="pass")["providers"][0]["unattributed"] == 3


def test_where_no_provider_was_called_nothing_is_told_of_any() -> None:
    (*_, last) = propagation_lines(ROWS[2:])
    assert "".join(span.text for span in last) == "  inconclusive: no call to a provider was seen"


def test_where_no_journey_was_walked_nothing_is_told() -> None:
    assert list(propagation_lines(())) == []

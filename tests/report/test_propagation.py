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

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.resolve import Absent, WrongType, resolve, resolve_path, resolve_text
from tests.scenes import text

NAMES: dict[str, Any] = {
    "admin": {"team": "t 1/2", "seats": 3, "rate": 0.5, "ok": True, "none": None, "list": [1]},
    "now": datetime(2026, 11, 22, 9, 30, tzinfo=UTC), "today": date(2026, 11, 22),
}


@pytest.mark.parametrize(("source", "value"), [
    ("${admin.seats}", 3), ("${admin.seats + 1}", 4), ("${admin.seats - 1 * 2}", 1), ("${admin.seats * admin.rate}", 1.5),
    ("${admin.ok}", True), ("${admin.none}", None), ("${admin.list}", [1]), ("seats: ${admin.seats}", "seats: 3"),
    ("${now}", "2026-11-22T09:30:00Z"), ("${now + 1h}", "2026-11-22T10:30:00Z"), ("${today - 1d}", "2026-11-21"),
    ("${today}", "2026-11-22"), ("until ${today + 30d}", "until 2026-12-22"), ("${now - now}", 0.0), ("$${admin}", "${admin}"),
])
def test_a_template_gives_its_value_and_keeps_its_type(source: str, value: Any) -> None:
    found = resolve(text(source), NAMES)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("source", [
    "${admin.team + 1}", "${admin.ok + 1}", "${now * 2}", "${now + now}", "${admin.none - 1}", "a ${admin.list}",
])
def test_an_operand_of_the_wrong_type_is_said(source: str) -> None:
    with pytest.raises(WrongType):
        resolve(text(source), NAMES)


@pytest.mark.parametrize("source", ["${admin.nothing}", "${nobody.id}", "${admin.seats.more}", "${admin.team.__class__}"])
def test_a_name_without_a_value_is_absent(source: str) -> None:
    with pytest.raises(Absent):
        resolve(text(source), NAMES)


def test_templates_are_found_at_every_depth() -> None:
    value = {"a": [text("${admin.seats}"), {"b": text("x${admin.seats}")}], "c": 1}
    assert resolve(value, NAMES) == {"a": [3, {"b": "x3"}], "c": 1}


def test_a_path_keeps_its_own_slashes_and_encodes_what_is_looked_up() -> None:
    assert resolve_path(text("/teams/${admin.team}/x"), NAMES) == "/teams/t%201%2F2/x"


@given(st.text())
def test_a_value_that_looks_like_a_template_stays_text(value: str) -> None:
    assert resolve(text("${v.x}"), {"v": {"x": value}}) == value
    assert resolve_text(text("<${v.x}>"), {"v": {"x": value}}) == f"<{value}>"


@given(st.integers(-10**6, 10**6), st.integers(-10**6, 10**6))
def test_arithmetic_is_pythons(left: int, right: int) -> None:
    names = {"a": {"l": left, "r": right}}
    assert resolve(text("${a.l + a.r * a.l - a.r}"), names) == left + right * left - right


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb"])
def test_half_of_a_surrogate_pair_fits_no_text(value: str) -> None:
    for place in (resolve_text, resolve_path):
        with pytest.raises(WrongType, match="not Unicode"):
            place(text("x${v.x}"), {"v": {"x": value}})


@pytest.mark.parametrize("value", [10**4000, 1e308])
def test_a_number_too_large_to_write_is_said(value: float) -> None:
    with pytest.raises(WrongType, match="too large"):
        resolve(text("${v.x * v.x}"), {"v": {"x": value}})


def test_an_impossible_time_is_said() -> None:
    with pytest.raises(WrongType, match="no result"):
        resolve(text("${now + 9999999d}"), {"now": datetime.max.replace(tzinfo=UTC) - timedelta(days=1)})

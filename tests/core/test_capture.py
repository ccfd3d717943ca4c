import pytest

from flowprobe.core.capture import capture
from flowprobe.core.parsed import Parsed
from flowprobe.core.scenario import Capture, CaptureSource
from flowprobe.core.wire import Reply
from tests.scenes import HERE

REPLY = Reply(
    "c", 201, (("location", "/things/7"), ("set-cookie", "a=1; Path=/"), ("set-cookie", "sid=xyz; HttpOnly")),
    b'{"items": [{"id": 1}, {"id": 2}], "none": null, "o d": 5}', 1.0, 1.0, 1.1)


def taken(kind: str, path: str) -> object:
    wanted = (Capture("it", CaptureSource(kind, path), HERE),)
    values, findings = capture(wanted, Parsed(REPLY))
    return values["it"] if not findings else findings[0].kind


@pytest.mark.parametrize(("kind", "path", "value"), [
    ("json", "$.items[1].id", 2), ("json", "$.items[*].id", [1, 2]), ("json", "$.none", None), ("json", "$['o d']", 5),
    ("json", "$", {"items": [{"id": 1}, {"id": 2}], "none": None, "o d": 5}),
    ("header", "Location", "/things/7"), ("cookie", "sid", "xyz"), ("regex", r'"id": (\d)', "1"), ("regex", r"items", "items"),
    ("status", "", 201),
])
def test_a_value_is_taken_from_where_it_stands(kind: str, path: str, value: object) -> None:
    assert taken(kind, path) == value


@pytest.mark.parametrize(("kind", "path"), [
    ("json", "$.items[2].id"), ("json", "$.items.id"), ("json", "$.nothing"), ("header", "x-none"), ("cookie", "none"),
    ("regex", "nothing like it"),
])
def test_the_absence_of_a_definite_value_is_a_finding(kind: str, path: str) -> None:
    assert taken(kind, path) == "capture"


@pytest.mark.parametrize(("kind", "path", "pattern", "value"), [
    ("header", "Location", r"/things/(\d+)", "7"), ("header", "Location", "^/[a-z]+", "/things"),
    ("cookie", "sid", "y(.)", "z"), ("json", "$['o d']", "5", "capture"),
])
def test_a_pattern_takes_a_part_of_what_was_found(kind: str, path: str, pattern: str, value: str) -> None:
    wanted = (Capture("it", CaptureSource(kind, path, pattern), HERE),)
    values, findings = capture(wanted, Parsed(REPLY))
    assert (values["it"] if not findings else findings[0].kind) == value


@pytest.mark.parametrize(("name", "seen"), [
    ("Location", "\"/things/7\", which does not fit code=([^&]+)"), ("Via", "nothing there"),
])
def test_what_a_pattern_does_not_fit_is_shown(name: str, seen: str) -> None:
    _, (finding,) = capture((Capture("it", CaptureSource("header", name, "code=([^&]+)"), HERE),), Parsed(REPLY))
    assert (finding.where, finding.seen) == (f"header {name}", seen)


def test_an_indefinite_path_finds_a_list_also_an_empty_one() -> None:
    assert taken("json", "$.items[*].nothing") == []

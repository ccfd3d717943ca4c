import pytest

from flowprobe.core.capture import MOST_GATHERED, capture, crowded, merged
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.parsed import MAX_DEPTH, Parsed
from flowprobe.core.scenario import Capture, CaptureSource
from flowprobe.core.values import Lookup, Template
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


REPLIES = [b"", b"[" * 200_000, b"{" * 5, b'{"items": [1, "x", null, [], {"n": []}, {"n": null}, {"n": "1"}]}', b'{"items": {"n": 1}}', b'"x"', b"\xff",
           b"[" * 900 + b"]" * 900, b'{"items": "\\ud800"}']
PATHS = ["$.items[?(@.n > 1)].id", "$..n", "$.items[\\n]", "$.items.`sorted`", "$.items.`sub(/x/, y)`", "$.`parent`", "$.items[0:2]", "$.items.`len`"]


@pytest.mark.parametrize("body", REPLIES, ids=range(len(REPLIES)))
@pytest.mark.parametrize("path", PATHS)
def test_a_reply_of_another_kind_than_the_path_expects_gives_values_or_a_finding(path: str, body: bytes) -> None:
    reply = Reply("c", 200, (("set-cookie", "\x00=;;="), ("location", "\udcff")), body, 1.0, 1.0, 1.1)
    wanted = tuple(Capture(kind, CaptureSource(kind, path if kind == "json" else "x"), HERE)
                   for kind in ("json", "header", "cookie", "regex", "status"))
    values, findings = capture(wanted, Parsed(reply))
    assert len(values) + len(findings) == len(wanted)
    assert isinstance(values.get("json", []), list | str | int)


def test_json_is_read_as_deep_as_everybody_can_walk_it() -> None:
    for depth, deep in ((MAX_DEPTH, False), (MAX_DEPTH + 1, True), (100_000, True)):
        parsed = Parsed(Reply("c", 200, (), b"[" * depth + b"]" * depth, 1.0, 1.0, 1.1))
        assert (parsed.json is MISSING) is deep
    wide = Parsed(Reply("c", 200, (), b"[" + b"[{}]," * 1_000 + b"1]", 1.0, 1.0, 1.1))
    assert len(wide.json) == 1_001
    assert Parsed(Reply("c", 200, (), b"[" * 201 + b"]" * 201, 1.0, 1.0, 1.1)).json_error == "JSON of more than 200 levels"


def test_a_default_that_finds_nothing_is_none() -> None:
    from_there = Template((Lookup(("no", "one")),), HERE)
    wanted = (Capture("it", CaptureSource("json", "$.nothing"), HERE, has_default=True, default=from_there),)
    assert [finding.kind for finding in capture(wanted, Parsed(REPLY), {})[1]] == ["capture"]
    assert capture(wanted, Parsed(REPLY), {"no": {"one": 1}}) == ({"it": 1}, ())


def test_lists_grow_and_end() -> None:
    wanted = (Capture("ids", CaptureSource("json", "$"), HERE, append=True), Capture("last", CaptureSource("json", "$"), HERE))
    assert merged(wanted, {"ids": [1], "last": 0}, {"ids": [2, 3], "last": 1}) == {"ids": [1, 2, 3], "last": 1}
    assert merged(wanted, {}, {}) == {"ids": []}
    assert crowded(wanted, {"ids": [0] * (MOST_GATHERED - 1)}, {"ids": 1, "last": [0] * 10**6}) == ()
    assert [finding.kind for finding in crowded(wanted, {"ids": [0] * MOST_GATHERED}, {"ids": 1})] == ["capture"]

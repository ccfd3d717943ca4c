"""What becomes of a reply's body: JSON that is no more, JSON that is other JSON, and what stays as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.faults.edits import HOW, edit
from flowprobe.core.faults.spoiling import Edit, Malform, Mislabel, Misname, Original, Pad, Recharset, Spoilt, Unspoilt
from flowprobe.core.jsonpath import compile_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6,
)
DOCUMENTS = st.builds(lambda value, ascii: json.dumps(value, ensure_ascii=ascii).encode("utf-8", "replace"),
                      JSON, st.booleans())


@settings(deadline=None)  # a busy machine is no failure
@given(DOCUMENTS, st.sampled_from(["cut-brace", "trailing-comma", "garbage"]))
def test_malformed_json_is_none_whatever_it_was(content: bytes, how: str) -> None:
    outcome = Malform(how).spoil(Original(content))
    assert isinstance(outcome, Spoilt)
    assert outcome.content is not None
    with pytest.raises(ValueError, match=r"."):
        json.loads(outcome.content)


@pytest.mark.parametrize(("how", "content", "malformed"), [
    ("cut-brace", b'{"a": 1}\n', b'{"a": 1'),
    ("cut-brace", b"[1, 2]", b"[1, 2"),
    ("trailing-comma", b'{"a": 1}', b'{"a": 1,}'),
    ("garbage", b'{"state": "paid"}', b'{"st\x01\x01\x01\x01\x01\x01\x01\x01aid"}'),
    ("cut-brace", b"12", b"\x01\x01"),  # a number without its last digit would be one still
])
def test_malforming_does_what_it_says(how: str, content: bytes, malformed: bytes) -> None:
    outcome = Malform(how).spoil(Original(content))
    assert isinstance(outcome, Spoilt)
    assert outcome.content == malformed


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(min_size=1))
def test_other_bytes_are_damaged_and_keep_their_length(content: bytes) -> None:
    outcome = Malform("cut-brace").spoil(Original(b"\xff" + content))
    assert isinstance(outcome, Spoilt)
    assert outcome.content is not None
    assert len(outcome.content) == len(content) + 1
    assert outcome.content != b"\xff" + content


@settings(deadline=None)  # a busy machine is no failure
@given(DOCUMENTS, st.integers(0, 2000))
def test_padding_reaches_its_size_and_means_the_same(content: bytes, size: int) -> None:
    outcome = Pad(size).spoil(Original(content))
    if size <= len(content):
        assert outcome == Unspoilt("the body is as large already")
        return
    assert isinstance(outcome, Spoilt)
    assert outcome.content is not None
    assert len(outcome.content) == size
    assert json.loads(outcome.content) == json.loads(content)


@pytest.mark.parametrize("action", [
    Malform("garbage"), Pad(10), Misname("gzip"), Edit("$.a", "drop"), Mislabel("text/html"), Recharset("utf-8"),
])
def test_where_there_is_nothing_to_spoil_it_says_why(action: Malform | Pad | Misname | Edit | Mislabel) -> None:
    outcome = action.spoil(Original(b"", "" if isinstance(action, Recharset) else "text/html"))
    assert isinstance(outcome, Unspoilt)
    assert outcome.why


@pytest.mark.parametrize(("media_type", "changed"), [
    ("application/json", "application/json; charset=utf-16"),
    ("text/html;charset=UTF-8", "text/html; charset=utf-16"),
    ("text/html; boundary=x; charset=UTF-8", "text/html; boundary=x; charset=utf-16"),
])
def test_another_charset_takes_the_place_of_the_one_that_is_there(media_type: str, changed: str) -> None:
    assert Recharset("utf-16").spoil(Original(b"x", media_type)) == Spoilt(media_type=changed)


def test_a_charset_that_is_right_is_no_fault() -> None:
    assert isinstance(Recharset("utf-8").spoil(Original(b"x", "text/html; charset=UTF-8")), Unspoilt)


# --- fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [
    (12, "12"), (1.5, "1.5"), ("12", 12), ("1e2", 100.0), ("paid", 0), ("", 0), ("true", 0), ("NaN", 0),
    (True, "true"), (False, "false"), (None, 0),
    ([], {}), ([7, 8], {"0": 7, "1": 8}), ({}, [{}]), ({"a": 1}, [{"a": 1}]),
])
def test_the_table_of_types(before: object, after: object) -> None:
    assert edited({"x": before}, "$.x", "retype") == {"x": after}


@pytest.mark.parametrize(("before", "after"), [
    ("paid", "not_a_known_value"), ("PAID", "NOT_A_KNOWN_VALUE"), (3, 2147483647), (True, True), (None, None), ([], []),
])
def test_only_a_word_or_a_whole_number_has_a_list_of_values(before: object, after: object) -> None:
    assert edited({"x": before}, "$.x", "unknown_enum") == {"x": after}


@pytest.mark.parametrize(("path", "how", "after", "count"), [
    ("$.items[0]", "drop", {"items": [{"p": 2}, {"p": 3}], "a": {"p": 4}}, 1),
    ("$.items[*]", "drop", {"items": [], "a": {"p": 4}}, 3),
    ("$.items[-1]", "drop", {"items": [{"p": 1}, {"p": 2}], "a": {"p": 4}}, 1),
    ("$.items[0:2].p", "null", {"items": [{"p": None}, {"p": None}, {"p": 3}], "a": {"p": 4}}, 2),
    ("$.items[?(@.p > 1)].p", "retype", {"items": [{"p": 1}, {"p": "2"}, {"p": "3"}], "a": {"p": 4}}, 2),
    ("$..p", "drop", {"items": [{}, {}, {}], "a": {}}, 4),
    ("$.*", "null", {"items": None, "a": None}, 2),
    ("$['a']", "drop", {"items": [{"p": 1}, {"p": 2}, {"p": 3}]}, 1),
])
def test_paths_lead_to_one_place_or_to_many(path: str, how: str, after: object, count: int) -> None:
    document = {"items": [{"p": 1}, {"p": 2}, {"p": 3}], "a": {"p": 4}}
    assert edit(compile_path(path).places(document), how) == count
    assert document == after


@pytest.mark.parametrize("path", ["$", "$.b", "$.items[3]", "$.items.p", "$.a[0]", "$.items.`len`", "$.items[?(@.q)]"])
def test_a_path_that_leads_nowhere_has_no_place(path: str) -> None:
    document = {"items": [{"p": 1}], "a": {"p": 4}}
    assert compile_path(path).places(document) == []


@pytest.mark.parametrize(("value", "same"), [(1, True), (1.0, False), (True, False), ("1", False)])
def test_setting_what_is_there_already_is_no_fault(value: object, same: bool) -> None:
    outcome = Edit("$.x", "set", value).spoil(Original(b'{"x": 1}'))
    assert isinstance(outcome, Unspoilt) is same


@settings(deadline=None)  # a busy machine is no failure
@given(st.dictionaries(st.text(), JSON, max_size=4), st.sampled_from([how for how in HOW if how != "set"]))
def test_what_the_path_does_not_name_stays(rest: dict[str, object], how: str) -> None:
    document = {**rest, "x": {"y": "paid"}}
    outcome = Edit("$.x.y", how).spoil(Original(json.dumps(document).encode()))
    assert isinstance(outcome, Spoilt)
    assert outcome.content is not None
    found = json.loads(outcome.content)
    assert {**found, "x": None} == {**document, "x": None}
    assert found["x"] != {"y": "paid"}


def test_letters_stay_letters() -> None:
    outcome = Edit("$.x", "drop").spoil(Original('{"x":1,"n":"é"}'.encode()))
    assert outcome == Spoilt('{"n":"é"}'.encode(), detail="1 place")


def test_half_of_a_pair_stays_an_escape() -> None:
    outcome = Edit("$.x", "drop").spoil(Original(rb'{"x":1,"n":"\ud800"}'))
    assert outcome == Spoilt(rb'{"n":"\ud800"}', detail="1 place")


def edited(document: dict[str, object], path: str, how: str) -> dict[str, object]:
    edit(compile_path(path).places(document), how)
    return document

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.decide import path_matches
from flowprobe.core.paths import ANY, covers, outlined, readings, sketched, strange
from tests.scenes import text

SEGMENTS = st.sampled_from(["a", "b", "", "%2F", "A"])
TEMPLATES = st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
PATHS = st.lists(SEGMENTS, min_size=1, max_size=6).map(lambda parts: "/" + "/".join(parts))


@given(TEMPLATES, PATHS)
def test_a_whole_path_fits_as_it_fits_a_fault(template: str, path: str) -> None:
    assert covers(template, path[1:].split("/")) is path_matches(template, path)


@given(TEMPLATES, st.lists(st.sampled_from(["a", "b", ANY]), min_size=1, max_size=4), st.lists(st.sampled_from(["a", "z"]), min_size=4, max_size=4))
def test_what_is_not_known_is_covered_only_where_every_value_is(template: str, path: list[str | None], values: list[str]) -> None:
    if covers(template, path):
        assert covers(template, [value if segment is ANY else segment for segment, value in zip(path, values, strict=False)])


@pytest.mark.parametrize(("template", "path", "fits"), [
    ("/v1/**", "/v1", True), ("/v1/**", "/v1/a/b", True), ("/v1/*", "/v1/", False), ("/v1/*", "/v1/a/b", False),
    ("/v1/*/x", "/v1//x", False), ("/**", "/", True), ("/v1", "/V1", False), ("/v1", "/v1/", False), ("/**/x", "/a/b/x", True),
])
def test_templates(template: str, path: str, fits: bool) -> None:
    assert covers(template, path[1:].split("/")) is fits


def test_an_escaped_slash_is_read_both_ways() -> None:
    assert list(readings("/v1/a%2Fb?q=1")) == [("v1", "a%2Fb"), ("v1", "a", "b")]
    assert list(readings("/v1/a%5Cb")) == [("v1", "a%5Cb"), ("v1", "a", "b")]
    assert list(readings("/v1/a%20b")) == [("v1", "a%20b")]
    assert list(readings("/v1/a%2F..%2F..%2Fadmin")) == [("v1", "a%2F..%2F..%2Fadmin"), ("admin",)]
    assert list(readings("/..%2F..")) == [("..%2F..",), ()]


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2E/b", "/a/%252e%252e/b", "/a/.", "/a/..;x=1/b", "/a\\..\\b"])
def test_a_path_that_leads_elsewhere_is_strange(path: str) -> None:
    assert strange(path)


@pytest.mark.parametrize("path", ["/a/.b", "/a/b..c", "/a?x=/../b", "/a/...", "/", "/a%2f..%2fb"])
def test_dots_that_lead_nowhere_are_not(path: str) -> None:
    assert not strange(path)


@pytest.mark.parametrize(("path", "segments"), [
    ("/v1/seats?all=1", ("v1", "seats")), ("/v1/teams/${admin.team}/invites", ("v1", "teams", "team_1", "invites")),
    ("/v1/${made.id}", ("v1", ANY)), ("/v1/x-${made.id}", ("v1", ANY)), ("/v1?next=${made.id}", ("v1",)),
    ("/v1/${admin.odd}", ("v1", ANY)), ("${made.url}/x", None),
])
def test_look_ups_that_are_known_stand_in_the_outline(path: str, segments: object) -> None:
    found = outlined(text(path), {"admin": {"team": "team_1", "odd": "../x"}})
    assert found == (None if segments is None else (segments,))


def test_an_outline_has_every_reading_of_what_the_file_says() -> None:
    assert outlined(text("/v1/a%2fb-${made.id}/c"), {}) == (("v1", ANY, "c"), ("v1", "a", ANY, "c"))
    assert sketched(text("/v1/${made.id}/c"), {}) == "/v1/x/c"

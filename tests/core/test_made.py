from __future__ import annotations

import pytest

from flowprobe.core.made import is_undone, last_segment, made_by
from tests.scenes import a_call, a_step, text


@pytest.mark.parametrize(("path", "last"), [
    ("/things/${make.id}", ("make", "id")), ("/things/${make.id}?all=${x.y}", ("make", "id")), ("/things", None), ("/${make.id}/", None),
    ("/things?id=${make.id}", None), ("/things/x${make.id}", None), ("/things/${make.a}${make.b}", None), ("/things/${make.id + 1}", None),
    ("${make.id}", None), ("${make.url}/${make.id}", None), ("/things?a=/${make.id}", None), ("/t/${make.id}?/${x.id}", ("make", "id")),
])
def test_a_path_ends_with_a_look_up_where_that_is_its_whole_last_segment(path: str, last: object) -> None:
    assert last_segment(text(path)) == last


@pytest.mark.parametrize(("method", "made"), [("POST", True), ("PUT", True), ("PATCH", True), ("GET", False), ("DELETE", False)])
def test_only_a_write_makes_something(method: str, made: bool) -> None:
    step = a_step("make", f"{method} /things", captures={"id": "$.id"})
    assert bool(made_by(step)) is made
    assert is_undone(step, a_call("DELETE /things/${make.id}")) is made
    assert not is_undone(step, a_call("DELETE /things/${other.id}"))

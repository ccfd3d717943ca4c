"""What tells our own things from those of others."""

from typing import Any

import pytest

from flowprobe.core.ours import is_marked
from tests.scenes import TRIAL, text

NAMES: dict[str, Any] = {"trial": {"id": TRIAL}, "team": {"id": "t1", "number": 7, "empty": "", "none": None, "yes": True}}


@pytest.mark.parametrize(("where", "ours"), [
    ({"tag": text("${trial.id}")}, True),
    ({"tag": text("guest+${trial.id}@example.test")}, True),
    ({"meta": {"tags": [text("${trial.id}")]}}, True),
    ({"$.meta.tag": text("${trial.id}")}, True),
    ({"tag": {"$equals": text("${trial.id}")}}, True),
    ({"tag": {"$contains": text("${trial.id}")}}, True),
    ({"team": text("${team.id}")}, True),
    ({"team": text("${team.number}")}, True),
    ({"tag": "x"}, False),
    ({"tag": {"$absent": True}}, False),
    ({"tag": {"$in": ["x", text("${trial.id}")]}}, False),
    ({"tags": {"$each": text("${trial.id}")}}, False),
    ({"team": {"$contains": text("${team.id}")}}, False),
    ({"team": text("${team.empty}")}, False),
    ({"team": text("${team.none}")}, False),
    ({"team": text("${team.yes}")}, False),
    ({"team": text("${team.gone}")}, False),
    ({"team": text("${team.empty}"), "tag": text("${trial.id}")}, True),
])
def test_only_a_value_that_others_do_not_have_marks_a_thing_as_ours(where: Any, ours: bool) -> None:
    assert is_marked(where, NAMES) is ours

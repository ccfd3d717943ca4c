"""Names and the shapes that their values must fit."""

from __future__ import annotations

import pytest

from flowprobe.core.conditions import unmet
from flowprobe.core.resolve import Absent
from tests.scenes import HERE, text

NAMES = {"account": {"used": 3, "seats": 3, "plan": "pro"}}


def test_the_first_condition_that_does_not_fit_is_named() -> None:
    assert unmet({"account.plan": "pro", "account.used": {"$lt": text("${account.seats}")}}, NAMES, HERE) == (
        "account.used: expected less than 3, saw 3")


def test_a_name_without_a_value_is_missing_and_may_be_meant_to_be() -> None:
    assert unmet({"account.card": {"$absent": True}, "account.used": 3}, NAMES, HERE) == ""
    assert unmet({"account.card": "valid"}, NAMES, HERE) == 'account.card: expected "valid", saw nothing there'


def test_a_shape_that_looks_up_what_is_not_there_is_the_callers_to_tell() -> None:
    with pytest.raises(Absent):
        unmet({"account.used": text("${account.card}")}, NAMES, HERE)

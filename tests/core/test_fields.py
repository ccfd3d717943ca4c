from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from flowprobe.core.fields import Field, Integer, Name, Record


def test_a_key_with_a_minus_is_an_attribute_with_an_underscore() -> None:
    assert Field("ready-within", Integer(), "How long.").target == "ready_within"


def test_a_field_may_name_its_attribute() -> None:
    assert Field("as", Name(), "Who acts.", attribute="role").target == "role"


def test_a_table_is_plain_data() -> None:
    record = Record("seat", dict, (Field("row", Integer(minimum=1), "The row.", required=True),))
    again = pickle.loads(pickle.dumps(record))
    assert (again.noun, again.make, again.fields[0].shape.minimum) == ("seat", dict, 1)


def test_a_shape_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Integer().minimum = 1  # type: ignore[misc]

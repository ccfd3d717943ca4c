from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.plain import Plain, plain


@plain
class Ours(Plain):
    a: Any
    b: Any = 2
    hidden: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Theirs:
    a: Any
    b: Any = 2
    hidden: Any = field(default=None, compare=False, repr=False)


PARTS = st.tuples(st.integers(0, 2) | st.text(max_size=1), st.integers(0, 2), st.integers(0, 2))


@given(left=PARTS, right=PARTS)
def test_plain_values_compare_hash_and_show_as_dataclasses_do(left: Any, right: Any) -> None:
    ours, theirs = (Ours(*left), Ours(*right)), (Theirs(*left), Theirs(*right))
    assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])
    assert (hash(ours[0]) == hash(ours[1])) == (hash(theirs[0]) == hash(theirs[1]))
    assert repr(ours[0]) == repr(theirs[0]).replace("Theirs", "Ours")


def test_they_are_frozen_slotted_replaced_matched_and_pickled() -> None:
    value = Ours(1, b=3)
    with pytest.raises(FrozenInstanceError):
        value.a = 2  # type: ignore[misc]
    assert not hasattr(value, "__dict__")
    assert replace(value, b=4) == Ours(1, 4)
    match value:
        case Ours(a, b):
            assert (a, b) == (1, 3)
    assert pickle.loads(pickle.dumps(value)) == value
    assert value != Theirs(1, 3)

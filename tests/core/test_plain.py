from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.faults.actions import Hold
from flowprobe.core.plain import Frozen, Plain, changed, plain


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


@plain
class Often(Ours):
    """Made so often that `Ours` would become another class meanwhile."""


@given(PARTS, st.dictionaries(st.sampled_from(["a", "b", "hidden"]), st.integers(0, 2)))
def test_changed_is_replace(parts: Any, named: dict[str, int]) -> None:
    value, before = Often(*parts), Often(*parts)
    assert [getattr(changed(value, **named), part.name) for part in fields(Often)] == [
        getattr(replace(value, **named), part.name) for part in fields(Often)]
    assert value == before


def test_what_is_no_part_of_a_value_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="Often has no aa, c"):
        changed(Often(1), c=2, b=1, aa=3)


@plain
class Lists(Plain):
    first: list[int] = field(default_factory=list)


@plain
class Itself(Frozen):
    a: int = 1


@plain
class Empty(Plain):
    pass


def test_they_cannot_lose_a_part() -> None:
    with pytest.raises(FrozenInstanceError):
        del Ours(1).a


@pytest.mark.parametrize(("values", "named", "said"), [
    ((), {}, r"Ours\(\) is missing `a`"),
    ((), {"b": 1}, r"Ours\(\) is missing `a`"),
    ((1,), {"c": 1}, r"Ours\(\) takes no more than a, b, hidden, each once"),
    ((1,), {"a": 1}, "each once"),
    ((1, 2, 3, 4), {}, "each once"),
    ((1, 2, 3), {"a": 4}, "each once"),
])
def test_a_call_that_does_not_fit_is_refused(values: tuple[int, ...], named: dict[str, int], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Ours(*values, **named)


@given(values=st.lists(st.integers(0, 2), max_size=4), named=st.dictionaries(
    st.sampled_from(["a", "b", "hidden", "c"]), st.integers(0, 2)))
def test_they_take_what_dataclasses_take(values: list[int], named: dict[str, int]) -> None:
    try:
        theirs = asdict(Theirs(*values, **named))
    except TypeError:
        with pytest.raises(TypeError):
            Ours(*values, **named)
    else:
        assert asdict(Ours(*values, **named)) == theirs


def test_each_value_has_a_default_of_its_own() -> None:
    assert Lists().first == []
    assert Lists().first is not Lists().first
    assert Lists([1]).first == [1]


def test_their_parts_are_those_of_a_dataclass() -> None:
    assert [part.name for part in fields(Ours)] == [part.name for part in fields(Theirs)]
    assert asdict(Ours(Ours(1))) == asdict(Theirs(Theirs(1)))
    assert Ours.__match_args__ == Theirs.__match_args__


@pytest.mark.parametrize("value", [Ours([1], b=2), Lists([1]), Empty()])
def test_they_are_copied_deeply(value: Any) -> None:
    assert copy.copy(value) == value
    assert copy.deepcopy(value) == value


def test_what_belongs_to_the_class_is_no_part_of_a_value() -> None:
    action = Hold(2.0)
    assert copy.deepcopy(action) == pickle.loads(pickle.dumps(action)) == action
    assert action.__getstate__() == [2.0]


def test_a_frozen_value_is_equal_to_itself_alone() -> None:
    value = Itself()
    assert value == value
    assert value != Itself()
    assert pickle.loads(pickle.dumps(value)).a == 1


def test_a_class_of_many_values_goes_on_as_it_began() -> None:
    first = Lists()
    for number in range(1_000):
        assert Lists(first=[number]).first == [number]
    assert Lists() == first
    assert Lists().first is not Lists().first
    with pytest.raises(FrozenInstanceError):
        Lists(first=[1]).first = []  # type: ignore[misc]
    with pytest.raises(TypeError):
        Lists(second=[1])  # type: ignore[call-arg]

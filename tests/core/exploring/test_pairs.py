"""Every two values that may meet do, in few states; what may not be together is never asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import combinations, product
from math import prod
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.account import Constraint
from flowprobe.core.exploring.constraints import satisfied
from flowprobe.core.exploring.pairs import covered, pairs_of, pairwise
from flowprobe.core.values import Lookup, Position, Template


def fields_of(*sizes: int) -> dict[str, list[int]]:
    return {f"f{number}": list(range(size)) for number, size in enumerate(sizes)}


def without(*bans: Mapping[str, int]) -> Callable[[Mapping[str, Any]], bool]:
    """No state may have all of the values of a ban."""
    return lambda state: not any(all(state[name] == value for name, value in ban.items()) for ban in bans)


@st.composite
def constrained(draw: st.DrawFn) -> tuple[dict[str, list[int]], list[dict[str, int]]]:
    fields = fields_of(*draw(st.lists(st.integers(1, 4), max_size=5)))
    ban = st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.sampled_from(fields[name]) for name in names}))
    return fields, draw(st.lists(ban, max_size=4)) if fields else []


def coverable(fields: Mapping[str, list[int]], allowed: Callable[[Mapping[str, Any]], bool]) -> set[Any]:
    """By looking at every state that there is."""
    every = (dict(zip(fields, values, strict=True)) for values in product(*fields.values()))
    return {pair for state in every if allowed(state) for pair in pairs_of(state)}


@given(constrained(), st.integers(0, 3))
def test_every_pair_that_may_be_is_in_a_state_that_may_be(case: Any, seed: int) -> None:
    fields, bans = case
    allowed = without(*bans)
    states = list(pairwise(fields, allowed, seed=seed))
    assert all(allowed(state) and set(state) == set(fields) for state in states)
    expected = coverable(fields, allowed)
    assert {pair for state in states for pair in pairs_of(state)} == expected
    assert covered(states, fields, allowed) == (len(expected), len(expected))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=6), st.integers(0, 3))
def test_there_are_at_most_twice_as_many_states_as_the_two_largest_fields_need(sizes: list[int], seed: int) -> None:
    assert len(list(pairwise(fields_of(*sizes), seed=seed))) <= 2 * prod(sorted(sizes)[-2:])


@pytest.mark.parametrize("seed", range(5))
def test_ten_fields_of_five_values_take_fifty_states_and_no_second(seed: int) -> None:
    began = process_time()
    assert len(list(pairwise(fields_of(*[5] * 10), seed=seed))) <= 50
    assert process_time() - began < 1


@given(st.lists(st.integers(1, 4), max_size=5), st.integers(0, 9))
def test_the_same_seed_gives_the_same_states_and_the_first_is_the_ordinary_one(sizes: list[int], seed: int) -> None:
    fields = fields_of(*sizes)
    states = list(pairwise(fields, seed=seed))
    assert states == list(pairwise(fields, seed=seed))
    assert states[0] == {name: values[0] for name, values in fields.items()}


def test_an_ordinary_state_that_may_not_be_is_not_asked_for() -> None:
    states = list(pairwise({"used": [3, 0], "seats": [0, 3]}, lambda state: state["used"] <= state["seats"]))
    assert states == [{"used": 3, "seats": 3}, {"used": 0, "seats": 0}, {"used": 0, "seats": 3}]


def test_where_no_state_may_be_there_is_none() -> None:
    assert list(pairwise(fields_of(2, 2), lambda _: False)) == []


def test_a_field_alone_has_each_of_its_values() -> None:
    assert list(pairwise({"card": ["valid", "expired"]})) == [{"card": "valid"}, {"card": "expired"}]
    assert list(pairwise({})) == [{}]


def test_values_need_not_be_hashable_and_true_is_not_one() -> None:
    fields = {"items": [[], [{"a": 1}]], "flag": [True, 1]}
    assert covered(pairwise(fields), fields) == (4, 4)


@settings(max_examples=20)
@given(st.integers(0, 9))
def test_a_question_that_looks_at_two_fields_is_not_asked_about_all_others(value: int) -> None:
    asked = 0

    def allowed(state: Mapping[str, Any]) -> bool:
        nonlocal asked
        asked += 1
        return not (state["f0"] == value % 3 and state["f1"] != 2)

    fields = fields_of(*[3] * 12)
    states = list(pairwise(fields, allowed))
    assert covered(states, fields, without({"f0": value % 3, "f1": 0}, {"f0": value % 3, "f1": 1}))[0] == 9 * 66 - 2
    assert asked < 3_000  # of half a million states


def test_constraints_of_a_scenario_are_looked_through_too() -> None:
    here = Position("scenario.yaml", 1, 1)
    most = {"$lt": Template((Lookup(("account", "f1")),), here)}
    constraints = [Constraint({"account.f0": most}, here, when={"account.f2": {"$in": [1, 2]}}),
                   Constraint({"account.f0": {"$gt": 0}}, here)]
    asked = 0

    def allowed(state: Mapping[str, Any]) -> bool:
        nonlocal asked
        asked += 1
        return satisfied(constraints, state)

    fields = fields_of(*[3] * 9)
    states = list(pairwise(fields, allowed))
    assert all(satisfied(constraints, state) for state in states)
    done, most_pairs = covered(states, fields, partial(satisfied, constraints))
    assert done == most_pairs < 9 * 36
    assert asked < 3_000  # of twenty thousand states


def test_a_question_about_all_fields_at_once_is_answered_too() -> None:
    fields = fields_of(3, 3, 3, 3)
    allowed: Callable[[Mapping[str, Any]], bool] = lambda state: sum(dict(state).values()) <= 4  # noqa: E731
    assert {pair for state in pairwise(fields, allowed) for pair in pairs_of(state)} == coverable(fields, allowed)


def test_pairs_of_a_state_do_not_depend_on_the_order_of_its_fields() -> None:
    assert pairs_of({"a": 1, "b": [2]}) == pairs_of({"b": [2], "a": 1}) == {(("a", "1"), ("b", "[2]"))}
    assert len(pairs_of(dict.fromkeys("abcde", 0))) == len(list(combinations("abcde", 2)))


def test_values_that_are_none_of_the_fields_cover_nothing() -> None:
    assert covered([{"a": 7, "b": 0}, {"a": 0}], {"a": [0, 1], "b": [0, 1]}) == (0, 4)

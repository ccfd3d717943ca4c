"""Accounts that are odd all over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core.exploring.mixing import Mixing

FIELDS = {"seats": (3, 0, 1, 1000), "plan": ("pro", "basic"), "receipts": (True, False)}


def everything(_state: Mapping[str, Any], name: str, value: Any) -> float:
    return float(value != FIELDS[name][0])


def test_each_odd_value_is_in_one_of_few_states() -> None:
    seen: set[tuple[str, Any]] = set()

    def left(_state: Mapping[str, Any], name: str, value: Any) -> float:
        return float(value != FIELDS[name][0] and (name, value) not in seen)

    mixing = Mixing(FIELDS, lambda _: True, 0)
    made = 0
    while (state := mixing.state(left)) is not None:
        seen |= set(state.items())
        made += 1
    assert {(name, value) for name, values in FIELDS.items() for value in values[1:]} <= seen
    assert made < 8


def test_the_same_seed_makes_the_same_states_up() -> None:
    one, other = Mixing(FIELDS, lambda _: True, 7), Mixing(FIELDS, lambda _: True, 7)
    assert [one.state(everything) for _ in range(9)] == [other.state(everything) for _ in range(9)]


def test_no_state_is_made_up_that_may_not_be() -> None:
    mixing = Mixing(FIELDS, lambda state: not (state["seats"] == 0 and state["plan"] == "basic"), 1)
    made = [mixing.state(everything) for _ in range(30)]
    assert not [state for state in made if state and state["seats"] == 0 and state["plan"] == "basic"]


def test_a_value_beside_which_calls_were_missing_is_mixed_in_now_and_then_until_a_state_clears_it() -> None:
    def often(mixing: Mixing) -> int:
        states = [mixing.state(everything) for _ in range(60)]
        return sum(state is not None and state["receipts"] is False for state in states)

    suspected, cleared = Mixing(FIELDS, lambda _: True, 2), Mixing(FIELDS, lambda _: True, 2)
    suspected.came({"receipts": False}, 0.5)
    cleared.came({"receipts": False}, 0.5)
    cleared.came({"receipts": False}, 1.0)
    assert 0 < often(suspected) < 40 < often(cleared) == 60


def test_nothing_is_made_up_where_nothing_is_left_to_be_seen() -> None:
    assert Mixing(FIELDS, lambda _: True, 0).state(lambda *_: 0.0) is None
    assert Mixing({}, lambda _: True, 0).state(everything) is None

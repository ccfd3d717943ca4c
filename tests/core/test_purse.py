from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.purse import Purse
from flowprobe.core.rules import Budget

actions = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=60)


@given(st.integers(1, 20), st.integers(0, 10), actions)
def test_no_more_is_sent_than_there_is_and_what_was_made_can_be_undone(calls: int, writes: int, wanted: list[tuple[bool, bool, bool]]) -> None:
    """`made` are the calls whose cleanup is still to come; each of them finds what was laid aside for it."""
    purse, sent, sent_writes, made = Purse(Budget(calls, writes)), 0, 0, 0
    for write, cleans, undo in wanted:
        if undo and made:
            found = purse.spend_aside(write=True)
            assert isinstance(found, Purse)
            purse, made, sent, sent_writes = found, made - 1, sent + 1, sent_writes + 1
            continue
        found = purse.charge(write=write, cleanup=cleans, cleanup_writes=cleans)
        if isinstance(found, Purse):
            purse, made, sent, sent_writes = found, made + cleans, sent + 1, sent_writes + write
    assert sent + made <= calls
    assert sent_writes + made <= writes


def test_a_second_try_of_a_cleanup_is_charged_like_any_other() -> None:
    purse = Purse(Budget(calls=3))
    charged = purse.charge(write=True, cleanup=1, cleanup_writes=1)
    assert isinstance(charged, Purse)
    undone = charged.spend_aside(write=True)
    assert isinstance(undone, Purse)
    again = undone.spend_aside(write=True)
    assert isinstance(again, Purse)
    assert again.spend_aside(write=True) == "the budget of 3 calls is used up"


def test_a_write_needs_room_for_itself_and_its_cleanup() -> None:
    assert Purse(Budget(writes=1)).charge(write=True, cleanup=1, cleanup_writes=1) == "the budget of 1 writes is used up"

"""Ids are learned where they were born, belong to one trial, and are forgotten when they turn out to be everybody's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.learning import LEARNED, Learned, ids_in

A, B = "a" * 16, "b" * 16
CHARGE = "ch_3MmlLrLkdIwHu7ix28a3tqPc"
UUID = "c56a4180-65aa-42ec-a945-5fd21dec0538"
REPLY = f'{{"id": "{CHARGE}", "customer": "cus_NffrFeUfNV2Hib"}}'.encode()
IDS = st.uuids(version=4).map(str)


@pytest.mark.parametrize("token", [CHARGE, UUID, UUID.upper(), "cus_NffrFeUfNV2Hib", "AC5ef8732a3c49700934481addd5ce1659",
                                   "01ARZ3NDEKTSV4RRFFQ69G5FAV", "9f86d081884c7d659a2feaa0c55ad015"])
def test_an_id_of_a_provider_is_one(token: str) -> None:
    assert ids_in(f'{{"id": "{token}", "state": "ok"}}'.encode()) == {token}


@pytest.mark.parametrize("word", [
    "payment_intent_succeeded", "content-security-policy", "2026-11-22", "1700000000123456", "20261122T093000Z", "en_US",
    "inv_12", "00000000-0000-0000-0000-000000000000", "aaaaaaaaaaaaaaaa1111", "guest_two_thousand", "x" * 400, "msg_abc123",
])
def test_a_word_a_date_or_a_number_is_none(word: str) -> None:
    assert ids_in(f'{{"value": "{word}"}}'.encode()) == frozenset()


def test_the_reply_to_a_write_teaches_what_was_made() -> None:
    learned = Learned()
    learned.learn(A, REPLY)
    assert learned.whose(f"/v1/charges/{CHARGE}/refund".encode()) == {A}
    assert learned.whose(b"/v1/charges/ch_another0ne1234567890") == frozenset()


def test_what_the_request_knew_already_was_not_made_by_it() -> None:
    learned = Learned()
    learned.learn(A, REPLY, b'{"customer": "cus_NffrFeUfNV2Hib"}')
    assert learned.whose(b"customer=cus_NffrFeUfNV2Hib") == frozenset()
    assert learned.whose(CHARGE.encode()) == {A}


def test_an_id_with_the_trials_own_in_it_teaches_nothing_new() -> None:
    learned = Learned()
    learned.learn(A, f'{{"id": "ref_{A}_x1"}}'.encode())
    assert len(learned) == 0


def test_what_is_seen_in_another_exchange_is_forgotten_for_good() -> None:
    for whose in (None, B):
        learned = Learned()
        learned.learn(A, REPLY)
        learned.saw(whose, b'{"charge": "%s"}' % CHARGE.encode())
        assert learned.whose(CHARGE.encode()) == frozenset()
        learned.learn(A, REPLY)
        assert learned.whose(CHARGE.encode()) == frozenset()


def test_what_its_own_trial_sees_again_stays() -> None:
    learned = Learned()
    learned.learn(A, REPLY)
    learned.saw(A, REPLY)
    assert learned.whose(CHARGE.encode()) == {A}


def test_what_two_trials_are_told_is_neithers() -> None:
    learned = Learned()
    learned.learn(A, REPLY)
    learned.learn(B, b'{"id": "ch_9zYxWvUtSrQpOnMlKjIhGfEd", "customer": "cus_NffrFeUfNV2Hib"}')
    assert learned.whose(b"cus_NffrFeUfNV2Hib") == frozenset()
    assert learned.whose(b"ch_9zYxWvUtSrQpOnMlKjIhGfEd " + CHARGE.encode()) == {A, B}


def test_what_strangers_use_is_never_learned() -> None:
    learned = Learned()
    learned.saw(None, b"/v1/accounts/acct_1032D82eZvKYlo2C")
    learned.learn(A, b'{"account": "acct_1032D82eZvKYlo2C"}')
    assert len(learned) == 0


def test_a_trial_that_is_over_is_forgotten_with_its_ids() -> None:
    learned = Learned()
    learned.learn(A, REPLY)
    learned.drop([A])
    assert learned.whose(REPLY) == frozenset()


@settings(deadline=None, max_examples=30)  # a busy machine is no failure
@given(st.lists(st.tuples(st.sampled_from(["learn", "saw"]), st.sampled_from([A, B, None]), st.lists(IDS, max_size=5)),
                max_size=20))
def test_an_id_never_belongs_to_two(events: list[tuple[str, str | None, list[str]]]) -> None:
    """Whatever happens in whatever order: an id that two were seen with speaks for neither."""
    learned, seen = Learned(), dict[str, set[str | None]]()
    for what, whose, ids in events:
        text = " ".join(ids).encode()
        if what == "saw":
            learned.saw(whose, text)
        elif whose is not None:
            learned.learn(whose, text)
        for each in ids:
            known = learned.whose(each.encode())
            taught = seen.setdefault(each, set())
            if what == "learn" or whose is None or taught:
                taught.add(whose)
            assert len(known) <= 1
            assert len(taught) < 2 or known == frozenset()


def test_the_number_of_ids_is_bounded() -> None:
    learned = Learned()
    for number in range(LEARNED // 32 + 20):
        learned.learn(A, b" ".join(b"ch_Zx%06dQy%02dwVuT" % (number, n) for n in range(50)))
    assert len(learned) == LEARNED

from __future__ import annotations

import pytest

from flowprobe.core.exploring.model import Break, Placed, Site, Try
from flowprobe.core.faults.status import Status
from flowprobe.report.exploring_told import (
    also_words,
    break_words,
    broke_words,
    case_sentence,
    odd_fields,
    place_words,
    try_words,
)
from tests.explorations import CASES, CHARGE, DEFAULTS, FOUND, NO_INVITE, TWICE


def test_only_what_differs_is_odd() -> None:
    odd = odd_fields({"seats": 0, "company": "Acme", "card": "valid", "vip": True}, DEFAULTS)
    assert [str(each) for each in odd] == [
        "seats = 0 (3 by default)", "tags left out ([] by default)", "vip = true (not there by default)"]


def test_one_and_true_are_two_values() -> None:
    assert [str(each) for each in odd_fields({"a": True}, {"a": 1})] == ["a = true (1 by default)"]


def test_values_that_differ_only_far_behind_are_odd_too() -> None:
    (odd,) = odd_fields({"a": "x" * 100 + "y"}, {"a": "x" * 100})
    assert odd.value == odd.usual == '"' + "x" * 59 + "…"


def test_a_sentence_says_what_it_takes_and_what_breaks() -> None:
    assert case_sentence(FOUND[0], DEFAULTS) == (
        "seats=0 + lost reply, close on payments: invite: charged, and no invite: 500 instead of 201")
    assert CASES[0].sentence.startswith("zero seats + lost reply")
    assert try_words(Try(DEFAULTS), DEFAULTS) == "nothing odd at all"


@pytest.mark.parametrize(("breaks", "words"), [
    ((), "the proxy said so"),
    ((NO_INVITE,), "invite: charged, and no invite: 500 instead of 201"),
    ((TWICE, NO_INVITE, NO_INVITE), "never: the card was charged twice, and 2 more"),
    ((Break("pay", "status", "status"),), "pay: status"),
])
def test_of_promises_that_broke_the_first_is_told(breaks: tuple[Break, ...], words: str) -> None:
    assert break_words(breaks, "the proxy said so") == words


def test_a_sentence_that_says_where_it_was_is_not_given_it_again() -> None:
    assert broke_words(Break("renew", "status", "status", "renew: answered twice")) == "renew: answered twice"
    assert broke_words(Break("", "always", "paid", "always 'paid': saw nothing")) == "always 'paid': saw nothing"
    assert broke_words(Break("renew", "status", "status", "renewal came late")) == "renew: renewal came late"


def test_what_breaks_too_is_told_by_its_names() -> None:
    several = (Break("renew", "json", "$.total", "long"), Break("renew", "never", "stack-trace", "long"),
               Break("settle", "status", "status"), Break("", "always", "paid", "long"))
    assert also_words(several) == "renew: $.total, stack-trace; settle: status; always: paid"


def test_a_fault_on_every_such_call_says_so() -> None:
    assert place_words(Placed(Site("mail", "POST /send", "", 0), Status(500))) == (
        "status 500 on mail POST /send (every such call)")
    assert place_words(Placed(CHARGE, Status(500))) == "status 500 on payments POST /v1/charges in pay"


def test_the_flake_rate_is_unknown_where_nobody_tried_again() -> None:
    assert [case.flake_rate for case in CASES[:4]] == [0, 0, pytest.approx(1 / 3), None]


def test_of_many_faults_and_fields_the_first_are_told() -> None:
    tried = Try(dict.fromkeys("abcd", 1), (Placed(CHARGE, Status(500)),) * 5)
    assert try_words(tried, {}) == ("a=1 + b=1 + c=1 + 1 more odd field + status 500 on payments + "
                                    "status 500 on payments + status 500 on payments + 2 more faults")

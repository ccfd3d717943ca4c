"""What makes two tries the same experiment, and how a site reads."""

from __future__ import annotations

import pytest

from flowprobe.core.exploring.model import Break, Placed, Site, Try
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status

CHARGE = Site("payments", "POST /v1/charges", "pay")


def test_the_order_of_faults_and_of_fields_makes_no_other_try() -> None:
    one = Try({"a": 1, "b": None}, (Placed(CHARGE, Status(503)), Placed(CHARGE, Reset("request"))), "singles")
    other = Try({"b": None, "a": 1}, (Placed(CHARGE, Reset("request")), Placed(CHARGE, Status(503))), "pairs")
    assert one.key == other.key
    assert one.key != Try({"a": 1.5, "b": None}, one.faults).key


@pytest.mark.parametrize(("site", "said"), [
    (CHARGE, "payments POST /v1/charges in pay"),
    (Site("payments", "POST /v1/charges", "pay", 2), "payments POST /v1/charges #2 in pay"),
    (Site("mail", "POST /send"), "mail POST /send"),
])
def test_a_site_reads_as_people_say_it(site: Site, said: str) -> None:
    assert str(site) == said


def test_what_only_reads_is_no_write() -> None:
    assert [Site("p", f"{method} /x").is_write for method in ("GET", "HEAD", "POST", "DELETE")] == [
        False, False, True, True]


def test_a_placed_fault_says_its_kind_and_its_call() -> None:
    placed = Placed(CHARGE, Status(503))
    assert (placed.name, str(placed)) == ("status", "status 503 on payments POST /v1/charges in pay")


def test_the_words_of_a_break_do_not_make_it_another() -> None:
    assert Break("pay", "status", "status", "saw 500") == Break("pay", "status", "status", "saw 502")

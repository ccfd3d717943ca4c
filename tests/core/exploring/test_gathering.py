"""One defect is told once, whatever kind of fault shows it."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.exploring.exploration import Found
from flowprobe.core.exploring.gathering import gathered
from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.status import Status

DEFAULT = {"seats": 3, "phone": "+49"}
MAIL, PAY = Site("mail", "POST /send", "renew"), Site("payments", "POST /v1/charges", "renew")
CRASH, PRICE = Break("renew", "status", "status", "saw 500"), Break("renew", "json", "$.total", "saw 0")


def found(kind: Kind | None, site: Site = MAIL, *, broke: Break = CRASH, at: int = 1, of: int = 3, **odd: Any) -> Found:
    tried = Try({**DEFAULT, **odd}, (Placed(site, kind),) if kind else ())
    return Found((broke,), tried, Learned("fail", (broke,)), tried, at, of, of)


def test_a_call_that_fails_in_one_way_or_another_is_one_defect() -> None:
    lost, down, slow = (found(LostReply("close"), at=9, phone=None), found(Status(500), at=4, phone=None),
                        found(Latency(0.5), at=7, phone=None))
    (one,) = gathered([lost, down, slow], DEFAULT)
    assert (one.case, one.at, one.seen) == (lost.case, 4, 3)
    assert one.also == (down.case, slow.case)


@pytest.mark.parametrize("other", [
    found(Status(500), phone=None, broke=PRICE), found(Status(500), PAY, phone=None), found(Status(500), seats=0),
    found(Status(500)), found(Body("html"), phone=None), found(None, phone=None),
])
def test_another_promise_another_call_another_field_and_a_misread_answer_are_others(other: Found) -> None:
    assert len(gathered([found(Status(500), phone=None), other], DEFAULT)) == 2


def test_what_was_confirmed_stands_for_what_was_not() -> None:
    unsure = found(Status(500), at=1, of=0, phone=None)
    sure = found(LostReply("close"), at=2, phone=None)
    (one,) = gathered([unsure, sure], DEFAULT)
    assert (one.case, one.confirmed, one.also) == (sure.case, 3, (unsure.case,))


def test_a_large_find_that_nobody_made_small_is_left_out_where_a_small_one_explains_it() -> None:
    small = found(Status(500), phone=None)
    large = Found((CRASH,), Try({"seats": 0, "phone": None}, (Placed(MAIL, Status(503)), Placed(PAY, Status(500)))),
                  Learned("fail", (CRASH,)), Try(), 30)
    assert gathered([small, large], DEFAULT) == (small,)
    assert len(gathered([found(Status(500), seats=1), large], DEFAULT)) == 1
    assert len(gathered([found(Body("html"), phone=None), large], DEFAULT)) == 2


def test_defects_keep_the_order_in_which_they_were_seen() -> None:
    first, second = found(Status(500), phone=None, at=3), found(Status(500), PAY, at=5)
    assert gathered([first, second], DEFAULT) == (first, second)

"""Several tries at once: told in the order in which they are asked for, and none of them a find by company alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.accounts import Account
from flowprobe.core.clues import ExclusiveWindow
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Reached, Site, Try
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Environment, Persona, Provider, Scenario
from flowprobe.running.side_by_side import Room, SideBySide, room_for
from tests.scenes import ADMIN, BASE, HERE, a_scenario, a_step

SITE = Site("payments", "POST /v1/charges", "pay")
PASS = Learned("pass", reached=(Reached(SITE, 200, 0.1),))
BROKE = Learned("fail", (Break("pay", "status", "status", "expected 201, saw 500"),))
CALM = Try({"seats": 3}, (), "calibrate")
TRIES = [Try({"seats": 3}, (Placed(SITE, Status(code)),)) for code in (500, 501, 502, 503, 504, 505)]
ODD = [Try({"seats": seats}, (), "states") for seats in range(10, 16)]
TOGETHER_S = 20.0


class Product:
    """Answers tries in as many threads as there are workers. `meets`: these wait for each other. `doing` is asked what
    comes of a try."""

    def __init__(self, workers: int, doing: Callable[[Try], Learned] = lambda _: PASS) -> None:
        self.pool = ThreadPoolExecutor(workers)
        self.doing = doing
        self.meets: dict[Any, threading.Barrier] = {}
        self.lock = threading.Lock()
        self.under_way: list[Try] = []
        self.most = 0
        self.made: list[Try] = []
        self.states: set[int] = set()
        self.left = 1000

    def _make(self, made: Try) -> Learned:
        with self.lock:
            self.under_way.append(made)
            self.most = max(self.most, len(self.under_way))
            self.states.add(len({str(each.state) for each in self.under_way}))
        if made.key in self.meets:
            self.meets.pop(made.key).wait(TOGETHER_S)  # the first time
        try:
            return self.doing(made)
        finally:
            with self.lock:
                self.under_way.remove(made)
                self.made.append(made)

    def _refuse(self) -> None:
        if not self.left:
            raise Enough("the budget is used up")
        self.left -= 1

    def alone(self, made: Try) -> Learned:
        self._refuse()
        assert not self.under_way
        return self._make(made)

    def begin(self, made: Try) -> Any:
        self._refuse()
        return self.pool.submit(self._make, made)

    def end(self, _made: Try, begun: Any) -> Learned:
        found: Learned = begun.result()
        return found

    def call_off(self, begun: Future[Any]) -> bool:
        called_off = begun.cancel()
        self.left += called_off
        return called_off


class Told:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.disturbed: list[Try] = []


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def two(told: Told) -> Iterator[Callable[..., tuple[SideBySide, Product]]]:
    products = []

    def make(doing: Callable[[Try], Learned] = lambda _: PASS, *, own: bool = True,
             workers: int = 2) -> tuple[SideBySide, Product]:
        product = Product(workers, doing)
        products.append(product)
        abreast = SideBySide(product, Room(workers, own), say=told.said.append,
                             disturbed=lambda made, _: told.disturbed.append(made))
        assert abreast(CALM) == PASS
        return abreast, product

    yield make
    for product in products:
        product.pool.shutdown()


Making = Callable[..., tuple[SideBySide, Product]]


def test_what_is_foreseen_is_made_at_once_and_told_in_its_order(two: Making, told: Told) -> None:
    abreast, product = two(lambda made: PASS if made == CALM else replace(PASS, because=str(made.key)))
    met = threading.Barrier(2)
    product.meets = {TRIES[0].key: met, TRIES[1].key: met}  # neither ends before the other has begun
    abreast.foresee(TRIES)
    assert [abreast(each).because for each in TRIES] == [str(each.key) for each in TRIES]
    assert (product.most, told.said, list(abreast.rest())) == (2, [], [])


def test_nobody_idles_while_one_takes_long(two: Making) -> None:
    abreast, product = two()
    met = threading.Barrier(2)
    product.meets = {TRIES[0].key: met, TRIES[5].key: met}  # the first ends when the last has begun
    abreast.foresee(TRIES)
    assert abreast(TRIES[0]) == PASS


def test_one_worker_makes_one_after_another(two: Making) -> None:
    abreast, product = two(workers=1)
    abreast.foresee(TRIES)
    assert [abreast(each) for each in TRIES] == [PASS] * len(TRIES)
    assert (product.most, product.made) == (1, [CALM, *TRIES])


def test_what_goes_alone_waits_for_the_others_and_keeps_what_they_told(two: Making) -> None:
    abreast, product = two()
    abreast.foresee(TRIES)
    abreast(TRIES[0])
    for alone in (replace(TRIES[1], phase="shrink"), Try({}, (Placed(SITE, Refuse()),))):
        assert abreast(alone) == PASS  # the product sees that nothing else is under way
    assert [abreast(each) for each in TRIES[1:]] == [PASS] * 5
    assert all(product.made.count(each) <= 1 for each in TRIES[2:])


def test_a_journey_that_does_not_stand_beside_itself_is_made_one_at_a_time(two: Making, told: Told) -> None:
    abreast, product = two()
    product.doing = lambda made: BROKE if made == CALM else PASS
    abreast.foresee(TRIES)
    product.most = 0
    assert [abreast(each) for each in TRIES] == [PASS] * 6
    assert product.most == 1
    assert told.said == ["one try at a time from here on: when it is made 2 times at once, the journey does not pass "
                         "without any fault: expected 201, saw 500"]


def test_what_breaks_beside_others_and_not_alone_is_no_find_and_ends_it(two: Making, told: Told) -> None:
    abreast, product = two()
    product.doing = lambda made: BROKE if made == TRIES[0] and made not in product.made else PASS
    met = threading.Barrier(2)
    product.meets = {TRIES[0].key: met, TRIES[1].key: met}
    abreast.foresee(TRIES)
    assert [abreast(each) for each in TRIES] == [PASS] * 6
    assert told.disturbed == [TRIES[0]]
    assert all(product.made.count(each) <= 2 for each in TRIES)
    assert told.said == ["one try at a time from here on: what broke beside others did not break alone"]


def test_what_breaks_beside_others_and_alone_is_a_find(two: Making, told: Told) -> None:
    abreast, product = two(lambda made: BROKE if made == TRIES[1] else PASS)
    met = threading.Barrier(2)
    product.meets = {TRIES[0].key: met, TRIES[1].key: met}
    abreast.foresee(TRIES)
    assert [abreast(each).judged for each in TRIES] == ["pass", "fail", "pass", "pass", "pass", "pass"]
    assert (product.made.count(TRIES[1]), told.said, told.disturbed) == (2, [], [])


def test_a_shared_account_is_in_one_state_at_a_time(two: Making) -> None:
    abreast, product = two(own=False)
    abreast.foresee([*ODD, *TRIES])
    assert [abreast(each) for each in (*ODD, *TRIES)] == [PASS] * 12
    assert product.states == {1}


def test_accounts_of_their_own_are_in_a_state_each(two: Making) -> None:
    abreast, product = two()
    met = threading.Barrier(2)
    product.meets = {ODD[0].key: met, ODD[1].key: met}
    abreast.foresee(ODD)
    assert [abreast(each) for each in ODD] == [PASS] * 6
    assert 2 in product.states


def test_a_budget_that_is_used_up_ends_it_and_what_was_made_is_told(two: Making) -> None:
    abreast, product = two()
    product.left = 5  # two of them show that the journey stands beside itself
    abreast.foresee(TRIES)
    assert [abreast(each) for each in TRIES[:3]] == [PASS] * 3
    with pytest.raises(Enough, match="used up"):
        abreast(TRIES[3])
    assert list(abreast.rest()) == []


def test_what_was_foreseen_and_not_asked_for_is_told_at_the_end_but_not_what_only_broke_beside_others(
        two: Making, told: Told) -> None:
    abreast, product = two(lambda made: BROKE if made == TRIES[1] else PASS)
    met = threading.Barrier(2)
    abreast.foresee(TRIES[:3])
    product.meets = {TRIES[0].key: met, TRIES[1].key: met}
    abreast(TRIES[0])
    rest = [made for made, learned in abreast.rest() if learned == PASS]
    assert rest in ([], [TRIES[2]])
    assert told.said == ["1 of the last tries broke beside others, and could not be made again alone: "
                         "they count as not tried"]


# --- how many -------------------------------------------------------------------------------------


def pooled(*names: str) -> Persona:
    return replace(ADMIN, accounts=tuple(Account(name, HERE) for name in names))


def put() -> Scenario:
    made = a_scenario(a_step("pay", "POST /v1/pay"))
    return replace(made, given=(a_step("state", "PUT /test/accounts/${admin.account}"),))


LOCAL = Environment("local", HERE, {"target": BASE})


@pytest.mark.parametrize(("persona", "wanted", "room"), [
    (pooled("a", "b", "c"), 2, Room(2, own_accounts=True)),
    (ADMIN, 1, Room()),
])
def test_there_is_room_for_as_many_as_there_are_accounts(persona: Persona, wanted: int, room: Room) -> None:
    assert room_for(wanted, put(), {"admin": persona}, LOCAL) == room


def test_why_there_is_less_room_is_said() -> None:
    few = room_for(3, put(), {"admin": pooled("a", "b")}, LOCAL)
    assert (few.workers, few.own_accounts, [note.partition(":")[0] for note in few.notes]) == (2, True, ["2 tries at once"])
    shared = room_for(3, put(), {"admin": ADMIN}, LOCAL)
    assert (shared.workers, shared.own_accounts) == (3, False)
    assert "the persona 'pro-eu' has no `accounts`" in shared.notes[0]


def test_an_exclusive_window_is_for_one_at_a_time() -> None:
    window = Provider("payments", "https://payments.example", HERE, attribute=(ExclusiveWindow(0.5),))
    room = room_for(3, put(), {"admin": pooled("a", "b", "c")}, replace(LOCAL, providers={"payments": window}))
    assert room.workers == 1
    assert "one try at a time: a call to 'payments' that nothing tells apart" in room.notes[0]

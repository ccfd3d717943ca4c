"""What may be tried at once, and that it makes no difference to what is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from flowprobe.core.exploring.ahead import disturbance, goes_alone, put_into_state
from flowprobe.core.exploring.exploration import Exploration
from flowprobe.core.exploring.kept import Key
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Reached, Site, Try
from flowprobe.core.exploring.searching import Terms, explore
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Scenario
from tests.core.exploring.fake_products import DEFAULT, FakeProduct, rows, shop
from tests.core.exploring.random_products import DEFAULT as PLAIN
from tests.core.exploring.random_products import STATES, products
from tests.scenes import a_scenario, a_step

PAY, MAIL = Site("payments", "POST /charges", "pay"), Site("mail", "POST /send", "pay")
CALM = Learned("pass", reached=(Reached(PAY, 200, 0.1),))


class Eager:
    """Makes all that is foreseen at once, and tells it when it is asked for."""

    def __init__(self, product: Callable[[Try], Learned]) -> None:
        self.product = product
        self.waiting: dict[Key, tuple[Try, Learned]] = {}
        self.phases: Counter[str] = Counter()

    def __call__(self, tried: Try) -> Learned:
        if tried.key in self.waiting:
            self.phases[tried.phase] += 1
            return self.waiting.pop(tried.key)[1]
        return self.product(tried)

    def foresee(self, tries: Sequence[Try]) -> None:
        for each in tries:
            if each.key not in self.waiting and not goes_alone(each):
                try:
                    self.waiting[each.key] = each, self.product(each)
                except Enough:
                    return

    def rest(self) -> Iterator[tuple[Try, Learned]]:
        yield from self.waiting.values()


def shown(found: Exploration) -> object:
    """What is told of a search, but for how many tries there were."""
    cases = [(each.breaks, each.case.key, each.confirmed, each.of) for each in found.found]
    cells = [(cell.site, cell.kind, cell.outcome, cell.because, cell.only) for cell in found.cells]
    return found.ended, found.baseline, cases, found.flaky, cells, found.patience


@given(products())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@pytest.mark.parametrize("prune", [True, False])
def test_what_is_made_ahead_is_found_as_if_it_had_been_made_when_it_was_asked_for(
        prune: bool, make: Callable[[], FakeProduct]) -> None:
    alone = explore(make(), PLAIN, STATES, terms=Terms(prune=prune))
    eager = Eager(make())
    ahead = explore(eager, PLAIN, STATES, terms=Terms(prune=prune), ahead=eager)
    assert shown(ahead) == shown(alone)


def test_most_of_what_is_foreseen_is_asked_for() -> None:
    eager = Eager(shop())
    found = explore(eager, DEFAULT, rows(), ahead=eager)
    assert {"singles", "revealed", "states"} <= eager.phases.keys()
    assert eager.phases["singles"] > found.phases["singles"] * 0.8
    assert eager.phases["states"] > found.phases["states"] * 0.3
    left = len(eager.waiting)
    assert left < eager.phases.total() * 0.1
    assert found.tries == sum(found.phases.values())


def test_what_was_made_and_not_asked_for_is_learned_at_the_end() -> None:
    asked: list[Try] = []
    eager = Eager(shop(budget=20))

    def trying(tried: Try) -> Learned:
        asked.append(tried)
        if len(asked) > 8:
            raise Enough("the time is up")
        return eager(tried)

    found = explore(trying, DEFAULT, rows(), ahead=eager)
    assert (found.ended, found.tries, len(asked)) == ("stopped", 20, 9)


@pytest.mark.parametrize(("tried", "alone"), [
    (Try(DEFAULT, (Placed(PAY, Status(503)),), "singles"), False),
    (Try(DEFAULT, (Placed(PAY, Refuse()),), "singles"), True),
    (Try(DEFAULT, (), "states"), False),
    (Try(DEFAULT, (), "calibrate"), True), (Try(DEFAULT, (), "timeouts"), True),
    (Try(DEFAULT, (), "shrink"), True), (Try(DEFAULT, (), "confirm"), True),
])
def test_what_is_measured_has_to_be_sure_or_befalls_any_connection_goes_alone(tried: Try, alone: bool) -> None:
    assert goes_alone(tried) is alone


@pytest.mark.parametrize(("together", "said"), [
    ([CALM, CALM], ""),
    ([CALM, Learned("degraded", reached=CALM.reached)], ""),
    ([CALM, Learned("fail", (Break("pay", "status", "status", "expected 201, saw 409"),))], "does not pass"),
    ([Learned("inconclusive", because="no account was free")], "no account was free"),
    ([CALM, Learned("pass")], "payments POST /charges in pay is not seen to be of its own journey"),
    ([Learned("pass", reached=(*CALM.reached, Reached(MAIL, 200, 0.1)))], "a call that it does not make alone: mail"),
])
def test_a_journey_that_is_another_beside_itself_is_disturbed(together: list[Learned], said: str) -> None:
    why = disturbance([CALM, CALM], together)
    assert said in why
    assert bool(said) == bool(why)


def test_a_call_whose_number_differs_anyway_tells_nothing() -> None:
    often = Learned("pass", reached=(*CALM.reached, Reached(Site("payments", "POST /charges", "pay", 2), 200, 0.1)))
    assert disturbance([CALM, often], [often, CALM]) == ""


def scenario(*given: str) -> Scenario:
    made = a_scenario(a_step("pay", "POST /v1/pay"))
    return replace(made, given=tuple(a_step(f"given{number}", call) for number, call in enumerate(given)))


def test_given_puts_the_accounts_of_those_into_a_state_that_its_paths_name() -> None:
    assert put_into_state(scenario()) == ()
    assert put_into_state(scenario("PUT /me")) == ("admin",)
    assert put_into_state(scenario("PUT /test/accounts/${nobody.account}", "PUT /of/${admin.account}")) == ("admin",)

"""Several tries at once, for a search that asks for one after another.

What the search foresees is begun before it is asked for, and told when it is: in its order, whatever came first. What
has to be alone waits until nothing is under way. Tries that disturb each other must never look like a find, so the
journey is made side by side without any fault first, and what breaks beside others is made again alone: that counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from typing import Protocol

from flowprobe.core.exploring.ahead import disturbance, goes_alone, put_into_state
from flowprobe.core.exploring.kept import Key
from flowprobe.core.exploring.model import Enough, Learned, Try
from flowprobe.core.policy import exclusive
from flowprobe.core.scenario import Environment, Persona, Scenario
from flowprobe.running.engine import Begun

__all__ = ["Making", "Room", "SideBySide", "room_for"]

_BEGUN, _UNASKED = 2, 8
"""So many tries for each worker are begun at once, so that who is done with one has the next at hand; and so many may
wait to be asked for, which some never are."""
_LOOK_S = 0.25
"""A signal that came just before a wait is handled after it."""


class Making(Protocol):
    """Makes one try. Each raises Enough where nothing more may be tried, or what was tried was cut off."""

    def alone(self, made: Try) -> Learned: ...
    def begin(self, made: Try) -> Begun: ...
    def end(self, made: Try, begun: Begun) -> Learned: ...
    def call_off(self, begun: Begun) -> bool:
        """Whether it was not made at all."""


@dataclass(frozen=True, slots=True)
class Room:
    """`workers` is how many tries can be made at once; without `own_accounts` only those in the same state of the
    account. `notes` say why it is not more."""

    workers: int = 1
    own_accounts: bool = False
    notes: tuple[str, ...] = ()


def room_for(wanted: int, scenario: Scenario, personas: Mapping[str, Persona], environment: Environment) -> Room:
    """How many of the wanted tries can be made at once. `personas` are those that the roles are bound to."""
    if wanted > 1 and (names := exclusive(environment)):
        provider = environment.providers[min(names)]
        return Room(notes=(f"one try at a time: a call to {provider.name!r} that nothing tells apart is taken to be of "
                           f"the only trial ({provider.position})",))
    pools = [persona for persona in personas.values() if persona.accounts]
    scarce = min(pools, key=lambda persona: len(persona.accounts), default=None)
    notes: list[str] = []
    if scarce is not None and len(scarce.accounts) < wanted:
        wanted = len(scarce.accounts)
        notes.append(f"{_times(wanted)}: each holds an account of the persona {scarce.name!r}, which has no more "
                     f"({scarce.position})")
    shared = [personas[role] for role in put_into_state(scenario) if not personas[role].accounts]
    if wanted > 1 and shared:
        notes.append(f"different account states are tried one after another: the persona {shared[0].name!r} has no "
                     f"`accounts`, of which each try would hold its own ({shared[0].position})")
    return Room(wanted, not shared, tuple(notes))


def _times(workers: int) -> str:
    return "one try at a time" if workers == 1 else f"{workers} tries at once"


class SideBySide:
    """`say` is told why it goes on with one at a time; `disturbed` of a try that broke beside others, and not alone."""

    def __init__(self, making: Making, room: Room, *, say: Callable[[str], None],
                 disturbed: Callable[[Try, Learned], None]) -> None:
        self._making, self._workers, self._say, self._disturbed = making, room.workers, say, disturbed
        self._own_accounts = room.own_accounts
        self._planned: deque[Try] = deque()
        self._begun: dict[Key, tuple[Try, Begun]] = {}
        self._ended: dict[Key, tuple[Try, Learned]] = {}
        self._beside: set[Key] = set()
        self._calm: list[tuple[Try, Learned]] = []
        self._is_proved = False

    def __call__(self, made: Try) -> Learned:
        if goes_alone(made) or self._workers == 1:
            return self._alone(made)
        self._make_sure_of(made)
        if made.key in self._ended:
            learned = self._ended.pop(made.key)[1]
        elif made.key in self._begun:
            self._fill_until(self._begun[made.key][1])
            learned = self._end(made.key)
        else:
            return self._alone(made)
        return self._again(made, learned) if self._is_doubtful(made, learned) else learned

    def foresee(self, tries: Sequence[Try]) -> None:
        self._planned.clear()
        if self._workers > 1 and not self._is_proved:
            self._prove()
        if self._workers > 1:
            self._planned += (each for each in tries if not goes_alone(each))

    def learn(self, made: Try, learned: Learned) -> None:
        """What came of a try alone, now or in an earlier search: how the journey without any fault is."""
        if made.phase == "calibrate":
            self._calm.append((made, learned))

    def rest(self) -> Iterator[tuple[Try, Learned]]:
        """What was made and not asked for. Nothing is under way any more. What would have to be made again alone is
        left out: whoever goes on with the search tries it anew."""
        self._planned.clear()
        self._wait_for_all()
        rest, self._ended = tuple(self._ended.values()), {}
        sure = [(made, learned) for made, learned in rest if not self._is_doubtful(made, learned)]
        if left := len(rest) - len(sure):
            self._say(f"{left} of the last tries broke beside others, and could not be made again alone: "
                      "they count as not tried")
        yield from sure

    # --- one ---

    def _is_doubtful(self, made: Try, learned: Learned) -> bool:
        return made.key in self._beside and (learned.broke or learned.judged == "inconclusive")

    def _alone(self, made: Try) -> Learned:
        self._wait_for_all()
        learned = self._making.alone(made)
        self.learn(made, learned)
        return learned

    def _again(self, made: Try, beside: Learned) -> Learned:
        self._beside.discard(made.key)
        learned = self._alone(made)
        if beside.broke and learned.judged in ("pass", "degraded"):
            self._disturbed(made, beside)
            self._one_at_a_time("what broke beside others did not break alone")
        return learned

    # --- several ---

    def _make_sure_of(self, asked: Try) -> None:
        """What is asked for is begun before all that is foreseen."""
        if not self._is_there(asked):
            if not self._may_join(asked):
                self._wait_for_all()
            self._begin(asked)
        self._planned = deque(each for each in self._planned if each.key != asked.key and not self._is_there(each))

    def _fill_until(self, asked: Begun) -> None:
        """Nobody idles while one takes long."""
        while not asked.done():
            while self._planned and self._has_room and self._may_join(self._planned[0]) \
                    and self._begin(self._planned[0]):
                self._planned.popleft()
            wait([begun for _, begun in self._begun.values() if not begun.done()], _LOOK_S, FIRST_COMPLETED)

    @property
    def _has_room(self) -> bool:
        under_way = len(self._under_way)
        unasked = len(self._begun) - under_way + len(self._ended)
        return under_way < _BEGUN * self._workers and unasked < _UNASKED * self._workers

    @property
    def _under_way(self) -> set[Key]:
        return {key for key, (_, begun) in self._begun.items() if not begun.done()}

    def _is_there(self, made: Try) -> bool:
        return made.key in self._begun or made.key in self._ended

    def _may_join(self, made: Try) -> bool:
        """Whether it may be made beside what is under way: the account of one must not be that of another, unless it
        is in the same state."""
        return self._own_accounts or all(key[0] == made.key[0] for key in self._under_way)

    def _begin(self, made: Try) -> bool:
        others = self._under_way  # before: one of them may end just when this one begins
        try:
            self._begun[made.key] = made, self._making.begin(made)
        except Enough:
            return False
        self._beside |= {made.key, *others} if others else set()
        return True

    def _end(self, key: Key) -> Learned:
        made, begun = self._begun.pop(key)
        return self._making.end(made, begun)

    def _wait_for_all(self) -> None:
        """What no worker has taken up is called off, and foreseen again. What was cut off teaches nothing: whoever asks
        for the next try is told why."""
        waiting = []
        for key, (made, begun) in reversed(tuple(self._begun.items())):
            if self._making.call_off(begun):
                waiting.append(made)
                del self._begun[key]
        self._planned.extendleft(waiting)
        for key, (made, _) in tuple(self._begun.items()):
            try:
                self._ended[key] = made, self._end(key)
            except Enough:
                continue

    def _prove(self) -> None:
        """Whether the journey without any fault stands beside itself."""
        if not self._calm:
            return
        self._is_proved = True
        made = self._calm[0][0]
        begun, together = [], []
        for _ in range(self._workers):
            try:
                begun.append(self._making.begin(made))
            except Enough:
                break
        for each in begun:
            try:
                together.append(self._making.end(made, each))
            except Enough:
                continue
        if why := disturbance([learned for _, learned in self._calm], together):
            self._one_at_a_time(f"when it is made {self._workers} times at once, {why}")

    def _one_at_a_time(self, because: str) -> None:
        """What was made and not asked for is not to be relied upon any more."""
        self._workers = 1
        self._planned.clear()
        self._ended.clear()
        self._say(f"one try at a time from here on: {because}")

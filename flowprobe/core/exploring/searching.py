"""The whole search: calibrate, one fault at a time, timeouts; then by turns odd states, pairs, and the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from flowprobe.core.exploring.ahead import Ahead
from flowprobe.core.exploring.calibrating import calibrate
from flowprobe.core.exploring.cells import cells
from flowprobe.core.exploring.crossing import Crossing, Paired
from flowprobe.core.exploring.estimate import unseen
from flowprobe.core.exploring.exploration import Baseline, Ended, Exploration, Ground, Outcome, Reduce
from flowprobe.core.exploring.model import Enough, Learned, Placed, Try, Trying
from flowprobe.core.exploring.notebook import Notebook, Saturated, Told
from flowprobe.core.exploring.pairing import Pairing
from flowprobe.core.exploring.pairs import Allowed, Fields
from flowprobe.core.exploring.pruning import TAKEN_UP, Reasons
from flowprobe.core.exploring.settling import settled, sure_of
from flowprobe.core.exploring.singles import Cannot, Menu, Revealed, foremost, singles, variants
from flowprobe.core.exploring.timeouts import bisections, timeouts
from flowprobe.core.plain import Plain, plain

__all__ = ["Random", "Terms", "explore"]

Random: TypeAlias = Callable[[Trying, Ground], None]
"""A search that rolls dice: it is given what makes a try, and what there is to choose from. What breaks in its tries is
found as elsewhere; Enough, which ends it, is not its to catch."""


_ACROSS = 2
"""So many tries of odd states and pairs for each of the kinds that are like one which was tried already."""


def _can(_fault: Placed) -> str:
    return ""


def _may_be(_state: Mapping[str, Any]) -> bool:
    return True


@plain
class Terms(Plain):
    """How to search. `only` leaves out faults, or odd states. `cap_s` is how long a hang lasts at most. `connections`:
    faults of connections may be placed. `depth` is how many faults may have to fall, one after another, for a call to
    be taken up that no unfaulted run makes. `saturation`: after so many tries in a row without a new signature nothing
    more is tried, once single faults are done; 0 never. `seed` decides between equals."""

    seed: int = 0
    only: Literal["", "states", "faults"] = ""
    prune: bool = True
    cap_s: float = 10.0
    connections: bool = False
    calibrations: int = 3
    depth: int = 2
    saturation: int = 0


def explore(trying: Trying, default: Mapping[str, Any], states: Iterable[Mapping[str, Any]] = (), *,
            terms: Terms | None = None, cannot: Cannot = _can, reduce: Reduce | None = None,
            random: Random | None = None, paired: Paired | None = None, told: Told | None = None,
            ahead: Ahead | None = None, allowed: Allowed = _may_be,
            fields: Fields | None = None) -> Exploration:
    """Search for what breaks the journey. Never raises Enough: what was learned until then is the result.

    `states` are taken one by one, as they are needed. `cannot` says why a fault cannot be placed in this environment.
    `reduce` is asked once for each cause, when it is found, and makes its tries through what it is given. `ahead` is
    told which tries are planned, and may make several at once. `allowed` says whether a state may be,
    and `fields` what each field of it may be, its default first: states are made up of them before others are taken.
    """
    search = _Search(trying, default, states, terms or Terms(), cannot, reduce, random, told, ahead,
                     allowed, fields or {})
    ended, because = search.run()
    return search.exploration(ended, because, paired)


class _Search:
    def __init__(self, trying: Trying, default: Mapping[str, Any], states: Iterable[Mapping[str, Any]], terms: Terms,
                 cannot: Cannot, reduce: Reduce | None, random: Random | None, told: Told | None,
                 ahead: Ahead | None, allowed: Allowed, fields: Fields) -> None:
        self._allowed, self._fields = allowed, fields
        self._terms, self._states, self._cannot, self._random = terms, states, cannot, random
        self._notebook = Notebook(trying, default, reduce=reduce, told=told, saturation=terms.saturation,
                                  ahead=ahead)
        self._menu = Menu(connections=terms.connections, cap_s=terms.cap_s, cannot=cannot, seed=terms.seed)
        self._reasons = Reasons()
        self._plan(Baseline())

    def _plan(self, baseline: Baseline) -> None:
        notebook, menu, terms = self._notebook, self._menu, self._terms
        self._baseline = baseline
        self._revealed = Revealed(notebook, menu, baseline, depth=terms.depth, prune=terms.prune)
        self._pairing = Pairing(notebook, baseline, self._reasons, prune=terms.prune)
        states = () if terms.only == "faults" else self._states
        self._crossing = Crossing(notebook, menu, baseline, states, prune=terms.prune, faults=terms.only != "states",
                                  allowed=self._allowed, fields={} if terms.only == "faults" else self._fields)

    def run(self) -> tuple[Ended, str]:
        try:
            self._plan(calibrate(self._notebook, self._terms.calibrations))
            if self._baseline.broken:
                return "no baseline", self._baseline.broken
            self._menu.add(self._baseline.sites)
            for phase in (self._foremost(), self._by_family(), self._further(), self._dice()):
                for _ in phase:
                    pass
        except Saturated as saturated:
            return "saturated", str(saturated)
        except Enough as enough:
            return "stopped", str(enough) or "it was stopped"
        return "whole", "all that was planned was tried"

    def _foremost(self) -> Iterator[None]:
        if self._with_faults and self._terms.prune:
            yield from foremost(self._notebook, self._menu, self._baseline)

    def _alone(self) -> Iterator[None]:
        if self._with_faults:
            yield from singles(self._notebook, self._menu, self._baseline)
            yield from timeouts(self._notebook, self._baseline, self._cannot, broke=True)
            if self._terms.prune:
                yield from self._revealed.together()

    def _by_family(self) -> Iterator[None]:
        """Nobody knows where the next find is: each part has its turns, most of them the one that asks for most."""
        self._notebook.left = None
        if not (self._with_faults and self._terms.prune):
            yield from self._alone()
            yield from self._crossing.by_family()
            return
        across = _by_turns(self._crossing.by_family(), [self._pairing.by_family()])
        yield from _by_turns(across, [self._alone()], share=_ACROSS)

    def _further(self) -> Iterator[None]:
        """All that was left out so far for one of its family."""
        if self._with_faults:
            yield from _by_turns(variants(self._notebook, self._menu, self._baseline), [
                timeouts(self._notebook, self._baseline, self._cannot, broke=False), self._revealed.tries(),
                bisections(self._notebook)], share=1)
            yield from bisections(self._notebook)
            yield from _by_turns(self._crossing.further(), [self._pairing.tries()], share=1)

    @property
    def _with_faults(self) -> bool:
        return self._terms.only != "states"

    def _dice(self) -> Iterator[None]:
        if self._random is not None:
            faults = tuple(each.fault for each in self._notebook.alone if each.fell and not each.within)
            default = self._notebook.default
            self._random(self._judged, Ground(default, (default, *self._crossing.taken), faults))
        yield

    def _judged(self, tried: Try) -> Learned:
        return self._notebook.take(tried)[1]

    # --- what came of it --------------------------------------------------------------------------

    def exploration(self, ended: Ended, because: str, paired: Paired | None) -> Exploration:
        notebook = self._notebook
        if ended != "no baseline":
            notebook.settle()
        notebook.alone = sure_of(notebook.alone, notebook.entries)
        found, flaky = settled(notebook.causes, notebook.entries)
        tally = Reasons()
        tally.add(TAKEN_UP, self._revealed.passed_over, len(self._revealed.passed_over))
        looked = sum(notebook.signatures.values())
        return Exploration(
            ended, because, self._baseline, len(notebook.entries),
            sum(entry.learned.calls for entry in notebook.entries),
            sum(entry.learned.seconds for entry in notebook.entries),
            dict(Counter(entry.tried.phase for entry in notebook.entries)),
            found, flaky,
            cells(notebook, found, flaky, self._menu.offered, self._revealed.parents, self._unsaid(ended)),
            self._revealed.parents, tuple(notebook.patience.values()), (*self._reasons.pruned, *tally.pruned),
            self._crossing.tried(paired), self._pairing.tried,
            unseen(len(notebook.signatures), notebook.once, notebook.twice, looked))

    def _unsaid(self, ended: Ended) -> tuple[Outcome, str]:
        if self._terms.only == "states":
            return "not exercised", "only account states were asked for"
        if ended in ("stopped", "saturated"):
            return "out of budget", "it was not come to"
        return "not exercised", "nothing was tried there"


def _by_turns(first: Iterator[None], others: Sequence[Iterator[None]], share: int = 3) -> Iterator[None]:
    """`share` turns for the first, then one for one of the others, which take theirs in a circle."""
    waiting = list(others)
    is_left = True
    while is_left or waiting:
        for _ in range(share if is_left else 0):
            is_left = _made(first)
            yield
        if waiting:
            each = waiting.pop(0)
            if _made(each):
                waiting.append(each)
            yield


def _made(tries: Iterator[None]) -> bool:
    """Make one more; False where there is none."""
    return next((True for _ in tries), False)

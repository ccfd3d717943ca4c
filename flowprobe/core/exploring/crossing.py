"""Odd account states, each unfaulted first, and then with the faults that the journey stands in the default state."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from typing import Any, TypeAlias

from flowprobe.core.exploring.catalogue import FAMILIES
from flowprobe.core.exploring.exploration import Baseline, StatesTried
from flowprobe.core.exploring.layers import Layer, layers, proved
from flowprobe.core.exploring.model import Learned, Placed, Reached, Site, Try, state_key
from flowprobe.core.exploring.notebook import Entry, Notebook, fault_key
from flowprobe.core.exploring.singles import Menu
from flowprobe.core.plain import Plain, plain

__all__ = ["Crossing", "Paired", "unjudged_of"]

State: TypeAlias = Mapping[str, Any]
Paired: TypeAlias = Callable[[Sequence[State]], tuple[int, int]]
"""How many pairs of field values these states cover, of how many."""

_FORESEEN = 8
"""So many tries are told of before they are asked for."""


@plain
class _Taken(Plain):
    """A state that the product takes, in which the journey passes without faults; its odd values as texts."""

    state: State
    learned: Learned
    odd: tuple[str, ...]


class Crossing:
    """What covers most comes first: an odd value of a field beside a fault at a call that have not been there together.
    A state has many values and a layer many faults, so a few tries see each value with each fault once. What needs two
    odd values and a fault comes after that."""

    def __init__(self, notebook: Notebook, menu: Menu, baseline: Baseline, states: Iterable[State], *,
                 prune: bool, faults: bool) -> None:
        self._notebook, self._menu, self._baseline = notebook, menu, baseline
        self._states, self._prune, self._faults = states, prune, faults
        self._taken: list[_Taken] = []
        self._met: list[State] = []
        self._refused = self._broken = 0
        self._covered: set[tuple[str, str]] = set()
        self._fell: set[tuple[str, str]] = set()
        self._gains: dict[tuple[int, int], int] = {}
        self._reckoned = 0
        self._waiting: deque[State] = deque()

    @property
    def taken(self) -> tuple[State, ...]:
        return tuple(each.state for each in self._taken)

    def tried(self, paired: Paired | None) -> StatesTried:
        pairs, of_pairs = paired(self._met) if paired else (0, 0)
        return StatesTried(len(self._met) + self._refused, self._refused, self._broken, pairs, of_pairs,
                           *unjudged_of(self._notebook.entries, self._notebook.default))

    def by_family(self) -> Iterator[None]:
        """Every state without faults, and each odd value with each family of faults at each call."""
        sound: list[Layer] = []
        if self._faults and self._prune:
            for layer in self._layers():
                if layer.family:
                    yield from proved(self._notebook, layer, sound)
            there = {layer.family for layer in sound}
            sound += [Layer((), name) for name in FAMILIES if name not in there]  # for calls of odd states alone
        for state in self._foreseen(self._unlike(self._states)):
            self._unfaulted(state)
            yield
            yield from self._best(sound)
        while self._gains:
            yield from self._best(sound)

    def further(self) -> Iterator[None]:
        """Every state with every fault that it has not had yet."""
        for layer in self._layers() if self._faults and self._taken else ():
            sound: list[Layer] = []
            if self._prune:
                yield from proved(self._notebook, layer, sound)
            for part in sound if self._prune else (layer,):
                yield from self._in_all(part)
        broke: dict[tuple[Site, str], Placed] = {}
        for each in self._notebook.alone if self._faults and self._prune else ():
            if each.fell and each.learned.broke and not each.within:
                broke.setdefault((each.fault.site, each.learned.signature), each.fault)
        for fault in broke.values():
            yield from self._in_all(Layer((fault,)))
        for taken in self._taken if self._faults else ():
            for seen in self._new(taken):
                for fault in self._menu.all(seen.site):
                    if (state_key(taken.state), fault_key(fault)) not in self._fell:
                        yield from self._suffer(taken, (fault,))

    def _in_all(self, layer: Layer) -> Iterator[None]:
        """Each state; what is known to break there alone is in nobody's way."""
        free = ((taken, self._free(taken, layer)) for taken in self._taken)
        self._notebook.foresee(Try(taken.state, faults, "states") for taken, faults in free if faults)
        for number, taken in enumerate(self._taken):
            self._notebook.left = len(self._taken) - number
            here, faults = self._here(taken, layer), self._free(taken, layer)
            yield from self._suffer(taken, faults)
            for fault in here:
                if fault not in faults:
                    yield from self._suffer(taken, (fault,))

    def _free(self, taken: _Taken, layer: Layer) -> tuple[Placed, ...]:
        """The faults of a layer here, without those that are known to break there alone."""
        return self._unknown(taken, layer) if self._prune else self._here(taken, layer)

    def _layers(self) -> list[Layer]:
        return layers(self._notebook, self._baseline, self._menu.seed, prune=self._prune)

    # --- without faults ---------------------------------------------------------------------------

    def _unlike(self, states: Iterable[State]) -> Iterator[State]:
        """Those that were not there before."""
        seen = {state_key(self._notebook.default)}
        for state in states:
            if (key := state_key(state)) not in seen:
                seen.add(key)
                yield state

    def _foreseen(self, states: Iterator[State]) -> Iterator[State]:
        """The same, some of them taken a little earlier, where somebody can make use of it."""
        waiting = self._waiting
        waiting += islice(states, _FORESEEN if self._notebook.looks_ahead else 0)
        for state in chain(states, repeat(None)):
            waiting += [] if state is None else [state]
            if not waiting:
                return
            self._notebook.foresee(self._coming())
            yield waiting.popleft()

    def _coming(self) -> Iterator[Try]:
        """What was taken earlier."""
        return (Try(state, (), "states") for state in self._waiting)

    def _unfaulted(self, state: State) -> None:
        _, learned = self._notebook.take(Try(state, (), "states"))
        if learned.judged == "refused":
            self._refused += 1
            return
        if learned.judged == "inconclusive":
            return
        self._met.append(state)
        self._broken += learned.broke
        if learned.judged in ("pass", "degraded"):
            default = self._notebook.default
            odd = tuple(f"{name}={json.dumps(value, sort_keys=True, default=str)}" for name, value in state.items()
                        if name not in default or default[name] != value)
            self._taken.append(_Taken(state, learned, odd))

    # --- with faults ------------------------------------------------------------------------------

    def _best(self, sound: Sequence[Layer]) -> Iterator[None]:
        """The state and the layer that show most that is new. What a try can show only becomes less, so what was
        reckoned before is a bound, and few are reckoned again. `_gains` has those that may show something."""
        for number in range(self._reckoned, len(self._taken)):
            self._gains |= {(number, level): len(self._shown(number, sound[level], self._covered))
                            for level in range(len(sound))}
        self._reckoned = len(self._taken)
        best, self._gains = self._richest(sound, self._gains, self._covered)
        if best is not None:
            if self._notebook.looks_ahead:
                self._notebook.foresee((*self._likely(sound, best), *self._coming()))
            yield from self._suffer(self._taken[best[0]], self._unknown(self._taken[best[0]], sound[best[1]]))

    def _richest(self, sound: Sequence[Layer], gains: Mapping[tuple[int, int], int],
                 covered: Container[tuple[str, str]]) -> tuple[tuple[int, int] | None, dict[tuple[int, int], int]]:
        """The place that shows most, and what is left of the gains without it."""
        known, best, most = dict(gains), None, 0
        for place, bound in sorted(gains.items(), key=lambda each: -each[1]):
            if bound <= most:
                break
            gain = known[place] = len(self._shown(place[0], sound[place[1]], covered))
            if gain > most:
                best, most = place, gain
        return best, {place: bound for place, bound in known.items() if bound and place != best}

    def _likely(self, sound: Sequence[Layer], best: tuple[int, int] | None) -> Iterator[Try]:
        """What comes next if all falls and nothing breaks."""
        covered, gains = set(self._covered), self._gains
        for _ in range(_FORESEEN):
            if best is None:
                return
            taken, layer = self._taken[best[0]], sound[best[1]]
            yield Try(taken.state, self._unknown(taken, layer), "states")
            covered |= self._shown(best[0], layer, covered)
            best, gains = self._richest(sound, gains, covered)

    def _shown(self, number: int, layer: Layer, covered: Container[tuple[str, str]]) -> set[tuple[str, str]]:
        """What a state with a layer shows that is new."""
        taken = self._taken[number]
        keys = [fault_key(fault) for fault in self._unknown(taken, layer)]
        return {(value, key) for value in taken.odd for key in keys if (value, key) not in covered}

    def _suffer(self, taken: _Taken, faults: tuple[Placed, ...]) -> Iterator[None]:
        """One state, with all of these faults; those that break it are taken out, and the rest is tried again. So is
        what did not fall, since others were in its way."""
        while faults:
            culprits, learned = self._notebook.take(Try(taken.state, faults, "states"))
            yield
            fell = tuple(fault for number, fault in enumerate(faults) if number in learned.fired)
            gone = culprits or fell
            self._note(taken, gone)
            left = tuple(fault for fault in faults if fault not in gone)
            if len(left) == len(faults) or learned.judged in ("refused", "inconclusive"):
                return
            faults = left

    def _note(self, taken: _Taken, fell: Iterable[Placed]) -> None:
        for fault in fell:
            key = fault_key(fault)
            self._fell.add((state_key(taken.state), key))
            self._covered |= {(value, key) for value in taken.odd}

    def _here(self, taken: _Taken, layer: Layer) -> tuple[Placed, ...]:
        """The faults of a layer on calls that are made in this state, and the like on those made in it alone; without
        those that it had."""
        made = {seen.site for seen in taken.learned.reached}
        loose = {_loosely(site) for site in made}
        faults = [fault for fault in layer.faults if fault.site in made or (
            not fault.site.ordinal and _loosely(fault.site) in loose)]
        state = state_key(taken.state)
        return tuple(fault for fault in (*faults, *self._on_new(taken, layer))
                     if (state, fault_key(fault)) not in self._fell)

    def _unknown(self, taken: _Taken, layer: Layer) -> tuple[Placed, ...]:
        return tuple(fault for fault in self._here(taken, layer)
                     if not self._notebook.causes.expects(taken.state, fault))

    def _on_new(self, taken: _Taken, layer: Layer) -> Iterator[Placed]:
        for seen in self._new(taken) if layer.family else ():
            kind = self._menu.by_family(seen.site).get(layer.family or "error")
            if kind is not None:
                yield Placed(seen.site, kind)

    def _new(self, taken: _Taken) -> list[Reached]:
        """The calls of a state that no run in the default state makes, each with what can be placed there."""
        usual = {each.site for each in self._baseline.sites}
        loose = {_loosely(site) for site in self._baseline.unstable}
        found = [seen for seen in taken.learned.reached if seen.site not in usual and _loosely(seen.site) not in loose]
        for seen in found:
            if seen.site not in self._menu.offered:
                self._menu.add((seen,), connections=False)
        return found


def unjudged_of(entries: Iterable[Entry], default: State) -> tuple[int, tuple[str, ...]]:
    """Of how many odd states nothing can be said even without faults, and why: each reason once, the most frequent
    first."""
    states: dict[str, list[Learned]] = {}
    unfaulted = [entry for entry in entries if not (entry.tried.faults or entry.tried.without)
                 and entry.tried.state != default]
    for entry in unfaulted:
        states.setdefault(state_key(entry.tried.state), []).append(entry.learned)
    unjudged = [made[-1].because or "nobody knows why" for made in states.values()
                if all(learned.judged == "inconclusive" for learned in made)]
    return len(unjudged), tuple(because for because, _ in Counter(unjudged).most_common())


def _loosely(site: Site) -> tuple[str, str, str]:
    return site.edge, site.call, site.step

"""Odd account states, each unfaulted first, and then with the faults that the journey stands in the default state."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Collection, Container, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations, islice, repeat
from typing import Any, TypeAlias

from flowprobe.core.exploring.catalogue import FAMILIES, Family
from flowprobe.core.exploring.exploration import Baseline, StatesTried
from flowprobe.core.exploring.layers import Layer, layers, proved
from flowprobe.core.exploring.mixing import Mixing
from flowprobe.core.exploring.model import Learned, Placed, Reached, Site, Try, state_key
from flowprobe.core.exploring.notebook import Entry, Notebook, fault_key
from flowprobe.core.exploring.pairs import Fields
from flowprobe.core.exploring.singles import Menu
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.plain import Plain, plain

__all__ = ["Crossing", "Paired", "unjudged_of"]

State: TypeAlias = Mapping[str, Any]
Paired: TypeAlias = Callable[[Sequence[State]], tuple[int, int]]
"""How many pairs of field values these states cover, of how many."""

_IN_VAIN = 3
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
                 prune: bool, faults: bool, allowed: Callable[[State], bool] = lambda _: True,
                 fields: Fields | None = None) -> None:
        self._notebook, self._menu, self._baseline = notebook, menu, baseline
        self._states, self._prune, self._faults = states, prune, faults
        self._taken: list[_Taken] = []
        self._met: list[State] = []
        self._asked = {state_key(notebook.default)}
        self._refused = self._broken = 0
        self._covered: set[tuple[str, str]] = set()
        self._shown_together: set[frozenset[str]] = set()
        self._without: Counter[tuple[str, Site]] = Counter()
        self._sparing, self._allowed = prune, allowed
        self._showed: list[int] = []
        self._mixing = Mixing(fields or {}, allowed, menu.seed)
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
        """Every state without faults, and each odd value with each family of faults at each call; always what shows
        most that is new."""
        sound = yield from self._sound()
        drafts = self._drafts(sound)
        for other in chain(self._foreseen(self._unlike(self._states)), repeat(None)):
            while (draft := next(drafts)) is not None and self._most(sound) > self._promised(draft):
                yield from self._best(sound)
            if draft is not None:
                self._showed.append(len(self._covered) + len(self._shown_together))
                yield from self._unfaulted(draft)
            elif other is None:
                break
            while draft is None and other is not None and self._most(sound) > self._promised(other):
                yield from self._best(sound)
            if other is not None:
                yield from self._unfaulted(other)
        while self._most(sound):
            yield from self._best(sound)
        self._sparing, self._reckoned = False, 0
        while self._most(sound):
            yield from self._best(sound)

    def _sound(self) -> Generator[None, None, list[Layer]]:
        sound: list[Layer] = []
        if self._faults and self._prune:
            for layer in self._layers():
                if layer.family:
                    yield from proved(self._notebook, layer, sound)
            there = {layer.family for layer in sound}
            sound += [Layer((), name) for name in FAMILIES if name not in there]  # for calls of odd states alone
        return sound

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
        return layers(self._notebook, self._baseline, self._menu.seed, prune=self._prune, offered=self._offered)

    def _offered(self, site: Site) -> Mapping[Family, Kind]:
        return self._menu.by_family(site) if site in self._menu.offered else {}

    # --- without faults ---------------------------------------------------------------------------

    def _drafts(self, sound: Sequence[Layer]) -> Iterator[State | None]:
        """States made up of what is still to be seen, each as of now; None once a few of them have shown nothing."""
        faults = {fault_key(fault): fault for layer in sound for fault in layer.faults}

        def left(state: State, name: str, value: Any) -> float:
            return self._left(faults, state, {name: value})

        while self._prune and not self._in_vain and (state := self._mixing.state(left)) is not None:
            yield state
        yield from repeat(None)

    @property
    def _in_vain(self) -> bool:
        return len(self._showed) >= _IN_VAIN and len({*self._showed[-_IN_VAIN:]}) == 1

    def _left(self, faults: Mapping[str, Placed], state: State, odd: State) -> float:
        """How much an odd value can show that is new: without faults, with each, and beside what is odd in a state."""
        default = self._notebook.default
        for told in self._odd(odd):
            new = [fault for key, fault in faults.items()
                   if (told, key) not in self._covered and not self._is_kept_from(told, fault.site)
                   and not any(self._notebook.causes.weak({**default, **odd}, [fault]))]
            together = sum(frozenset((told, other)) not in self._shown_together for other in self._odd(state))
            return ((told, "") not in self._covered) + len(new) + together / max(1, len(default))
        return 0

    def _is_kept_from(self, told: str, site: Site) -> bool:
        """Whether a call was never made beside an odd value, often enough."""
        return self._without[told, site] >= _IN_VAIN - 1

    def _unlike(self, states: Iterable[State]) -> Iterator[State]:
        """Those that were not asked for before."""
        return (state for state in states if state_key(state) not in self._asked)

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

    def _promised(self, state: State) -> float:
        """How much that is new a state shows without faults: odd values, and pairs of them, of which it has many."""
        odd = self._odd(self._spared(state))
        pairs = sum(frozenset(pair) not in self._shown_together for pair in combinations(odd, 2))
        return sum((value, "") not in self._covered for value in odd) + pairs / max(1, len(state))

    def _unfaulted(self, state: State) -> Iterator[None]:
        """A state without faults, once; where it breaks, it is tried again without the odd values that did it."""
        while (key := state_key(state)) not in self._asked:
            self._asked.add(key)
            learned = self._plain(state)
            yield
            if not (learned.broke and self._prune):
                return
            state = self._spared(state)

    def _plain(self, state: State) -> Learned:
        _, learned = self._notebook.take(Try(state, (), "states"))
        if learned.judged == "refused":
            self._refused += 1
        elif learned.judged != "inconclusive":
            self._met.append(state)
            self._broken += learned.broke
        if learned.judged in ("pass", "degraded"):
            taken = _Taken(state, learned, self._odd(state))
            self._taken.append(taken)
            self._covered |= {(value, "") for value in taken.odd}
            self._shown_together |= {*map(frozenset, combinations(taken.odd, 2))}
            sites = {seen.site for seen in learned.reached}
            for told in taken.odd:
                for each in self._baseline.sites:
                    self._without[told, each.site] += -99 if each.site in sites else 1
        if learned.judged in ("pass", "degraded", "refused"):
            usual = {each.site for each in self._baseline.sites}
            made = usual & {seen.site for seen in learned.reached}
            self._mixing.came(state, 0.0 if learned.judged == "refused" else len(made) / max(1, len(usual)))
        return learned

    def _odd(self, state: State) -> tuple[str, ...]:
        default = self._notebook.default
        return tuple(f"{name}={json.dumps(value, sort_keys=True, default=str)}" for name, value in state.items()
                     if name not in default or default[name] != value)

    def _spared(self, state: State, faults: Collection[Placed] = ()) -> State:
        """Without what is known to break it, with a fault at one of these calls or with none: one odd value of each
        known cause is put back, for it would hide what the others do."""
        default, spared = self._notebook.default, state
        while (fields := next(iter(self._notebook.causes.weak(spared, faults)), None)) is not None:
            name = min(fields)
            back = {**spared, name: default[name]} if name in default else spared
            if back == spared or not self._allowed(back):
                break
            spared = back
        return spared

    # --- with faults ------------------------------------------------------------------------------

    def _most(self, sound: Sequence[Layer]) -> int:
        """How much that is new the best state and layer show."""
        for number in range(self._reckoned, len(self._taken)):
            self._gains |= {(number, level): len(self._shown(number, sound[level], self._covered))
                            for level in range(len(sound))}
        self._reckoned = len(self._taken)
        best, self._gains = self._richest(sound, self._gains, self._covered)
        return self._gains[best] if best else 0

    def _best(self, sound: Sequence[Layer]) -> Iterator[None]:
        """The state and the layer that show most that is new. What a try can show only becomes less, so what was
        reckoned before is a bound, and few are reckoned again. `_gains` has those that may show something."""
        best, self._gains = self._richest(sound, self._gains, self._covered)
        if best is not None:
            del self._gains[best]
            if self._notebook.looks_ahead:
                self._notebook.foresee((*self._likely(sound, best), *self._coming()))
            yield from self._suffer(*self._cell(self._taken[best[0]], sound[best[1]]))

    def _cell(self, taken: _Taken, layer: Layer) -> tuple[_Taken, tuple[Placed, ...]]:
        """A state and the faults of a layer, without what is known to break in it."""
        if self._sparing and (state := self._spared(taken.state, self._here(taken, layer))) != taken.state:
            taken = replace(taken, state=state, odd=self._odd(state))
        return taken, self._unknown(taken, layer)

    def _richest(self, sound: Sequence[Layer], gains: Mapping[tuple[int, int], int],
                 covered: Container[tuple[str, str]]) -> tuple[tuple[int, int] | None, dict[tuple[int, int], int]]:
        """The place that shows most, and the gains as far as they were reckoned anew."""
        known, best, most = dict(gains), None, 0
        for place, bound in sorted(gains.items(), key=lambda each: -each[1]):
            if bound <= most:
                break
            gain = known[place] = len(self._shown(place[0], sound[place[1]], covered))
            if gain > most:
                best, most = place, gain
        return best, {place: bound for place, bound in known.items() if bound}

    def _likely(self, sound: Sequence[Layer], best: tuple[int, int] | None) -> Iterator[Try]:
        """What comes next if all falls and nothing breaks."""
        covered, gains = set(self._covered), self._gains
        for _ in range(_FORESEEN):
            if best is None:
                return
            layer = sound[best[1]]
            taken, faults = self._cell(self._taken[best[0]], layer)
            yield Try(taken.state, faults, "states")
            covered |= self._shown(best[0], layer, covered)
            gains = {place: bound for place, bound in gains.items() if place != best}
            best, gains = self._richest(sound, gains, covered)

    def _shown(self, number: int, layer: Layer, covered: Container[tuple[str, str]]) -> set[tuple[str, str]]:
        """What a state with a layer shows that is new."""
        taken, faults = self._cell(self._taken[number], layer)
        keys = [fault_key(fault) for fault in faults]
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

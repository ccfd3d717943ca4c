"""Nights of a network that is drawn: what a step and a control beside it take, in worlds that are worse than each other.

Twenty samples a night, on a log scale: a week's rhythm, a slow wander (AR(1)), now and then a night on which the whole
network is slow, and in each sample noise, with a heavy tail. The control shares the slow nights, and a part of the rest.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TypeAlias

from flowprobe.core.nights.model import Sample, Series

STEP, CONTROL = Series("step", "pay", "order"), Series("control", "whoami")
Night: TypeAlias = tuple[str, tuple[float, ...]]
SAMPLES = 20
STEP_S, CONTROL_S = 0.3, 0.08


@dataclass(frozen=True)
class World:
    """`wander` is the phi of the AR(1), `slow` the share of nights with a slow network, `heavy` that of samples from the
    tail, `shared` how much of the wander the control shows; `gaps` are shares of nights without a measurement and without
    a control."""

    name: str
    wander: float = 0.6
    slow: float = 0.01
    heavy: float = 0.02
    shared: float = 0.8
    gaps: tuple[float, float] = (0.0, 0.0)


BASE = World("base")
NOISY = World("noisy", wander=0.8, slow=0.03, heavy=0.05)
WEAK = World("weak control", shared=0.4)
GAPS = World("with gaps", gaps=(0.1, 0.05))
ALONE = World("no control", gaps=(0.0, 1.0))


@dataclass(frozen=True)
class Weather:
    """What all samples of a night have in common."""

    week: float
    wander: float
    network: float


@dataclass
class Drawn:
    """Nights of a world, and what a history would hold of them."""

    world: World
    dice: random.Random
    names: list[str] = field(default_factory=list)
    samples: dict[Series, list[Night]] = field(default_factory=lambda: {STEP: [], CONTROL: []})
    _weathers: list[Weather] = field(default_factory=list)
    _times: list[float] = field(default_factory=list)

    def night(self, times: float) -> None:
        """One more; `times` is what the product is slower by."""
        self._weathers.append(self._weather())
        self._times.append(times)
        self.names.append(f"{len(self.names):06}")
        for sample, lost in zip(self.batch(-1), self.world.gaps, strict=False):
            if self.dice.random() >= lost:
                self.samples[sample.series].append((self.names[-1], sample.seconds))

    def batch(self, night: int) -> list[Sample]:
        """What is measured in that night, and is different each time. A control that was missed once is there again."""
        weather, world = self._weathers[night], self.world
        both = weather.week, weather.wander, weather.network
        step = math.log(STEP_S * self._times[night]) + sum(both)
        control = math.log(CONTROL_S) + 0.3 * weather.week + world.shared * weather.wander + weather.network
        found = [Sample(STEP, self._seconds(step, 0.25, world.heavy)), Sample(CONTROL, self._seconds(control, 0.2, 0.0))]
        return found[:1] if world.gaps[1] == 1 else found

    def before(self, night: int, newest: int) -> dict[Series, list[Night]]:
        """What was known before that night, of so many nights."""
        first, last = self.names[max(0, night - newest)], self.names[night - 1]
        return {series: [each for each in _tail(nights, len(self.names) - night + newest) if first <= each[0] <= last]
                for series, nights in self.samples.items()}

    def _weather(self) -> Weather:
        last = self._weathers[-1].wander if self._weathers else 0.0
        network = self.dice.uniform(0.2, 0.8) if self.dice.random() < self.world.slow else 0.0
        return Weather(0.05 * math.sin(2 * math.pi * len(self.names) / 7),
                       self.world.wander * last + self.dice.gauss(0, 0.03), network)

    def _seconds(self, middle: float, noise: float, heavy: float) -> tuple[float, ...]:
        gauss, uniform, exp, tail = self.dice.gauss, self.dice.random, math.exp, self.dice.expovariate
        if not heavy:
            return tuple([exp(gauss(middle, noise)) for _ in range(SAMPLES)])
        return tuple([exp(gauss(middle, noise) + (tail(1.0) if uniform() < heavy else 0.0)) for _ in range(SAMPLES)])


def drawn(world: World, nights: int, dice: random.Random, *, times: float = 1.0, since: int = 0) -> Drawn:
    """`times` as slow from the night `since` on."""
    found = Drawn(world, dice)
    for night in range(nights):
        found.night(times if night >= since else 1.0)
    return found


def _tail(nights: list[Night], most: int) -> list[Night]:
    return nights[-most:]

"""Every call that a journey may make, told without making one: what a policy judges and `plan` shows.

This is the one place that knows where calls stand in a scenario.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import assert_never

from flowprobe.core.made import FOUND_ID, LookUp, is_undone, last_segment, made_by, undone_by
from flowprobe.core.plain import Plain, plain
from flowprobe.core.rules import Given, is_write
from flowprobe.core.scenario import Scenario
from flowprobe.core.statements import Probe
from flowprobe.core.steps import CallTemplate, Item, Parallel, Samples, Step, Use

__all__ = ["PlannedCall", "PlannedCleanup", "Span", "calls_of", "needs"]


@plain
class Span(Plain):
    """A number that is known between bounds; `most` None means that nothing bounds it."""

    least: int = 0
    most: int | None = 0

    def __add__(self, other: Span) -> Span:
        most = None if self.most is None or other.most is None else self.most + other.most
        return Span(self.least + other.least, most)

    def times(self, number: int) -> Span:
        return Span(self.least * number, None if self.most is None else self.most * number)

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.least} or more"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


@plain
class PlannedCleanup(Plain):
    """A call that undoes what a step made, or looks for it. `own`: it deletes what its own step made, by an id that
    the reply brought, or that was found for the trial; `looks`: it is made only where the step was never answered;
    `ends` is as in PlannedCall."""

    call: CallTemplate
    own: bool = False
    looks: bool = False
    ends: LookUp | None = None


@plain
class PlannedCall(Plain):
    """The call of one step, in how many rounds and how often in all one trial makes it, and what cleans up after each
    round. `step` is its whole name, `role` that of the scenario which is run; `roles` maps the roles as the step calls
    them to those. `made_by` are the steps whose captures its path names."""

    step: str
    role: str | None
    call: CallTemplate
    rounds: Span
    times: Span
    cleanup: tuple[PlannedCleanup, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    made: frozenset[LookUp] = frozenset()
    ends: LookUp | None = None

    @property
    def writes(self) -> bool:
        return is_write(self.call.method)


def calls_of(scenario: Scenario, given: Given = "run") -> tuple[PlannedCall, ...]:
    """The calls of a journey, in their order: those of `given` as far as the environment makes them, then the
    workflow's, then the probes."""
    same = {role: role for role in scenario.personas}
    reads = tuple(step for step in scenario.given if not is_write(step.call.method))
    before = {"run": scenario.given, "check": reads, "skip": ()}[given]
    probes = (_probed(probe, same) for probe in scenario.probes)
    return (*_walked((*before, *scenario.workflow), "", same, certain=True), *probes)


def _probed(probe: Probe, roles: Mapping[str, str]) -> PlannedCall:
    return replace(_planned(probe.step, "", roles, certain=True), times=Span(1, probe.most))


def _walked(items: Sequence[Item], prefix: str, roles: Mapping[str, str], *, certain: bool) -> Iterator[PlannedCall]:
    """`roles` maps the roles of this workflow to those of the outermost; `certain`: nothing around it may be left
    out."""
    for item in items:
        sure = certain and not item.when
        match item:
            case Step():
                yield _planned(item, prefix, roles, certain=sure)
            case Use():
                inner = {role: roles.get(ours or next(iter(roles)), ours or role) for role, ours in item.roles.items()}
                yield from _walked(item.workflow, f"{prefix}{item.name}/", inner, certain=sure)
            case Parallel():
                for branch in item.branches:
                    yield from _walked(branch, prefix, roles, certain=sure)
            case _:
                assert_never(item)


def _planned(step: Step, prefix: str, roles: Mapping[str, str], *, certain: bool) -> PlannedCall:
    rounds = _rounds(step, certain=certain)
    return PlannedCall(
        prefix + step.name, roles.get(step.role, step.role) if step.role else next(iter(roles.values()), None),
        step.call, rounds, _often(step, rounds), tuple(_cleanup(step, prefix, roles)), roles,
        frozenset(_whole(name, prefix) for name in made_by(step)), _ends(step, step.call, prefix, roles))


def _cleanup(step: Step, prefix: str, roles: Mapping[str, str]) -> Iterator[PlannedCleanup]:
    if step.find is not None:
        yield PlannedCleanup(step.find.call, looks=True)
    if step.cleanup is not None:
        yield PlannedCleanup(step.cleanup, is_undone(step, step.cleanup), ends=_ends(step, step.cleanup, prefix, roles))


def _ends(step: Step, call: CallTemplate, prefix: str, roles: Mapping[str, str]) -> LookUp | None:
    """What a look-up of the last segment finds; nothing for one that is no capture of a step, nor what was found."""
    name = last_segment(call.path)
    if name is None or name[0] in roles or (step.each is not None and step.each.name == name[0]):
        return None
    if name == FOUND_ID:
        return name if name in undone_by(step) else None
    return _whole(name, prefix)


def _whole(name: LookUp, prefix: str) -> LookUp:
    return prefix + name[0], *name[1:]


def _rounds(step: Step, *, certain: bool) -> Span:
    rounds = Span(1, 1)
    if step.each is not None:
        items = step.each.over
        rounds = Span(len(items), len(items)) if isinstance(items, list | tuple) else Span(0, None)
    elif step.repeat is not None:
        rounds = Span(1, step.repeat.most)
    return rounds if certain else Span(0, rounds.most)


def _often(step: Step, rounds: Span) -> Span:
    """A poll ends at its deadline, and a Retry-After only makes it rarer; a retry comes on top of either."""
    samples = step.expect.within.of if isinstance(step.expect.within, Samples) else 1
    most: int | None = samples
    if step.poll is not None:
        most = 1 + math.ceil(step.poll.patience / step.poll.every) if step.poll.every else None
    if most is not None and step.retry is not None:
        most += step.retry.times
    return Span(rounds.least * samples, None if most is None or rounds.most is None else rounds.most * most)


def needs(planned: PlannedCall) -> tuple[Span, Span]:
    """How many calls, and how many writes among them, one trial makes of this: what undoes it counts once for each
    round, and is a write where its method is one."""
    undone = [each.call for each in planned.cleanup if not each.looks]
    looks = sum(each.looks for each in planned.cleanup)
    looked = Span(0, planned.rounds.times(looks).most) if looks else Span()
    calls = planned.times + planned.rounds.times(len(undone)) + looked
    writes = planned.rounds.times(sum(is_write(call.method) for call in undone))
    return calls, (planned.times if planned.writes else Span()) + writes

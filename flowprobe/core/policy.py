"""What an environment allows, and the one judge of it: before the run for whole scenarios, in the run for each call.

Guards fail closed: what cannot be told to be allowed is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flowprobe.core.attribution import Rung, weakest
from flowprobe.core.calls import PlannedCall, PlannedCleanup, Span, calls_of, needs
from flowprobe.core.clues import ExclusiveWindow, clue_rung
from flowprobe.core.made import FOUND_ID, LookUp
from flowprobe.core.paths import Segment, covers, outlined, readings, sketched
from flowprobe.core.plain import Plain, plain
from flowprobe.core.resolve import Names
from flowprobe.core.rules import SAFE, AllowRule, Budget, FaultRule, Given, Rate, is_write
from flowprobe.core.scenario import Environment, FaultPlan, Scenario
from flowprobe.core.steps import CallTemplate
from flowprobe.core.urls import AMISS, amiss, inside
from flowprobe.core.values import Position
from flowprobe.core.windows import Calendar

__all__ = ["PRODUCTION_BUDGET", "Policy", "Refusal", "demand", "exclusive", "known", "least_evidence", "policy_of",
           "unkept"]

PRODUCTION_BUDGET = Budget(calls=500, writes=20, rate=Rate(5, 1, "5/s"), seconds=600)


@plain
class Refusal(Plain):
    """A guard's no: the key of the environment that says it and where that stands, what was to be done and where that
    stands (None: not in a file)."""

    rule: str
    position: Position
    found: str
    place: Position | None = None

    def __str__(self) -> str:
        lead = f"{self.place}: " if self.place else ""
        return f"{lead}{self.found} (`{self.rule}`, {self.position})"


@plain
class Policy(Plain):
    """An environment with its defaults filled in. `places` says where a part stands; one that is not said stands where
    `production`, or else the environment does."""

    environment: str
    production: bool
    targets: Mapping[str, str]
    rules: tuple[AllowRule, ...]
    faults: FaultRule
    budget: Budget
    given: Given
    calendar: Calendar
    personas: tuple[str, ...] | None
    position: Position
    places: Mapping[str, Position]
    explore: bool = True

    def place(self, part: str) -> Position:
        return self.places.get(part) or self.places.get("production") or self.position

    # --- one call, in the run ---

    def permit(self, method: str, url: str) -> Refusal | None:
        """Whether a whole call may be sent: its host is one of ours, and a rule covers it."""
        wrong = amiss(url)
        if wrong:
            return self._refuse("allow" if wrong == AMISS else "targets", f"{method} {_origin(url)} {wrong}")
        found = tuple(inside(url, self.targets))
        if not found:
            return self._refuse("targets", f"{method} {_origin(url)} is no target of {self.environment!r}")
        if any(self._allowed(method, name, path) for name, path in found):
            return None
        return self._unlisted(f"{method} {found[0][1].partition('?')[0]}")

    def permit_next(self, method: str, url: str) -> Refusal | None:
        """Whether a redirect may be followed there: where a DELETE on production is sent on to, nobody has said."""
        if self.production and method.upper() == "DELETE":
            return self._refuse("production", f"{method} {_origin(url)} is where a redirect leads: a DELETE may only "
                                "name what a write of this journey made")
        return self.permit(method, url)

    def at_target(self, url: str) -> bool:
        """Whether a URL is inside one of the targets, and nobody could read its path in another way."""
        return any(len(tuple(readings(path))) == 1 for _, path in inside(url, self.targets))

    def _allowed(self, method: str, target: str, path: str) -> bool:
        return all(any(_speaks(rule, method, target) and covers(rule.path, reading) for rule in self.rules)
                   for reading in readings(path))

    def _refuse(self, rule: str, found: str, place: Position | None = None) -> Refusal:
        return Refusal(rule, self.place(rule), found, place)

    def _unlisted(self, shown: str, place: Position | None = None) -> Refusal:
        allowed = ", ".join(str(rule) for rule in self.rules[:6]) + (", …" if len(self.rules) > 6 else "")
        return self._refuse("allow", f"{shown} is not among what {self.environment!r} allows: {allowed or 'nothing'}",
                            place)

    # --- whole scenarios, before the run ---

    def rule_for(self, call: CallTemplate, names: Names) -> AllowRule | None:
        """The rule that allows whatever a call line may become; None where there is none, or none can be told."""
        fitting = [self._covering(call, reading) for reading in outlined(call.path, names) or ()]
        return fitting[0] if fitting and None not in fitting else None

    def _covering(self, call: CallTemplate, path: Sequence[Segment]) -> AllowRule | None:
        target = call.target or next(iter(self.targets))
        fitting = (rule for rule in self.rules if _speaks(rule, call.method, target) and covers(rule.path, path))
        return next(fitting, None)

    def judge(self, scenario: Scenario, names: Names) -> tuple[Refusal, ...]:
        """Everything in a scenario that may not be done here. `names` are those that are known before the run: where
        one is not, every value of it has to be allowed."""
        planned = calls_of(scenario, self.given)
        made = {FOUND_ID}.union(*(each.made for each in planned))
        return tuple(refusal for each in planned for refusal in self._judge(each, known(each, names), made))

    def _judge(self, planned: PlannedCall, names: Names, made: Collection[LookUp | None]) -> Iterator[Refusal]:
        shown = f"{planned.call.method} {planned.call.path}"
        yield from self._judge_line(planned, shown, shown, names, made)
        for undo in planned.cleanup:
            shown = f"the cleanup {undo.call.method} {undo.call.path}"
            unlisted = f"{shown}, which is no DELETE of what a write of its own step made,"
            yield from self._judge_line(undo, shown, shown if undo.own else unlisted, names, made)

    def _judge_line(self, planned: PlannedCall | PlannedCleanup, shown: str, unlisted: str, names: Names,
                    made: Collection[LookUp | None]) -> Iterator[Refusal]:
        place = planned.call.position
        wrong = self._amiss(planned.call, names)
        if wrong:
            yield self._refuse("allow" if wrong == AMISS else "targets", f"{shown} {wrong}", place)
        elif not self._may(planned, names):
            yield self._unlisted(unlisted, place)
        elif self._wipes(planned, made):
            yield self._kept(shown, place)

    def _amiss(self, call: CallTemplate, names: Names) -> str:
        """What the words of a line alone make of its URL, whatever its look-ups find."""
        path = sketched(call.path, names)
        base = self.targets.get(call.target or "") or next(iter(self.targets.values()))
        return "" if path is None else amiss(base.rstrip("/") + path)

    def _wipes(self, planned: PlannedCall | PlannedCleanup, made: Collection[LookUp | None]) -> bool:
        return self.production and planned.call.method == "DELETE" and planned.ends not in made

    def _kept(self, shown: str, place: Position) -> Refusal:
        return self._refuse("production", f"{shown} may only name what a write of this journey made: its last segment "
                            "has to be an id that the reply to that write brought", place)

    def _may(self, planned: PlannedCall | PlannedCleanup, names: Names) -> bool:
        """A line that brings a whole URL can only be judged when that is known; a cleanup of what its own step made
        needs no rule, where its path has one reading."""
        paths = outlined(planned.call.path, names)
        if paths is None or (isinstance(planned, PlannedCleanup) and planned.own and len(paths) == 1):
            return True
        return self.rule_for(planned.call, names) is not None

    def judge_plan(self, plan: FaultPlan) -> Refusal | None:
        """Why a fault plan is not for this environment."""
        edges = [edge for edge in dict.fromkeys(fault.edge for fault in plan.faults) if not self.faults.allows(edge)]
        if not edges:
            return None
        return self._refuse("faults", f"the plan {plan.name!r} faults {', '.join(edges)}, and {self.environment!r} "
                            f"allows {self.faults}", plan.position)

    def judge_exploring(self) -> Refusal | None:
        """Why nothing may be searched here: that is many journeys, from states that nobody has."""
        if self.explore:
            return None
        return self._refuse("explore", f"{self.environment!r} may not be explored: many journeys from odd account "
                            "states are made there; say `explore: true` in the environment where that is meant")

    def judge_budget(self, calls: Span, writes: Span) -> tuple[Refusal, ...]:
        """A run that could not end within its budget does not begin."""
        asked = (("calls", calls.least, self.budget.calls), ("writes", writes.least, self.budget.writes))
        return tuple(
            self._refuse("budget", f"the run needs at least {least} {what}, cleanup included, and may make {most}")
            for what, least, most in asked if most is not None and least > most)


def policy_of(environment: Environment, targets: Mapping[str, str] | None = None) -> Policy:
    """The policy of an environment; `targets` are its URLs with their real ports."""
    production = environment.production
    rules = environment.allow
    if rules is None:
        place = environment.places.get("production", environment.position)
        rules = (AllowRule(SAFE if production else (), "/**", place),)
    return Policy(
        environment.name, production, dict(targets or environment.targets), rules,
        environment.faults or FaultRule(user=True, provider=not production),
        _budget(environment), environment.given or ("check" if production else "run"),
        Calendar(environment.windows, environment.freeze), environment.personas, environment.position,
        environment.places, not production if environment.explore is None else environment.explore)


def least_evidence(environment: Environment) -> Rung:
    """The rung of evidence that a provider's call needs before it may be faulted, where the environment does not say.

    In production it bears a mark of the journey. A product that we start works for nobody else, so there everything
    goes. Anywhere else ids that were learned count too, and what some provider declares in `attribute`.
    """
    said = environment.faults.attribution if environment.faults else None
    if said is not None:
        return said
    if environment.production:
        return "trial-id"
    declared = (clue_rung(clue) for provider in environment.providers.values() for clue in provider.attribute)
    return "window" if environment.start else weakest(("learned", *declared))


def exclusive(environment: Environment) -> tuple[str, ...]:
    """The providers that nobody else calls while we do: of each there is one run at a time."""
    return tuple(provider.name for provider in environment.providers.values()
                 if any(isinstance(clue, ExclusiveWindow) for clue in provider.attribute))


def _budget(environment: Environment) -> Budget:
    """What a production environment does not say of its budget is small."""
    said = environment.budget or Budget()
    if not environment.production:
        return said
    small = PRODUCTION_BUDGET
    return Budget(
        small.calls if said.calls is None else said.calls, small.writes if said.writes is None else said.writes,
        said.rate or small.rate, small.seconds if said.seconds is None else said.seconds)


def known(planned: PlannedCall, names: Names) -> dict[str, Any]:
    """The names as the step calls them: in a scenario that is used, roles have names of their own."""
    roles = {role: names[ours] for role, ours in planned.roles.items() if ours in names}
    return {**roles, "env": names.get("env", {})}


def demand(scenarios: Sequence[tuple[Scenario, int]], given: Given = "run") -> tuple[Span, Span]:
    """The calls and the writes of a run: each scenario with the number of its trials."""
    calls = writes = Span()
    for scenario, trials in scenarios:
        for planned in calls_of(scenario, given):
            both = needs(planned)
            calls, writes = calls + both[0].times(trials), writes + both[1].times(trials)
    return calls, writes


def unkept(scenario: Scenario, given: Given = "run") -> tuple[PlannedCall, ...]:
    """The writes of a journey that leave behind what they make: without a cleanup, and no DELETE."""
    return tuple(each for each in calls_of(scenario, given)
                 if is_write(each.call.method) and each.call.method != "DELETE" and not each.cleanup)


def _speaks(rule: AllowRule, method: str, target: str) -> bool:
    return (not rule.methods or method.upper() in rule.methods) and rule.target in (None, target)


def _origin(url: str) -> str:
    """As much of a URL as a message may show."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "a URL that cannot be read"

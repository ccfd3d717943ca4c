"""One trial's journey while it is walked: the names that steps see, growing with each capture, and the steps that have
ended. `core.walk` has the rules of the dialogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, assert_never

from flowprobe.core.attempts import Stop, Tried, attempts
from flowprobe.core.capture import capture, crowded, merged
from flowprobe.core.cleaning import Maker, never_sent, planned, settled
from flowprobe.core.clock import Clock
from flowprobe.core.conditions import unmet
from flowprobe.core.emit import Conceal, Emit, Fork, Sign, Steps
from flowprobe.core.events import CleanupSettled, StepEnded
from flowprobe.core.expect import judge, milliseconds
from flowprobe.core.findings import Finding, few
from flowprobe.core.plain import Plain, plain
from flowprobe.core.request import build_call, persona_names
from flowprobe.core.resolve import Absent, WrongType, resolve, resolve_text
from flowprobe.core.scenario import GUEST, Persona
from flowprobe.core.shapes import describe, shown
from flowprobe.core.steps import NO_CHECK, Expect, Item, Parallel, Repeat, Samples, Step, Use, names_of
from flowprobe.core.trial import Trial, promised_under
from flowprobe.core.values import Position, Value
from flowprobe.core.wire import NoReply, Reply

__all__ = ["MOST_ROUNDS", "Journey", "Scope"]

MOST_ROUNDS = 10_000
"""How long a list of `each` may be: a reply decides about it."""
_LABEL = 60

_GUEST = Persona(GUEST, Position("", 0, 0))


class Journey:
    """What all scopes of a trial share."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.under = promised_under(trial.scenario, trial.plan)
        self.numbers = trial.numbers()
        self.made = dict.fromkeys(self.numbers, 0)
        self.ended: set[str] = set()
        self.refused = False


@plain
class _Judgement(Plain):
    """`ordinary` are the findings in the ordinary form, `left` those that nothing excuses; `checked` those of `check`,
    after which the journey goes on; `eased` says what made the step come out well, where it did not of itself;
    `refused`, that the product would not have this account state, and may."""

    ordinary: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    checked: tuple[Finding, ...] = ()
    eased: str = ""
    refused: str = ""


@plain
class _Branch(Plain):
    """What came of a branch of a `parallel`: the names that it added, its time, and why the journey ends, or ''."""

    names: Mapping[str, Any]
    clock: Clock
    because: str = ""
    stopped: bool = False


_Branches: TypeAlias = Sequence[_Branch]


@dataclass(slots=True)
class Scope:
    """The names that a workflow sees, and who acts in it. `prefix` stands before the names of its steps."""

    journey: Journey
    personas: Mapping[str, Persona]
    names: dict[str, Any]
    prefix: str = ""
    rounds: dict[str, int] = field(default_factory=dict)
    clock: Clock = field(default_factory=lambda: Clock(None, ""))

    @classmethod
    def outermost(cls, journey: Journey) -> Scope:
        trial = journey.trial
        return cls(journey, trial.personas, {
            **{role: persona_names(persona) for role, persona in trial.personas.items()},
            "trial": {"id": trial.id},
            "now": trial.now,
            "today": trial.now.date(),
            "env": trial.env,
            "account": trial.account,
        })

    def begin(self) -> None:
        """The workflow begins, and with it the journey's time: `given` is none of it."""
        scenario = self.journey.trial.scenario
        self.clock = Clock(scenario.timeout, str(scenario.positions.get("timeout", scenario.position)))

    # --- items ---

    def items(self, items: Sequence[Item]) -> Steps:
        """Walk these in order; returns why the journey ends here, or ''."""
        for item in items:
            because: str = yield from self._item(item)
            if because:
                return because
        return ""

    def _item(self, item: Item) -> Steps:
        match item:
            case Step():
                return (yield from self.step(item))
            case Use():
                return (yield from self._guarded(item, self._use))
            case Parallel():
                return (yield from self._guarded(item, self._parallel))
            case _:
                assert_never(item)

    def _guarded(self, item: Use | Parallel, walk: Any) -> Steps:
        try:
            unmet = self._unmet(item.when, item.position)
            if unmet:
                yield from self._left_out(item, "skipped", unmet)
                return ""
            return (yield from walk(item))
        except Absent as absent:
            yield from self._left_out(item, "not-reached", str(absent))
            return f"{self.prefix}{item.name} was not reached"
        except WrongType as wrong:
            yield self._ended(self.prefix + item.name, "broken", (_wrong(item.position, wrong),))
            return f"{self.prefix}{item.name} failed"

    def _left_out(self, item: Item, outcome: str, because: str) -> Iterator[Emit]:
        """What of an item has not ended yet ends so, and the item itself."""
        for name in names_of([item], self.prefix):
            if name not in self.journey.ended:
                yield self._ended(name, outcome, because=because)

    def _use(self, item: Use) -> Steps:
        """Another workflow, which sees what it is given and what it captures itself."""
        personas = {role: self.actor(ours) for role, ours in item.roles.items()}
        shared = {name: self.names[name] for name in ("trial", "now", "today", "env", "account")}
        roles = {role: persona_names(persona) for role, persona in personas.items()}
        inputs = {"inputs": resolve(item.inputs, self.names)}
        inner = Scope(self.journey, personas, {**shared, **roles, **inputs}, f"{self.prefix}{item.name}/",
                      clock=self.clock)
        because: str = yield from inner.items(item.workflow)
        if because:
            yield from self._left_out(item, "not-reached", because)
            return because
        outputs = resolve(item.outputs, inner.names)
        self.names[item.name] = outputs
        yield self._ended(self.prefix + item.name, "held", captured=outputs)
        return ""

    def _parallel(self, item: Parallel) -> Steps:
        results: _Branches = yield Fork(tuple(self._branch(branch) for branch in item.branches))
        for result in results:
            self.names.update(result.names)
        self.clock.join(result.clock for result in results)
        if any(result.stopped for result in results):
            raise Stop
        because = " and ".join(result.because for result in results if result.because)
        if because:
            yield from self._left_out(item, "not-reached", because)
            return because
        yield self._ended(self.prefix + item.name, "held", because=_at_once(item))
        return ""

    def _branch(self, items: Sequence[Item]) -> Steps:
        scope = Scope(self.journey, self.personas, dict(self.names), self.prefix, clock=self.clock.branch())
        try:
            because: str = yield from scope.items(items)
            stopped = False
        except Stop:
            because, stopped = "", True
        added = {name: value for name, value in scope.names.items() if name not in self.names}
        return _Branch(added, scope.clock, because, stopped)

    def actor(self, role: str | None) -> Persona:
        """Who acts: the first role where none is named."""
        if role is None:
            return next(iter(self.personas.values()))
        return self.personas.get(role, _GUEST)

    # --- one step ---

    def step(self, step: Step, *, phase: str = "workflow") -> Steps:
        """One step; returns why the journey ends here, or ''."""
        name = self.prefix + step.name
        try:
            unmet = self._unmet(step.when, step.position)
            if unmet:
                yield self.skipped(name, unmet, phase=phase)
                return ""
            return (yield from self._rounds(step, phase))
        except Absent as absent:
            return (yield from self._not_reached(name, str(absent), phase=phase))
        except WrongType as wrong:
            yield self._ended(name, "broken", (_wrong(step.position, wrong),), phase=phase)
            return f"{name} failed"

    def _unmet(self, when: Mapping[str, Value], position: Position) -> str:
        """The first condition of `when` that does not fit."""
        reason = unmet(when, self.names, position)
        return f"when {reason}" if reason else ""

    def _rounds(self, step: Step, phase: str) -> Steps:
        """Every round of the step, until one is broken; their findings are the step's."""
        name, rounds = self.prefix + step.name, self._plan(step)
        found: list[_Judgement] = []
        for label in rounds:
            judgement: _Judgement = yield from self._round(step, phase)
            found.append(_labelled(judgement, label))
            if judgement.left or judgement.refused:
                break
        if not found:
            yield self.skipped(name, "there is nothing to do it for: the list of `each` is empty", phase=phase)
            return ""
        if found[-1].refused:
            return (yield from self._refused(name, found[-1].refused, phase))
        overrun = self._overrun(step.repeat, len(found)) if not found[-1].left else ()
        return (yield from self._concluded(step, _summed(found, overrun), phase))

    def _plan(self, step: Step) -> Iterator[str]:
        """What each round is called; the names that it sees are there when it is."""
        if step.each is not None:
            yield from self._each(step)
        elif step.repeat is not None:
            yield from self._repeat(step.repeat)
        else:
            yield ""

    def _each(self, step: Step) -> Iterator[str]:
        assert step.each is not None
        items = resolve(step.each.over, self.names)
        if not isinstance(items, list):
            raise WrongType(f"each.{step.each.name}", f"a list is needed here, found {shown(items)}")
        if len(items) > MOST_ROUNDS:
            raise WrongType(f"each.{step.each.name}", f"{len(items)} rounds are more than {MOST_ROUNDS}")
        for item in items:
            self.names[step.each.name] = item
            yield f"{step.each.name} {_label(item)}"
        self.names.pop(step.each.name, None)

    def _repeat(self, repeat: Repeat) -> Iterator[str]:
        for number in range(1, repeat.most + 1):
            yield f"round {number}"
            if self._unmet(repeat.condition, repeat.position):
                return

    def _overrun(self, repeat: Repeat | None, made: int) -> tuple[Finding, ...]:
        """It was repeated as often as it may, and would go on."""
        if repeat is None or made < repeat.most or self._unmet(repeat.condition, repeat.position):
            return ()
        path, shape = next(iter(repeat.condition.items()))
        return (Finding("repeat", "repeat", f"an end within {repeat.most} rounds",
                        f"{path} is still {describe(resolve(shape, self.names))}", str(repeat.position)),)

    # --- one round ---

    def _round(self, step: Step, phase: str) -> Steps:
        name, persona = self.prefix + step.name, self.actor(step.role)
        journey = self.journey
        number = journey.numbers[name]
        call = build_call(journey.trial, number, step, self.names, persona, name=name, made=journey.made[name])
        self._look_ahead(step)
        maker = self._maker(step, number, persona)
        if maker is not None:
            yield Emit(planned(journey.trial, maker, self.names))
        tried: Tried = yield from attempts(
            call, step, names=self.names, patience=self._patience(step), clock=self.clock, phase=phase,
            samples=self._samples(step))
        journey.made[name] += tried.made
        captured, absent = self._captured(step, tried)
        self.names[step.name] = captured
        if maker is not None:
            yield Emit(self._settled(maker, step, tried))
        if tried.stopped or (isinstance(tried.outcome, NoReply) and _ends(tried.outcome)):
            raise Stop
        yield from self._sign_in(step)
        return self._judged(step, tried, absent)

    def _look_ahead(self, step: Step) -> None:
        """What a poll compares with has to be there before anything is sent. Raises Absent or WrongType."""
        if step.poll is not None:
            for condition in filter(None, (step.poll.until, step.poll.fail_if)):
                resolve(condition.json, self.names)

    def _maker(self, step: Step, number: int, persona: Persona) -> Maker | None:
        if step.cleanup is None:
            return None
        self.rounds[step.name] = self.rounds.get(step.name, 0) + 1
        return Maker(self.prefix + step.name, number, self.rounds[step.name], persona.identity, step.cleanup, step.find)

    def _patience(self, step: Step) -> float:
        """How long the poll may last, in seconds; what `under` says stands in the ordinary one's place."""
        under = self._promised(step)
        promised = under[1].patience if under else None
        ordinary = step.poll.patience if step.poll else 0.0
        return ordinary if promised is None else promised

    def _promised(self, step: Step) -> tuple[str, Expect] | None:
        return self.journey.under.get(self.prefix + step.name)

    def _samples(self, step: Step) -> Samples | None:
        return step.expect.within if isinstance(step.expect.within, Samples) else None

    def _captured(self, step: Step, tried: Tried) -> tuple[dict[str, Any], tuple[Finding, ...]]:
        """The step's captures after this round. One that `while` asks about may be missing: that is its answer."""
        found, absent = capture(step.captures, tried.parsed, self.names) if tried.parsed else ({}, ())
        if step.repeat is not None:
            asked = {path.split(".", 1)[1] for path in step.repeat.condition if path.startswith(f"{step.name}.")}
            places = {str(item.position) for item in step.captures if item.name in asked}
            absent = tuple(finding for finding in absent if finding.place not in places)
        before = self.names.get(step.name, {}) if step.each or step.repeat else {}
        return merged(step.captures, before, found), (*absent, *crowded(step.captures, before, found))

    def _settled(self, maker: Maker, step: Step, tried: Tried) -> CleanupSettled:
        if tried.maker is None:
            return never_sent(self.journey.trial, maker)
        return settled(self.journey.trial, maker, tried.maker, self.names, step.name)

    def _sign_in(self, step: Step) -> Steps:
        """What was captured becomes the credentials of a role; a token that is not there is a finding already."""
        for sign_in in step.signs_in:
            try:
                headers = {key.lower(): resolve_text(value, self.names) for key, value in sign_in.headers.items()}
            except (Absent, WrongType):
                continue
            for value in headers.values():
                yield Conceal(value.rpartition(" ")[2])
            yield Sign(self.journey.trial.id, self.actor(sign_in.role).identity, headers)

    # --- judging ---

    def _judged(self, step: Step, tried: Tried, absent: tuple[Finding, ...]) -> _Judgement:
        if tried.outcome is None:
            return _Judgement(left=tried.findings)
        if isinstance(tried.outcome, Reply) and tried.outcome.status in step.refuses:
            return _Judgement(refused=f"the product refuses this account state ({tried.outcome.status}), as `refuses` "
                              "says it may")
        ordinary, left, promise = self._held(step, tried)
        left = (*tried.findings, *left)
        if not any(finding.kind in ("status", "no-reply") for finding in left):
            left = (*left, *absent)  # after a wrong status a missing value is no news
        checks = step.check is not NO_CHECK and step.check.named and tried.parsed
        checked = self._judge(step, step.check, tried) if checks else ()
        return _Judgement(ordinary, left, checked, _eased(promise if ordinary else "", tried))

    def _held(self, step: Step, tried: Tried) -> tuple[tuple[Finding, ...], tuple[Finding, ...], str]:
        """The findings in the ordinary form, those that are left under the plan, and what excused the others."""
        ordinary = (*self._impatient(step, tried), *self._judge(step, step.expect, tried))
        under = self._promised(step)
        if not ordinary or under is None:
            return ordinary, ordinary, ""
        key, promised = under
        return ordinary, self._judge(step, promised, tried), f"under {key}"

    def _impatient(self, step: Step, tried: Tried) -> tuple[Finding, ...]:
        """A poll that ended well, but later than it ordinarily may."""
        if step.poll is None or tried.findings or tried.waited_s <= step.poll.patience:
            return ()
        within = f"an end within {milliseconds(step.poll.patience)}"
        return (Finding("poll", "poll", within, milliseconds(tried.waited_s), str(step.poll.position)),)

    def _judge(self, step: Step, expect: Expect, tried: Tried) -> tuple[Finding, ...]:
        assert tried.outcome is not None, "only what was sent is judged"
        only_named = expect is step.check
        return judge(step, expect, tried.outcome, self.names, tried.parsed, only_named=only_named, times=tried.times,
                     call=tried.call, contract=self.journey.trial.contract)

    def _concluded(self, step: Step, judgement: _Judgement, phase: str) -> Steps:
        name = self.prefix + step.name
        captured = self.names.get(step.name, {})
        if judgement.left or judgement.checked:
            findings = few((*judgement.left, *judgement.checked))
            yield self._ended(name, "broken", findings, captured=captured, phase=phase)
            return f"{name} failed" if judgement.left else ""
        outcome = "degraded" if judgement.eased else "held"
        ordinary = few(judgement.ordinary)
        yield self._ended(name, outcome, ordinary, because=judgement.eased, captured=captured, phase=phase)
        return ""

    # --- endings ---

    def skipped(self, name: str, because: str, *, phase: str = "workflow") -> Emit:
        return self._ended(name, "skipped", because=because, phase=phase)

    def _refused(self, name: str, because: str, phase: str) -> Steps:
        """The product would not have the account in this state: nothing is asked of it."""
        self.journey.refused = True
        yield self._ended(name, "refused", because=because, phase=phase)
        return f"{name} was refused"

    def _not_reached(self, name: str, because: str, *, phase: str = "workflow") -> Steps:
        yield self._ended(name, "not-reached", because=because, phase=phase)
        return f"{name} was not reached"

    def _ended(self, name: str, outcome: str, findings: tuple[Finding, ...] = (), *, because: str = "",
               captured: Mapping[str, Any] | None = None, phase: str = "workflow") -> Emit:
        self.journey.ended.add(name)
        return Emit(StepEnded(self.journey.trial.id, name, outcome, findings, because, captured or {}, phase))


def _ends(outcome: NoReply) -> bool:
    """Whether nothing more is sent: we were stopped, or the environment does not allow our own call. Where a redirect
    leads is the product's doing."""
    return outcome.reason == "stopped" or (outcome.reason == "refused" and not outcome.redirects)


def _label(item: Any) -> str:
    """An item for people: a short text as it is."""
    return item if isinstance(item, str) and len(item) <= _LABEL else shown(item)


def _labelled(judgement: _Judgement, label: str) -> _Judgement:
    """The findings of one round of several, which say whose they are."""
    if not label:
        return judgement
    def told(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(replace(finding, where=f"{finding.where} ({label})") for finding in findings)
    return replace(judgement, ordinary=told(judgement.ordinary), left=told(judgement.left),
                   checked=told(judgement.checked))


def _summed(rounds: Sequence[_Judgement], overrun: tuple[Finding, ...]) -> _Judgement:
    """The rounds of a step as one."""
    if len(rounds) == 1 and not overrun:
        return rounds[0]
    eased = dict.fromkeys(judgement.eased for judgement in rounds if judgement.eased)
    return _Judgement(
        tuple(finding for judgement in rounds for finding in judgement.ordinary),
        (*(finding for judgement in rounds for finding in judgement.left), *overrun),
        tuple(finding for judgement in rounds for finding in judgement.checked), ", ".join(eased))


def _at_once(item: Parallel) -> str:
    """Who was walked at the same time."""
    return "at the same time: " + ", ".join(names_of([one for branch in item.branches for one in branch]))


def _eased(promise: str, tried: Tried) -> str:
    """What made the step come out well, where it did not of itself."""
    retried = f"retried {'once' if tried.retries == 1 else f'{tried.retries} times'}" if tried.retries else ""
    return " and ".join(part for part in (promise, retried) if part)


def _wrong(position: Position, wrong: WrongType) -> Finding:
    return Finding("value", "call", "a value that fits its place", str(wrong), str(position))

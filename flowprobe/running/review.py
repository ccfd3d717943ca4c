"""A selection held against its environment before anything is sent: what is left out, what is refused, and how much the
run may come to. `run` raises what `plan` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flowprobe.core.calls import Span
from flowprobe.core.policy import Policy, Refusal, demand, policy_of, unkept
from flowprobe.core.request import persona_names
from flowprobe.core.scenario import FaultPlan
from flowprobe.errors import Refused
from flowprobe.running.concerned import check_concerned, trials_of, unconcerned
from flowprobe.running.selection import Request, Selection, bindings

__all__ = ["Review", "known_names", "review"]

USER_EDGE = "user"


@dataclass(frozen=True, slots=True)
class Review:
    """`selection` is what may run; `left_out` are the plans that may not, and why; `warnings` what is allowed, and
    worth a thought; `calls` and `writes` what the run needs, cleanup included."""

    selection: Selection
    policy: Policy
    refusals: tuple[Refusal, ...]
    left_out: tuple[Refusal, ...]
    warnings: tuple[str, ...]
    calls: Span
    writes: Span

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.selection.notes, *(f"left out: {refusal}" for refusal in self.left_out), *self.warnings)

    def enforce(self) -> None:
        """Raise Refused with every refusal at once."""
        if self.refusals:
            said = [str(refusal) for refusal in self.refusals]
            raise Refused(said[0] if len(said) == 1 else "".join(f"\n  {line}" for line in said))


def review(request: Request, selection: Selection, now: datetime) -> Review:
    """Judge a selection by its environment, at a time."""
    policy = policy_of(selection.environment)
    may, left_out = _plans(selection, policy, now)
    asked = request.faults not in (None, "none")
    if asked and any(plan.faults for chosen in selection.chosen for plan in chosen.plans):
        check_concerned(request.faults or "", selection.chosen)
    kept = selection if asked else may
    calls, writes = demand([(chosen.scenario, trials_of(chosen)) for chosen in kept.chosen], policy.given)
    if selection.environment.identity is not None:
        calls = calls + Span(1, 1)
    refusals = (*_place(request, policy, now), *_personas(selection, policy), *_calls(selection, policy),
                *(left_out if asked else ()), *_edges(kept, policy), *_certificates(kept),
                *policy.judge_budget(calls, writes))
    return Review(kept, policy, tuple(dict.fromkeys(refusals)), () if asked else left_out,
                  tuple(_warnings(selection, policy)), calls, writes)


def known_names(selection: Selection, binding: Mapping[str, str]) -> dict[str, Any]:
    """What look-ups find before the run begins: the personas' fields and the variables."""
    roles = {role: persona_names(selection.project.personas[name]) for role, name in binding.items()}
    return {**roles, "env": selection.variables}


# --- what says no ---------------------------------------------------------------------------------


def _place(request: Request, policy: Policy, now: datetime) -> Iterator[Refusal]:
    """Whether this environment may be gone to, now."""
    if policy.production and request.environment is None:
        yield Refusal("production", policy.place("production"),
                      f"{policy.environment!r} is production and is never chosen by itself: name it with --env")
    closed = policy.calendar.closed_by(now)
    if closed:
        rule = "freeze" if closed[0] in policy.calendar.freezes else "windows"
        yield Refusal(rule, closed[0].position, f"{policy.environment!r} is closed now ({', '.join(map(str, closed))})"
                      f"; it opens {_opening(policy, now)}")


def _opening(policy: Policy, now: datetime, *, faults: bool = False) -> str:
    """The next opening, on the clock that the file goes by."""
    opens = policy.calendar.opens(now, faults=faults)
    zone = policy.calendar.zones[0]
    return "not for over a year" if opens is None else f"{opens.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


def _personas(selection: Selection, policy: Policy) -> Iterator[Refusal]:
    allowed = policy.personas
    if allowed is None:
        return
    bound = {name for c in selection.chosen for binding in bindings(c) for name in binding.values()}
    refused = sorted(bound - set(allowed))
    if refused:
        yield Refusal("personas", policy.place("personas"), f"{policy.environment!r} allows the personas "
                      f"{', '.join(allowed) or 'nobody'}, and not {', '.join(refused)}")


def _calls(selection: Selection, policy: Policy) -> Iterator[Refusal]:
    anything = not policy.production and any(rule.is_anything for rule in policy.rules)
    for chosen in selection.chosen:
        judged = bindings(chosen)[:1] if anything else bindings(chosen)  # then nothing hangs on who acts
        for binding in judged:
            yield from policy.judge(chosen.scenario, known_names(selection, binding))


def _plans(selection: Selection, policy: Policy, now: datetime) -> tuple[Selection, tuple[Refusal, ...]]:
    """The selection with the plans that may run, and why each of the others may not."""
    left_out: list[Refusal] = []
    chosen = []
    for item in selection.chosen:
        refused = {plan.name: refusal for plan in item.plans if (refusal := _plan(plan, policy, now)) is not None}
        chosen.append(replace(item, plans=tuple(plan for plan in item.plans if plan.name not in refused)))
        left_out += refused.values()
    return replace(selection, chosen=tuple(chosen)), tuple(dict.fromkeys(left_out))


def _plan(plan: FaultPlan, policy: Policy, now: datetime) -> Refusal | None:
    refusal = policy.judge_plan(plan)
    if refusal or not plan.faults or not policy.calendar.is_open(now):
        return refusal  # where nothing may run at all, that is said once
    closed = policy.calendar.closed_by(now, faults=True)
    if not closed:
        return None
    return Refusal("windows", closed[0].position, f"the plan {plan.name!r}: faults are closed now "
                   f"({', '.join(map(str, closed))}); they open {_opening(policy, now, faults=True)}", plan.position)


def _edges(selection: Selection, policy: Policy) -> Iterator[Refusal]:
    """The calls of a product that we do not start do not pass us."""
    plans = (plan for chosen in selection.chosen for plan in chosen.plans)
    faulted = {fault.edge for plan in plans for fault in plan.faults if policy.faults.allows(fault.edge)} - {USER_EDGE}
    passing = selection.environment.start or selection.environment.proxy
    if faulted and not passing:
        yield Refusal("start", policy.position, f"faults on {', '.join(sorted(faulted))} need a product that FlowProbe "
                      f"starts, or a proxy that stands beside it, and the environment {policy.environment!r} has no "
                      "`start` and no `proxy`: run with --faults none, with --proxy, or choose another environment")


def _certificates(selection: Selection) -> Iterator[Refusal]:
    """Our proxy ends TLS on the user edge, and has no persona's certificate to show."""
    for chosen in selection.chosen:
        faulted = any(fault.edge == USER_EDGE for plan in chosen.plans for fault in plan.faults)
        acting = {name for binding in bindings(chosen) for name in binding.values()} if faulted else set()
        for name in sorted(acting):
            persona = selection.project.personas[name]
            if persona.certificate is not None:
                yield Refusal("certificate", persona.position,
                              f"faults on the user edge take the connection of {name!r} apart, which shows a client "
                              "certificate: run with --faults none, or fault a provider")


# --- what is allowed, and worth a thought ---------------------------------------------------------


def _warnings(selection: Selection, policy: Policy) -> Iterator[str]:
    yield from unconcerned(selection.chosen)
    if not policy.production:
        return
    if selection.environment.identity is None:
        yield (f"nothing proves that the target is {policy.environment!r}: give it an `identity` "
               f"({policy.place('production')})")
    for chosen in selection.chosen:
        for planned in unkept(chosen.scenario, policy.given):
            yield (f"{planned.call.position}: {planned.call.method} {planned.call.path} has no cleanup: what it makes "
                   "stays")

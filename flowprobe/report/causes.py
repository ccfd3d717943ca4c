"""Why a trial failed, after its faults were taken away one by one: as lines for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowprobe.core.cause import Cause, Part, sentence
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.explaining import explained
from flowprobe.core.explanation import what_broke
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.spans import Line, Span, line

__all__ = ["LONGEST", "apart_lead", "cause_from", "cause_json", "cause_lead", "cause_lines", "cause_sentence", "led",
           "led_text", "tried_line"]

LONGEST = 48
"""So much of a scenario's name stands in a sentence of the terminal, where the whole of it stands above."""
_SAID = {Kind.FAIL: ("✗", "bad"), Kind.INCONCLUSIVE: ("?", "odd")}


def tried_line(trial: TrialEvidence, verdict: Verdict) -> Line:
    """One trial of those that were made to find a cause."""
    mark, style = _SAID.get(verdict.kind, ("✓", "good"))
    faults = ", ".join(f"{fault.edge} {fault.described}" for fault in trial.started.faults) or "nothing injected"
    return line("      ", Span(mark, style), Span(f" {faults} · {milliseconds(trial.seconds)}", "dim"))


def cause_lines(plan: str, scenario: str, personas: list[str], cause: Cause) -> Iterator[Line]:
    """The cause of a trial, and what of its promise was looked at."""
    yield line("  ", Span(f"why {plan}: ", "bold"), Span(sentence(cause, scenario, personas, longest=LONGEST), "bold"))
    yield line("      ", Span(f"{_broke(cause)} {_taken(cause)}", "dim"))


def cause_lead(trial: TrialEvidence, cause: Cause | None) -> tuple[str, ...]:
    """What leads in a terminal in place of the trial's own sentence; empty where no cause was looked for."""
    if cause is None:
        return ()
    who = list(trial.started.personas.values())
    return sentence(cause, trial.started.scenario, who, longest=LONGEST), f"{_broke(cause)} {_taken(cause)}"


def apart_lead(trial: TrialEvidence, verdict: Verdict) -> tuple[str, ...]:
    """What leads where the cause of a trial is about to be looked for: what broke, and not what it looks like, for that
    is what is about to be known better. Empty for a trial that is not taken apart."""
    found = explained(trial, None) if verdict.kind is Kind.FAIL and trial.started.faults else None
    return (f"{what_broke(found, longest=LONGEST)}; why is looked for below.",) if found is not None else ()


def _taken(cause: Cause) -> str:
    return f"It took {cause.trials} trial{'' if cause.trials == 1 else 's'} to find that." if cause.trials else ""


def cause_sentence(trial: TrialEvidence, cause: Cause | None) -> str:
    """The cause of a trial as it stands in a report; '' where none was looked for."""
    return sentence(cause, trial.started.scenario, list(trial.started.personas.values())) if cause else ""


def led(trial: TrialEvidence, cause: Cause | None, message: str) -> tuple[str, ...]:
    """What leads in a report, each a sentence: the cause where one was looked for, and what broke; else `message`, in
    which the trial spoke for itself. Never both: the trial did not know yet what was found later."""
    return (cause_sentence(trial, cause), _broke(cause)) if cause else (message,) if message else ()


def led_text(text: str, message: str, cause: Cause | None) -> str:
    """The text of a trial, in which what broke stands for `message` where its cause is known."""
    return text.replace(message, _broke(cause), 1) if cause and message else text


def _broke(cause: Cause) -> str:
    where = f"step {cause.step!r}: " if cause.step else ""
    return f"What broke: {where}{cause.broke.rstrip('.')}."


def cause_json(cause: Cause | None) -> dict[str, Any] | None:
    """The key `cause` of a trial; None where none was looked for."""
    if cause is None:
        return None
    return {"needed": [_part(part) for part in cause.needed], "spare": [_part(part) for part in cause.spare],
            "step": cause.step, "broke": cause.broke, "confirmed": cause.k, "of": cause.n, "trials": cause.trials,
            "minimal": cause.minimal, "ended": cause.ended, "holds_without": cause.holds_without,
            "sure": str(cause.sure)}


def _part(part: Part) -> dict[str, Any]:
    return {"fault": part.fault, "edge": part.edge, "kind": part.kind, "described": part.described,
            "breaks_s": part.breaks_s, "holds_s": part.holds_s}


def cause_from(said: Mapping[str, Any] | None) -> Cause | None:
    """What `cause_json` wrote; None for nothing, and for what an older version wrote otherwise."""
    try:
        return None if said is None else Cause(
            _parts(said["needed"]), _parts(said["spare"]), str(said["step"]), str(said["broke"]),
            int(said["confirmed"]), int(said["of"]), int(said["trials"]), bool(said["minimal"]), str(said["ended"]),
            said.get("holds_without"))
    except (KeyError, TypeError, ValueError):
        return None


def _parts(said: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    return tuple(
        Part(str(each["fault"]), str(each["edge"]), str(each["kind"]), str(each["described"]), each["breaks_s"],
             each["holds_s"])
        for each in said)

"""What came out otherwise in a second run, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowprobe.core.diffing import NOISE_S, NOISE_SHARE, Diff, TrialDiff
from flowprobe.core.expect import milliseconds
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.spans import Line, Span, line

__all__ = ["diff_json", "diff_lines"]

_STYLE = {Kind.PASS: "good", Kind.DEGRADED: "warn", Kind.FAIL: "bad", Kind.INCONCLUSIVE: "odd"}


def diff_lines(diff: Diff) -> Iterator[Line]:
    """The trials that differ, under their scenarios, and what it comes to."""
    scenario = None
    for trial in diff.changed:
        if (trial.key.scenario, trial.key.personas) != scenario:
            scenario = trial.key.scenario, trial.key.personas
            yield line("")
            who = ", ".join(f"{role} {name}" for role, name in trial.key.personas)
            yield line(Span(trial.key.scenario, "bold"), Span(f"  {who}", "dim"))
        yield from _trial(trial)
    yield line("")
    same = len(diff.trials) - len(diff.changed)
    mark, words, style = _outcome(diff)
    yield line(Span(f"{mark} {words}", style),
               f"  {len(diff.changed)} of {len(diff.trials)} trials differ, {same} came out the same")
    if any(trial.times for trial in diff.trials):
        yield line(Span(f"  times are told where they differ by more than {milliseconds(NOISE_S)} and by more than "
                        f"{NOISE_SHARE:.0%} of the shorter: less is taken for noise", "dim"))


def _outcome(diff: Diff) -> tuple[str, str, str]:
    if diff.is_worse:
        return "✗", "worse", "bad"
    return ("≈", "not worse", "warn") if diff.changed else ("✓", "the same", "good")


def _trial(trial: TrialDiff) -> Iterator[Line]:
    turn = f" (number {trial.key.turn})" if trial.key.turn > 1 else ""
    mark, style = ("✗", "bad") if trial.is_worse else ("≈", "warn")
    yield line("  ", Span(mark, style), f" {trial.key.plan + turn:<22} ", _verdict(trial.before), " → ",
               _verdict(trial.after))
    for text in trial.new:
        yield line("      ", Span("+ new   ", "bad"), text)
    for text in trial.gone:
        yield line("      ", Span("- gone  ", "good"), text)
    for one in trial.times:
        slower = one.after > one.before
        yield line("      ", Span("~ time  ", "warn" if slower else "good"),
                   f"{one.step}: {milliseconds(one.before)} → {milliseconds(one.after)}")
    for (step, edge, site), (before, after) in trial.calls.items():
        where = f"{step}: " if step else "no step: "
        yield line("      ", Span("~ calls ", "warn"), f"{where}{edge} {site}  ×{before} → ×{after}")


def _verdict(verdict: Verdict | None) -> Span:
    if verdict is None:
        return Span("not there", "dim")
    blame = f" ({verdict.blame})" if verdict.kind is Kind.INCONCLUSIVE else ""
    return Span(f"{verdict.kind}{blame}", _STYLE[verdict.kind])


def diff_json(diff: Diff, *, before: str, after: str, exit_code: int) -> dict[str, Any]:
    """`docs/reference/result.md` describes it."""
    return {
        "version": 1, "before": before, "after": after, "worse": diff.is_worse, "exit_code": exit_code,
        "noise": {"seconds": NOISE_S, "share": NOISE_SHARE}, "same": len(diff.trials) - len(diff.changed),
        "trials": [_json(trial) for trial in diff.changed]}


def _json(trial: TrialDiff) -> dict[str, Any]:
    key = trial.key
    return {
        "scenario": key.scenario, "personas": dict(key.personas), "plan": key.plan, "turn": key.turn,
        "before": str(trial.before.kind) if trial.before else None,
        "after": str(trial.after.kind) if trial.after else None, "worse": trial.is_worse,
        "new": list(trial.new), "gone": list(trial.gone),
        "times": [{"step": one.step, "before_s": round(one.before, 6), "after_s": round(one.after, 6)}
                  for one in trial.times],
        "calls": [{"step": step, "edge": edge, "site": site, "before": before, "after": after}
                  for (step, edge, site), (before, after) in trial.calls.items()]}

"""A trial as lines of text for people: what it was, its verdict and why, and how to run it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from flowprobe.core.blame import undecided, violation
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.explaining import why
from flowprobe.core.leaks import leaks_of
from flowprobe.core.oracles import GAVE_UP
from flowprobe.core.spared import told
from flowprobe.core.verdict import Blame, Kind, Verdict, leftovers
from flowprobe.report.causes import LONGEST
from flowprobe.report.model import RunReport
from flowprobe.report.spans import Line, Span, line
from flowprobe.report.steps import journey

__all__ = ["MARK", "details", "footer", "headline", "noticed", "own_lead", "promises", "remarks", "scenario_line",
           "summary", "trial_block"]

MARK = {Kind.PASS: ("✓", "good"), Kind.DEGRADED: ("≈", "warn"), Kind.FAIL: ("✗", "bad"),
         Kind.INCONCLUSIVE: ("?", "odd")}


_NOTICED = 3
"""So many observations are told in the terminal; `result.json` has all."""


def headline(version: str, environment: str, seed: int, folder: str) -> Line:
    said = f" {version} · environment {environment} · seed {seed} · "
    return line(Span("FlowProbe", "bold"), said, Span(folder, "dim"))


def scenario_line(trial: TrialEvidence) -> Line:
    who = ", ".join(f"{role} {name}" for role, name in trial.started.personas.items())
    return line(Span(trial.started.scenario, "bold"), Span(f"  {trial.started.file} · {who}", "dim"))


def summary(trial: TrialEvidence, verdict: Verdict) -> Line:
    """One line for a trial: mark, plan, verdict, what the plan is, how long it took."""
    mark, style = MARK[verdict.kind]
    faults = ", ".join(f"{fault.edge} {fault.described}" for fault in trial.started.faults) or "nothing injected"
    blame = f" ({verdict.blame})" if verdict.kind is Kind.INCONCLUSIVE else ""
    return line("  ", Span(mark, style), f" {trial.started.plan:<22} ", Span(f"{verdict.kind}{blame}", style),
                Span(f"  {faults} · {milliseconds(trial.seconds)}", "dim"))


def details(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None,
            lead: Sequence[str] = ()) -> Iterator[Line]:
    """Why: the sentence, the journey with the provider calls under each step, and the command to run it again. `lead`
    stands in place of the trial's own sentence."""
    for number, text in enumerate(lead or own_lead(trial, verdict, twin)):
        yield line("      ", Span(text, "dim" if lead and number else "bold" if verdict.kind is Kind.FAIL else ""))
    if verdict.kind is Kind.FAIL and trial.started.survives:
        yield line("      ", Span(f"a sound product: {trial.started.survives}", "dim"))
    if verdict.kind is not Kind.DEGRADED and trial.calls:
        yield line("")
        yield from journey(trial)
        yield line("")
    if verdict.kind is Kind.FAIL:  # else the reasons have said it
        yield from promises(trial)
    yield from noticed(trial)
    if verdict.kind is not Kind.DEGRADED and trial.skipped is None:
        yield line("      ", Span("run just this again: ", "dim"), trial.started.rerun)


def own_lead(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None, *,
             longest: int | None = None) -> Sequence[str]:
    """What a trial says for itself: the sentence where there is one, else the reasons of its verdict."""
    sentence = why(trial, twin, longest=longest) if verdict.kind in (Kind.FAIL, Kind.DEGRADED) else ""
    return (sentence,) if sentence else verdict.reasons


def promises(trial: TrialEvidence) -> Iterator[Line]:
    """What was promised of the whole journey and does not hold, or cannot be told: a line for each, with its place."""
    for judged in trial.invariants:
        if judged.outcome == "unsure":
            yield line("      ", Span(f"? {undecided(judged)}", "odd"))
        for finding in judged.findings:
            yield line("      ", Span("✗", "bad"), " ", Span(violation(judged, finding), "bad"),
                       Span(f"  {finding.place}", "dim"))


def noticed(trial: TrialEvidence) -> Iterator[Line]:
    """What the oracles saw, whether or not anything was promised of it."""
    wrong = [f"{seen.step}: {seen.seen}" for seen in trial.observed if seen.oracle != GAVE_UP]
    for text in wrong[:_NOTICED]:
        yield line("      ", Span(f"noticed at {text}", "warn"))
    if len(wrong) > _NOTICED:
        yield line("      ", Span(f"and {len(wrong) - _NOTICED} more", "dim"))


def footer(report: RunReport) -> Iterator[Line]:
    """The verdict of the run, its counts, and what else has to be known."""
    kinds = [verdict.kind for verdict in report.verdicts.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in Kind if kind in kinds) or "no trials"
    mark, style = MARK[report.verdict]
    yield line("")
    yield line(Span(f"{mark} {report.verdict}", style), f"  {counts}", Span(f"  exit {report.exit_code}", "dim"))
    yield from remarks(report)


def remarks(report: RunReport) -> Iterator[Line]:
    """What has to be known of a run beside its counts."""
    for left in left_behind(report):
        yield line("  ", Span(left, "bad"))
    unseen = tuple(dict.fromkeys(words for trial in report.evidence.trials for words in trial.unseen))
    if unseen:
        yield line("  ", Span(f"not judged, for these calls do not pass FlowProbe here: {'; '.join(unseen)}", "dim"))
    for sentence in _attribution(report):
        yield line("  ", Span(sentence, "odd"))
    for trouble in report.evidence.trouble:
        yield line("  ", Span(f"nothing is certain: {trouble}", "bad"))
    for note, times in Counter(report.notes).items():
        yield line("  ", Span(f"{note} ({times} times)" if times > 1 else note, "dim"))
    blames = {v.blame for v in report.verdicts.values()} - {Blame.NONE, Blame.PRODUCT}
    if report.verdict is Kind.INCONCLUSIVE and blames:
        yield line(Span(f"  nothing was judged there: {', '.join(sorted(blames))}", "dim"))


def left_behind(report: RunReport) -> tuple[str, ...]:
    """What trials of a run made, or may have made, and is not known to be gone."""
    return tuple(f"left behind by {trial.started.plan!r}: {left}"
                 for trial in report.evidence.trials for left in leftovers(trial))


def _attribution(report: RunReport) -> Iterator[str]:
    """What was left alone because it was not ours for sure, and what nobody declared."""
    yield from told(report.evidence.spared)
    if report.evidence.undeclared:
        hosts = (f"{host} ×{calls}" for host, calls in report.evidence.undeclared.items())
        yield f"passed untouched, to hosts that nobody declared: {', '.join(hosts)}"


def trial_block(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None,
                lead: Sequence[str] = ()) -> Iterator[Line]:
    """What a person is shown of a trial when it has been judged; `twin` is the unfaulted one of the same scenario and
    binding. `lead` stands in place of the trial's own sentence."""
    yield summary(trial, verdict)
    if verdict.kind is not Kind.PASS:
        yield from details(trial, verdict, twin, lead or own_lead(trial, verdict, twin, longest=LONGEST))
    else:
        yield from noticed(trial)
    for leak in leaks_of(trial, twin):
        yield line("      ", Span(f"a leak? {leak.sentence()}", "odd"))

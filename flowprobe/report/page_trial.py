"""The inside of a trial on the page of a run: everything that explains its verdict, in pieces without a line break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flowprobe.core.blame import undecided, violation
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Injected
from flowprobe.core.evidence import StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.explaining import why
from flowprobe.core.leaks import leaks_of
from flowprobe.core.oracles import GAVE_UP
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.exploring_told import odd_fields
from flowprobe.report.html import Markup, element
from flowprobe.report.model import Beside, Carried, LastGood
from flowprobe.report.page_bodies import curl_line, difference
from flowprobe.report.page_calls import waterfall

__all__ = ["sentence", "trial_page"]

_DIFFERENCES = 5
"""So many steps that broke are shown beside those of the twin."""
_CURLS = 20


def trial_page(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None, beside: Beside) -> Iterator[str]:
    """Streamed: the whole of a long trial is never in memory at once."""
    yield from _lead(trial, verdict, twin, beside)
    if trial.steps or trial.exchanges:
        yield element("h3", "What happened")
        yield from waterfall(trial, beside)
    yield from _promises(trial, beside)
    yield from _noticed(trial, twin, beside)
    if verdict.kind is not Kind.PASS:
        yield from _bodies(trial, twin, beside)
    yield from _faults(trial)
    yield from _account(trial, beside)
    yield from _cleanup(trial, beside)
    yield from _listed("What failed on our side", [beside.redact(words) for words in trial.trouble])


def sentence(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> str:
    """Why, in one sentence where the evidence holds one, else the reasons of the verdict."""
    told = why(trial, twin) if verdict.kind in (Kind.FAIL, Kind.DEGRADED) else ""
    return told or "; ".join(verdict.reasons)


def _lead(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None, beside: Beside) -> Iterator[Markup]:
    told = beside.redact(sentence(trial, verdict, twin))
    if told:
        yield element("p", told, class_="lead")
    if trial.started.imitates:
        yield element("p", f"imitates: {trial.started.imitates}", class_="soft")
    if trial.started.survives and verdict.kind is Kind.FAIL:
        yield element("p", f"a sound product: {trial.started.survives}", class_="soft")
    if trial.started.rerun:
        yield element("p", "Run just this again:", class_="soft")
        yield element("pre", element("code", trial.started.rerun))


def _listed(title: str, texts: Sequence[str]) -> Iterator[Markup]:
    if texts:
        yield element("h3", title)
        yield element("ul", *(element("li", text) for text in texts), class_="plain")


def _promises(trial: TrialEvidence, beside: Beside) -> Iterator[Markup]:
    told = []
    for judged in trial.invariants:
        if judged.outcome == "unsure":
            told.append(f"? {undecided(judged)}")
        told += [f"✗ {violation(judged, finding)}  {finding.place}" for finding in judged.findings]
        if judged.outcome == "held":
            told.append(f"✓ {judged.promise} {judged.name!r} holds")
    told += [f"· not judged, for these calls do not pass FlowProbe here: {words}" for words in trial.unseen]
    return _listed("Promised of the whole journey", [beside.redact(words) for words in told])


def _noticed(trial: TrialEvidence, twin: TrialEvidence | None, beside: Beside) -> Iterator[Markup]:
    told = [f"{seen.step}: {seen.seen}" + (f" ({seen.oracle})" if seen.oracle != GAVE_UP else "")
            for seen in trial.observed]
    told += [f"a leak? {leak.sentence()}" for leak in leaks_of(trial, twin)]
    return _listed("Noticed beside", [beside.redact(words) for words in told])


# --- what the calls carried -----------------------------------------------------------------------


def _bodies(trial: TrialEvidence, twin: TrialEvidence | None, beside: Beside) -> Iterator[Markup]:
    calls = [call.sent.call for call in trial.calls]
    chosen = calls if len(calls) <= _CURLS else calls[-_CURLS:]
    broken = [step for step in trial.steps if step.findings and step.calls][:_DIFFERENCES]
    carried = beside.read(trial.started.trial, {*chosen, *(_last(step) for step in broken)})
    yield from _differences(broken, carried, _last_good(trial, broken, twin, beside), beside)
    lines = [curl_line(carried[call], beside) for call in chosen if call in carried]
    if lines:
        yield element("details", element("summary", _calls_words(len(lines), len(calls))), element(
            "p", "The variables that begin with AUTH_ stand for the header that signs a persona in, such as "
            "“Authorization: Bearer TOKEN”: no report has a credential.", class_="soft"),
            element("pre", *(element("code", line, class_="line") for line in lines)), class_="curl")


def _last(step: StepEvidence) -> str:
    return step.calls[-1].sent.call


def _twins(broken: Sequence[StepEvidence], twin: TrialEvidence, beside: Beside) -> Mapping[str, Carried]:
    """What the same steps carried without the fault, by the step."""
    names = {step.name for step in broken}
    calls = {step.name: _last(step) for step in twin.steps if step.name in names and step.calls}
    carried = beside.read(twin.started.trial, set(calls.values()))
    return {name: carried[call] for name, call in calls.items() if call in carried}


def _last_good(trial: TrialEvidence, broken: Sequence[StepEvidence], twin: TrialEvidence | None,
               beside: Beside) -> LastGood:
    """The twin; where there is none, the newest run in which the same trial passed."""
    if twin is not None:
        return LastGood("", _twins(broken, twin, beside))
    return beside.earlier(trial.started, {step.name for step in broken}) or LastGood("", {})


def _differences(broken: Sequence[StepEvidence], carried: Mapping[str, Carried], good: LastGood,
                 beside: Beside) -> Iterator[Markup]:
    whose = f"the run {good.run}, in which it passed" if good.run else "the unfaulted trial"
    for step in broken:
        if _last(step) in carried:
            yield element("h3", f"What {step.name} sent and got")
            yield difference(carried[_last(step)], good.carried.get(step.name), beside, whose)


def _calls_words(shown: int, all_of_them: int) -> str:
    words = "The call" if shown == 1 else f"The {shown} calls" if shown == all_of_them else f"The last {shown} calls"
    return f"{words} as curl lines"


# --- the faults -----------------------------------------------------------------------------------


def _faults(trial: TrialEvidence) -> Iterator[Markup]:
    if trial.started.faults:
        yield element("h3", "The fault plan")
        rows = ((fault.edge, fault.described, fault.when or "every call", _fired(trial, fault.id))
                for fault in trial.started.faults)
        yield _table(("provider", "fault", "which calls", "what came of it"), rows)
    if trial.receipts:
        many = f"{len(trial.receipts)} receipts" if len(trial.receipts) > 1 else "The receipt"
        yield element("details", element("summary", f"{many}: what was injected, and how we know whose call it was"),
                      _table(("call", "kind", "asked", "realised", "known by", "then"),
                             map(_receipt, trial.receipts)), open=len(trial.receipts) <= 3)


def _fired(trial: TrialEvidence, fault: str) -> str:
    fired = sum(receipt.fault == fault for receipt in trial.receipts)
    passed = [f"passed {count} by ({reason})" for reason, count in trial.passed.get(fault, {}).items()]
    return ", ".join((f"injected {fired} times" if fired != 1 else "injected once", *passed))


def _receipt(receipt: Injected) -> tuple[str, ...]:
    chance = f" (a chance of {receipt.collision:.2g} that it was not)" if receipt.collision is not None else ""
    gave_up = f"the caller gave up after {milliseconds(receipt.gave_up_s)}" if receipt.gave_up_s is not None else ""
    return (f"{receipt.edge}: {receipt.site} #{receipt.ordinal}", receipt.kind,
            milliseconds(receipt.asked_s) if receipt.asked_s else "",
            milliseconds(receipt.realised_s) if receipt.asked_s or receipt.slept_s else "",
            f"{receipt.evidence}{chance}", "; ".join(filter(None, (receipt.detail, gave_up))))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    head = element("thead", element("tr", *(element("th", word, scope="col") for word in heads)))
    body = (element("tr", *(element("td", text, data_head=head) for head, text in zip(heads, row, strict=True)))
            for row in rows)
    return element("table", head, element("tbody", *body), class_="facts")


# --- the account, and what is left of it ----------------------------------------------------------


def _account(trial: TrialEvidence, beside: Beside) -> Iterator[Markup]:
    if not trial.started.account:
        return
    odd = {each.name: str(each) for each in odd_fields(trial.started.account, beside.usual)} if beside.usual else {}
    yield element("h3", "The account")
    told = (element("li", element("mark", f"odd: {odd[name]}") if name in odd
                    else f"{name} = {beside.redact(str(value))}") for name, value in trial.started.account.items())
    yield element("ul", *told, class_="plain")


def _cleanup(trial: TrialEvidence, beside: Beside) -> Iterator[Markup]:
    return _listed("Cleanup", [beside.redact(f"{step}: {_left(row)}") for step, row in trial.cleanup.items()])


def _left(row: CleanupSettled | CleanupEnded | CleanupPlanned) -> str:
    match row:
        case CleanupEnded(outcome=outcome, detail=detail):
            return f"{outcome}: {detail}" if detail else outcome
        case CleanupSettled(state=state, detail=detail):
            return f"{state.replace('-', ' ')}: {detail}" if detail else state.replace("-", " ")
        case CleanupPlanned(described=described):
            return f"{described} was planned, and nothing is known of it"

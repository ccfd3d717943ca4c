"""What came of cases that were tried again: a mark and a sentence for people, JSON, and JUnit XML.

In JUnit a case is a test case of its scenario: still broken is a `<failure>`, cannot tell an `<error>`, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from flowprobe.core.exploring.case import Case
from flowprobe.core.exploring.replaying import Outcome, Replayed
from flowprobe.report.exploring_words import left_behind_words
from flowprobe.report.junit import legal
from flowprobe.report.lines import left_behind
from flowprobe.report.model import RunReport
from flowprobe.report.spans import Line, Span, line

__all__ = ["CaseReplayed", "replay_lines", "replays_json", "replays_junit"]

_MARK: Mapping[Outcome, tuple[str, str]] = {
    "still broken": ("✗", "bad"), "mended": ("✓", "good"), "cannot tell": ("?", "odd")}
_TAG: Mapping[Outcome, str] = {"still broken": "failure", "cannot tell": "error"}


@dataclass(frozen=True, slots=True)
class CaseReplayed:
    """What came of a case, and the run in which it did; its trials took so many `seconds`."""

    case: Case
    said: Replayed
    report: RunReport
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """Without the secrets of the run."""
        return self.report.redact(self.said.sentence)


def replay_lines(done: Sequence[CaseReplayed], *, left: int, code: int) -> Iterator[Line]:
    """`left` were not come to."""
    yield ()
    for each in done:
        mark, style = _MARK[each.said.outcome]
        yield line(Span(f"{mark} {each.said.outcome}", style), f"  {each.case.name}",
                   Span(f"  {each.case.file}", "dim"))
        yield line("      ", each.sentence)
    if left:
        yield line(Span(f"  {left} more {'was' if left == 1 else 'were'} not come to", "warn"))
    reports = {each.report.folder: each.report for each in done}.values()
    for words in left_behind_words([words for report in reports for words in map(report.redact, left_behind(report))]):
        yield line("  ", Span(words, "bad"))
    counts = ", ".join(f"{count} {outcome}" for outcome in _MARK
                       if (count := sum(each.said.outcome == outcome for each in done)))
    yield line("  ", counts or "nothing was tried", Span(f"  exit {code}", "dim"))


def replays_json(done: Sequence[CaseReplayed]) -> list[dict[str, object]]:
    return [{"case": each.case.name, "file": each.case.file, "outcome": each.said.outcome, "sentence": each.sentence,
             "otherwise": each.said.otherwise, "run": str(each.report.folder),
             "left_behind": [each.report.redact(words) for words in left_behind(each.report)]} for each in done]


def replays_junit(done: Sequence[CaseReplayed], left: Sequence[Case] = ()) -> Iterator[ElementTree.Element]:
    """A test suite for each scenario and its personas; the cases that were `left` cannot be told of either."""
    suites: dict[str, list[ElementTree.Element]] = {}
    for each in done:
        suites.setdefault(_suite_of(each.case), []).append(
            _case(each.case, each.said.outcome, each.sentence, each.seconds))
    for case in left:
        suites.setdefault(_suite_of(case), []).append(_case(case, "cannot tell", "it was not come to", 0.0))
    for name, cases in suites.items():
        yield _suite(name, cases)


def _suite_of(case: Case) -> str:
    return f"{case.scenario} [{','.join(case.personas.values())}]"


def _suite(name: str, cases: Sequence[ElementTree.Element]) -> ElementTree.Element:
    tags = [child.tag for case in cases for child in case]
    suite = ElementTree.Element("testsuite", {
        "name": legal(name), "tests": str(len(cases)), "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")), "skipped": "0",
        "time": f"{sum(float(case.get('time', '0')) for case in cases):.3f}",
    })
    suite.extend(cases)
    return suite


def _case(case: Case, outcome: Outcome, sentence: str, seconds: float) -> ElementTree.Element:
    element = ElementTree.Element("testcase", {
        "classname": legal(case.scenario), "name": legal(case.name), "file": legal(case.file),
        "time": f"{seconds:.3f}"})
    if outcome in _TAG:
        problem = ElementTree.SubElement(element, _TAG[outcome], {"message": legal(sentence), "type": outcome})
        problem.text = legal(f"{case.sentence}\nflowprobe replay {case.file}")
    else:
        ElementTree.SubElement(element, "system-out").text = legal(f"{outcome}: {sentence}")
    return element

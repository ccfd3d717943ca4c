"""JUnit XML: a test suite for each scenario and binding, a test case for each trial.

A case that is replayed is a test case too: see `replays`.

A fail is a `<failure>`, an inconclusive verdict an `<error>`: what reads the file must not take "we cannot judge"
for green. What broke and was made good has passed, and its output says what broke. Characters that XML 1.0 forbids are
replaced, and the text is parsed back before it is handed over: one stray byte from a body makes some consumers show
green.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias
from xml.etree import ElementTree

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.explaining import why
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import cause_sentence, led, led_text
from flowprobe.report.lines import details
from flowprobe.report.model import RunReport

__all__ = ["junit_problem", "junit_xml", "legal"]

_Case: TypeAlias = tuple[TrialEvidence, Verdict, tuple[str, str], str]
_NONE: Mapping[str, str] = MappingProxyType({})
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: RunReport | None, more: Iterable[ElementTree.Element] = (), *,
              made_good: Mapping[str, str] = _NONE) -> str:
    """The document as text, with `more` test suites behind those of the run; `made_good` are sentences of trials, by
    their ids, that broke and have not failed. Raises ElementTree.ParseError if it could not be read back."""
    root = ElementTree.Element("testsuites", {"name": "flowprobe"})
    for name, cases in _suites(report, made_good).items() if report is not None else ():
        root.append(_suite(name, cases))
    root.extend(more)
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
    ElementTree.fromstring(text)
    return text + "\n"


def junit_problem(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> tuple[str, str]:
    """The message and the text of a trial that failed or could not be judged; two empty ones of another."""
    if verdict.kind not in (Kind.FAIL, Kind.INCONCLUSIVE):
        return "", ""
    message = (why(trial, twin) if verdict.kind is Kind.FAIL else "") or "; ".join(verdict.reasons)
    return message, "\n".join("".join(span.text for span in line) for line in details(trial, verdict, twin))


def _suites(report: RunReport, made_good: Mapping[str, str]) -> Mapping[str, list[_Case]]:
    suites: dict[str, list[_Case]] = {}
    for trial, told in zip(report.evidence.trials, report.told, strict=True):
        who = ",".join(trial.started.personas.values())
        message, text = told.problem
        cause = report.causes.get(trial.started.trial)
        text = "\n".join(filter(None, (cause_sentence(trial, cause), led_text(text, message, cause))))
        case = (trial, report.verdicts[trial.started.trial], (" ".join(led(trial, cause, message)), text),
                made_good.get(trial.started.trial, ""))
        suites.setdefault(f"{trial.started.file} [{who}]", []).append(case)
    return suites


def _suite(name: str, cases: list[_Case]) -> ElementTree.Element:
    kinds = [verdict.kind for _, verdict, _, good in cases if not good]
    suite = ElementTree.Element("testsuite", {
        "name": legal(name), "tests": str(len(cases)), "failures": str(kinds.count(Kind.FAIL)),
        "errors": str(kinds.count(Kind.INCONCLUSIVE)), "skipped": "0",
        "time": f"{sum(trial.seconds for trial, *_ in cases):.3f}",
    })
    suite.extend(_case(*case) for case in cases)
    return suite


def _case(trial: TrialEvidence, verdict: Verdict, problem: tuple[str, str], good: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {
        "classname": legal(trial.started.scenario), "name": legal(trial.started.plan), "time": f"{trial.seconds:.3f}",
    })
    if good:
        ElementTree.SubElement(case, "system-out").text = legal("\n".join(filter(None, (good, *problem))))
        return case
    match verdict.kind:
        case Kind.FAIL:
            case.append(_problem("failure", verdict, *problem))
        case Kind.INCONCLUSIVE:
            case.append(_problem("error", verdict, *problem))
        case Kind.DEGRADED:
            ElementTree.SubElement(case, "system-out").text = legal("degraded: " + "; ".join(verdict.reasons))
        case Kind.PASS:
            pass
    return case


def _problem(tag: str, verdict: Verdict, message: str, text: str) -> ElementTree.Element:
    problem = ElementTree.Element(tag, {"message": legal(message), "type": str(verdict.blame) or str(verdict.kind)})
    problem.text = legal(text)
    return problem


def legal(text: str) -> str:
    """The characters that XML 1.0 §2.2 allows; others become U+FFFD."""
    return _ILLEGAL.sub("�", text)

"""JUnit XML: a test suite for each scenario and binding, a test case for each trial.

A fail is a `<failure>`, an inconclusive verdict an `<error>`: what reads the file must not take "we cannot judge"
for green. Characters that XML 1.0 forbids are replaced, and the text is parsed back before it is handed over: one
stray byte from a body makes some consumers show green.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from flowprobe.core.blame import why
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.lines import details
from flowprobe.report.model import RunReport, twin_of

__all__ = ["junit_xml"]

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: RunReport) -> str:
    """The document as text; raises ElementTree.ParseError if it could not be read back."""
    root = ElementTree.Element("testsuites", {"name": "flowprobe"})
    for name, trials in _suites(report).items():
        root.append(_suite(name, trials, report))
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
    ElementTree.fromstring(text)
    return text + "\n"


def _suites(report: RunReport) -> Mapping[str, list[TrialEvidence]]:
    suites: dict[str, list[TrialEvidence]] = {}
    for trial in report.evidence.trials:
        who = ",".join(trial.started.personas.values())
        suites.setdefault(f"{trial.started.file} [{who}]", []).append(trial)
    return suites


def _suite(name: str, trials: list[TrialEvidence], report: RunReport) -> ElementTree.Element:
    kinds = [report.verdicts[trial.started.trial].kind for trial in trials]
    suite = ElementTree.Element("testsuite", {
        "name": _legal(name), "tests": str(len(trials)), "failures": str(kinds.count(Kind.FAIL)),
        "errors": str(kinds.count(Kind.INCONCLUSIVE)), "skipped": "0",
        "time": f"{sum(trial.seconds for trial in trials):.3f}",
    })
    suite.extend(_case(trial, report) for trial in trials)
    return suite


def _case(trial: TrialEvidence, report: RunReport) -> ElementTree.Element:
    verdict = report.verdicts[trial.started.trial]
    case = ElementTree.Element("testcase", {
        "classname": _legal(trial.started.scenario), "name": _legal(trial.started.plan), "time": f"{trial.seconds:.3f}",
    })
    match verdict.kind:
        case Kind.FAIL:
            case.append(_problem("failure", trial, verdict, report))
        case Kind.INCONCLUSIVE:
            case.append(_problem("error", trial, verdict, report))
        case Kind.DEGRADED:
            ElementTree.SubElement(case, "system-out").text = _legal("degraded: " + "; ".join(verdict.reasons))
        case Kind.PASS:
            pass
    return case


def _problem(tag: str, trial: TrialEvidence, verdict: Verdict, report: RunReport) -> ElementTree.Element:
    twin = twin_of(trial, report.evidence)
    message = (why(trial, twin) if verdict.kind is Kind.FAIL else "") or "; ".join(verdict.reasons)
    problem = ElementTree.Element(tag, {"message": _legal(message), "type": str(verdict.blame) or str(verdict.kind)})
    text = "\n".join("".join(span.text for span in line) for line in details(trial, verdict, twin))
    problem.text = _legal(text)
    return problem


def _legal(text: str) -> str:
    """The characters that XML 1.0 §2.2 allows; others become U+FFFD."""
    return _ILLEGAL.sub("�", text)

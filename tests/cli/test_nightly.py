"""What a night shows while it goes on: what breaks, once; what goes well, not trial by trial."""

from __future__ import annotations

import io
from dataclasses import replace

from flowprobe.cli.nightly import NightScreen
from flowprobe.cli.watching import Screen
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.findings import Finding
from flowprobe.core.verdict import Blame, Kind, Verdict
from tests.journals import Journal, ended, replied, sent, started, step_ended


def broken() -> TrialEvidence:
    found = fold(Journal().runner(started(), sent("pay"), replied(), step_ended("pay"), ended()).lines).trials[0]
    finding = Finding("status", "status", "200", "502")
    return replace(found, steps=tuple(replace(each, outcome="broken", findings=(finding,)) for each in found.steps))


def shown(*verdicts: Verdict) -> str:
    stream = io.StringIO()
    screen = NightScreen(Screen(stream))
    for verdict in verdicts:
        screen.trial(broken(), verdict, None)
    return stream.getvalue()


def test_a_failure_is_told_whole_and_its_further_attempts_are_not() -> None:
    failed = Verdict(Kind.FAIL, Blame.PRODUCT, ())
    assert "where 200 was promised" in shown(failed)
    assert shown(failed, failed, failed) == shown(failed)


def test_what_goes_well_is_not_told_trial_by_trial() -> None:
    assert shown(Verdict(Kind.PASS, Blame.NONE, ()), Verdict(Kind.DEGRADED, Blame.NONE, ())) == ""

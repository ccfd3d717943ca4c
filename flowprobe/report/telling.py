"""What the files of a run say of a trial, put into words when it has been judged."""

from __future__ import annotations

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.times import times_of
from flowprobe.core.verdict import Verdict
from flowprobe.report.junit import junit_problem
from flowprobe.report.model import Beside, Told
from flowprobe.report.page_trial import trial_page
from flowprobe.report.places import broken_at
from flowprobe.report.result_json import trial_text

__all__ = ["tell"]


def tell(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None, beside: Beside | None = None) -> Told:
    """`twin` is the unfaulted trial of the same scenario and binding, None for that one itself."""
    return Told(trial_text(trial, verdict, twin), junit_problem(trial, verdict, twin), broken_at(trial),
                trial_page(trial, verdict, twin, beside or Beside()), times_of(trial))

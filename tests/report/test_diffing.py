from __future__ import annotations

import json

from flowprobe.core.diffing import Diff, Key, Shifted, TrialDiff
from flowprobe.core.verdict import Blame, Kind, Verdict
from flowprobe.report.diffing import diff_json, diff_lines

PASS, FAIL = Verdict(Kind.PASS, Blame.NONE, ()), Verdict(Kind.FAIL, Blame.PRODUCT, ("look: 500",))
KEY = Key("A journey", (("admin", "pro-eu"),), "slow")
WORSE = TrialDiff(KEY, PASS, FAIL, ("look: \x1b[2Jnew",), (), (Shifted("look", 0.1, 0.4),),
                  {("look", "payments", "POST /v1/charges"): (1, 0)})


def text(diff: Diff) -> str:
    return "\n".join("".join(span.text for span in line).rstrip() for line in diff_lines(diff))


def test_what_differs_stands_under_its_scenario_and_is_safe_to_print() -> None:
    said = text(Diff((WORSE,)))
    assert "A journey  admin pro-eu" in said
    assert "✗ slow                   pass → fail" in said
    assert "+ new   look: \\x1b[2Jnew" in said
    assert "~ time  look: 100 ms → 400 ms" in said
    assert "~ calls look: payments POST /v1/charges  ×1 → ×0" in said
    assert "✗ worse  1 of 1 trials differ, 0 came out the same" in said
    assert "less is taken for noise" in said


def test_where_nothing_differs_there_is_one_line() -> None:
    assert text(Diff((TrialDiff(KEY, PASS, PASS),))).strip() == "✓ the same  0 of 1 trials differ, 1 came out the same"


def test_what_differs_and_is_no_worse_is_called_that() -> None:
    said = text(Diff((TrialDiff(KEY, FAIL, None),)))
    assert "fail → not there" in said
    assert "≈ not worse" in said


def test_machines_get_the_same() -> None:
    found = json.loads(json.dumps(diff_json(Diff((WORSE,)), before="a", after="b", exit_code=1)))
    (trial,) = found.pop("trials")
    assert found == {"version": 1, "before": "a", "after": "b", "worse": True, "exit_code": 1, "same": 0,
                     "noise": {"seconds": 0.05, "share": 0.5}}
    assert (trial["before"], trial["after"], trial["personas"]) == ("pass", "fail", {"admin": "pro-eu"})
    assert trial["times"] == [{"step": "look", "before_s": 0.1, "after_s": 0.4}]
    assert trial["calls"] == [{"step": "look", "edge": "payments", "site": "POST /v1/charges", "before": 1, "after": 0}]

"""What a failure is put down to, against what it was made of: `python -m tests.bench blame` in small."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.truth import check, drawn, taken_apart

CASES = 40


def test_the_cause_is_the_right_one_and_a_wrong_one_is_never_stated_as_sure(tmp_path: Path) -> None:
    judged = check(tmp_path, secrets.randbelow(2**31), CASES)
    assert judged.share >= 0.95, str(judged)
    assert not judged.wrongly_sure, str(judged)
    assert judged.sure, f"it is never sure: {judged}"
    assert judged.naive < 0.95 * judged.tellable, f"these cases tell nothing from anything: {judged}"


def test_what_one_look_cannot_tell_is_told_when_the_faults_are_taken_away(tmp_path: Path) -> None:
    """And where the product has broken for good meanwhile, none of them is blamed."""
    seed = secrets.randbelow(2**31)
    for case, trial in taken_apart(tmp_path, seed):
        cause, place = trial["cause"], f"seed {seed}: {case.name}: {trial['why']} {trial['cause']}"
        assert (trial["explanation"]["sure"] == "sure") is False, place
        if case.truth.origin == "fault":
            assert cause["sure"] != "unknown", place
            assert {part["edge"] for part in cause["needed"]} == case.truth.faults, place
        else:
            assert cause["sure"] == "unknown", place


def test_a_seed_draws_the_same_cases_and_another_one_others() -> None:
    assert drawn(1, CASES) == drawn(1, CASES) != drawn(2, CASES)


def test_every_kind_of_truth_is_among_those_that_are_drawn() -> None:
    cases = drawn(secrets.randbelow(2**31), CASES)
    assert {case.truth.origin for case in cases} == {"", "fault", "product", "provider", "environment"}
    assert any(len(case.plan) > 1 and len(case.truth.faults) == 1 for case in cases)

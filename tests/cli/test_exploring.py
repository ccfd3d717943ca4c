"""How a search is bounded, and how it is asked for again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.cli.exploring import Asked, bounds_of, case_told, resuming
from flowprobe.core.exploring.case import Case
from flowprobe.core.exploring.shrink import Shrunk
from flowprobe.errors import InvalidInput
from flowprobe.running.exploring import SavedCase, Wish
from flowprobe.running.selection import Request
from flowprobe.running.trying import Bounds
from tests.explorations import ABOUT, FAILED, NO_INVITE
from tests.explorations import found as a_find

ASKED = Asked("60", as_json=False, page=None, emit="")


@pytest.mark.parametrize(("text", "bounds"), [
    ("500", Bounds(tries=500)), ("90s", Bounds(seconds=90)), ("10m", Bounds(seconds=600)),
])
def test_a_budget_is_a_number_of_tries_or_a_time(text: str, bounds: Bounds) -> None:
    assert bounds_of(text) == bounds


@pytest.mark.parametrize("text", ["0", "soon", "-5", "1e3"])
def test_what_is_neither_is_a_problem_of_the_option(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bounds_of(text)
    assert [problem.file for problem in caught.value.problems] == ["--budget"]


def test_a_search_goes_on_with_the_options_that_it_began_with() -> None:
    assert resuming(Request((Path("a.yaml"),)), Wish(), ASKED) == ("--budget", "60")
    request = Request((Path("a.yaml"),), bind={"admin": "pro-us"}, timeout_s=5, allow_exec=True, proxy="unix:p.sock")
    wish = Wish(only="states", prune=False, cases=Path("finds"), cap_s=2.5, workers=2)
    assert resuming(request, wish, ASKED) == (
        "--budget", "60", "--persona", "admin=pro-us", "--only", "states", "--no-prune", "--longest", "2.5s",
        "--cases", "finds", "--timeout", "5s", "--workers", "2", "--allow-exec", "--proxy", "unix:p.sock")


def test_a_case_that_could_not_be_kept_is_found_again_by_the_whole_search() -> None:
    found = a_find(NO_INVITE, faults=(FAILED,))
    saved = SavedCase(found, Case("invite", "invite.yaml", {}, NO_INVITE), None, Shrunk(found.case, found.learned))
    told = case_told(saved, ABOUT, ("--budget", "12", "--only", "states"))
    assert told.replay == ("flowprobe explore scenarios/invite.yaml --env demo-weak --seed 7 "
                           "--budget 12 --only states")
    kept = case_told(replace(saved, file=Path("cases/invite.yaml")), ABOUT, ())
    assert kept.replay == "flowprobe replay cases/invite.yaml --env demo-weak"

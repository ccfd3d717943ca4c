from __future__ import annotations

import io
from pathlib import Path

from flowprobe.cli.exploring_screen import ExploringScreen
from flowprobe.cli.watching import Screen, Terminal
from flowprobe.core.exploring.exploration import Progress
from flowprobe.core.exploring.model import Learned, Phase, Try
from flowprobe.core.redact import Redactor
from tests.explorations import DEFAULTS, FAILED, NO_INVITE, TWICE
from tests.journals import sent

BROKE = Learned("fail", (NO_INVITE,))


def progress(phase: Phase, done: int, *, found: int = 0, learned: Learned | None = None, seats: object = 3) -> Progress:
    return Progress(phase, Try({**DEFAULTS, "seats": seats}, (FAILED,), phase), done, 10, found, learned)


def told(*all_of_it: Progress) -> list[str]:
    stream = io.StringIO()
    show = ExploringScreen(Screen(stream), DEFAULTS)
    for each in all_of_it:
        show.told(each)
    return stream.getvalue().splitlines()


def test_each_part_of_the_search_is_told_once() -> None:
    assert told(progress("singles", 3), progress("shrink", 4), progress("singles", 5), progress("shrink", 6)) == [
        "  one fault at a time · 3 of about 13", "  making a case smaller · 4 of about 14"]


def test_a_promise_that_breaks_is_told_at_once_and_only_once() -> None:
    assert told(progress("singles", 3, learned=BROKE), progress("singles", 4, learned=BROKE))[1:] == [
        "  ✗ invite: charged, and no invite: 500 instead of 201  status 500 on mail"]


def test_a_case_is_told_when_it_is_on_the_list_as_small_as_it_is_known() -> None:
    lines = told(progress("singles", 3, learned=BROKE, seats=0), progress("singles", 4, learned=BROKE),
                 progress("singles", 5, found=1))
    assert lines[2:] == ["  case 1 status 500 on mail: invite: charged, and no invite: 500 instead of 201"]


def test_another_promise_is_another_line() -> None:
    lines = told(progress("singles", 3, learned=BROKE), progress("singles", 4, learned=Learned("fail", (TWICE,))))
    assert lines[2:] == ["  ✗ never: the card was charged twice  status 500 on mail"]


def test_what_one_try_breaks_for_the_first_time_is_one_line() -> None:
    both = Learned("fail", (NO_INVITE, TWICE))
    assert told(progress("singles", 3, learned=both), progress("singles", 4, learned=BROKE))[1:] == [
        "  ✗ invite: charged, and no invite: 500 instead of 201, and 1 more  status 500 on mail"]


def test_trials_are_not_told_and_secrets_are_not_either() -> None:
    stream = io.StringIO()
    show = ExploringScreen(Screen(stream), DEFAULTS)
    show.opened(Path(".flowprobe/runs/x"), "demo", 7, Redactor(["api_key-123"]))
    show.event(sent("one"))
    show.notice("stopping with api_key-123")
    assert stream.getvalue().splitlines()[1:] == ["stopping with «redacted»"]


def test_a_terminal_says_what_is_tried_now_and_takes_no_text_for_markup() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    show = ExploringScreen(terminal, DEFAULTS)
    show.told(progress("singles", 3, learned=BROKE))
    show.told(progress("singles", 3, seats="[/bold]"))
    assert str(terminal._status.status) == (
        'one fault at a time · 3 of about 13 · seats="[/bold]" + status 500 on mail · '
        "last: broke, invite: charged, and no invite: 500 instead of 201")

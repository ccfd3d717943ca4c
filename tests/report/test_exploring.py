from __future__ import annotations

from dataclasses import replace as changed
from typing import Any, get_args

import pytest

from flowprobe.core.exploring.exploration import Exploration, Outcome
from flowprobe.core.exploring.model import Break
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.core.redact import Redactor
from flowprobe.report.exploring import case_lines, exploration_lines
from flowprobe.report.exploring_json import exploration_json
from flowprobe.report.exploring_matrix import SHORT, SIGNS
from flowprobe.report.exploring_page import exploration_page
from flowprobe.report.exploring_told import About
from flowprobe.report.spans import Line
from tests.explorations import ABOUT, CASES, QUIET, WHOLE, found


def but(exploration: Exploration, **parts: Any) -> Exploration:
    """The same, with other parts."""
    return changed(exploration, **parts)  # type: ignore[type-var]


def texts(*lines: Line) -> list[str]:
    return ["".join(span.text for span in line).rstrip() for line in lines]


TOLD = list(exploration_lines(WHOLE, CASES, ABOUT))
TEXT = texts(*TOLD)


def under(title: str) -> list[str]:
    """The lines of a part, up to the next empty one."""
    start = next(number for number, text in enumerate(TEXT) if text.startswith(title))
    end = next(number for number in range(start, len(TEXT)) if not TEXT[number])
    return TEXT[start:end]


def test_the_steps_that_a_case_does_not_take_are_told() -> None:
    first = CASES[0].found
    tried = changed(first.case, without=("search", "login/token"))
    shorter = changed(CASES[0], found=changed(first, case=tried))
    assert "     left out    the steps search, login/token" in texts(*case_lines(shorter, ABOUT, number=1))
    assert exploration_json(WHOLE, (shorter,), ABOUT)["cases"][0]["without"] == ["search", "login/token"]
    assert "<dt>left out</dt><dd><div>the steps search, login/token</div></dd>" in exploration_page(WHOLE, (shorter,), ABOUT)


def test_a_case_says_what_it_takes_what_breaks_and_how_to_see_it_again() -> None:
    assert under("✗ 1") == [
        "✗ 1  zero seats + lost reply, close on payments: invite: charged, and no invite: 500 instead of 201",
        "     state       seats = 0 (3 by default)",
        "     fault       lost reply, close on payments POST /v1/charges in pay",
        "     confirmed   3 of 3; seen in 4 other tries too",
        "     replay      flowprobe replay cases/invite-a-colleague-0.yaml"]


def test_a_threshold_stands_with_its_fault_where_there_are_several() -> None:
    assert "     threshold   breaks from 310 ms on, holds at 300 ms (payments)" in under("✗ 2")


def test_what_breaks_too_is_one_line_however_much_it_is() -> None:
    assert "     also breaks pay: within" in under("✗ 2")
    many = changed(CASES[1].found, breaks=tuple(Break("pay", "json", f"$.field{number}", "x" * 200)
                                                for number in range(40)))
    lines = texts(*case_lines(changed(CASES[1], found=many), ABOUT, number=1))
    (also,) = [text for text in lines if "also breaks" in text]
    assert also.startswith("     also breaks pay: $.field1, $.field2")
    assert also.endswith(" …")
    assert len(lines) < 12


def test_a_long_sentence_is_three_rows() -> None:
    rows = texts(*case_lines(changed(CASES[0], sentence="so much to say " * 60), ABOUT, number=1))
    assert [number for number, text in enumerate(rows) if "say" in text] == [0, 1, 2]
    assert rows[2].endswith(" …")


def test_the_file_stands_there_where_the_command_does_not_name_it() -> None:
    assert "     file        cases/invite-a-colleague-0.yaml" in texts(
        *case_lines(changed(CASES[0], replay="flowprobe replay cases"), ABOUT, number=1))


def test_a_case_that_breaks_now_and_then_is_told_with_its_rate() -> None:
    assert "     confirmed   2 of 3: it breaks now and then, with a flake rate of 33\N{NO-BREAK SPACE}%" in under("✗ 3")
    assert "     minimal     not yet, the best so far: the budget of 500 tries is used up" in under("✗ 3")
    assert "     confirmed   not tried again: nobody knows how often it breaks" in under("✗ 4")


def test_the_table_has_every_call_by_its_provider_and_fits() -> None:
    rows = [text for text in TEXT if text.startswith("    POST /v1/charges in pay ")]
    assert [row.split()[4:] for row in rows] == [
        ["✓T", "≈D", "✓T", "?N", "✓T", "✓T", "✗B", "✗B*", "–O"], ["✓T", "✓T", "○U", "✓T", "✓T", "≈D", "✓T"]]
    heads = [text.split() for text in TEXT if text.lstrip().startswith(("latency", "stale"))]
    assert heads == [["latency", "status", "reset", "close", "hang", "body", "field", "lost", "dupl"],
                     ["stale", "redir", "envel", "token", "refuse", "tls", "band"]]
    at = next(number for number, text in enumerate(TEXT) if text.lstrip().startswith("latency"))
    assert TEXT[at].index("lost") == TEXT[at + 2].index("✗B*")


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_line_is_wider_than_asked_but_for_commands_and_paths(width: int) -> None:
    for text in texts(*exploration_lines(WHOLE, CASES, ABOUT, width=width)):
        command = text.split()[:1] in (["replay"], ["file"]) or text.startswith(("✗ 6 cases", "  go on", "Coverage"))
        assert command or len(text) <= width or len(max(text.split(), key=len)) > 30, text


def test_colour_is_never_alone() -> None:
    assert len({sign.text for sign in SIGNS.values()}) == len(SIGNS)
    assert set(SIGNS) == set(get_args(Outcome))


def test_there_is_no_table_where_no_fault_was_tried() -> None:
    cells = tuple(changed(cell, outcome="not exercised", because="only account states were asked for", only=False)
                  for cell in WHOLE.cells)
    told = texts(*exploration_lines(but(WHOLE, cells=cells), CASES, ABOUT))
    at = next(number for number, text in enumerate(told) if text.startswith("Coverage"))
    assert told[at + 1:at + 3] == [f"  not exercised: {len(cells)} × only account states were asked for", ""]


def test_the_head_of_a_column_is_short_and_tells_kinds_apart() -> None:
    heads = [SHORT.get(kind, kind) for kind in KIND_NAMES]
    assert max(map(len, heads)) <= 7
    assert len(set(heads)) == len(heads)
    assert set(SHORT) <= set(KIND_NAMES)


def test_a_call_that_only_a_fault_brings_out_is_marked() -> None:
    assert any(text.startswith("  ↳ POST /v3/mail/fallback/send in invite") for text in TEXT)
    assert "  ↳ mail POST /v3/mail/fallback/send in invite: seen only under status 500 on mail POST" in TEXT


def test_a_long_path_is_cut_but_never_what_tells_calls_apart() -> None:
    assert any(text.startswith("    PUT /indexes/*/documents… (each) in note ") for text in TEXT)


def test_what_was_learned_beside_is_told() -> None:
    assert "  payments POST /v1/charges in pay: gives up after 2.0 s; breaks at 310 ms; holds at 300 ms" in TEXT
    assert "  mail POST /v3/mail/send in invite: still waited after 10.0 s: no timeout was seen" in TEXT
    states = " ".join(text.strip() for text in under("States"))
    assert "41 states tried, 6 refused by the product, 1 broke the journey without any fault" in states
    assert "pairs of field values: 88 of 92" in states
    assert "52 of 60 pairs of faults" in states
    assert "942 combinations left out: 812 × no impact" in states
    unseen = " ".join(text.strip() for text in under("Left unseen"))
    assert "a chance of under 1\N{NO-BREAK SPACE}%; at least 2 more kinds of outcome to be expected (fair)" in unseen
    assert 'card="expired" + status 500 on mail: broke 1 of 4 times, 25\N{NO-BREAK SPACE}%' in " ".join(under("Flaky"))


def test_it_ends_with_how_it_ended_and_how_to_go_on() -> None:
    assert TEXT[-4:] == [
        "✗ 6 cases found  500 tries, 4123 calls, 30 min 34 s in them (budget: 500 tries)  exit 1",
        "  stopped before its end: the budget of 500 tries is used up",
        "  left out of the budget: 10 of 152 combinations of call and kind",
        "  go on where it ended: flowprobe explore scenarios/invite.yaml --resume"]


def test_where_nothing_broke_and_all_was_tried_it_is_green() -> None:
    told = list(exploration_lines(QUIET, (), About("x")))
    assert texts(*told)[-2:] == ["✓ no case found  9 tries, 40 calls, 3.5 s in them  exit 0", "  all that was planned was tried"]
    assert told[-2][0].style == "good"


def test_green_is_never_said_of_what_was_cut_off_flaky_or_without_a_baseline() -> None:
    stopped = but(QUIET, ended="stopped", because="SIGINT")
    assert texts(*exploration_lines(stopped, (), ABOUT))[-3].startswith("≈ nothing broke in what was tried")
    flaky = but(QUIET, flaky=WHOLE.flaky)
    assert texts(*exploration_lines(flaky, (), About("x")))[-2].startswith("? no certain case found, and 1 flaky try")
    without = but(Exploration("no baseline", "", WHOLE.baseline), baseline=but(WHOLE.baseline, broken="sign-in: 401"))
    *_, verdict, why = texts(*exploration_lines(without, (), About("x")))
    assert verdict.startswith("? nothing could be judged")
    assert why.endswith("there was nothing to compare with: sign-in: 401")


def test_what_breaks_without_a_word_of_it_is_told_all_the_same() -> None:
    broke = found(faults=())
    told = texts(*exploration_lines(but(QUIET, found=(broke,)), (), About("x")))
    assert told[-2].startswith("✗ 1 case found")


def test_control_characters_do_nothing() -> None:
    hostile = but(QUIET, ended="stopped", because="\x1b[31m\u202ered")
    assert "  stopped before its end: \\x1b[31m\\x202ered" in texts(*exploration_lines(hostile, (), ABOUT))


def test_a_secret_is_gone_before_its_line_is_broken() -> None:
    secret = "correct horse battery staple " * 6
    about = changed(ABOUT, redact=Redactor([secret.strip()]))
    told = texts(*exploration_lines(but(WHOLE, because=f"it said {secret.strip()}"), CASES, about))
    assert not [text for text in told if "horse" in text]
    assert "  stopped before its end: it said «redacted»" in told

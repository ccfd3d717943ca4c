import re
from dataclasses import replace

from flowprobe.core.events import CallReplied, CallSent, StepEnded
from flowprobe.core.evidence import StepEvidence, fold
from flowprobe.core.findings import Finding
from flowprobe.report.steps import _difference, journey
from tests.journals import (
    SLOW,
    Journal,
    ended,
    exchange,
    finding,
    injected,
    replied,
    sent,
    started,
    step_ended,
    unanswered,
)
from tests.scenes import TRIAL


def told(journal: Journal) -> list[str]:
    trial = fold(journal.lines).trials[0]
    return ["".join(span.text for span in line).rstrip() for line in journey(trial)]


def calls(step: str, *statuses: int, url: str = "") -> list[CallSent | CallReplied]:
    """The calls of one step, one after the other."""
    made: list[CallSent | CallReplied] = []
    for number, status in enumerate(statuses, start=1):
        id = f"00000001{number:08x}{TRIAL}"
        at = 100.0 + number / 10
        made += [replace(sent(step), call=id, url=url.format(number) or f"http://acme.test/{step}"),
                 replace(replied(status=status, at=at, seconds=0.01 * number), call=id)]
    return made


def test_calls_that_went_alike_are_one_line_with_their_times() -> None:
    (line,) = told(Journal().runner(started(), *calls("look", *[200] * 20), step_ended("look"), ended()))
    assert re.fullmatch(r" +✓ look +GET /look +200 ×20  median 100 ms, slowest 200 ms", line)


def test_rounds_with_paths_of_their_own_show_what_they_have_in_common() -> None:
    journal = Journal().runner(started(), *calls("remove", 204, 204, 204, url="http://acme.test/notes/note_{}"),
                               step_ended("remove"), ended())
    (line,) = told(journal)
    assert "GET /notes/… " in line
    assert "204 ×3" in line


def test_two_calls_are_two_lines_with_one_name() -> None:
    first, second = told(Journal().runner(started(), *calls("look", 200, 200), step_ended("look"), ended()))
    assert re.match(r" +✓ look +GET /look", first)
    assert re.match(r" {10,}GET /look", second)


def test_calls_that_went_in_two_ways_are_two_lines() -> None:
    lines = told(Journal().runner(started(), *calls("look", 200, 503, 200, 503, 200, 503), step_ended("look"), ended()))
    assert [re.search(r"\d{3} ×\d", line)[0] for line in lines] == ["200 ×3", "503 ×3"]  # type: ignore[index]


def test_the_order_of_the_calls_of_a_broken_step_is_kept() -> None:
    journal = Journal().runner(started(), *calls("look", 200, 200, 200, 503, 200, 200, 200, 500),
                               step_ended("look", "broken", finding("status", "200", "500")), ended())
    assert [re.search(r"\d{3}( ×\d)?", line[60:])[0] for line in told(journal)[:4]] == [  # type: ignore[index]
        "200 ×3", "503", "200 ×3", "500"]


def test_the_last_call_of_a_broken_step_stands_alone() -> None:
    journal = Journal().runner(started(), *calls("look", *[200] * 5), step_ended("look", "broken", finding("poll")), ended())
    lines = told(journal)
    assert ["×4" in lines[0], "×" in lines[1], "scenarios/test.yaml:9:7" in lines[2]] == [True, False, True]


def test_samples_that_were_too_slow_stay_together() -> None:
    journal = Journal().runner(started(), *calls("look", *[200] * 5), step_ended("look", "broken", finding("within")), ended())
    assert "200 ×5" in told(journal)[0]


def test_provider_calls_of_such_calls_are_counted_too() -> None:
    journal = Journal().runner(started(), *calls("look", 200, 200, 200), step_ended("look"), ended())
    journal.proxy(*(exchange(f"x{n}", call=None, started_at=100.0 + n / 10) for n in (1, 2, 3)))
    assert re.search(r"└ payments: POST /v1/charges +200 ×3  median 20 ms, slowest 20 ms", told(journal)[1])


def test_calls_with_an_injection_stand_apart_from_those_without() -> None:
    journal = Journal().runner(started("slow", SLOW), *calls("look", 200, 200, 200, 200), step_ended("look"), ended())
    journal.proxy(exchange("x1", call=None, started_at=100.11), injected("x1"))
    lines = told(journal)
    assert "×" not in lines[0]
    assert "latency injected: asked 500 ms" in lines[1]
    assert "200 ×3" in lines[2]


def test_injections_into_calls_that_went_alike_are_counted() -> None:
    journal = Journal().runner(started("slow", SLOW), *calls("look", *[200] * 6), step_ended("look"), ended())
    for number in (1, 3, 5):
        journal.proxy(exchange(f"x{number}", call=None, started_at=100.0 + number / 10), injected(f"x{number}"))
    harmed, injection, unharmed = told(journal)
    assert ["200 ×3" in harmed, "200 ×3" in unharmed] == [True, True]
    assert re.search(r"└ payments: POST /v1/charges +200 ×3 .* \+ latency injected$", injection)


def test_what_crossed_the_users_own_edge_unharmed_is_no_news() -> None:
    journal = Journal().runner(started(), sent("look"), replied(), step_ended("look"), ended())
    journal.proxy(exchange("x1", edge="user"))
    assert len(told(journal)) == 1


def test_a_webhook_stands_under_the_call_that_brought_it_about() -> None:
    journal = Journal().runner(started(), sent("upload"), replied(), step_ended("upload"), ended())
    journal.proxy(exchange("x1", edge="scanner.webhooks", path="/hooks/scan", status=204))
    assert re.search(r"└ scanner.webhooks: POST /hooks/scan +204", told(journal)[1])


def test_names_of_inner_steps_widen_the_column_for_all() -> None:
    journal = Journal().runner(started(), sent("session/granted", 1), replied(1), step_ended("session/granted"),
                               sent("read", 2), replied(2), step_ended("read"), ended())
    assert {line.index("GET") for line in told(journal)} == {len("      ✓ session/granted ")}


def test_a_set_up_that_went_well_is_one_line() -> None:
    given = [event for number in (1, 2) for event in (
        sent(f"given {number}", number, phase="given"), replied(number),
        StepEnded(TRIAL, f"given {number}", "held", phase="given"))]
    journal = Journal().runner(started(), *given, sent("read", 3), replied(3), step_ended("read"), ended())
    assert re.search(r"✓ given +2 calls", told(journal)[0])


def test_a_set_up_that_failed_is_told_in_full() -> None:
    journal = Journal().runner(started(), sent("given 1", phase="given"), replied(status=409),
                               StepEnded(TRIAL, "given 1", "broken", (finding("status", "200", "409"),), phase="given"), ended())
    assert re.search(r"✗ given 1 +GET /given 1 +409", told(journal)[0])


def test_steps_that_were_not_reached_for_one_reason_are_one_line() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")),
                               *(step_ended(name, "not-reached", because="one failed") for name in ("two", "three")), ended())
    assert "· two, three   not reached: one failed" in told(journal)[-1]


def test_a_skipped_step_says_why_and_one_that_only_holds_others_what_they_did() -> None:
    journal = Journal().runner(started(), step_ended("coupon", "skipped", because="when a.b: expected 1, saw 2"),
                               step_ended("both", because="at the same time: left, right"), step_ended("session"), ended())
    assert [line.strip() for line in told(journal)] == [
        "· coupon       skipped: when a.b: expected 1, saw 2", "✓ both         at the same time: left, right"]


def test_a_step_that_broke_before_its_first_call_shows_what_was_wrong() -> None:
    journal = Journal().runner(started(), step_ended("remove", "broken", finding("value", "a list", "null")), ended())
    assert ["broken" in told(journal)[0], "expected a list, saw null" in told(journal)[1]] == [True, True]


def test_several_findings_are_one_difference() -> None:
    findings = (Finding("status", "status", "201", "503", "a.yaml:3:5"), Finding("json", "$.seats", "4", "nothing there", "a.yaml:4:5"),
                Finding("json", "$.note", '"' + "x" * 60 + '"', "null", "a.yaml:4:5"))
    step = StepEvidence("invite", "broken", findings, "", {}, ())
    assert ["".join(span.text for span in one).rstrip() for one in _difference(step)] == [
        "                  promised  seen",
        "         status   201       503            a.yaml:3:5",
        "         $.seats  4         nothing there  a.yaml:4:5",
        f'         $.note   "{"x" * 60}"  null']


UNMADE = "${l.u}: 'http://x/' is neither a path nor a URL of a target of this environment"


def test_a_step_whose_call_was_never_made_says_so_in_one_line() -> None:
    wrong = Finding("value", "call", "a value that fits its place", UNMADE)
    (row,) = told(Journal().runner(started(), step_ended("a", "broken", wrong), ended()))
    assert " ".join(row.split()) == ("· a not made: ${l.u} is 'http://x/', which is neither a path nor a URL of a target "
                                     "of this environment")


def test_rounds_that_held_are_not_marked_as_broken() -> None:
    wrong = Finding("value", "call (two)", "a value that fits its place", UNMADE)
    journal = Journal().runner(started(), *calls("a", 200, 200), step_ended("a", "broken", wrong), ended())
    marks = [row.strip()[0] for row in told(journal)]
    assert (marks[0], "✗" in "".join(told(journal))) == ("✓", False)
    assert "in the round (two)" in told(journal)[-1]
    status = Finding("status", "status (two)", "200", "500")
    journal = Journal().runner(started(), *calls("a", 200, 500), step_ended("a", "broken", status), ended())
    assert [row.strip()[0] for row in told(journal)][:2] == ["✓", "✗"]

import re
from dataclasses import replace

from flowprobe.core.events import InvariantJudged
from flowprobe.core.evidence import fold
from flowprobe.core.findings import Finding
from flowprobe.core.verdict import judge_run
from flowprobe.report.lines import footer, trial_block
from flowprobe.report.model import RunReport
from flowprobe.report.spans import STYLES, Line
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
from tests.reports import report_of, twin_of
from tests.scenes import TRIAL


def block(report: RunReport, number: int = -1) -> tuple[list[Line], str]:
    trial = report.evidence.trials[number]
    lines = list(trial_block(trial, report.verdicts[trial.started.trial], twin_of(trial, report.evidence)))
    return lines, "\n".join("".join(span.text for span in line).rstrip() for line in lines)


def failed() -> RunReport:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "broken", finding()),
                               step_ended("two", "not-reached", because="one failed"), ended())
    return report_of(journal.proxy(exchange(), injected()))


def test_a_failed_trial_says_why_where_and_how_to_run_it_again() -> None:
    lines, text = block(failed())
    assert "✗ slow" in text
    assert "'A journey' for pro-eu fails: step 'one' took 612 ms where at most 400 ms was promised, while latency 500ms was injected into 'payments'." in text
    assert re.search(r"✗ one +GET /one +200 +50 ms", text)
    assert re.search(r"└ payments: POST /v1/charges +200 +20 ms +\+ latency injected: asked 500 ms, realised 501 ms", text)
    assert "scenarios/test.yaml:9:7" in text
    assert "two          not reached: one failed" in text
    assert "run just this again: flowprobe run …" in text
    assert {span.style for line in lines for span in line} <= set(STYLES)


def test_a_failure_under_a_profile_says_what_a_sound_product_does() -> None:
    told = replace(started("slow", SLOW), survives="Checkout ends within its budget")
    report = report_of(Journal().runner(told, sent("one"), replied(), step_ended("one", "broken", finding()), ended())
                       .proxy(exchange(), injected()))
    assert "      a sound product: Checkout ends within its budget\n" in block(report)[1]
    assert "a sound product" not in block(failed())[1]


def test_a_passed_trial_is_one_line() -> None:
    report = report_of(Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()))
    assert len(block(report)[0]) == 1


def test_a_call_without_a_reply_says_so() -> None:
    report = report_of(Journal().runner(started(), sent("one", 1), replied(1), step_ended("one"), sent("two", 2),
                                        unanswered(2, "timeout"), step_ended("two", "broken", finding("no-reply")), ended()))
    assert "no reply (timeout)" in block(report)[1]


def test_an_inconclusive_trial_names_the_blame() -> None:
    report = report_of(Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one"), ended()))
    assert "inconclusive (fault never fired)" in block(report)[1]


def test_nothing_from_a_reply_reaches_a_terminal_as_a_control_character() -> None:
    evil = finding("json", "1", "\x1b[2J\u202e\r\nPASS \x07")
    report = report_of(Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", evil), ended()))
    text = block(report)[1]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert "\\x1b[2J" in text


def test_the_footer_counts_the_verdicts_and_gives_the_exit_code() -> None:
    text = "\n".join("".join(span.text for span in line) for line in footer(failed()))
    assert "✗ fail  1 fail  exit 1" in text


def test_every_verdict_has_a_mark() -> None:
    empty = RunReport(failed().folder, fold([]), judge_run(fold([])), 3)
    assert "? inconclusive  no trials" in "\n".join("".join(s.text for s in line) for line in footer(empty))


def noticing(tries: int) -> str:
    """A provider that has to bear many requests, each of them twice."""
    doubled = [exchange(f"x{n}{again}", body=str(n), status=201, upstream_status=201) for n in range(tries) for again in "ab"]
    report = report_of(Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(*doubled))
    return block(report)[1]


def test_what_the_oracles_saw_stands_below_a_trial_that_passed() -> None:
    assert noticing(1).splitlines()[1:] == ["      noticed at one: payments acted on the same POST /v1/charges 2 times"]


def test_the_same_thing_is_told_once() -> None:
    assert noticing(5).count("noticed") == 1


def test_what_was_left_alone_is_told_at_the_end_and_a_leak_at_its_trial() -> None:
    spared = exchange("x1", call=None, trial=None, evidence="none", spared="unattributed")
    elsewhere = exchange("x2", call=None, trial=None, evidence="none", edge="undeclared", host="cdn.example")
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    journal.proxy(spared, elsewhere, exchange("x3", call=1, edge="scanner.webhooks", evidence="trial-id"))
    report = report_of(journal)
    said = ["".join(span.text for span in line) for line in footer(report)]
    assert "  not injected into 1 call to 'payments': nothing on it says whose it is" in said
    assert "  passed untouched, to hosts that nobody declared: cdn.example ×1" in said
    below = block(report)[0][-1]
    assert "".join(span.text for span in below).startswith("      a leak? a call to 'scanner' was not seen, though it called back")


def promised(outcome: str, *findings: Finding, because: str = "", blame: str = "") -> InvariantJudged:
    return InvariantJudged(TRIAL, "always", "paid and there", outcome, findings, because, blame)


LOST = Finding("always", "invites $.items", "a length of 1", "a length of 0", "scenarios/test.yaml:19:7")


def test_a_broken_promise_stands_below_the_journey_with_its_place_and_its_probe_in_it() -> None:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one"), ended(), sent("probe invites", 2, phase="probe"), replied(2, at=101.0),
        promised("broken", LOST, because="while it was charged"), promised("unsure", because="it is dark", blame="environment"))
    _, text = block(report_of(journal))
    assert re.search(r"· probe invites +GET /probe invites +200", text)
    assert ("✗ always 'paid and there': invites $.items: expected a length of 1, saw a length of 0, while it was charged  "
            "scenarios/test.yaml:19:7") in text
    assert "? always 'paid and there' cannot be judged: it is dark" in text


def test_a_promise_that_cannot_be_judged_is_told_once() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(),
                               promised("unsure", because="it is dark", blame="environment"))
    _, text = block(report_of(journal))
    assert text.count("it is dark") == 1

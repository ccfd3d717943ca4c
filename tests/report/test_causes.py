"""The cause of a failure, in lines and in JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

from flowprobe.core.cause import Cause, Part
from flowprobe.core.evidence import fold
from flowprobe.core.verdict import judge_run
from flowprobe.report.annotations import annotated
from flowprobe.report.causes import apart_lead, cause_from, cause_json, cause_lines, cause_sentence, led, tried_line
from flowprobe.report.ctrf import ctrf_text
from flowprobe.report.html import escape
from flowprobe.report.junit import junit_xml
from flowprobe.report.markdown import markdown_text
from flowprobe.report.page import run_page
from flowprobe.report.result_json import indented, result_text
from flowprobe.report.spans import Line
from flowprobe.report.story import block_of
from tests.journals import SLOW, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.reports import report_of
from tests.scenes import TRIAL

CAUSE = Cause((Part("search", "search", "latency", "latency 310ms", 0.31, 0.3),), (), "look", "within: …", 3, 3, 12)


def journal() -> Journal:
    written = Journal().runner(started("slow", SLOW), sent("look"), replied())
    return written.proxy(injected(), exchange()).runner(step_ended("look", "broken", finding()), ended())


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def test_people_read_the_sentence_and_what_was_looked_for() -> None:
    first, second = map(text, cause_lines("slow", "A\x1b[31m journey", ["pro-eu"], CAUSE))
    assert first.startswith("  why slow: 'A")
    assert "\x1b" not in first
    assert "breaks from 310 ms on (holds at 300 ms)" in first
    assert second.strip() == "What broke: step 'look': within: …. It took 12 trials to find that."


def test_in_the_terminal_the_cause_stands_in_place_of_what_the_trial_took_for_it() -> None:
    run = fold(journal().lines)
    verdict = judge_run(run)[TRIAL]
    told = "\n".join(map(text, block_of(run.trials[0], verdict, None, CAUSE).lines))
    assert "fails at step 'look' because of search latency alone" in told
    assert "It took 12 trials to find that." in told
    assert "was injected into" not in told
    assert "while latency 500ms was injected into 'payments'" in "\n".join(map(text, block_of(run.trials[0], verdict, None).lines))


def test_of_a_trial_that_is_taken_apart_it_is_said_what_broke_and_not_yet_why() -> None:
    run = fold(journal().lines)
    assert apart_lead(run.trials[0], judge_run(run)[TRIAL]) == (
        "'A journey' for pro-eu fails: step 'look' took 612 ms where at most 400 ms was promised; why is looked for below.",)
    alone = fold(Journal().runner(started(), sent("look"), replied(), step_ended("look", "broken", finding()), ended()).lines)
    assert apart_lead(alone.trials[0], judge_run(alone)[TRIAL]) == ()


def test_each_trial_that_was_made_is_a_line() -> None:
    run = fold(journal().lines)
    said = text(tried_line(run.trials[0], judge_run(run)[TRIAL]))
    assert said.strip().startswith("✗ payments latency 500ms · ")


def test_the_result_has_it_with_its_trial_and_null_for_the_others() -> None:
    report = report_of(journal())
    without = json.loads("".join(result_text(report)))["trials"][0]
    [trial] = json.loads("".join(indented(result_text(replace(report, causes={TRIAL: CAUSE})))))["trials"]
    assert without["cause"] is None
    assert trial == {**without, "cause": cause_json(CAUSE), "why": " ".join(led(report.evidence.trials[0], CAUSE, ""))}
    assert trial["cause"]["needed"][0]["breaks_s"] == 0.31


def test_a_cause_is_read_back_as_it_was_written() -> None:
    for cause in (CAUSE, replace(CAUSE, spare=CAUSE.needed, holds_without=True, minimal=False, ended="stopped")):
        assert cause_from(json.loads(json.dumps(cause_json(cause)))) == cause
    assert cause_from(None) is None
    assert cause_from({"needed": "of another version"}) is None


def test_every_form_for_machines_and_for_pages_tells_the_cause() -> None:
    report = replace(report_of(journal()), causes={TRIAL: CAUSE})
    said = cause_sentence(report.evidence.trials[0], CAUSE)
    assert said.startswith("'A journey' for pro-eu fails at step 'look' because of search latency alone")
    failure = ElementTree.fromstring(junit_xml(report)).find(".//failure")
    assert failure is not None
    assert (failure.text or "").splitlines()[0] == said
    [test] = json.loads("".join(ctrf_text(report, {})))["results"]["tests"]
    assert test["message"].splitlines() == [said, "What broke: step 'look': within: …."]
    assert (failure.get("message") or "").startswith(said)
    assert test["extra"]["cause"]["needed"][0]["breaks_s"] == 0.31
    assert said in "".join(markdown_text(report))
    assert said in "".join(annotated(report, str))
    assert escape(said) in "".join(run_page(report))


def test_no_report_says_beside_the_cause_what_the_trial_took_for_it() -> None:
    report = replace(report_of(journal()), causes={TRIAL: CAUSE})
    own = "while latency 500ms was injected into 'payments'"
    texts = [junit_xml(report), *(("".join(parts)) for parts in (
        ctrf_text(report, {}), markdown_text(report), annotated(report, str), run_page(report), result_text(report)))]
    for text in texts:
        assert own not in text
        assert escape(own) not in text
    assert own in "".join(result_text(replace(report, causes={})))


def test_the_cause_leads_on_the_page_and_the_trial_itself_has_it_once() -> None:
    report = replace(report_of(journal()), causes={TRIAL: CAUSE})
    leads = re.findall(r'<p class="lead">(.*?)</p>', "".join(run_page(report)))
    said = escape(cause_sentence(report.evidence.trials[0], CAUSE))
    assert [lead.startswith(said) for lead in leads] == [True, True]


def test_the_words_of_an_account_are_not_taken_for_the_reason() -> None:
    """What an account says may look like the member of a result."""
    written = Journal().runner(replace(started("slow", SLOW), account={"why": "mine"}), sent("look"), replied())
    report = report_of(written.proxy(injected(), exchange()).runner(step_ended("look", "broken", finding()), ended()))
    [trial] = json.loads("".join(result_text(replace(report, causes={TRIAL: CAUSE}))))["trials"]
    assert (trial["account"], trial["why"].startswith("'A journey'")) == ({"why": "mine"}, True)


def test_without_a_cause_none_of_them_says_one() -> None:
    report = report_of(journal())
    [test] = json.loads("".join(ctrf_text(report, {})))["results"]["tests"]
    assert "cause" not in test["extra"]
    for text in (junit_xml(report), *markdown_text(report), *annotated(report, str)):
        assert "because of" not in text

"""What was run is told again, compared and followed, as users call it: a fold over the journal, and nothing is sent."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Place, alive, wait_for

SECRET = "c4n4ry/+s3cr3t=1"
SLOW = """\
  - {step: first, call: GET /health}
  - {step: look, call: GET /scan, expect: {status: 202, within: 300ms}}
"""
FAULTS = "faults:\n  slow: {shop: {latency: 400ms}}\n"
HANG = "  - {step: first, call: GET /health}\n  - {step: wait, call: GET /hang}\n"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.fixture
def red(place: Place) -> Place:
    """A folder in which one run was red: its provider was slow."""
    place.workflow(SLOW, more=FAULTS)
    return place


def test_a_run_is_told_again_exactly_as_it_was_shown(red: Place) -> None:
    ran = red.flowprobe("run", "journey.yaml", "--env", "local", "--seed", "7")
    assert ran.code == 1, ran.err + ran.out
    shown = red.flowprobe("show", "latest")
    assert shown.code == 0, shown.err
    assert lines(shown.out) == lines(ran.out)
    assert len(lines(shown.out)) <= 30
    result = json.loads((red.latest() / "result.json").read_text())
    again = red.flowprobe("show", result["run"][:6], "--json").json
    assert again.pop("state") == "ended"
    assert {**again, "folder": ""} == {**result, "folder": ""}


def test_a_trial_and_a_step_are_shown_from_near(red: Place) -> None:
    red.flowprobe("run", "journey.yaml", "--env", "local")
    trial = red.flowprobe("show", "latest", "slow")
    assert "fault      shop latency 400ms: injected once" in trial.out, trial.out + trial.err
    step = red.flowprobe("show", "latest", "2", "look")
    for said in ("look  broken", "→ GET http://127.0.0.1:", "traceparent: 00-", "← 202", "└ shop: GET 127.0.0.1/v1/scan  ",
                 "+ latency of the fault 'shop'  number 1 at "):
        assert said in step.out, step.out + step.err
    found = red.flowprobe("show", "latest", "2", "look", "--json").json
    assert found["calls"][0]["exchanges"][0]["injections"][0]["asked_s"] == 0.4
    assert red.flowprobe("show", "latest", "slow", "--json").json["verdict"] == "fail"
    missing = red.flowprobe("show", "latest", "2", "nothing")
    assert (missing.code, "name one of: first, look" in missing.err) == (2, True)


def test_what_is_worse_than_before_ends_with_1(red: Place) -> None:
    red.flowprobe("run", "journey.yaml", "--env", "local", "-o", "red")
    red.workflow(SLOW.replace("300ms", "5s"), more=FAULTS)
    red.flowprobe("run", "journey.yaml", "--env", "local")
    better, worse = red.flowprobe("diff", "./red"), red.flowprobe("diff", "latest", "./red")
    assert (better.code, worse.code) == (0, 1), better.out + worse.out + better.err
    assert "≈ slow                   fail → pass" in better.out
    assert "+ new   look: within: expected at most 300 ms" in worse.out
    same = red.flowprobe("diff", "latest", "latest", "--json")
    assert (same.code, same.json["worse"], same.json["trials"], same.json["same"]) == (0, False, [], 2)


def test_a_run_that_ended_is_followed_to_its_end_and_its_exit_code(red: Place) -> None:
    ran = red.flowprobe("run", "journey.yaml", "--env", "local")
    followed = red.flowprobe("follow")
    assert (ran.code, followed.code) == (1, 1), followed.err
    said = lines(followed.out)
    assert [row for row in lines(ran.out) if row not in said] == [], "all that the run said, and more"
    assert "         + shop: latency 400 ms  GET /v1/scan" in said


def test_live_each_provider_call_and_what_is_injected_stands_under_its_call(red: Place) -> None:
    ran = red.flowprobe("run", "journey.yaml", "--env", "local", "--faults", "slow", "--live")
    said = ran.out[ran.out.index("… slow"):]
    marks = ["→ look", "+ shop: latency 400 ms", "└ shop: GET /v1/scan", "← look", "✗ look", "✗ slow", "✗ fail"]
    assert sorted(marks, key=said.index) == marks, said
    quiet = red.flowprobe("run", "journey.yaml", "--env", "local", "--faults", "slow", "--live", "--json")
    assert quiet.json["verdict"] == "fail"
    assert "└ shop" in quiet.err


def test_a_running_run_is_marked_and_followed_and_left_alone(place: Place) -> None:
    place.workflow(HANG)
    run = place.start("run", "journey.yaml", "--env", "bare")
    place.wait_for_event("CallSent", step="wait")
    (row,) = place.flowprobe("list", "--json").json["runs"]
    assert (row["state"], row["exit_code"], row["counts"]) == ("running", None, {"begun": 1})
    assert "is being walked" in place.flowprobe("show", "latest").out
    assert "is being walked" in place.flowprobe("show", "latest", "1").err
    follower = place.start("follow", "latest")
    assert follower.stdout is not None
    wait_for(lambda: "→ wait" in (follower.stdout.readline() if follower.stdout else ""), "the call that hangs")
    follower.send_signal(signal.SIGINT)
    left = place.finish(follower)
    assert (left.code, "the run goes on" in left.out) == (130, True), left.out + left.err
    assert alive(run.pid)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    assert place.finish(run).code == 130
    assert place.flowprobe("follow").code == 130


def test_a_run_that_was_killed_is_told_as_cut_off(place: Place) -> None:
    place.workflow(HANG)
    run = place.start("run", "journey.yaml", "--env", "bare")
    place.wait_for_event("CallSent", step="wait")
    follower = place.start("follow", "latest")
    run.kill()
    run.communicate()
    followed = place.finish(follower)
    assert (followed.code, "? cut off  its process went before the run ended" in followed.out) == (3, True), followed.out
    assert "  cut off  " in place.flowprobe("list").out
    shown = place.flowprobe("show", "latest")
    assert "? cut off  1 inconclusive  its process went before it ended" in shown.out, shown.err
    assert str(Path("journal/runner.jsonl")) in shown.out


@pytest.mark.parametrize("number", range(4))
def test_hostile_replies_do_nothing_to_a_terminal(place: Place, number: int) -> None:
    place.workflow(f"  - {{step: look, call: GET /hostile?{number}, expect: {{json: {{id: nothing like it}}}}}}\n")
    assert place.run("journey.yaml", "--env", "bare").code == 1
    for words in (("show", "latest"), ("show", "latest", "1"), ("show", "latest", "1", "look"), ("follow",), ("list",)):
        said = place.flowprobe(*words).out
        assert said
        assert not [row for row in said.split("\n") if CONTROL.search(row)]


def test_a_secret_is_in_nothing_that_is_shown(place: Place) -> None:
    """The product throws the credentials back at us; with a secret that nobody called one, the same search finds it."""
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace("file:token", "env:ACME_TOKEN"))
    echo = f'  - step: look\n    call: GET /echo\n    headers: {{X-Other: "{SECRET[::-1]}"}}\n    expect: {{json: {{head: no}}}}\n'
    place.workflow(echo)
    assert place.flowprobe("run", "journey.yaml", "--env", "bare", ACME_TOKEN=SECRET).code == 1
    said = "".join(done.out + done.err for words in (
        ("show", "latest"), ("show", "latest", "1"), ("show", "latest", "1", "look"), ("show", "latest", "1", "look", "--json"),
        ("show", "latest", "--json"), ("follow",), ("diff", "latest", "latest"), ("list", "--json"))
        for done in [place.flowprobe(*words)])
    assert SECRET not in said
    assert "«redacted»" in said
    assert SECRET[::-1] in said


def test_a_page_is_opened_where_there_is_a_browser_and_named_where_there_is_none(place: Place) -> None:
    place.workflow("  - {step: first, call: GET /health}\n")
    place.run("journey.yaml", "--env", "bare")
    page = place.latest().resolve() / "report.html"
    page.unlink(missing_ok=True)
    missing = place.flowprobe("open", "latest")
    assert (missing.code, "has no page" in missing.err) == (2, True)
    page.write_text("<p>here</p>")
    assert lines(place.flowprobe("open").out) == [str(page.relative_to(place.folder))]
    browser = place.folder / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    assert place.flowprobe("open", BROWSER=f"{browser} %s").code == 0
    assert (place.folder / "opened").read_text().strip() == page.as_uri()


def test_words_that_name_nothing_end_with_2_and_say_what_there_is(place: Place) -> None:
    assert place.flowprobe("list").out == "nothing was run in this folder yet\n"
    for words in (("show", "latest"), ("follow", "nothing"), ("diff", "a", "b"), ("open",)):
        said = place.flowprobe(*words)
        assert (said.code, "`flowprobe run` makes one" in said.err) == (2, True), said.err
    assert "folder of no run" in place.flowprobe("show", str(place.folder)).err

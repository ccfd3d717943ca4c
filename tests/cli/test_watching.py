import io
import os
import pty
from pathlib import Path

import pytest

from flowprobe.cli.watching import Screen, Terminal, screen
from flowprobe.core.redact import Redactor
from flowprobe.report.spans import line
from tests.journals import SLOW, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.reports import report_of


def failed_journal() -> Journal:
    return Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "broken", finding()), ended()).proxy(
        exchange(), injected())


def show(to: Screen) -> None:
    report = report_of(failed_journal())
    with to:
        to.opened(Path(".flowprobe/runs/x"), "demo", 7, Redactor(["api_key-123"]))
        for event in failed_journal().lines:
            to.event(event.event)
        trial = report.evidence.trials[0]
        to.trial(trial, report.verdicts[trial.started.trial], None)
        to.notice("SIGINT: stopping with api_key-123")


def test_a_pipe_gets_plain_lines() -> None:
    stream = io.StringIO()
    show(screen(stream))
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "✗ slow" in text
    assert "environment demo · seed 7" in text


def test_a_secret_does_not_reach_the_screen() -> None:
    stream = io.StringIO()
    show(Screen(stream))
    assert "api_key-123" not in stream.getvalue()
    assert "«redacted»" in stream.getvalue()


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    text = on_a_terminal()
    assert "\x1b[1;31m" in text
    assert "api_key-123" not in text


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "[1;31m" not in on_a_terminal()


def test_a_terminal_in_ci_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert "\x1b" not in on_a_terminal()


def on_a_terminal() -> str:
    """What a person's terminal is sent."""
    main, side = pty.openpty()
    with os.fdopen(side, "w", encoding="utf-8") as stream:
        show(screen(stream))
        stream.flush()
        text = b""
        os.set_blocking(main, False)
        while True:
            try:
                text += os.read(main, 65536)
            except BlockingIOError:
                break
    os.close(main)
    return text.decode()


def test_the_scenario_is_named_once_for_all_its_trials() -> None:
    stream = io.StringIO()
    report = report_of(failed_journal())
    to = Screen(stream)
    trial = report.evidence.trials[0]
    for _ in range(2):
        to.trial(trial, report.verdicts[trial.started.trial], None)
    assert stream.getvalue().splitlines().count("A journey  scenarios/test.yaml · admin pro-eu") == 1


def test_what_is_about_to_be_taken_apart_is_not_guessed_at() -> None:
    stream = io.StringIO()
    report = report_of(failed_journal())
    to = Screen(stream)
    to.takes_apart()
    trial = report.evidence.trials[0]
    to.trial(trial, report.verdicts[trial.started.trial], None)
    assert "why is looked for below" in stream.getvalue()
    assert "was injected into" not in stream.getvalue()


def test_a_line_is_one_line() -> None:
    stream = io.StringIO()
    Screen(stream).print(line("a\nb\x1b[31m"))
    assert stream.getvalue() == "a b\\x1b[31m\n"


def test_the_terminal_says_what_is_being_done_now() -> None:
    stream = io.StringIO()
    to = Terminal(stream)
    to.event(started("slow"))
    to.event(sent("one"))
    assert str(to._status.status) == "A journey · slow · one"


def test_a_name_is_no_markup() -> None:
    to = Terminal(io.StringIO())
    to.event(started("slow [/bold]"))
    assert str(to._status.status) == "A journey · slow [/bold]"

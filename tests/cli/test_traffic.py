"""What a standing proxy shows of what passes: lines for people, JSON for machines."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from flowprobe.cli.traffic import JsonLines, Traffic, announcement, onlooker
from flowprobe.core.events import (
    Event,
    ExchangeEnded,
    HookFailed,
    Injected,
    LeaseApplied,
    LeaseEnded,
    Saturated,
    Stamped,
)
from flowprobe.proxy.protocol import Ready
from flowprobe.report.spans import Line
from flowprobe.running.standing import Opened

TRIAL = "a5a5000000000001"
EXCHANGE = ExchangeEnded("x1", "payments", "POST", "api.payments.example", "/v1/charges", "POST /v1/charges", TRIAL, None, "traceparent",
                         1.0, 1.512, 503, None)
RECEIPT = Injected("x1", TRIAL, "payments", "latency", "payments", "POST /v1/charges", 1, 1.0, slept_s=0.5)
READY = Ready({"mail": "http://10.0.0.5:9100"}, "/ca.pem", "11.0.2", "3.11.7", 0.0012, control="0.0.0.0:9099", fingerprint="ab12")
OPENED = Opened(READY, Path("folder"), Path("p.token"),
                {"HTTPS_PROXY": "http://flowprobe:s3cr3t@box:9100", "FLOWPROBE_MAIL_URL": "http://box:9101/s3cr3t"}, "s3cr3t", "slow-mail")


def stamped(event: Event) -> Stamped:
    return Stamped("proxy", 7, 1.0, 2.0, event)


def text(line: Line | None) -> str:
    return "".join(span.text for span in line or ())


def test_a_call_is_a_line_with_what_was_injected_into_it() -> None:
    traffic = Traffic()
    assert traffic.take(stamped(RECEIPT)) is None
    said = text(traffic.take(stamped(EXCHANGE)))
    assert said == "payments     POST   /v1/charges  503  512 ms  a5a5000000000001 (traceparent)  + latency 500 ms"
    row = traffic.rows["payments"]
    assert (row.calls, row.ours, row.injected, row.last) == (1, 1, 1, "503 512 ms")


@pytest.mark.parametrize(("event", "says"), [
    (LeaseApplied("l", TRIAL, "slow", 1, 10, 300), f"on   slow for {TRIAL}, 300 s at most"), (LeaseEnded("l", "halted"), "off  l: halted"),
    (HookFailed("request", "KeyError: 'x'"), "nothing was injected there"), (Saturated(0.2), "200 ms late"),
])
def test_what_else_happens_is_a_line_too(event: Event, says: str) -> None:
    assert says in text(Traffic().take(stamped(event)))


def test_what_the_product_sends_cannot_move_the_terminal() -> None:
    evil = ExchangeEnded("x1", "payments", "GET", "h", "/\x1b[2J", "", None, None, "none", 1.0, 1.0, 200, 200)
    assert "\x1b" not in text(Traffic().take(stamped(evil)))


def test_the_last_lines_are_kept_and_no_more() -> None:
    traffic = Traffic()
    for _ in range(1000):
        traffic.take(stamped(EXCHANGE))
    assert len(traffic.recent) == 12


def test_people_are_told_everything_but_the_products_token() -> None:
    said = "\n".join(map(text, announcement(OPENED)))
    assert "s3cr3t" not in said
    for word in ("0.0.0.0:9099", "SHA-256 ab12", "p.token", "slow-mail is in force", "http://flowprobe:…@box:9100", "--print-env has it",
                 "java -Dhttp.proxyHost=box"):
        assert word in said


def test_machines_are_told_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    shown = JsonLines()
    shown.opened(OPENED)
    shown.passed((stamped(EXCHANGE),))
    shown.notice("the end")
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first["variables"]["FLOWPROBE_MAIL_URL"]) == ("Standing", "http://box:9101/…")
    assert (second["event"], second["n"], second["status"]) == ("ExchangeEnded", 7, 503)
    assert third == {"event": "Notice", "text": "the end"}


def test_print_env_has_standard_output_for_itself_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    onlooker(as_json=False, print_env="dotenv").opened(OPENED)
    printed = capsys.readouterr()
    assert printed.out == 'HTTPS_PROXY="http://flowprobe:s3cr3t@box:9100"\nFLOWPROBE_MAIL_URL="http://box:9101/s3cr3t"\n'
    assert "s3cr3t" not in printed.err


def test_a_terminal_has_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from flowprobe.cli.traffic import Table

    terminal = io.StringIO()
    monkeypatch.setenv("FORCE_COLOR", "1")
    table = Table(terminal, None)
    table.opened(OPENED)
    table.passed((stamped(RECEIPT), stamped(EXCHANGE)))
    table.notice("halted")
    table.close()
    shown = terminal.getvalue()
    assert "payments" in shown
    assert "injected" in shown
    assert "halted" in shown

"""What a product says of itself, that is instrumented with the SDK of OpenTelemetry: it stands under the step that
caused it, in every place where a run is told, without the secrets that the product should not have told."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Place, wait_for

PRODUCT = Path(__file__).parent / "instrumented_product.py"
SECRET = "the-token-of-pro-eu-here"
PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    {telemetry}
    providers:
      bank: {{url: https://bank.example, upstream: "http://127.0.0.1:0", edge: reverse}}
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.bank.port}}"}}
        ready: GET ${{upstreams.bank.url}}/health
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", PROVIDER_URL: "${{edges.bank.url}}", OTEL_EXPORTER_OTLP_ENDPOINT: "{endpoint}", OTEL_EXPORTER_OTLP_COMPRESSION: gzip}}
        ready: GET /health
personas:
  pro-eu: {{auth: {{bearer: file:token}}}}
"""
STEPS = "  - {step: first, call: GET /health}\n  - {step: pay, call: GET /pay, expect: {status: 200}}\n"
FAULTS = "faults:\n  slow: {bank: {latency: 900ms}}\n"


def prepare(place: Place, telemetry: str = "telemetry: {otlp: 0, wait: 20s}", endpoint: str = "${telemetry.url}") -> Place:
    text = PROJECT.format(python=sys.executable, product=PRODUCT, telemetry=telemetry, endpoint=endpoint)
    (place.folder / "flowprobe.yaml").write_text(text)
    place.workflow(STEPS, more=FAULTS)
    return place


@pytest.fixture
def told(place: Place) -> Place:
    """A folder in which a run was made whose product told of itself."""
    ran = prepare(place).run("journey.yaml")
    assert ran.code == 1, ran.err + ran.out
    return place


def test_spans_and_log_lines_stand_under_the_step_that_caused_them_wherever_the_run_is_told(told: Place) -> None:
    page = (told.latest() / "report.html").read_text()
    result = json.loads((told.latest() / "result.json").read_text())
    slow = next(trial for trial in result["trials"] if trial["plan"] == "slow")
    _assert_page(page, slow["trial"])
    _assert_result(slow)
    step = told.flowprobe("show", "latest", "slow", "pay")
    for said in ("the product says: 2 spans, 1 of them an error, 2 log lines", "    ▪ GET /pay  shop · server", "      ▪ charge the card",
                 "error: TimeoutError: timed out", "ERROR the provider did not answer", "http.route=/pay"):
        assert said in step.out, step.out + step.err
    found = told.flowprobe("show", "latest", "slow", "pay", "--json").json
    assert [span["name"] for span in found["telemetry"][0]["spans"]] == ["GET /pay", "charge the card"]
    assert told.flowprobe("show", "latest", "slow", "first", "--json").json["telemetry"] == []


def _assert_page(page: str, trial: str) -> None:
    """Both steps of the failing trial are there, and what was said stands inside of the second."""
    first, pay = page.index(f'<li id="t-{trial}-1"'), page.index(f'<li id="t-{trial}-2"')
    inside = page[pay:page.index("</li>", pay)]
    for said in ("What the product says of itself: 2 spans, 1 of them an error, 2 log lines", "GET /pay", "charge the card",
                 "the provider did not answer", "&lt;script&gt;alert(1)"):
        assert said in inside, inside
    assert "<!--said" not in page
    assert "What the product says" not in page[first:pay]


def _assert_result(slow: dict[str, object]) -> None:
    steps = slow["steps"]
    assert isinstance(steps, list)
    [call] = [call["call"] for step in steps if step["step"] == "pay" for call in step["calls"]]
    telemetry = slow["telemetry"]
    assert isinstance(telemetry, list)
    [said] = telemetry
    assert said["call"] == call
    assert [(span["name"], span["kind"], span["status"]) for span in said["spans"]] == [
        ("GET /pay", "server", "unset"), ("charge the card", "client", "error")]
    assert said["spans"][1]["parent"] == said["spans"][0]["span"]
    assert [line["severity"] for line in said["lines"]] == ["INFO", "ERROR"]


def test_no_output_holds_a_secret_that_the_product_told_of(told: Place) -> None:
    shown = [told.flowprobe("show", "latest", *words) for words in (
        (), ("slow",), ("slow", "pay"), ("slow", "pay", "--json"), ("slow", "--json"), ("--json",))]
    written = [path for path in told.latest().resolve().rglob("*") if path.is_file()]
    assert any(path.name == "otlp.jsonl" for path in written)
    assert "asked to pay by Bearer «redacted»" in shown[2].out
    for text in (*(result.out + result.err for result in shown), *(path.read_text(errors="replace") for path in written)):
        assert SECRET not in text
        assert SECRET[4:-4] not in text


def test_what_an_unfaulted_trial_said_is_told_too(told: Place) -> None:
    step = told.flowprobe("show", "latest", "1", "pay")
    assert "the product says: 2 spans, 1 log line" in step.out, step.out


def test_without_the_setting_nobody_listens_and_nothing_is_told(place: Place) -> None:
    prepare(place, telemetry="production: false", endpoint="http://127.0.0.1:9")
    ran = place.run("journey.yaml")
    assert ran.code == 1, ran.err + ran.out
    assert not (place.latest() / "telemetry").exists()
    assert {json.dumps(trial["telemetry"]) for trial in ran.json["trials"]} == {"null"}
    page = (place.latest() / "report.html").read_text()
    assert not re.search("<!--said|What the product says", page)


def test_a_port_that_is_taken_ends_the_run_before_anything_is_sent(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        prepare(place, telemetry=f"telemetry: {{otlp: {taken.getsockname()[1]}}}")
        ran = place.flowprobe("run", "journey.yaml")
    assert ran.code == 3, ran.out + ran.err
    assert "something else listens there already" in ran.out + ran.err
    assert not [event for event in place.events() if event["event"] == "CallSent"]


def test_a_product_that_says_nothing_is_waited_for_and_told_of(place: Place) -> None:
    prepare(place, telemetry="telemetry: {otlp: 0, wait: 300ms}", endpoint="http://127.0.0.1:9")
    ran = place.flowprobe("run", "journey.yaml")
    assert ran.code == 1, ran.err + ran.out
    assert "the product said nothing of itself: nothing arrived at http://127.0.0.1:" in ran.out


def test_a_stop_ends_the_wait_and_nobody_listens_any_more(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    prepare(place, telemetry=f"telemetry: {{otlp: {port}, wait: 1h}}", endpoint="http://127.0.0.1:9")
    run = place.start("run", "journey.yaml")
    wait_for(lambda: sum(event["event"] == "TrialEnded" for event in place.events()) == 2, "both trials")
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    run.send_signal(signal.SIGINT)
    ran = place.finish(run)
    assert ran.code in (1, 130), ran.out + ran.err
    assert (place.latest() / "report.html").exists()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

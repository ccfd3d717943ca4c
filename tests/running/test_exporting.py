from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.cause import Cause, Part
from flowprobe.core.events import RunStarted
from flowprobe.core.redact import Redactor
from flowprobe.errors import InvalidInput
from flowprobe.journal.writer import JournalWriter
from flowprobe.report.model import RunReport
from flowprobe.running.exporting import HEADERS, Collector, collector_at, deliver, deliver_metrics, trace_lines
from tests.journals import SLOW, TRIAL, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.reports import report_of

OTHER, ASIDE = "ffeeddccbbaa9988", "0011223344556677"
BEGUN = RunStarted("5f", "0.1.0", 7, "demo", "scenarios")
TWO = Journal().runner(
    BEGUN, started(), sent("one"), replied(), step_ended("one"), ended(), started("slow", SLOW, trial=OTHER),
    sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", "broken", finding(), trial=OTHER), ended(trial=OTHER),
).proxy(exchange(trial=OTHER), injected(trial=OTHER))


def run_in(folder: Path, journal: Journal = TWO) -> RunReport:
    """With its journal on the disk, on the clock of the lines."""
    for name in ("runner", "proxy"):
        with JournalWriter(folder / "journal" / f"{name}.jsonl", name) as writer:
            for line in journal.lines:
                if line.writer == name:
                    writer.append(line.event)
    return replace(report_of(journal), folder=folder)


def spans_of(text: str) -> list[dict[str, Any]]:
    spans: list[dict[str, Any]] = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return spans


# --- into a file ----------------------------------------------------------------------------------


def test_each_trial_is_a_line_and_a_trace(tmp_path: Path) -> None:
    one, other = "".join(trace_lines(run_in(tmp_path))).splitlines()
    assert [span["name"] for span in spans_of(one)] == ["A journey · none", "one", "GET"]
    assert [span["name"] for span in spans_of(other)] == ["A journey · slow", "one", "GET", "payments: POST /v1/charges"]
    assert spans_of(one)[0]["traceId"] != spans_of(other)[0]["traceId"]
    assert "status" not in spans_of(one)[0]
    assert spans_of(other)[0]["status"]["message"].startswith("'A journey' for pro-eu fails: step 'one'")


def test_the_cause_that_was_found_is_the_message_of_the_trial(tmp_path: Path) -> None:
    cause = Cause((Part("payments", "payments", "latency", "latency 310ms", 0.31, 0.3),), (), "one", "within: …", 3, 3, 12)
    _, other = "".join(trace_lines(replace(run_in(tmp_path), causes={OTHER: cause}))).splitlines()
    said = spans_of(other)[0]["status"]["message"]
    assert said.startswith("'A journey' for pro-eu fails at step 'one' because of payments latency alone")
    assert "was injected into" not in said


def test_times_are_those_of_the_journal(tmp_path: Path) -> None:
    report = run_in(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "journal" / "runner.jsonl").read_text().splitlines()]
    (wall,) = [line["wall"] for line in lines if line["event"] == "TrialStarted" and line["trial"] == TRIAL]
    begins = int(spans_of("".join(trace_lines(report)).splitlines()[0])[0]["startTimeUnixNano"])
    assert abs(begins - wall * 1e9) < 1e6


def test_a_trial_that_was_made_to_explain_another_is_not_told(tmp_path: Path) -> None:
    report = run_in(tmp_path)
    kept = {trial: verdict for trial, verdict in report.verdicts.items() if trial == OTHER}
    evidence = replace(report.evidence, trials=report.evidence.trials[1:])
    (line,) = "".join(trace_lines(replace(report, verdicts=kept, evidence=evidence, told=list(report.told)[1:]))).splitlines()
    assert spans_of(line)[0]["name"] == "A journey · slow"


def test_a_long_trial_is_several_lines(tmp_path: Path) -> None:
    events = [event for number in range(1, 401) for event in (sent(f"s{number}", number), replied(number), step_ended(f"s{number}"))]
    lines = "".join(trace_lines(run_in(tmp_path, Journal().runner(BEGUN, started(), *events, ended())))).splitlines()
    assert [len(spans_of(line)) for line in lines] == [512, 289]
    assert len({span["traceId"] for line in lines for span in spans_of(line)}) == 1


def test_a_run_without_trials_is_no_line(tmp_path: Path) -> None:
    assert list(trace_lines(run_in(tmp_path, Journal().runner(BEGUN)))) == []


# --- to a collector -------------------------------------------------------------------------------


@dataclass
class Received:
    """What a collector was sent, and what it answers: a status, headers and a body, the last of them again and again."""

    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=lambda: [(200, {}, {})])
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    def answer(self) -> tuple[int, dict[str, str], Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def collector() -> Iterator[Received]:
    received = Received()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.requests.append((self.path, {key.lower(): value for key, value in self.headers.items()}, json.loads(body)))
            status, headers, answer = received.answer()
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        received.url = f"http://127.0.0.1:{server.server_port}"
        yield received
        server.shutdown()


def unwaited(_seconds: float) -> None:
    raise AssertionError("nobody asked us to wait")


def test_trials_go_together_in_one_request_with_the_headers_of_the_environment(tmp_path: Path, collector: Received) -> None:
    deliver(run_in(tmp_path), collector_at(collector.url, {HEADERS: "Authorization=Bearer%20abcd-efgh, x-team = checkout"}), wait=unwaited)
    ((path, headers, body),) = collector.requests
    assert path == "/v1/traces"
    assert (headers["content-type"], headers["authorization"], headers["x-team"]) == ("application/json", "Bearer abcd-efgh", "checkout")
    assert [span["name"] for span in spans_of(json.dumps(body)) if "parentSpanId" not in span] == ["A journey · none", "A journey · slow"]
    assert len(body["resourceSpans"][0]["scopeSpans"][0]["spans"]) == 7


def test_requests_are_bounded(tmp_path: Path, collector: Received) -> None:
    events = [event for number in range(1, 401) for event in (sent(f"s{number}", number), replied(number), step_ended(f"s{number}"))]
    deliver(run_in(tmp_path, Journal().runner(BEGUN, started(), *events, ended())), collector_at(collector.url, {}), wait=unwaited)
    assert [len(spans_of(json.dumps(body))) for _, _, body in collector.requests] == [512, 289]


def test_it_is_tried_again_where_the_collector_asks_for_that(tmp_path: Path, collector: Received) -> None:
    collector.answers = [(503, {"Retry-After": "2"}, {}), (429, {"Retry-After": "3600"}, {}), (200, {}, {})]
    waited: list[float] = []
    deliver(run_in(tmp_path), collector_at(collector.url, {}), wait=waited.append)
    assert waited == [2.0, 5.0]
    assert len(collector.requests) == 3


@pytest.mark.parametrize(("answers", "said"), [
    ([(503, {}, {})], r"it answered 503\."),
    ([(401, {}, {"message": "no abcd-efgh here"})], r"it answered 401: no «redacted» here\."),
    ([(400, {}, [1])], r"it answered 400\."),
    ([(302, {"Location": "http://127.0.0.1:1/"}, {})], r"it answered 302\."),
    ([(200, {}, {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old:\x1b abcd-efgh"}})],
     r"it refused 3 of the spans: too old:\\x1b «redacted»\."),
])
def test_what_was_not_taken_is_said_with_the_cause_and_without_a_secret(
        tmp_path: Path, collector: Received, answers: list[tuple[int, dict[str, str], Any]], said: str) -> None:
    collector.answers = answers
    warning = deliver(run_in(tmp_path), collector_at(collector.url, {HEADERS: "authorization=Bearer abcd-efgh"}), wait=lambda _: None)
    assert re.match(f"warning: the collector {collector.url}/v1/traces does not have all traces of this run: {said}", warning)


def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    warning = deliver(run_in(tmp_path), collector_at("http://127.0.0.1:9", {}), wait=unwaited)
    assert "http://127.0.0.1:9/v1/traces" in warning
    assert "The verdict stands. Start the collector" in warning


def test_a_partial_success_of_nothing_is_a_success(tmp_path: Path, collector: Received) -> None:
    collector.answers = [(200, {}, {"partialSuccess": {}})]
    assert deliver(run_in(tmp_path), collector_at(collector.url, {}), wait=unwaited) == ""
    assert len(collector.requests) == 1


def test_no_secret_of_the_run_is_sent(tmp_path: Path, collector: Received) -> None:
    deliver(replace(run_in(tmp_path), redact=Redactor(["acme.test"])), collector_at(collector.url, {}), wait=unwaited)
    assert "acme.test" not in json.dumps(collector.requests[0][2])
    assert "«redacted»" in json.dumps(collector.requests[0][2], ensure_ascii=False)


# --- who the collector is -------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "whole"), [
    ("http://localhost:4318", "http://localhost:4318/v1/traces"), ("https://otlp.example/", "https://otlp.example/v1/traces"),
    ("https://otlp.example/otlp", "https://otlp.example/otlp/v1/traces"), ("http://a.example/v1/traces", "http://a.example/v1/traces"),
])
def test_the_path_is_added_to_the_url_of_a_collector(given: str, whole: str) -> None:
    assert collector_at(given, {}).url == whole


@pytest.mark.parametrize("url", ["ftp://a.example", "http://user:pass@a.example", "http://a.example/?key=s3cr3t", "http://", "http://a.example/../x"])
def test_what_is_no_url_of_a_collector_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        collector_at(url, {})
    (problem,) = refused.value.problems
    assert problem.file == "--otlp"
    assert "s3cr3t" not in problem.render()


@pytest.mark.parametrize("text", ["s3cr3t", "=s3cr3t", "a b=s3cr3t", "x=s3cr3t%0d%0ay: z", "x=s3cr3té"])
def test_headers_that_are_none_are_refused_without_their_values(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        collector_at("http://a.example", {HEADERS: text})
    assert refused.value.problems[0].file == HEADERS
    assert "s3cr3t" not in refused.value.problems[0].render()


def test_a_collector_does_not_show_its_headers() -> None:
    assert "s3cr3t" not in repr(Collector("http://a.example/v1/traces", {"x": "s3cr3t"}))


# --- the metrics of a night -----------------------------------------------------------------------


def test_a_night_is_one_request_where_metrics_are_taken(collector: Received) -> None:
    there = collector_at(collector.url, {HEADERS: "x-team=checkout"}, metrics=True)
    assert deliver_metrics('{"resourceMetrics": []}', there, str, wait=unwaited) == ""
    ((path, headers, body),) = collector.requests
    assert (path, headers["x-team"], body) == ("/v1/metrics", "checkout", {"resourceMetrics": []})
    assert collector_at(f"{collector.url}/v1/metrics", {}, metrics=True).url == f"{collector.url}/v1/metrics"


@pytest.mark.parametrize(("answer", "said"), [
    ((401, {}, {"message": "no abcd-efgh here"}), "it answered 401: no «redacted» here."),
    ((200, {}, {"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}}),
     "it refused 3 of the data points: too old."),
])
def test_metrics_that_were_not_taken_are_a_warning(collector: Received, answer: tuple[int, dict[str, str], Any], said: str) -> None:
    collector.answers = [answer]
    there = collector_at(collector.url, {HEADERS: "authorization=Bearer abcd-efgh"}, metrics=True)
    warning = deliver_metrics("{}", there, str, wait=unwaited)
    assert warning.startswith(f"warning: the collector {collector.url}/v1/metrics does not have all metrics of this night: {said}")

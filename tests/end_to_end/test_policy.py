"""The accident that must not happen, tried: a product that counts every connection, and runs that may not reach it."""

from __future__ import annotations

import http.server
import json
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.conftest import Place, wait_for

ENVIRONMENT = {
    "production": "true", "identity": "{call: GET /health, json: {environment: production}}", "personas": "[pro-eu]",
    "allow": "[GET /v1/**, POST /v1/things]", "budget": "{calls: 40, writes: 8, rate: 500/s}",
    "providers": "{shop: {url: https://shop.example}}",
}
JOURNEY = """\
  - {step: look, call: GET /v1/seats}
  - step: make
    call: POST /v1/things
    json: {for: "${trial.id}"}
    capture: {id: $.id}
    cleanup: DELETE /v1/things/${make.id}
  - {step: again, call: GET /v1/seats}
"""
SLOW = "faults:\n  slow: {user: {latency: 30ms}}\n  slow-shop: {shop: {latency: 30ms}}\n"


class Production(http.server.ThreadingHTTPServer):
    """Counts connections, and notes each request with its time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self.log: list[tuple[str, float]] = []
        self.environment, self.made = "production", "x1"

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def calls(self) -> list[str]:
        return [call for call, _ in self.log]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Production

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.log.append((f"{self.command} {self.path}", time.monotonic()))
        body = json.dumps({"environment": self.server.environment, "id": self.server.made, "state": "pending"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PUT = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def production() -> Iterator[Production]:
    server = Production()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def set_up(place: Place, production: Production, journey: str = JOURNEY, *, more: str = "", top: str = "", **changes: str | None) -> None:
    keys = {**ENVIRONMENT, "target": production.url, **changes}
    lines = [f"    {key}: {value}" for key, value in keys.items() if value is not None]
    text = "\n".join([f"flowprobe: 1\n{top}environments:", "  production:", *lines, "personas:", "  pro-eu: {team: t1}", "  staff: {team: t2}", ""])
    (place.folder / "flowprobe.yaml").write_text(text)
    place.workflow(journey, more=more)


def test_what_is_listed_runs_and_its_cleanup_too(place: Place, production: Production) -> None:
    set_up(place, production, more=SLOW)
    result = place.run("journey.yaml", "--env", "production")
    assert (result.code, [trial["plan"] for trial in result.json["trials"]]) == (0, ["none", "slow"]), result.err
    once = ["GET /v1/seats", "POST /v1/things", "GET /v1/seats", "DELETE /v1/things/x1"]
    assert production.calls == ["GET /health", *once, *once]
    assert ["slow-shop" in note and "(`faults`, flowprobe.yaml:4:5)" in note for note in result.json["notes"]] == [True]


TODAY = datetime.now(UTC).date()
WORDS = ("journey.yaml", "--env", "production")
REFUSED = {
    "a call": ({"allow": "[GET /v1/**]"}, WORDS, "allow"),
    "a cleanup of something else": ({"allow": "[GET /v1/**, POST /v1/things]"}, WORDS, "allow"),
    "a persona": ({"personas": "[staff]"}, WORDS, "personas"),
    "a plan by name": ({}, (*WORDS, "--faults", "slow-shop"), "faults"),
    "any fault by name": ({"faults": "{user: false}"}, (*WORDS, "--faults", "slow"), "faults"),
    "too many calls": ({"budget": "{calls: 3}"}, WORDS, "budget"),
    "too many writes": ({"budget": "{writes: 1}"}, WORDS, "budget"),
    "a freeze": ({"freeze": f"{TODAY - timedelta(days=1)}..{TODAY + timedelta(days=1)}"}, WORDS, "freeze"),
    "another day": ({"windows": "{days: " + (TODAY + timedelta(days=3)).strftime("%a").lower() + ', from: "09:00", to: "10:00"}'}, WORDS, "windows"),
    "nobody named it": ({}, ("journey.yaml",), "production"),
    "a delete": ({"allow": '["* /**"]'}, ("wipe.yaml", "--env", "production"), "production"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_names_rule_file_and_line_and_sends_nothing_at_all(place: Place, production: Production, case: str) -> None:
    changes, words, rule = REFUSED[case]
    journey = JOURNEY.replace("things/${make.id}", "teams/${admin.team}") if "cleanup" in case else JOURNEY
    set_up(place, production, journey, more=SLOW, **changes)
    place.workflow("  - {step: wipe, call: DELETE /v1/accounts}\n", name="wipe.yaml")
    result = place.flowprobe("run", *words)
    assert (result.code, production.connections) == (5, 0), result.err
    assert result.err.startswith("refused, nothing was sent:")
    lines = (place.folder / "flowprobe.yaml").read_text().splitlines()
    places = {text.split(":")[0].strip(): number for number, text in enumerate(lines, start=1) if text.startswith("    ")}
    assert f"(`{rule}`, flowprobe.yaml:{places.get(rule, places['production'])}:" in result.err
    assert not (place.folder / ".flowprobe" / "runs").exists()


def test_a_target_that_is_somebody_else_is_asked_and_then_left_alone(place: Place, production: Production) -> None:
    production.environment = "staging"
    set_up(place, production)
    result = place.flowprobe("run", *WORDS)
    assert (result.code, production.calls) == (5, ["GET /health"])
    assert result.err.startswith("refused, nothing was sent but the identity probe: this is not 'production'")
    assert '$.environment: expected "production", saw "staging" (`identity`, flowprobe.yaml:5:5)' in result.err
    (judged,) = [event for event in place.events() if event["event"] == "IdentityJudged"]
    assert judged["outcome"] == "broken"


def test_a_target_that_is_not_there_is_the_environments_fault(place: Place, production: Production) -> None:
    set_up(place, production, target="http://127.0.0.1:9")
    result = place.run(*WORDS)
    assert (result.code, {trial["blame"] for trial in result.json["trials"]}) == (3, {"environment"}), result.err


def test_a_budget_that_runs_out_on_the_way_ends_the_run_cleanly(place: Place, production: Production) -> None:
    poll = "  - {step: wait, call: GET /v1/state, poll: {until: {json: {state: done}}, every: 10ms, for: 60s}}\n"
    set_up(place, production, JOURNEY + poll, more=SLOW, budget="{calls: 20, writes: 8, rate: 500/s}")
    result = place.run(*WORDS)
    assert (result.code, len(production.calls)) == (6, 20), result.err
    assert production.calls[-1] == "DELETE /v1/things/x1"
    first, second = result.json["trials"]
    assert (first["blame"], first["reasons"]) == ("stopped", ["the budget of 20 calls is used up (`budget`, flowprobe.yaml:8:5)"])
    assert (second["blame"], "halted before this trial: the budget of 20 calls" in second["reasons"][0]) == ("stopped", True)
    assert first["cleanup"]["make"]["outcome"] == "gone"
    assert place.wait_for_event("Halted")["kind"] == "budget"


def test_an_id_that_would_leave_its_segment_ends_the_run_unsent(place: Place, production: Production) -> None:
    production.made = "x/../../admin"
    set_up(place, production, JOURNEY + "  - {step: read, call: \"GET /v1/things/${make.id}\"}\n", allow="[GET /v1/seats, GET /v1/things/*, POST /v1/things]")
    result = place.run(*WORDS)
    assert [call for call in production.calls if "admin" in call] == []
    assert result.code == 7, result.err  # what was made cannot be undone by such an id either: a person has to look
    assert "GET /things" not in result.trial()["reasons"][0]
    assert "/v1/things/x%2F..%2F..%2Fadmin is not among what 'production' allows" in result.trial()["reasons"][0]


def test_the_seconds_of_a_run_end_even_a_long_wait(place: Place, production: Production) -> None:
    poll = "  - {step: wait, call: GET /v1/state, poll: {until: {json: {state: done}}, every: 50s, for: 100s}}\n"
    set_up(place, production, JOURNEY + poll, budget="{seconds: 1, rate: 500/s}")
    began = time.monotonic()
    result = place.run(*WORDS)
    assert (result.code, production.calls[-1]) == (6, "DELETE /v1/things/x1"), result.err
    assert time.monotonic() - began < 20


def test_the_rate_is_kept(place: Place, production: Production) -> None:
    set_up(place, production, "".join(f"  - {{step: s{number}, call: GET /v1/seats}}\n" for number in range(8)), budget="{rate: 4/s}")
    assert place.run(*WORDS).code == 0
    times = [at for _, at in production.log]
    assert len(times) == 9
    assert all(later - earlier > 0.9 for earlier, later in zip(times, times[8:], strict=False))  # 4 at once, then 4 a second


def test_ctrl_c_while_a_call_waits_for_the_rate(place: Place, production: Production) -> None:
    set_up(place, production, budget="{rate: 1/h}", identity=None, allow='["* /**"]')
    process = place.start("run", *WORDS, "--json")
    wait_for(lambda: production.calls, "the first call")
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert (result.code, production.calls) == (130, ["GET /v1/seats"])


def test_one_run_at_a_time(place: Place, production: Production) -> None:
    set_up(place, production, budget="{rate: 1/h}", identity=None)
    first = place.start("run", *WORDS)
    wait_for(lambda: production.calls, "the first call")
    second = place.flowprobe("run", *WORDS)
    assert (second.code, f"pid {first.pid} since" in second.err) == (5, True), second.err
    assert len(production.calls) == 1
    first.send_signal(signal.SIGINT)
    assert place.finish(first, deadline_s=15).code == 130


def test_plan_and_config_send_nothing(place: Place, production: Production) -> None:
    set_up(place, production, more=SLOW, top="default: production\n")
    shown = place.flowprobe("plan", "journey.yaml", FLOWPROBE_ENV="production")
    assert (shown.code, "✓ nothing is refused" in shown.out) == (0, True), shown.err
    refused = place.flowprobe("plan", "journey.yaml", "--json")
    assert (refused.code, refused.json["exit_code"]) == (5, 5)
    rows = {row["name"]: row for row in json.loads(place.flowprobe("config", "--json", FLOWPROBE_TIMEOUT="5s").out)}
    assert rows["timeout"] == {"name": "timeout", "value": "5s", "source": "FLOWPROBE_TIMEOUT"}
    assert rows["environment"]["source"] == "flowprobe.yaml:2:1"
    assert "budget.calls" in place.flowprobe("config").out
    assert production.connections == 0


def test_a_variable_chooses_the_environment_of_a_run(place: Place, production: Production) -> None:
    set_up(place, production)
    assert place.flowprobe("run", "journey.yaml", FLOWPROBE_ENV="production", FLOWPROBE_FAULTS="none").code == 0
    wrong = place.flowprobe("run", "journey.yaml", FLOWPROBE_SEED="x")
    assert (wrong.code, "FLOWPROBE_SEED" in wrong.err) == (2, True)


def test_cleanup_goes_to_no_target_of_another_environment(place: Place, production: Production) -> None:
    set_up(place, production)
    assert place.run(*WORDS).code == 0
    ledger = next((place.folder / ".flowprobe" / "runs").glob("*/ledger/runner.jsonl"))
    lines = [line for line in ledger.read_text().splitlines() if "CleanupEnded" not in line]
    ledger.write_text("\n".join(lines) + "\n")
    before = production.connections
    set_up(place, production, target="https://elsewhere.example")
    swept = place.flowprobe("cleanup")
    assert (swept.code, production.connections) == (7, before), swept.out
    assert "is no target of the environment" in swept.out

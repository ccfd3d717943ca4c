"""`flowprobe run` as its users call it."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from tests.end_to_end.conftest import PRODUCT, Place, Result

CANARY = "c4n4ry/+s3cr3t=1"
ECHO = """\
  - step: look
    call: GET /echo
    expect: {json: {head: nothing like it}}
"""
TWO = """\
flowprobe: 1
scenario: {name}
personas: {{admin: pro-eu}}
workflow:
  - {{step: look, call: GET /health, expect: {{status: {status}}}}}
faults:
  slow: {{user: {{latency: 50ms}}}}
"""


def files(place: Place) -> list[Path]:
    return [path for path in place.folder.rglob("*") if path.is_file() and path.name not in ("flowprobe.yaml", "odd.py")]


def forms(secret: str) -> list[bytes]:
    return [form.encode() for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("="),
                                       json.dumps(secret)[1:-1])]


def test_a_planted_secret_is_in_no_byte_that_is_written_or_printed(place: Place) -> None:
    """The product throws the credentials back at us, in a reply that breaks an expectation."""
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace("file:token", "env:ACME_TOKEN"))
    place.workflow(ECHO)
    human = place.flowprobe("run", "journey.yaml", "--env", "bare", "--junit", "out.xml", ACME_TOKEN=CANARY)
    machine = place.flowprobe("run", "journey.yaml", "--env", "bare", "--json", ACME_TOKEN=CANARY)
    assert (human.code, machine.code) == (1, 1), human.err
    printed = (human.out + human.err + machine.out + machine.err).encode()
    for form in forms(CANARY):
        assert form not in printed
        assert [path for path in files(place) if form in path.read_bytes()] == []
    assert "«redacted»" in human.out


def test_with_the_secret_not_known_as_one_the_same_search_finds_it(place: Place) -> None:
    """The positive control: the search above can find something."""
    place.workflow(ECHO.replace("call: GET /echo", f'call: GET /echo\n    headers: {{X-Key: "{CANARY}"}}'))
    result = place.flowprobe("run", "journey.yaml", "--env", "bare")
    assert result.code == 1
    assert any(CANARY.encode() in path.read_bytes() for path in files(place) if ".flowprobe" in str(path))


def test_a_run_leaves_its_journal_its_result_and_its_junit_file(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    result = place.flowprobe("run", "a.yaml", "--env", "bare", "--junit", "reports/junit.xml", "-o", "out")
    assert result.code == 0, result.out + result.err
    assert {path.name for path in (place.folder / "out").iterdir()} >= {"journal", "result.json", "junit.xml", "report.html"}
    assert not (place.folder / ".flowprobe").exists()
    suite = ElementTree.parse(place.folder / "reports" / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")
    assert json.loads((place.folder / "out" / "result.json").read_text())["verdict"] == "pass"


def test_the_page_of_a_run_is_also_written_where_it_is_wanted(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=201), "a.yaml")
    result = place.flowprobe("run", "a.yaml", "--env", "bare", "--html", "pages/run.html", "-o", "out")
    assert result.code == 1, result.out + result.err
    page = (place.folder / "pages" / "run.html").read_text()
    assert page == (place.folder / "out" / "report.html").read_text()
    assert (place.folder / "out" / "report.html").stat().st_mode & 0o777 == 0o600
    for words in ("✗ fail", "curl -i", "flowprobe run a.yaml", "201"):
        assert words in page, words


def test_a_run_is_told_to_other_machines_in_as_many_forms_as_are_asked_for(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    result = place.flowprobe("run", "a.yaml", "--env", "bare", "--ctrf", "out/c.json", "--har", "out/h.har", "--markdown", "out/m.md",
                             "--ndjson", "-", "--junit", "out/j.xml", "--otlp", "out/t.jsonl")
    assert result.code == 0, result.err
    events = [json.loads(line) for line in result.out.splitlines()]
    written = [json.loads(line) for name in ("runner", "proxy") for line in (place.latest() / "journal" / f"{name}.jsonl").read_text().splitlines()]
    assert sorted(events, key=at) == sorted(written, key=at)
    assert [event["event"] for event in events].index("TrialStarted") < [event["event"] for event in events].index("CallReplied")
    assert json.loads((place.folder / "out" / "c.json").read_text())["results"]["summary"]["passed"] == 2
    log = json.loads((place.folder / "out" / "h.har").read_text())["log"]
    slowed = [entry for entry in log["entries"] if entry["_flowprobe"]["injections"]]
    assert {entry["pageref"] for entry in slowed} == {log["pages"][1]["id"]}
    assert all(entry["_flowprobe"]["edge"] == "user" for entry in log["entries"])
    traces = [json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"] for line in (place.folder / "out" / "t.jsonl").read_text().splitlines()]
    assert [spans[0]["name"] for spans in traces] == [page["title"] for page in log["pages"]]
    assert [sum("events" in span for span in spans) for spans in traces] == [0, len(slowed)]
    assert "| ✓ | A |" in (place.folder / "out" / "m.md").read_text()
    assert "✓" in result.err


def test_a_collector_that_is_not_there_is_said_when_the_run_has_ended(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    result = place.flowprobe("run", "a.yaml", "--env", "bare", "--faults", "none", "--otlp", "http://127.0.0.1:9", "--ctrf", "c.json")
    assert result.code == 0, result.err
    assert "✓ pass" in result.out
    assert result.err.startswith("warning: the collector http://127.0.0.1:9/v1/traces does not have all traces of this run: ")
    assert "itself failed" not in result.err
    assert (place.folder / "c.json").exists()


def at(line: dict[str, Any]) -> tuple[str, int]:
    return line["w"], line["n"]


def test_a_reader_of_the_events_who_goes_away_does_not_stop_the_run(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    process = place.start("run", "a.yaml", "--env", "bare", "--ndjson", "-")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "RunStarted"
    process.stdout.close()
    assert place.finish_reading(process) == (0, "")
    assert json.loads((place.latest() / "result.json").read_text())["verdict"] == "pass"


def test_a_folder_that_holds_a_run_is_not_written_over(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    assert place.flowprobe("run", "a.yaml", "--env", "bare", "--faults", "none", "-o", "out").code == 0
    again = place.flowprobe("run", "a.yaml", "--env", "bare", "--faults", "none", "-o", "out")
    assert (again.code, "another folder" in again.err) == (2, True)


def test_the_user_edge_slows_our_own_calls_and_nothing_else(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    result = place.run("a.yaml", "--env", "bare")
    slow, twin = result.trial("slow"), result.trial("none")
    assert (result.code, slow["verdict"]) == (0, "pass"), result.err
    assert [receipt["edge"] for receipt in slow["receipts"]] == ["user"]
    assert slow["steps"][0]["calls"][0]["seconds"] > 0.05 > twin["steps"][0]["calls"][0]["seconds"]
    assert twin["exchanges"] == []


@pytest.fixture
def mixed(place: Place) -> Result:
    place.scenario(TWO.format(name="A", status=500), "a.yaml")
    place.scenario(TWO.format(name="B", status=200), "b.yaml")
    return place.run(".", "--env", "bare")


def test_a_broken_baseline_makes_its_faulted_trials_inconclusive_and_no_others(mixed: Result) -> None:
    found = {(t["file"], t["plan"]): (t["verdict"], t["blame"]) for t in mixed.json["trials"]}
    assert (mixed.code, found) == (1, {
        ("a.yaml", "none"): ("fail", "product"), ("a.yaml", "slow"): ("inconclusive", "baseline"),
        ("b.yaml", "none"): ("pass", ""), ("b.yaml", "slow"): ("pass", "")})


@pytest.mark.usefixtures("mixed")
def test_only_what_failed_is_run_again(place: Place) -> None:
    again = place.run(".", "--env", "bare", "--last-failed")
    assert {trial["file"] for trial in again.json["trials"]} == {"a.yaml"}


def test_fail_fast_stops_after_the_first_failure(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=500), "a.yaml")
    place.scenario(TWO.format(name="B", status=200), "b.yaml")
    result = place.run(".", "--env", "bare", "--fail-fast")
    assert [trial["verdict"] for trial in result.json["trials"]] == ["fail", "inconclusive", "inconclusive", "inconclusive"]
    assert result.code == 1


def test_the_command_of_a_failure_runs_just_that_trial_again(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=500), "a.yaml")
    first = place.run("a.yaml", "--env", "bare", "--faults", "none")
    words = first.trial()["rerun"].split()
    again = place.flowprobe(*words[1:], "--json")
    assert (again.code, again.json["seed"]) == (1, first.json["seed"])
    assert [trial["plan"] for trial in again.json["trials"]] == ["none"]


def test_a_pipe_gets_plain_lines_and_json_stands_alone_on_standard_output(place: Place) -> None:
    place.scenario(TWO.format(name="A", status=200), "a.yaml")
    plain = place.flowprobe("run", "a.yaml", "--env", "bare", "--faults", "none")
    assert "\x1b" not in plain.out
    assert "1 pass  exit 0" in plain.out
    machine = place.run("a.yaml", "--env", "bare", "--faults", "none")
    assert machine.json["verdict"] == "pass"
    assert "1 pass" in machine.err


def test_the_journal_alone_gives_the_same_verdicts(place: Place, mixed: Result) -> None:
    from flowprobe.core.evidence import fold
    from flowprobe.core.verdict import judge_run
    from flowprobe.journal.reader import read_folder

    streams = read_folder(place.latest() / "journal")
    evidence = fold(line for stream in streams for line in stream.stamped)
    verdicts = judge_run(evidence)
    assert not any(stream.gaps or stream.torn for stream in streams)
    assert {trial: str(verdict.kind) for trial, verdict in verdicts.items()} == {
        trial["trial"]: trial["verdict"] for trial in mixed.json["trials"]}


FORWARD = """\
flowprobe: 1
environments:
  behind-a-proxy:
    target: http://127.0.0.1:0
    providers:
      shop: {{url: https://shop.example, upstream: "http://127.0.0.1:0", edge: forward}}
      mail: {{url: https://mail.example, upstream: "http://127.0.0.1:9", edge: forward}}
    start:
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{upstreams.shop.port}}"}}
        ready: GET ${{upstreams.shop.url}}/health
      - command: ["{python}", "{product}"]
        env: {{PORT: "${{target.port}}", PROVIDER_URL: "https://shop.example", HTTPS_PROXY: "${{edges.proxy.url}}",
              SSL_CERT_FILE: "${{edges.ca}}"}}
        ready: GET /health
personas: {{pro-eu: {{team: t1}}}}
"""


def test_a_product_that_calls_its_provider_through_a_proxy_over_tls_is_faulted_too(place: Place) -> None:
    (place.folder / "flowprobe.yaml").write_text(FORWARD.format(python=sys.executable, product=PRODUCT))
    place.workflow(
        "  - {step: ask, call: GET /provider, expect: {json: {provider: 200}, sends: {shop: {GET /v1/thing: 1}}}}\n",
        more="faults: {down: {shop: {status: 503}}, slow: {shop: {latency: 200ms}}}\n")
    result = place.run("journey.yaml")
    found = {trial["plan"]: trial["verdict"] for trial in result.json["trials"]}
    assert found == {"none": "pass", "down": "fail", "slow": "pass"}, result.out + result.err
    exchange = result.trial("slow")["steps"][0]["calls"][0]["exchanges"][0]
    assert (exchange["edge"], exchange["host"], exchange["path"]) == ("shop", "shop.example", "/v1/thing")

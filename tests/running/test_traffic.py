import json
from dataclasses import replace
from pathlib import Path

from flowprobe.core.scenario import Environment, Position, Provider
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.traffic import traffic
from tests.journals import Journal, ended, exchange, injected, replied, sent, started, step_ended
from tests.reports import report_of

HERE = Position("flowprobe.yaml", 1, 1)


def test_the_journal_of_a_run_comes_out_as_har(tmp_path: Path) -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(exchange(), injected())
    for name in ("runner", "proxy"):
        with JournalWriter(tmp_path / "journal" / f"{name}.jsonl", name) as writer:
            for line in journal.lines:
                if line.writer == name:
                    writer.append(line.event)
    environment = Environment("local", HERE, {}, providers={"payments": Provider("payments", "https://pay.example/base", HERE)})
    log = json.loads("".join(traffic(replace(report_of(journal), folder=tmp_path), environment)))["log"]
    assert {entry["request"]["url"] for entry in log["entries"]} == {"http://acme.test/one", "https://pay.example/v1/charges"}
    assert len(log["pages"]) == 1


def test_a_provider_of_many_hosts_is_named_by_the_host_that_was_called(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "journal" / "proxy.jsonl", "proxy") as writer:
        writer.append(exchange())
    environment = Environment("local", HERE, {}, providers={"payments": Provider("payments", "https://*.example", HERE)})
    entry, = json.loads("".join(traffic(replace(report_of(Journal()), folder=tmp_path), environment)))["log"]["entries"]
    assert entry["request"]["url"] == "http://payments.example/v1/charges"

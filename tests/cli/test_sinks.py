import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.cli.sinks import EventLines, Sinks, annotations_for, reported, summarize, write_all
from flowprobe.core.scenario import Environment, Position
from flowprobe.errors import ToolFailed
from flowprobe.journal.writer import JournalWriter
from tests.journals import Journal, ended, finding, replied, sent, started, step_ended
from tests.reports import report_of

NOWHERE = Environment("local", Position("flowprobe.yaml", 1, 1), {})
REPORT = report_of(Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended()))


def said(sinks: Sinks) -> list[str]:
    return [f"{problem.file}: {problem.found}" for problem in sinks.unfit()]


def test_files_that_differ_are_fit_and_one_that_two_are_written_to_is_not(tmp_path: Path) -> None:
    one, other = tmp_path / "a.json", tmp_path / "b.json"
    assert said(Sinks(ctrf=one, har=other)) == []
    assert said(Sinks(ctrf=one, har=tmp_path / "x" / ".." / "a.json")) == [f"--har: {tmp_path}/x/../a.json is what --ctrf is written to"]
    assert said(Sinks(ctrf=Path("/dev/null"), har=Path("/dev/null"))) == []


def test_each_file_is_looked_at(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    assert said(Sinks(har=tmp_path / "a", markdown=tmp_path / "b", ndjson=tmp_path / "c")) == [
        f"{flag}: {tmp_path}/{name} is a folder" for flag, name in (("--har", "a"), ("--markdown", "b"), ("--ndjson", "c"))]


def test_traces_go_to_a_file_or_to_a_collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, url = Sinks(otlp=str(tmp_path / "t.jsonl")), Sinks(otlp="http://localhost:4318")
    assert (said(file), file.named(), file.collector) == ([], {"--otlp": tmp_path / "t.jsonl"}, "")
    assert (said(url), url.named(), url.collector) == ([], {}, "http://localhost:4318")
    assert file.asked() == url.asked() == ("--otlp",)
    assert said(Sinks(otlp="localhost:4318")) == ["--otlp: localhost:4318 is no URL, and a strange name for a file"]
    assert said(Sinks(otlp="./localhost:4318")) == []
    assert said(Sinks(otlp="ftp://localhost")) == ["--otlp: the URL is no http URL that everybody reads alike"]
    assert said(Sinks(otlp=str(tmp_path / "x"), ctrf=tmp_path / "x")) == [f"--otlp: {tmp_path}/x is what --ctrf is written to"]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "s3cr3t")
    assert said(url) == ["OTEL_EXPORTER_OTLP_HEADERS: its member 1 is not name=value"]
    assert said(file) == []


def test_a_collector_that_is_not_there_is_a_warning_and_the_files_are_written(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with JournalWriter(tmp_path / "journal" / "runner.jsonl", "runner") as writer:
        writer.append(started())
    write_all(replace(REPORT, folder=tmp_path), Sinks(ctrf=tmp_path / "c.json", otlp="http://127.0.0.1:9"), NOWHERE)
    warning = capsys.readouterr().err
    assert warning.startswith("warning: the collector http://127.0.0.1:9/v1/traces does not have all traces")
    assert "The verdict stands" in warning
    assert (tmp_path / "c.json").exists()


def test_standard_output_is_given_to_one_alone() -> None:
    assert said(Sinks(ndjson=Path("-"), as_json=True)) == ["--ndjson: standard output is what --json is written to"]
    assert said(Sinks(ndjson=Path("-"))) == []
    assert [sinks.takes_standard_output for sinks in (Sinks(), Sinks(ndjson=Path("x")), Sinks(ndjson=Path("-")), Sinks(as_json=True))] == [
        False, False, True, True]


def test_lines_from_many_threads_are_whole_and_there_as_soon_as_they_are_said(tmp_path: Path) -> None:
    lines = EventLines(tmp_path / "new" / "events.ndjson")
    lines('{"n": "ü\ud800"}')
    assert json.loads((tmp_path / "new" / "events.ndjson").read_text()) == {"n": "ü\ud800"}
    threads = [threading.Thread(target=lambda n=n: [lines(json.dumps({"n": n, "x": "x" * 5000})) for _ in range(20)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.close()
    found = [json.loads(line) for line in (tmp_path / "new" / "events.ndjson").read_text().splitlines()]
    assert len(found) == 81


def test_what_could_not_be_written_is_said_when_it_is_closed() -> None:
    lines = EventLines(Path("/dev/full"))
    lines("{}")
    lines("{}")
    with pytest.raises(ToolFailed, match="/dev/full: No space left"):
        lines.close()


def test_a_file_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolFailed, match="cannot write"):
        EventLines(tmp_path / "file" / "events.ndjson")


def test_one_that_cannot_be_written_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sinks = Sinks(junit=tmp_path / "file" / "j.xml", ctrf=tmp_path / "c.json", har=tmp_path / "file" / "h", markdown=tmp_path / "m.md")
    with pytest.raises(ToolFailed, match=r"j\.xml: .*; .*h: "):
        write_all(replace(REPORT, folder=tmp_path), sinks, NOWHERE)
    assert json.loads((tmp_path / "c.json").read_text())["reportFormat"] == "CTRF"
    assert (tmp_path / "m.md").read_text().startswith("## FlowProbe")


def test_the_summary_is_added_to_the_jobs_in_ci_alone(tmp_path: Path) -> None:
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    assert summarize(REPORT, {"GITHUB_STEP_SUMMARY": str(place)}) == ""
    assert place.read_text() == "before\n"
    assert summarize(REPORT, {"GITHUB_STEP_SUMMARY": str(place), "CI": "true"}) == ""
    assert place.read_text().startswith("before\n## FlowProbe: ✗ fail")
    assert "cannot add" in summarize(REPORT, {"GITHUB_STEP_SUMMARY": str(tmp_path), "CI": "true"})


def test_annotations_are_for_github_and_name_files_from_the_repositorys_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert list(annotations_for(REPORT, {})) == []
    line, = annotations_for(REPORT, {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)})
    assert line.startswith("::error file=sub/scenarios/test.yaml,line=9,col=7,")
    line, = annotations_for(REPORT, {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": os.fspath(tmp_path / "other")})
    assert line.startswith("::error file=scenarios/test.yaml,")


@pytest.mark.parametrize(("came_to", "code"), [(0, 3), (1, 1), (3, 3), (6, 6), (7, 7), (130, 130)])
def test_a_report_that_cannot_be_written_hides_nothing_worse(
    came_to: int, code: int, capsys: pytest.CaptureFixture[str],
) -> None:
    def fails() -> None:
        raise ToolFailed("cannot write r.xml: no room")

    assert reported(came_to, fails) == code
    assert capsys.readouterr().err == "flowprobe itself failed: cannot write r.xml: no room\n"
    assert reported(came_to, lambda: None) == came_to

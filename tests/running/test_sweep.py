import errno
import os
import time
from pathlib import Path

import httpx
import pytest
import respx

from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Event, FoundBy, LedgerOpened
from flowprobe.errors import EnvironmentBroken, InvalidInput, ToolFailed
from flowprobe.ledger.file import Ledger, in_use
from flowprobe.running.sweep import find_left, sweep
from tests.scenes import TRIAL

PROJECT = """\
flowprobe: 1
environments: {production: {target: http://acme.test}}
personas: {pro-eu: {team: t1, auth: {bearer: env:ACME_TOKEN}}}
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    monkeypatch.setenv("ACME_TOKEN", "tok-12345")
    return tmp_path


def crashed(state: Path, run: str, *events: CleanupPlanned | CleanupSettled | CleanupEnded, started: bool = False,
            environment: str = "production") -> None:
    """A run that ended without its cleanup: what is left of it is its ledger."""
    head = LedgerOpened(run, environment, str(state / "flowprobe.yaml"), started)
    ledger = Ledger(state / "runs" / run / "ledger" / "runner.jsonl", head)
    for event in events:
        ledger.append(event)
    ledger.close()


def made(step: str, number: int) -> tuple[CleanupPlanned, CleanupSettled]:
    return (CleanupPlanned(TRIAL, step, number, "pro-eu", f"DELETE /{step}/${{{step}.id}}"),
            CleanupSettled(TRIAL, step, number, "pro-eu", "due", "DELETE", f"http://acme.test/{step}/1"))


@respx.mock
def test_what_a_crash_left_is_cleaned_last_in_first_out_as_the_persona_that_made_it(state: Path) -> None:
    crashed(state, "a", *made("one", 1), *made("two", 2))
    route = respx.delete(url__startswith="http://acme.test/").mock(return_value=httpx.Response(204))
    told: list[Event] = []
    (left,) = find_left(state)
    assert sweep(left, tell=told.append).rows == ()
    assert [call.request.url.path for call in route.calls] == ["/two/1", "/one/1"]
    assert {call.request.headers["authorization"] for call in route.calls} == {"Bearer tok-12345"}
    assert [event.outcome for event in told if isinstance(event, CleanupEnded)] == ["gone", "gone"]
    assert find_left(state) == ()


@respx.mock
def test_what_could_not_be_cleaned_is_still_there_the_next_time(state: Path) -> None:
    crashed(state, "a", *made("one", 1))
    respx.delete("http://acme.test/one/1").mock(side_effect=[httpx.Response(500), httpx.Response(500), httpx.Response(404)])
    (left,) = find_left(state)
    assert [row.step for row in sweep(left, tell=lambda _: None).rows] == ["one"]
    (left,) = find_left(state)
    assert sweep(left, tell=lambda _: None).rows == ()


@respx.mock(assert_all_called=False)
def test_an_unknown_outcome_is_never_assumed_away(respx_mock: respx.MockRouter, state: Path) -> None:
    crashed(state, "a", made("one", 1)[0])
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    (left,) = find_left(state)
    assert [row.state for row in sweep(left, tell=lambda _: None).rows] == ["unknown"]
    assert not anything.called


def test_only_runs_with_something_open_are_found(state: Path) -> None:
    crashed(state, "a", *made("one", 1), CleanupEnded(TRIAL, "one", "gone"))
    crashed(state, "b", *made("one", 1))
    assert [left.folder.parent.name for left in find_left(state)] == ["b"]
    assert find_left(state / "nowhere") == ()


def test_a_secret_that_is_not_there_any_more_is_said(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashed(state, "a", *made("one", 1))
    monkeypatch.delenv("ACME_TOKEN")
    (left,) = find_left(state)
    with pytest.raises(InvalidInput, match="ACME_TOKEN is not set"):
        sweep(left, tell=lambda _: None)


@respx.mock(assert_all_called=False)
def test_nothing_is_sent_to_whoever_has_the_port_of_a_product_that_is_gone(
        respx_mock: respx.MockRouter, state: Path) -> None:
    crashed(state, "a", *made("one", 1), made("two", 2)[0], started=True)
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    (left,) = find_left(state)
    told: list[Event] = []
    assert sweep(left, tell=told.append).rows == ()
    assert [(event.step, event.outcome) for event in told if isinstance(event, CleanupEnded)] == [
        ("two", "gone"), ("one", "gone")]
    assert not anything.called
    assert find_left(state) == ()


@respx.mock(assert_all_called=False)
def test_nothing_is_sent_to_what_is_no_target_of_the_environment_any_more(
        respx_mock: respx.MockRouter, state: Path) -> None:
    crashed(state, "a", *made("one", 1))
    (state / "flowprobe.yaml").write_text(PROJECT.replace("http://acme.test", "http://elsewhere.test"))
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    (left,) = find_left(state)
    told: list[Event] = []
    assert [row.step for row in sweep(left, tell=told.append).rows] == ["one"]
    (ended,) = told
    assert isinstance(ended, CleanupEnded)
    assert "not sent: http://acme.test:80 is no target of the environment" in ended.detail
    assert not anything.called


def test_an_environment_that_is_not_there_any_more_is_said(state: Path) -> None:
    crashed(state, "a", *made("one", 1), environment="lab")
    (left,) = find_left(state)
    with pytest.raises(EnvironmentBroken, match="no environment 'lab' any more"):
        sweep(left, tell=lambda _: None)


@respx.mock(assert_all_called=False)
def test_what_belongs_to_a_run_that_lives_is_left_alone(respx_mock: respx.MockRouter, state: Path) -> None:
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    crashed(state, "a", *made("one", 1))
    (before,) = find_left(state)
    with in_use(before.folder / "runner.jsonl"):
        (left,) = find_left(state)
        assert left.alive
        for known in (left, before):  # it may have come to life since it was listed
            assert sweep(known, tell=lambda _: None).alive
    assert not anything.called
    (left,) = find_left(state)
    assert not left.alive


@respx.mock
def test_what_somebody_else_has_cleaned_since_is_not_called_again(state: Path) -> None:
    crashed(state, "a", *made("one", 1))
    respx.delete("http://acme.test/one/1").mock(return_value=httpx.Response(204))
    (left,), (again,) = find_left(state), find_left(state)
    sweep(left, tell=lambda _: None)
    assert sweep(again, tell=lambda _: None).rows == ()
    assert respx.calls.call_count == 1


FIND = FoundBy("GET", "http://acme.test/one", {"tag": TRIAL}, "$.items[*]", "id")


@respx.mock
def test_what_was_under_way_is_closed_only_when_it_can_no_longer_come(
        state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    crashed(state, "a", CleanupPlanned(TRIAL, "one", 1, "pro-eu", "…", 1, "DELETE", "http://acme.test/one/found-id", FIND))
    respx.get("http://acme.test/one").mock(return_value=httpx.Response(200, json={"items": []}))
    (left,) = find_left(state)
    assert [row.step for row in sweep(left, tell=lambda _: None).rows] == ["one"]
    os.utime(left.folder / "runner.jsonl", (time.time() - 31,) * 2)
    assert sweep(left, tell=lambda _: None).rows == ()


@respx.mock
def test_a_full_disk_keeps_nothing_from_being_cleaned_up(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashed(state, "a", *made("one", 1), *made("two", 2))
    route = respx.delete(url__startswith="http://acme.test/").mock(return_value=httpx.Response(204))
    (left,) = find_left(state)

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolFailed, match="No space left on device"):
        sweep(left, tell=lambda _: None)
    assert [call.request.url.path for call in route.calls] == ["/two/1", "/one/1"]


@respx.mock
def test_a_secret_in_what_came_of_it_is_not_told(state: Path) -> None:
    crashed(state, "a", CleanupSettled(TRIAL, "one", 1, "pro-eu", "due", "DELETE", "http://acme.test/one?key=tok-12345"))
    respx.delete("http://acme.test/one").mock(return_value=httpx.Response(500))
    (left,) = find_left(state)
    told: list[Event] = []
    sweep(left, tell=told.append)
    assert "tok-12345" not in str(told)
    assert "answered 500" in str(told)


def test_a_line_that_nobody_can_read_is_left_to_a_person(state: Path) -> None:
    crashed(state, "a", *made("one", 1), CleanupEnded(TRIAL, "one", "gone"))
    with (state / "runs" / "a" / "ledger" / "runner.jsonl").open("ab") as file:
        file.write(b"\0\0\n")
    (left,) = find_left(state)
    assert (left.rows, left.damaged) == ((), ("runner.jsonl:5",))
    assert sweep(left, tell=lambda _: None).damaged == ("runner.jsonl:5",)

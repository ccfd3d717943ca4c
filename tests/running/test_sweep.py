from pathlib import Path

import httpx
import pytest
import respx

from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Event, LedgerOpened
from flowprobe.errors import InvalidInput
from flowprobe.ledger.file import Ledger
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


def crashed(state: Path, run: str, *events: CleanupPlanned | CleanupSettled | CleanupEnded) -> None:
    """A run that ended without its cleanup: what is left of it is its ledger."""
    head = LedgerOpened(run, "production", str(state / "flowprobe.yaml"))
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
    assert sweep(left, tell=told.append) == ()
    assert [call.request.url.path for call in route.calls] == ["/two/1", "/one/1"]
    assert {call.request.headers["authorization"] for call in route.calls} == {"Bearer tok-12345"}
    assert [event.outcome for event in told if isinstance(event, CleanupEnded)] == ["gone", "gone"]
    assert find_left(state) == ()


@respx.mock
def test_what_could_not_be_cleaned_is_still_there_the_next_time(state: Path) -> None:
    crashed(state, "a", *made("one", 1))
    respx.delete("http://acme.test/one/1").mock(side_effect=[httpx.Response(500), httpx.Response(500), httpx.Response(404)])
    (left,) = find_left(state)
    assert [row.step for row in sweep(left, tell=lambda _: None)] == ["one"]
    (left,) = find_left(state)
    assert sweep(left, tell=lambda _: None) == ()


@respx.mock(assert_all_called=False)
def test_an_unknown_outcome_is_never_assumed_away(respx_mock: respx.MockRouter, state: Path) -> None:
    crashed(state, "a", made("one", 1)[0])
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    (left,) = find_left(state)
    assert [row.state for row in sweep(left, tell=lambda _: None)] == ["unknown"]
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

from pathlib import Path

import httpx
import pytest
import respx

from flowprobe.core.events import CleanupPlanned, CleanupSettled, LedgerOpened
from flowprobe.core.scenario import Project
from flowprobe.files.project import load_project
from flowprobe.ledger.file import Ledger, in_use
from flowprobe.running.earlier import clean_earlier
from tests.scenes import TRIAL

PROJECT = """\
flowprobe: 1
environments: {production: {target: http://acme.test}, lab: {target: http://lab.test}}
personas: {pro-eu: {team: t1, auth: {bearer: env:ACME_TOKEN}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_TOKEN", "tok-12345")
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    return load_project(tmp_path / "flowprobe.yaml")


def left(run: str, environment: str, *, started: bool = False, project: str = "flowprobe.yaml", known: bool = True) -> Path:
    path = Path(".flowprobe/runs") / run / "ledger" / "runner.jsonl"
    ledger = Ledger(path, LedgerOpened(run, environment, str(Path(project).resolve()), started))
    ledger.append(CleanupPlanned(TRIAL, "make", 1, "pro-eu", "DELETE /things/${make.id}"))
    if known:
        ledger.append(CleanupSettled(TRIAL, "make", 1, "pro-eu", "due", "DELETE", f"http://acme.test/{run}"))
    ledger.close()
    return path


def said(project: Project, environment: str = "production") -> list[str]:
    lines: list[str] = []
    clean_earlier(project, environment, say=lines.append)
    return lines


@respx.mock
def test_what_earlier_runs_left_here_goes_and_each_has_its_line(project: Project) -> None:
    left("a", "production")
    left("b", "production")
    respx.delete("http://acme.test/a").mock(return_value=httpx.Response(204))
    respx.delete("http://acme.test/b").mock(return_value=httpx.Response(503))
    assert said(project) == [
        "left by a: make gone",
        "left by b: make failed (DELETE http://acme.test/b: answered 503)",
        "left by b: 1 could not be cleaned up; `flowprobe cleanup` says more",
    ]


@respx.mock(assert_all_called=False)
def test_other_environments_and_other_projects_are_left_alone(respx_mock: respx.MockRouter, project: Project) -> None:
    left("a", "production")
    left("b", "lab", project="other.yaml")
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    assert said(project, "lab") == []
    assert not anything.called


@respx.mock(assert_all_called=False)
def test_a_run_that_still_goes_on_keeps_what_it_has_made(respx_mock: respx.MockRouter, project: Project) -> None:
    path = left("a", "production")
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    with in_use(path):
        assert said(project) == []
    assert not anything.called


def test_what_went_with_its_product_and_what_nobody_knows_are_told_apart(project: Project) -> None:
    left("a", "production", started=True)
    left("b", "production", known=False)
    assert said(project) == [
        "left by a: make gone (it went with the product that was started for that run)",
        "left by b: of 1 nobody knows whether it is there; `flowprobe cleanup` says more",
    ]


def test_a_secret_that_is_missing_is_said_and_is_no_reason_not_to_begin(
        project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    left("a", "production")
    monkeypatch.delenv("ACME_TOKEN")
    (line,) = said(project)
    assert line.startswith("left by a: 1 not cleaned up: the secret env:ACME_TOKEN cannot be used")


@respx.mock(assert_all_called=False)
def test_a_stop_ends_it_before_the_next_call(respx_mock: respx.MockRouter, project: Project) -> None:
    left("a", "production")
    anything = respx_mock.route().mock(return_value=httpx.Response(204))
    clean_earlier(project, "production", say=lambda _: None, stopped=lambda: True)
    assert not anything.called

from pathlib import Path

import httpx
import pytest
import respx

from flowprobe.cli.cleaning import cleanup_command
from flowprobe.core.events import CleanupPlanned, CleanupSettled, LedgerOpened
from flowprobe.ledger.file import Ledger, in_use
from tests.scenes import TRIAL


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowprobe.yaml").write_text(
        "flowprobe: 1\nenvironments: {production: {target: http://acme.test}}\npersonas: {pro-eu: {team: t1}}\n")
    return tmp_path


def left(here: Path, run: str = "a", *, started: bool = False, environment: str = "production") -> Path:
    path = here / ".flowprobe" / "runs" / run / "ledger" / "runner.jsonl"
    ledger = Ledger(path, LedgerOpened(run, environment, str(here / "flowprobe.yaml"), started))
    ledger.append(CleanupPlanned(TRIAL, "invite", 1, "pro-eu", "DELETE /invites/${invite.id}"))
    ledger.append(CleanupSettled(TRIAL, "invite", 1, "pro-eu", "due", "DELETE", "http://acme.test/invites/1"))
    ledger.close()
    return path


def test_where_nothing_is_left_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cleanup_command(dry_run=False) == 0
    assert "nothing is left behind" in capsys.readouterr().out


@respx.mock
def test_a_dry_run_lists_and_calls_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left(here)
    assert cleanup_command(dry_run=True) == 7
    out = capsys.readouterr().out
    assert "invite as pro-eu: due  DELETE http://acme.test/invites/1" in out
    assert "production" in out


@respx.mock
def test_what_is_left_is_finished(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left(here)
    respx.delete("http://acme.test/invites/1").mock(return_value=httpx.Response(204))
    assert cleanup_command(dry_run=False) == 0
    out = capsys.readouterr().out
    assert "✓ invite: gone" in out
    assert "everything is cleaned up" in out


@respx.mock
def test_what_cannot_be_finished_is_exit_7(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left(here)
    respx.delete("http://acme.test/invites/1").mock(return_value=httpx.Response(503))
    assert cleanup_command(dry_run=False) == 7
    out = capsys.readouterr().out
    assert "✗ invite: failed" in out
    assert "tried again by the next `flowprobe cleanup`" in out


def test_what_nobody_knows_is_told_with_all_that_helps_to_find_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger(here / ".flowprobe" / "runs" / "a" / "ledger" / "runner.jsonl",
                    LedgerOpened("a", "production", str(here / "flowprobe.yaml")))
    ledger.append(CleanupPlanned(TRIAL, "invite", 1, "pro-eu", "DELETE /invites/${invite.id}", 2))
    ledger.close()
    assert cleanup_command(dry_run=False) == 7
    assert capsys.readouterr().out == f"""\
.flowprobe/runs/a on production
  ? invite (round 2): unknown  DELETE /invites/${{invite.id}}: the outcome of the step was never written down
      look for it as pro-eu: what the trial {TRIAL} has made bears that id, where the scenario says so
      when you have looked and nothing is left, remove .flowprobe/runs/a: then it is forgotten
1 still to be cleaned up  exit 7
"""


@respx.mock
def test_one_run_that_cannot_be_cleaned_does_not_keep_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left(here, "a", environment="gone")
    left(here, "b")
    respx.delete("http://acme.test/invites/1").mock(return_value=httpx.Response(204))
    assert cleanup_command(dry_run=False) == 7
    out = capsys.readouterr().out
    assert "no environment 'gone' any more" in out
    assert "✓ invite: gone" in out
    assert "1 still to be cleaned up" in out


def test_what_went_with_its_product_is_said_and_nothing_is_left(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left(here, started=True)
    for dry_run in (True, False):
        assert cleanup_command(dry_run=dry_run) == 0
        assert "went with the product that was started for that run" in capsys.readouterr().out


def test_a_run_that_goes_on_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = left(here)
    with in_use(path):
        for dry_run in (True, False):
            assert cleanup_command(dry_run=dry_run) == 0
            assert "left alone: this run still goes on" in capsys.readouterr().out

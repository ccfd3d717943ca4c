from pathlib import Path

import httpx
import pytest
import respx

from flowprobe.cli.cleaning import cleanup_command
from flowprobe.core.events import CleanupPlanned, CleanupSettled, LedgerOpened
from flowprobe.ledger.file import Ledger
from tests.scenes import TRIAL


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowprobe.yaml").write_text(
        "flowprobe: 1\nenvironments: {production: {target: http://acme.test}}\npersonas: {pro-eu: {team: t1}}\n")
    return tmp_path


def left(here: Path) -> None:
    ledger = Ledger(here / ".flowprobe" / "runs" / "a" / "ledger" / "runner.jsonl",
                    LedgerOpened("a", "production", str(here / "flowprobe.yaml")))
    ledger.append(CleanupPlanned(TRIAL, "invite", 1, "pro-eu", "DELETE /invites/${invite.id}"))
    ledger.append(CleanupSettled(TRIAL, "invite", 1, "pro-eu", "due", "DELETE", "http://acme.test/invites/1"))
    ledger.close()


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
    assert "✗ invite: failed" in capsys.readouterr().out

import os
import stat
from pathlib import Path

import pytest

from flowprobe.core.events import CleanupEnded, CleanupPlanned, LedgerOpened
from flowprobe.ledger.file import Ledger, read_ledger

ROWS = (CleanupPlanned("t", "one", 1, "pro-eu", "DELETE /x"), CleanupEnded("t", "one", "gone"))


def test_rows_come_back_in_order_and_belong_to_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "runner.jsonl"
    ledger = Ledger(path)
    for row in ROWS:
        ledger.append(row)
    ledger.close()
    assert tuple(read_ledger(path)) == ROWS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_row_says_where_the_things_were_made(tmp_path: Path) -> None:
    head = LedgerOpened("r", "production", "/srv/flowprobe.yaml")
    ledger = Ledger(tmp_path / "runner.jsonl", head)
    for row in ROWS:
        ledger.append(row)
    ledger.close()
    assert tuple(read_ledger(tmp_path / "runner.jsonl")) == (head, *ROWS)


def test_a_torn_last_line_is_a_call_that_was_never_sent(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    ledger = Ledger(path)
    ledger.append(ROWS[0])
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"event": "CleanupPl')
    assert tuple(read_ledger(path)) == ROWS[:1]


def test_a_run_that_makes_nothing_leaves_no_file(tmp_path: Path) -> None:
    Ledger(tmp_path / "runner.jsonl").close()
    assert os.listdir(tmp_path) == []
    assert tuple(read_ledger(tmp_path / "runner.jsonl")) == ()


def test_a_row_is_on_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    path = tmp_path / "runner.jsonl"
    real = os.fsync

    def fsync(file: int) -> None:
        real(file)
        synced.append(path.stat().st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    ledger = Ledger(path)
    ledger.append(ROWS[0])
    ledger.close()
    assert synced[-1] == path.stat().st_size > 0

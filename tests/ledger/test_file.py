import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flowprobe.core.cleaning import open_rows
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, LedgerOpened
from flowprobe.errors import ToolFailed
from flowprobe.ledger.file import Ledger, Pages, in_use, read_ledger

ROWS = (CleanupPlanned("t", "one", 1, "pro-eu", "DELETE /x"), CleanupEnded("t", "one", "gone"))


def test_rows_come_back_in_order_and_belong_to_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "runner.jsonl"
    ledger = Ledger(path)
    for row in ROWS:
        ledger.append(row)
    ledger.close()
    assert read_ledger(path) == Pages(ROWS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_row_says_where_the_things_were_made(tmp_path: Path) -> None:
    head = LedgerOpened("r", "production", "/srv/flowprobe.yaml")
    ledger = Ledger(tmp_path / "runner.jsonl", head)
    for row in ROWS:
        ledger.append(row)
    ledger.close()
    assert read_ledger(tmp_path / "runner.jsonl").events == (head, *ROWS)


def test_a_torn_last_line_is_a_call_that_was_never_sent(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    ledger = Ledger(path)
    ledger.append(ROWS[0])
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"event": "CleanupPl')
    assert read_ledger(path) == Pages(ROWS[:1])


def test_a_run_that_makes_nothing_leaves_no_file(tmp_path: Path) -> None:
    Ledger(tmp_path / "runner.jsonl").close()
    assert os.listdir(tmp_path) == []
    assert read_ledger(tmp_path / "runner.jsonl") == Pages()


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


def test_a_ledger_that_is_cut_anywhere_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    ledger = Ledger(path, LedgerOpened("r", "production", "/srv/flowprobe.yaml"))
    ledger.append(ROWS[0])
    intent = path.stat().st_size
    ledger.append(CleanupSettled("t", "one", 1, "pro-eu", "due", "DELETE", "http://acme.test/é"))
    ledger.close()
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        pages = read_ledger(path)
        assert pages.damaged == ()
        states = [row.state for row in open_rows(pages.events)]
        expected = [] if cut < intent - 1 else ["unknown"] if cut < len(whole) - 1 else ["due"]
        assert states == expected, cut


def test_a_line_that_nobody_can_read_any_more_is_told_and_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    ledger = Ledger(path)
    for row in ROWS:
        ledger.append(row)
    ledger.close()
    first, second, _ = path.read_bytes().split(b"\n")
    for damage in (b"\0" * 40, b'{"event": "Clean', b'{"event": "CleanupPlanned"}', b"[]", b"\xff"):
        path.write_bytes(b"\n".join((first, damage, second, b"")))
        assert read_ledger(path) == Pages(ROWS, damaged=(2,))


def test_a_full_disk_leaves_no_part_of_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runner.jsonl"
    ledger = Ledger(path, LedgerOpened("r", "production", "/srv/flowprobe.yaml"))
    real, left = os.write, [0]

    def write(file: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return real(file, data[:10])

    for room in (0, 1, 3):
        monkeypatch.setattr(os, "write", write)
        left[0] = room
        with pytest.raises(ToolFailed, match=r"cannot write the cleanup ledger .*: No space left on device"):
            ledger.append(ROWS[0])
        assert path.read_bytes() == b""
    monkeypatch.setattr(os, "write", real)
    ledger.append(ROWS[0])
    ledger.close()
    assert [type(event) for event in read_ledger(path).events] == [LedgerOpened, CleanupPlanned]


HOLDS = """
import sys
from pathlib import Path
from flowprobe.core.events import CleanupPlanned
from flowprobe.ledger.file import Ledger
Ledger(Path(sys.argv[1])).append(CleanupPlanned("t", "one", 1, "pro-eu", "DELETE /x"))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_ledger_is_in_use_for_as_long_as_its_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    with in_use(path) as used:
        assert not used
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"held\n"
        with in_use(path) as used:
            assert used
        run.kill()
        run.wait()
        with in_use(path) as used:
            assert not used


def test_two_who_clean_up_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    path.touch()
    with in_use(path) as first, in_use(path) as second:
        assert (first, second) == (False, True)

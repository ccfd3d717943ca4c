import errno
import gc
import os
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.redact import Redactor
from flowprobe.core.times import Spent, Times
from flowprobe.errors import ToolFailed
from flowprobe.report.model import Told
from flowprobe.running.spool import Spool

FIRST = Told(('{"trial": "a", "steps": [', '{"step": "ü"}', ', {"step": "\ud800"}', "]}"), page=("<p>ä</p>", "<p>\ud800</p>"))
SECOND = Told(('{"trial": "b", "steps": [', "]}"), ("it broke", "one\ntwo"), "a.yaml:9:7", (), Times((Spent("a", 0.2, 0.1),), (Spent("pay", 0.1),)))


def whole(told: Told) -> Told:
    return replace(told, result=tuple(told.result), page=tuple(told.page))


def everything(spool: Spool) -> list[Told]:
    return [whole(told) for told in spool]


def test_what_was_added_comes_back_in_order_as_often_as_it_is_asked_for(tmp_path: Path) -> None:
    spool = Spool(tmp_path, str)
    assert everything(spool) == []
    spool.add(FIRST)
    assert everything(spool) == [FIRST]
    spool.add(SECOND)
    assert everything(spool) == everything(spool) == [FIRST, SECOND]
    assert [(whole(one), whole(other)) for one, other in zip(spool, spool, strict=True)] == [(FIRST, FIRST), (SECOND, SECOND)]


def test_it_has_no_name_that_anybody_could_read_it_by(tmp_path: Path) -> None:
    spool = Spool(tmp_path, str)
    spool.add(FIRST)
    assert list(tmp_path.iterdir()) == []


def test_its_file_is_closed_when_nobody_needs_it_any_more(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    spool = Spool(tmp_path, str)
    spool.add(FIRST)
    held = set(os.listdir("/proc/self/fd")) - before
    del spool
    gc.collect()
    assert held
    assert not held & set(os.listdir("/proc/self/fd"))


def test_no_secret_that_is_known_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, place: written.append(data) or real(file, data, place))
    spool = Spool(tmp_path, Redactor(["s3cr3t-token"]))
    spool.add(Told(('{"url": "?key=s3cr3t-token"}',), ("s3cr3t-token came", "with s3cr3t-token"), page=("<p>s3cr3t-token</p>",),
                   times=Times((Spent("s3cr3t-token", 1.0),))))
    assert written
    assert b"s3cr3t" not in b"".join(written)
    assert next(iter(spool)).problem == ("«redacted» came", "with «redacted»")


@pytest.mark.parametrize("room", [0, 10, 100, 70_000])
def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    real, left = os.pwrite, [room]

    def write(file: int, data: bytes, place: int) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(file, data[:left[0]], place)
        left[0] -= done
        return done

    monkeypatch.setattr(os, "pwrite", write)
    spool = Spool(tmp_path, str)
    long = Told(("x" * 50_000, "y" * 50_000, "z" * 50_000))
    for told in (FIRST, long, SECOND):
        spool.add(told)
    left[0] = 1_000
    spool.add(FIRST)
    assert everything(spool) == [FIRST, long, SECOND, FIRST]


def test_a_folder_that_takes_no_file_loses_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "absent", str)
    spool.add(FIRST)
    assert everything(spool) == [FIRST]


def test_a_disk_that_does_not_give_back_what_was_written_is_a_failure_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, str)
    spool.add(FIRST)
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    with pytest.raises(ToolFailed, match="gone from the disk"):
        everything(spool)

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    with pytest.raises(ToolFailed, match="Input/output error"):
        everything(spool)


def test_what_is_longer_than_a_piece_comes_back_line_by_line(tmp_path: Path) -> None:
    long = Told(tuple(f"{number}: " + "ü" * 5_000 for number in range(100)))
    spool = Spool(tmp_path, str)
    for told in (long, FIRST, long):
        spool.add(told)
    assert everything(spool) == [long, FIRST, long]

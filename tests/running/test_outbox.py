from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.nights.alerting import Telling, Why
from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.verdict import Blame
from flowprobe.errors import ToolFailed
from flowprobe.running.outbox import Letter, Outbox, letter

ALERT = Alert("prod", "product/invite", Severity.PAGE, Blame.PRODUCT, "It broke — «so».", ("seats",), "2026-11-01", "2026-11-02")
OPENED = Telling(ALERT, Why.OPENED, "2026-11-02")


def test_what_is_put_is_there_until_it_is_taken(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    first, second = Letter("slack", OPENED, 1.0), Letter("teams", OPENED, 0.5)
    outbox.put(first)
    outbox.put(second)
    assert outbox.letters("prod") == (second, first), "the oldest first"
    assert Outbox(tmp_path / "outbox").letters("prod") == (second, first), "for another process too"
    outbox.taken(first)
    assert outbox.letters("prod") == (second,)
    assert outbox.letters("staging") == ()


def test_the_same_thing_put_twice_waits_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put(Letter("slack", OPENED, 1.0))
    outbox.put(Letter("slack", OPENED, 2.0))
    outbox.put(Letter("slack", replace(OPENED, why=Why.RESOLVED), 3.0))
    assert [each.since for each in outbox.letters("prod")] == [2.0, 3.0]


def test_why_it_was_not_delivered_is_kept(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.failed(outbox.failed(letter("slack", OPENED), "no reply"), "it answered 500")
    (kept,) = outbox.letters("prod")
    assert (kept.tried, kept.because) == (2, "it answered 500")


def test_a_file_that_cannot_be_read_is_named_and_keeps_nothing_else_back(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put(Letter("slack", OPENED, 1.0))
    (tmp_path / "broken.json").write_text('{"to": "slack", "telling"')
    (tmp_path / "other.json").write_text("[]")
    assert len(outbox.letters("prod")) == 1
    assert [path.name for path in outbox.unreadable()] == ["broken.json", "other.json"]


def test_what_waits_is_its_owners_alone_to_read(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox").put(letter("slack", OPENED))
    (file,) = (tmp_path / "outbox").glob("*.json")
    assert (file.stat().st_mode & 0o777, (tmp_path / "outbox").stat().st_mode & 0o777) == (0o600, 0o700)


def test_one_at_a_time_delivers(tmp_path: Path) -> None:
    with Outbox(tmp_path).alone() as first, Outbox(tmp_path).alone() as second:
        assert (first, second) == (True, False)
    with Outbox(tmp_path).alone() as again:
        assert again


def test_an_outbox_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(ToolFailed, match=r"cannot be kept in .*outbox"):
        Outbox(tmp_path / "outbox").put(letter("slack", OPENED))
    with pytest.raises(ToolFailed, match="cannot be used"), Outbox(tmp_path / "outbox").alone():
        pass


def test_a_half_written_file_of_a_crash_is_no_letter(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    (tmp_path / f"abc.{os.getpid()}.new").write_text("{")
    assert (outbox.letters("prod"), outbox.unreadable()) == ((), ())

"""Tables of calls: which column means what, in which unit, and what is told of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from tests.incident.recorded import FRIDAY, read_text, told

HEAD = "time,provider,latency_ms,status\n"
ROW = "2026-11-20T18:00:00Z,payments,180,200\n"


@pytest.mark.parametrize(("text", "options"), [
    (HEAD + ROW, {}),
    ("time;provider;latency (ms);status\n2026-11-20T18:00:00Z;payments;180;200\n", {}),
    ("time\tprovider\tlatency\tstatus\n2026-11-20T19:00:00+01:00\tpayments\t180 ms\t200\n", {}),
    ("timestamp_ms,host,duration_s,code\n1795197600000,payments,0.18,200\n", {}),
    ("epoch_s,peer.service,tookMillis,x\n1795197600,payments,180,200\n", {"columns": {"latency": ("tookMillis", ""), "status": ("x", "")}}),
    ("when,who,took,status\n1795197600000000,payments,.18,200\n",
     {"columns": {"time": ("when", "us"), "latency": ("took", "s"), "provider": ("who", "")}}),
    ("time,provider,latency_ms,status\n2026-11-20 19:00:00,payments,180,200\n", {"zone": "Europe/Berlin"}),
    ("time,latency_ms,status\n2026-11-20T18:00:00Z,180,200\n", {"provider": "payments"}),
    ("\ufefftime,provider,latency_ms,status\r\n\"2026-11-20T18:00:00Z\",payments,180,200\r\n\r\n", {}),
    ("time,url,latency_ms,status\n2026-11-20T18:00:00Z,https://u:pw@api.example/?x=1,180,200\n", {"providers": {"api.example": "payments"}}),
], ids=range(10))
def test_one_call_in_many_tables(tmp_path: Path, text: str, options: dict[str, object]) -> None:
    read = read_text(tmp_path, text, **options)
    ((at, ms, outcome, provider, _, _),) = told(read)
    assert (at, ms, outcome, provider) == (FRIDAY * 1000, 180, "200", "payments")


@pytest.mark.parametrize(("text", "options", "said"), [
    ("time,provider,latency,status\n2026-11-20T18:00:00Z,payments,180,200\n", {},
     "a.csv:2:31: '180' is a number without a unit\nwrite --columns latency=latency:ms (or s, us, ns)"),
    ("time,provider,latency_ms,status\n1795197600,payments,180,200\n", {},
     "a.csv:2:1: '1795197600' is a number without a unit\nwrite --columns time=time:s (or ms, us, ns)"),
    ("time_s,provider,latency_ms,status\n1795197600000,payments,180,200\n", {},
     "a.csv:2:1: '1795197600000' is no instant of this century in s\nsee its unit, and write --columns time=time_s:ms"),
    (HEAD + "2026-11-20T18:00:00,payments,180,200\n", {},
     "a.csv:2:1: '2026-11-20T18:00:00' names no time zone\nsay which is meant: --zone Europe/Berlin"),
    (HEAD + ROW + "2026-11-20T18:00:00,payments,180,200\n", {"zone": "Europe/Berlin"},
     "a.csv:3:1: some times here name a zone and some do not\nwrite all of them with one, or none"),
    (HEAD + "2026-10-25T02:30:00,payments,180,200\n", {"zone": "Europe/Berlin"},
     "a.csv:2:1: '2026-10-25T02:30:00' is twice or never in Europe/Berlin, where the clocks were changed\nwrite the times with their offset"),
    (HEAD + ROW, {"zone": "Europe/Nowhere"}, "--zone: 'Europe/Nowhere' is no time zone\nwrite one of the tz database, like Europe/Berlin"),
    (HEAD + "2026-11-20T18:00:00Z,payments,\"0,18\",200\n", {}, "a.csv:2:31: '0,18' is no duration\nwrite a number, with a point, or 180ms"),
    (HEAD + "2026-11-20T18:00:00Z,payments,-1,200\n", {}, "a.csv:2:31: '-1' is not between nothing and a day\nsee its unit"),
    (HEAD + "2026-11-20T18:00:00Z,payments,1e400,200\n", {}, "a.csv:2:31: '1e400' is no number that there is"),
    (HEAD + "2026-11-20T18:00:00Z,payments,180,OK\n", {},
     "a.csv:2:35: 'OK' is no status and no error that we know\nwrite a number like 503, or refused, reset, closed, hang, tls"),
    (HEAD + "2026-11-20,payments,180,200\n", {}, "a.csv:2:1: '2026-11-20' is a day and no instant"),
    (HEAD + "2026-11-20T18:00:00Z,payments,180\n" + ROW, {}, "a.csv:2:1: this row has 3 of the 4 values that the header names"),
    ("time,provider,status\n", {}, "a.csv:1:1: no column is known as latency among time, provider, status\nwrite --columns latency=COLUMN"),
    (HEAD + ROW, {"columns": {"time": ("ts", "")}}, "a.csv:1:1: there is no column 'ts' among"),
    ("time,time_ms,latency_ms,status\n", {}, "a.csv:1:1: both time and time_ms may be the time\nwrite --columns time=time"),
    ("time,latency_ms,status\n2026-11-20T18:00:00Z,180,200\n", {}, "a.csv:2:1: nothing says which provider was called\nwrite --provider NAME"),
    (HEAD, {}, "a.csv: there is no call in it"),
    (HEAD + ROW + "2026-11-20T18:00:00Z," + "x" * (1 << 20) + ",1,200\n", {}, "a.csv:3:1: this line is longer than 1048576 bytes"),
    (HEAD + '2026-11-20T18:00:00Z,"' + "x" * 200_000 + '",1,200\n', {}, "a.csv:2:1: this is no row of a table"),
    (HEAD + ROW + "\0\n", {}, "a.csv: this is no text, and no OTLP"),
], ids=range(21))
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, text, "a.csv", **options)
    (first, *others) = caught.value.problems
    message = f"{first.place}: {first.found}\n{first.instead}".replace(f"{tmp_path}/", "")
    assert message.startswith(said)
    assert not others


def test_the_first_wrong_lines_and_how_many_others(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, HEAD + ROW + "2026-11-20T18:00:00Z,payments,soon,200\n" * 9 + ROW)
    assert [each.line for each in caught.value.problems] == [3, 4, 5, 6, 7, 0]
    assert caught.value.problems[-1].found == "4 more of its lines are not understood"


def test_wrong_lines_are_counted_where_they_may_be_skipped(tmp_path: Path) -> None:
    read = read_text(tmp_path, HEAD + ROW + "2026-11-20T18:00:00Z,payments,soon,200\n" * 9 + ROW, skip_wrong=True)
    assert (read.counts.lines, read.counts.calls, read.counts.skipped) == (12, 2, {"not understood": 9})


@pytest.mark.parametrize("cut", range(1, len(ROW) - 4))
def test_a_last_line_that_was_cut_short_is_counted(tmp_path: Path, cut: int) -> None:
    read = read_text(tmp_path, HEAD + ROW + ROW[:cut])
    assert (read.counts.calls, read.counts.skipped) == (1, {"a last line that was cut short": 1})


def test_a_last_line_without_its_end_that_is_whole_counts(tmp_path: Path) -> None:
    assert read_text(tmp_path, HEAD + ROW + ROW.rstrip()).counts.calls == 2


def test_an_error_says_what_a_status_does_not(tmp_path: Path) -> None:
    text = "time,provider,latency_ms,status,error\n2026-11-20T18:00:00Z,p,1,0,ECONNREFUSED\n2026-11-20T18:00:01Z,p,1,,timeout\n"
    assert [outcome for _, _, outcome, *_ in told(read_text(tmp_path, text))] == ["refused", "hang"]


def test_a_table_that_is_packed_is_unpacked(tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress((HEAD + ROW * 3).encode(), mtime=0)
    assert read_text(tmp_path, packed).counts.calls == 3
    with pytest.raises(InvalidInput, match=r"does not end where it should|cannot be read"):
        read_text(tmp_path, packed[:-9])



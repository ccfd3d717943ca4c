"""Several sources as one, what each is recognised as, and what is told on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.incidents.model import Recording
from flowprobe.errors import InvalidInput
from flowprobe.incident.options import Options, columns_of, providers_of
from flowprobe.incident.reading import read
from tests.incident.recorded import FRIDAY, Known, as_csv, as_envoy, as_har, told, written

CALLS = [Known(round(FRIDAY * 1000) + number, number % 700, ("200", "503")[number % 7 == 0]) for number in range(30_000)]


def test_sources_of_different_kinds_are_one(tmp_path: Path) -> None:
    sources = [written(tmp_path, "a", as_csv(CALLS[:10])), written(tmp_path, "b", as_har(CALLS[10:20])),
               written(tmp_path, "c", as_envoy(CALLS[20:30]))]
    found = read(sources, Options())
    assert told(found) == CALLS[:30]
    assert [kind for _, kind in found.kinds] == ["csv", "har", "access-log"]
    assert [str(each.operation) for each in found.recordings] == ["payments POST /v1/charges"]


def test_progress_rises_up_to_the_size_of_all_files(tmp_path: Path) -> None:
    sources = [written(tmp_path, name, as_csv(CALLS)) for name in ("a", "b")]
    seen: list[tuple[int, int]] = []
    read(sources, Options(), progress=lambda done, total: seen.append((done, total)))
    size = sum(path.stat().st_size for path in sources)
    assert {total for _, total in seen} == {size}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) >= 4
    assert seen[-1] == (size, size)


def test_a_recording_takes_eighteen_bytes_a_call(tmp_path: Path) -> None:
    (recording,) = read([written(tmp_path, "a", as_csv(CALLS))], Options()).recordings
    assert isinstance(recording, Recording)
    assert sum(each.itemsize for each in (recording.at, recording.seconds, recording.outcomes)) == 18
    assert len(recording) == len(CALLS)


@pytest.mark.parametrize(("content", "said"), [
    (b"", "this file is empty"), (b"\0\1\2", "this is no text, and no OTLP"), (b"what\nis\nthis\n", "nothing tells what this is"),
    (b"\x1f\x8b\x08broken", "this file cannot be read"), ("zeit;dauer\n".encode("utf-16"), "this is no text, and no OTLP"),
    (b"time,latency_ms,status\n\xe4\n", "this is not UTF-8 text"), (b"{" * 100_000, "nothing tells what this is"), (b"[]", "nothing tells what this is"),
], ids=range(8))
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read([written(tmp_path, "a", content)], Options())
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "a")
    assert problem.found.startswith(said)
    assert problem.instead


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"this is no file, but a folder or a pipe"):
        read([tmp_path], Options())
    with pytest.raises(InvalidInput, match=r"there is no such file"):
        read([tmp_path / "a"], Options())


def test_what_it_is_may_be_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"this JSON has no log\.entries"):
        read([written(tmp_path, "a", as_csv(CALLS[:3]))], Options(kind="har"))


def test_options_are_read() -> None:
    assert columns_of("time=ts:ms, latency=took,path=a:b") == {"time": ("ts", "ms"), "latency": ("took", ""), "path": ("a:b", "")}
    assert providers_of(("api.example=payments", "mail")) == ({"api.example": "payments"}, "mail")


@pytest.mark.parametrize("text", ["when=ts", "time=", "time"])
def test_columns_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^--columns: .* names no column"):
        columns_of(text)


@pytest.mark.parametrize("given", [("a", "b"), ("=a",), ("a=",)])
def test_providers_that_are_two_are_refused(given: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"^--provider: it names one provider for all calls"):
        providers_of(given)

"""Files that are broken, cut, or made to harm: a sentence each, and never a traceback."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.errors import InvalidInput
from flowprobe.incident.options import KINDS, Options
from flowprobe.running.recorded import read_sources
from tests.incident.recorded import FRIDAY, NGINX, Known, as_csv, as_envoy, as_har, as_nginx
from tests.incident.test_flows import flow
from tests.incident.test_prometheus import matrix, scrapes
from tests.running.test_recorded import jsonl, protobuf, span

CALLS = [Known(round(FRIDAY * 1000) + number, 100 + number, ("200", "503")[number % 2]) for number in range(4)]
WHOLE: dict[str, bytes] = {
    "csv": as_csv(CALLS).encode(), "har": as_har(CALLS).encode(), "nginx": as_nginx(CALLS).encode(), "envoy": as_envoy(CALLS).encode(),
    "otlp": jsonl(*map(span, CALLS)).encode(), "protobuf": protobuf(*map(span, CALLS)), "matrix": matrix((0,) * 5, (3,) * 5).encode(),
    "scrapes": scrapes((0,) * 5, (3,) * 5).encode(), "packed": gzip.compress(as_csv(CALLS).encode(), mtime=0),
    "flows": flow(CALLS[0]) + flow(CALLS[1]),
    "json-log": b'{"time": "2026-11-20T18:00:00Z", "latency_ms": 1, "status": 200, "host": "p"}\n' * 3,
}
PIECES = (b"", b"\0", b"\xff", b"\n", b'"', b"{", b"}", b"[", b"]", b",", b"-", b"e999", b"NaN", b"null", b"Infinity", b"9" * 5_000, b"\\ud800",
          b"-1", b"T", b"Z", b"+99:99", b"\x1b[2J", "\N{ARABIC-INDIC DIGIT THREE}".encode(), "²".encode(), b'{"a":' * 2_000, b"[" * 2_000)


@st.composite
def broken(draw: st.DrawFn, whole: bytes) -> bytes:
    """Some places of a file are overwritten."""
    content = whole
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.integers(0, 12)))
        content = content[:begin] + draw(st.sampled_from(PIECES)) + content[end:]
    return content


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_broken_file_is_a_sentence(name: str, data: st.DataObject) -> None:
    content = data.draw(broken(WHOLE[name]))
    kind = data.draw(st.sampled_from((None, None, None, *KINDS)))
    skip = data.draw(st.booleans())
    options = Options(kind=kind, format=NGINX if name == "nginx" else "", skip_wrong=skip)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "source"
        path.write_bytes(content)
        try:
            found = read_sources([path], options)
        except InvalidInput as error:
            said = [problem.found + problem.instead for problem in error.problems]
            found = None
    if found is None:
        assert all(said)
        assert all(text.isprintable() for text in said)
        assert len(said) <= 6
    else:
        assert found.earliest <= found.latest
        for recording in found.recordings:
            assert all(0 <= seconds <= 86_400 for seconds in recording.seconds)
            assert str(recording.operation).isprintable()

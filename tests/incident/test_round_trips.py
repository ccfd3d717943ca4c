"""Known calls that are written in each format come back as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.incident.recorded import NGINX, Known, as_csv, as_envoy, as_har, as_nginx, known, read_text, told


def as_json_log(calls: Sequence[Known]) -> str:
    return "".join(json.dumps({"ts": each.at, "took": f"{each.ms}ms", "host": each.provider, "status": each.outcome,
                               "method": each.method, "url": f"https://x:secret@{each.provider}{each.path}?q=1"}) + "\n" for each in calls)


FORMATS: dict[str, tuple[Callable[[Sequence[Known]], str], tuple[str, ...], dict[str, Any]]] = {
    "csv": (as_csv, ("refused", "reset", "closed", "hang", "tls"), {}),
    "har": (as_har, ("refused", "reset", "closed", "hang", "tls"), {}),
    "access-log of nginx": (as_nginx, ("refused", "closed", "hang"), {"format": NGINX}),
    "access-log of Envoy": (as_envoy, ("refused", "reset", "closed", "hang"), {}),
    "json-log": (as_json_log, ("refused", "reset"), {"columns": {"time": ("ts", "ms")}}),
}


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_known_calls_come_back(name: str, data: st.DataObject) -> None:
    write, outcomes, options = FORMATS[name]
    calls = data.draw(known(*outcomes))
    with TemporaryDirectory() as folder:
        read = read_text(Path(folder), write(calls), **options)
    assert told(read) == sorted(calls)
    assert (read.counts.calls, sum(read.counts.skipped.values())) == (len(calls), 0)
    assert read.kinds[0][1] == name.split(" ")[0]
    assert round(read.earliest * 1000) == min(each.at for each in calls)
    assert round(read.latest * 1000) == max(each.at for each in calls)
    assert "secret" not in repr(read.recordings)

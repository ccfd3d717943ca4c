"""Histograms of Prometheus: how many calls there were between two samples, and how long they took."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.incidents.quantiles import quantile
from flowprobe.errors import InvalidInput
from flowprobe.incident.prometheus import BEYOND, NO_STATUS
from tests.incident.recorded import FRIDAY, read_text

BOUNDS = ("0.1", "0.25", "0.5", "1", "+Inf")
LABELS = {"server_address": "payments", "http_request_method": "POST", "url_template": "/v1/charges/{id}", "http_response_status_code": "200"}
NAME = "http_client_request_duration_seconds_bucket"


def matrix(*samples: tuple[int, ...], name: str = NAME, **labels: str) -> str:
    """Each sample has the counts up to each bound; a minute lies between two."""
    result = [{"metric": {"__name__": name, "le": bound, **LABELS, **labels},
               "values": [[FRIDAY + 60 * number, str(sample[place])] for number, sample in enumerate(samples)]} for place, bound in enumerate(BOUNDS)]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def scrapes(*samples: tuple[int, ...], timed: bool = True) -> str:
    said = ",".join(f'{key}="{value}"' for key, value in LABELS.items())
    lines = (f'{NAME}{{{said},le="{bound}"}} {sample[place]}{f" {round(FRIDAY + 60 * number) * 1000}" if timed else ""}\n'
             for number, sample in enumerate(samples) for place, bound in enumerate(BOUNDS))
    return "# TYPE http_client_request_duration_seconds histogram\n" + "".join(lines)


@pytest.mark.parametrize("write", [matrix, scrapes], ids=["query_range", "text"])
def test_calls_lie_in_their_buckets_between_two_samples(tmp_path: Path, write: Any) -> None:
    read = read_text(tmp_path, write((5, 5, 5, 5, 5), (15, 105, 205, 205, 206)))
    (recording,) = read.recordings
    assert str(recording.operation) == "payments POST /v1/charges/*"
    counted = [sum(low < each <= high for each in recording.seconds) for low, high in ((0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 1))]
    assert counted == [10, 90, 100, 1]
    assert FRIDAY <= min(recording.at) < FRIDAY + 1
    assert FRIDAY + 59 < max(recording.at) < FRIDAY + 60
    assert (read.kinds[0][1], read.counts.calls, read.counts.notes) == ("prometheus", 201, {BEYOND: 1})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=4, max_size=4))
def test_every_bound_is_exact(tmp_path_factory: pytest.TempPathFactory, counts: list[int]) -> None:
    totals = tuple(sum(counts[:place + 1]) for place in range(4))
    (recording,) = read_text(tmp_path_factory.mktemp("a"), matrix((0,) * 5, (*totals, totals[-1]))).recordings
    ordered = sorted(recording.seconds)
    for bound, total in zip((0.1, 0.25, 0.5, 1), totals, strict=True):
        assert sum(each <= bound for each in ordered) == total
    assert quantile(ordered, 100) <= 1


def test_a_counter_that_began_again_counts_from_nothing(tmp_path: Path) -> None:
    assert read_text(tmp_path, matrix((50,) * 5, (60,) * 5, (7,) * 5, (9,) * 5)).counts.calls == 10 + 7 + 2


@pytest.mark.parametrize(("status", "outcome", "note"), [
    ("503", "503", {}), ("timeout", "hang", {}), ("5xx", "500", {"calls of a class of statuses, told as its first": 3}), ("", "200", {NO_STATUS: 3}),
])
def test_a_label_says_how_calls_ended(tmp_path: Path, status: str, outcome: str, note: dict[str, int]) -> None:
    read = read_text(tmp_path, matrix((0,) * 5, (3,) * 5, http_response_status_code=status))
    assert (read.recordings[0].names, read.counts.notes) == ([outcome], note)


@pytest.mark.parametrize(("text", "options", "said"), [
    (scrapes((0,) * 5, (3,) * 5, timed=False), {}, "line 2 does not say when it was scraped"),
    (matrix((0,) * 5, (3,) * 5, name="took_bucket"), {}, "nothing says in which unit took is"),
    (matrix((0,) * 5, (3,) * 5, le="1").replace('"le"', '"of"'), {}, "a series has no label `le`"),
    (matrix((0,) * 5), {}, "there is no call in it"), (matrix((0,) * 5, (10 ** 9,) * 5), {}, "there are more than 3000000 calls in it"),
    (matrix((0,) * 5, (3,) * 5, server_address=""), {}, "nothing says which provider was called"),
    (matrix((0,) * 5, (3,) * 5, http_response_status_code="bad"), {}, "'bad' is no status"),
    ('{"data": {"resultType": "matrix", "result": [3]}}', {}, "this is no matrix"),
    (matrix((0,) * 5, (-3,) * 5), {}, "a sample of http_client_request_duration_seconds has no time"),
], ids=range(9))
def test_what_is_wrong_is_told(tmp_path: Path, text: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_text(tmp_path, text, **options)
    (problem,) = caught.value.problems
    assert problem.found.startswith(said)
    assert problem.instead


def test_the_unit_may_be_said(tmp_path: Path) -> None:
    (recording,) = read_text(tmp_path, matrix((0,) * 5, (3,) * 5, name="took_bucket"), columns={"latency": ("le", "ms")}).recordings
    assert max(recording.seconds) <= 0.0001

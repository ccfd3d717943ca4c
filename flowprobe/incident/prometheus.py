"""Calls from the histograms of Prometheus: what an answer of `/api/v1/query_range` has of a `…_bucket`, or scrapes in
text whose lines bear their time (https://prometheus.io/docs/instrumenting/exposition_formats/).

Of the calls themselves nothing is known but how many fell into which bucket between two samples. They are laid evenly
over that time, and within their bucket evenly in the logarithm; what is beyond the highest bound is told as that bound.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

from flowprobe.incident.columns import outcome_of
from flowprobe.incident.gathering import Gathering
from flowprobe.incident.instants import UNITS, parted
from flowprobe.incident.text import Text, refused

__all__ = ["BEYOND", "NO_STATUS", "gather"]

BEYOND = "calls beyond the highest bucket, told as its bound"
NO_STATUS = "calls of which no label says how they ended, told as answered"
_CLASS = "calls of a class of statuses, told as its first"
_LONGEST, _MOST = 64 << 20, 3_000_000
_SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][\w:]*)_bucket\{(?P<labels>.*)\}\s+(?P<value>\S+)(?:\s+(?P<at>-?\d+))?\s*')
_LABEL = re.compile(r'(?P<name>[\w.]+)="(?P<value>(?:[^"\\]|\\.)*)"')
_GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of it fill an interval evenly, in no order that latencies have."""
_HOSTS = ("provider", "server_address", "peer_service", "net_peer_name", "host", "upstream", "target", "service")
_METHODS = ("http_request_method", "http_method", "method", "verb")
_PATHS = ("url_template", "http_route", "route", "path", "uri", "endpoint")
_STATUSES = ("http_response_status_code", "http_status_code", "status_code", "status", "code", "error_type", "outcome")

Labels: TypeAlias = Mapping[str, str]
Series: TypeAlias = dict[tuple[tuple[str, str], ...], dict[float, dict[float, float]]]
"""By the labels without `le`: the time of a sample -> how many calls there were up to each bound."""


def gather(text: Text, gathering: Gathering) -> None:
    """Raises InvalidInput where a unit or a time is missing."""
    content = _content(text)
    try:
        samples = _of_json(content) if content.lstrip().startswith("{") else _of_text(content)
        series: Series = {}
        for name, labels, at, value in samples:
            _take(series, name, labels, at, value, gathering)
        _calls(series, gathering)
    except ValueError as error:
        found, _, instead = str(error).partition("; ")
        raise refused(text.path, found, instead or "save the answer of /api/v1/query_range?query=…_bucket") from None
    gathering.lines(content.count("\n"))


def _content(text: Text) -> str:
    parts, size = [], 0
    for piece in text.pieces():
        size += len(piece)
        if size > _LONGEST:
            raise refused(text.path, f"this file is larger than {_LONGEST} bytes", "ask for fewer series")
        parts.append(piece)
    return "".join(parts)


def _of_json(content: str) -> Iterator[tuple[str, Labels, float, float]]:
    try:
        result = json.loads(content)["data"]["result"]
        for each in result:
            labels = {str(key): str(value) for key, value in each["metric"].items()}
            for at, value in each["values"]:
                yield labels.get("__name__", "").removesuffix("_bucket"), labels, float(at), float(value)
    except (KeyError, TypeError, AttributeError, RecursionError, json.JSONDecodeError):
        raise ValueError("this is no matrix as /api/v1/query_range answers with") from None


def _of_text(content: str) -> Iterator[tuple[str, Labels, float, float]]:
    for number, line in enumerate(content.splitlines(), 1):
        found = _SAMPLE.fullmatch(line)
        if found is None:
            continue
        if found["at"] is None:
            raise ValueError(f"line {number} does not say when it was scraped, and two scrapes are needed; save the "
                             "answer of /api/v1/query_range, or write the time behind each line in milliseconds")
        labels = {each["name"]: each["value"] for each in _LABEL.finditer(found["labels"])}
        yield found["name"], labels, int(found["at"]) / 1000, float(found["value"])


def _take(series: Series, name: str, labels: Labels, at: float, value: float, gathering: Gathering) -> None:
    if "le" not in labels:
        raise ValueError("a series has no label `le`; ask for the …_bucket of a histogram, and not for a sum of them")
    if not 946_684_800 <= at < 4_102_444_800 or not 0 <= value < 2**53:
        raise ValueError(f"a sample of {name[:80]} has no time of this century, or counts no calls")
    unit = gathering.options.columns.get("latency", ("", ""))[1] or parted(name)[1]
    if not unit:
        raise ValueError(f"nothing says in which unit {name[:80] or 'this histogram'} is; write --columns latency=le:s")
    bound = float(labels["le"].replace("+Inf", "inf")) * UNITS[unit]
    key = tuple(sorted((each, said) for each, said in labels.items() if each not in ("le", "__name__")))
    series.setdefault(key, {}).setdefault(at, {})[bound] = value


def _calls(series: Series, gathering: Gathering) -> None:
    total = 0
    for key, samples in series.items():
        labels = dict(key)
        host, method, path = (_first(labels, names) for names in (_HOSTS, _METHODS, _PATHS))
        target = f"/{path}" if path and not path.startswith("/") else path
        outcome, note = _outcome(labels)
        for (began, before), (ended, after) in pairwise(sorted(samples.items())):
            counted = _between(before, after)
            total += sum(count for _, _, count in counted)
            if total > _MOST:
                raise ValueError(f"there are more than {_MOST} calls in it; ask for a shorter time, or fewer series")
            for at, seconds in _laid(counted, began, ended):
                gathering.call(at, seconds, outcome, host, method, target)
            gathering.note(BEYOND, sum(count for _, high, count in counted if high == math.inf))
            gathering.note(note, sum(count for _, _, count in counted))


def _between(before: Mapping[float, float], after: Mapping[float, float]) -> list[tuple[float, float, int]]:
    """(above, up to, how many) of each bucket. A counter that fell began again."""
    bounds = sorted(before.keys() & after.keys())
    again = any(after[bound] < before[bound] for bound in bounds)
    found, below, low = [], 0.0, 0.0
    for bound in bounds:
        total = after[bound] if again else after[bound] - before[bound]
        count = round(total) - round(below)
        if count > 0:
            found.append((low, bound, count))
        below, low = max(below, total), bound
    return found


def _laid(counted: Iterable[tuple[float, float, int]], began: float, ended: float) -> Iterator[tuple[float, float]]:
    number = 0
    for low, high, count in counted:
        for each in range(count):
            number += 1
            yield began + (number * _GOLDEN % 1) * (ended - began), _within(low, high, (each + 0.5) / count)


def _within(low: float, high: float, part: float) -> float:
    if high == math.inf:
        return low
    return low + (high - low) * part if low <= 0 else low * (high / low) ** part


def _outcome(labels: Labels) -> tuple[str, str]:
    """And what is to be said of it."""
    said = _first(labels, _STATUSES)
    if not said:
        return "200", NO_STATUS
    if re.fullmatch(r"[1-5][xX]{2}", said):
        return f"{said[0]}00", _CLASS
    return outcome_of(said, said), ""


def _first(labels: Labels, names: tuple[str, ...]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")

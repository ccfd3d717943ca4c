"""The recordings of several sources, each of whatever kind it is."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from flowprobe.errors import InvalidInput, Problem
from flowprobe.incident import access_log, csv, flows, har, prometheus, spans
from flowprobe.incident.gathering import Gathering
from flowprobe.incident.instants import zone_of
from flowprobe.incident.options import Options, Progress, Read
from flowprobe.incident.recognising import BEGINNING, is_protobuf, kind_of
from flowprobe.incident.text import Text, opened, refused, size_of

__all__ = ["read"]


def read(sources: Sequence[Path], options: Options, *, progress: Progress = lambda _done, _total: None,
         reader: spans.SpanReader | None = None) -> Read:
    """The calls that the files hold, by operation. Raises InvalidInput with the first wrong lines, and how many others
    there are. `reader` understands spans."""
    _checked(options)
    sizes = [size_of(path) for path in sources]
    gathering = Gathering(options)
    kinds, done = [], 0
    for path, size in zip(sources, sizes, strict=True):
        with opened(path, done=done, total=sum(sizes), progress=progress) as text:
            kinds.append((str(path), _gather(text, gathering, reader)))
        done += size
        progress(done, sum(sizes))
    return gathering.read(tuple(kinds))


def _checked(options: Options) -> None:
    try:
        zone_of(options.zone)
    except ValueError as error:
        found, _, instead = str(error).partition("; ")
        raise InvalidInput((Problem("bad-setting", "--zone", 0, 0, found, instead),)) from None


def _gather(text: Text, gathering: Gathering, reader: spans.SpanReader | None) -> str:
    beginning = _beginning(text.path)
    kind = kind_of(text.path, beginning, gathering.options)
    gathering.begin(text.path)
    match kind:
        case "csv":
            csv.gather(text, gathering)
        case "har":
            har.gather(text, gathering)
        case "json-log":
            access_log.gather_json(text, gathering)
        case "access-log":
            access_log.gather(text, gathering)
        case "flows":
            flows.gather(text, gathering)
        case "prometheus":
            prometheus.gather(text, gathering)
        case "otlp":
            if reader is None:
                raise refused(text.path, "traces are not read here", "name another source")
            spans.gather(text, gathering, reader, protobuf=is_protobuf(beginning))
        case _:
            assert_never(kind)
    gathering.end()
    return kind


def _beginning(path: Path) -> bytes:
    """Unpacked, where it is packed. Raises InvalidInput."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            return (gzip.GzipFile(fileobj=raw) if packed else raw).read(BEGINNING)
    except (OSError, EOFError, zlib.error) as error:
        raise refused(path, f"this file cannot be read: {getattr(error, 'strerror', '') or error}",
                      "unpack it, or see its permissions") from None

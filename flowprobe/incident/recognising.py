"""What kind of a source a file is, by its beginning."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flowprobe.incident.access_log import format_of
from flowprobe.incident.columns import NAMES
from flowprobe.incident.csv import SEPARATORS, columns_in
from flowprobe.incident.flows import begins_flows
from flowprobe.incident.instants import parted
from flowprobe.incident.options import KINDS, Kind, Options
from flowprobe.incident.text import refused

__all__ = ["BEGINNING", "is_protobuf", "kind_of"]

BEGINNING = 256 * 1024
_WAYS_OUT = "say what it is: --as " + ", --as ".join(KINDS)
_PROMETHEUS = re.compile(r"^[\w:]+_bucket\{.*le=\"", re.MULTILINE)


def kind_of(path: Path, beginning: bytes, options: Options) -> Kind:
    """Raises InvalidInput for what it cannot be told of."""
    if options.kind is not None:
        return options.kind
    if is_protobuf(beginning):
        return "otlp"
    if begins_flows(beginning):
        return "flows"
    if b"\0" in beginning:
        raise refused(path, "this is no text, and no OTLP", _WAYS_OUT)
    text = beginning.decode("utf-8-sig", "replace").lstrip()
    if text.startswith(("{", "[")) and (found := _json(text)):
        return found
    if _PROMETHEUS.search(text):
        return "prometheus"
    first = text.partition("\n")[0]
    if options.format or _is_log(text):
        return "access-log"
    if options.columns or _is_header(first):
        return "csv"
    raise refused(path, "nothing tells what this is", _WAYS_OUT, line=1)


def _json(text: str) -> Kind | None:
    if re.search(r'"(?:resourceSpans|resource_spans|batches)"\s*:', text):
        return "otlp"
    if re.search(r'"traceID"\s*:', text) and re.search(r'"(?:spans|processes)"\s*:', text):
        return "otlp"
    if re.search(r'"resultType"\s*:\s*"matrix"', text):
        return "prometheus"
    first = text.partition("\n")[0]
    try:
        if isinstance(json.loads(first), dict) and '"log"' not in first[:200]:
            return "json-log"
    except (ValueError, RecursionError):
        pass
    return "har" if re.match(r'\{\s*"log"\s*:', text) else None


def is_protobuf(beginning: bytes) -> bool:
    """A request begins with its first field, which holds a resource's spans; in a file its size stands before that."""
    many = beginning[:1] == b"\0" and beginning[4:5] == b"\n"
    return many or (beginning[:1] == b"\n" and b"\x12" in beginning and not _is_text(beginning))


def _is_text(beginning: bytes) -> bool:
    return not any(byte < 9 for byte in beginning)


def _is_log(text: str) -> bool:
    lines = [line for line in text.split("\n")[:50] if line]
    return format_of(lines[:-1] or lines) is not None


def _is_header(line: str) -> bool:
    if not any(separator in line for separator in SEPARATORS):
        return False
    names = {parted(name)[0] for name in columns_in(line)[1]}
    return any(names & set(known) for known in NAMES.values())

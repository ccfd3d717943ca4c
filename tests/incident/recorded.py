"""Known calls, written in each format, and what reading them gives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from flowprobe.core.incidents.model import Recording
from flowprobe.incident.options import Options, Read
from flowprobe.incident.reading import read

FRIDAY = datetime(2026, 11, 20, 18, 0, tzinfo=UTC).timestamp()


class Known(NamedTuple):
    """`at` and `ms` are whole milliseconds."""

    at: int
    ms: int
    outcome: str
    provider: str = "payments"
    method: str = "POST"
    path: str = "/v1/charges"

    @property
    def iso(self) -> str:
        return datetime.fromtimestamp(self.at / 1000, UTC).isoformat(timespec="milliseconds")


def known(*outcomes: str, whole_seconds: bool = False) -> st.SearchStrategy[list[Known]]:
    """Lists of calls that came to these outcomes, or to a status."""
    instants = st.integers(round(FRIDAY), round(FRIDAY) + 3600).map(lambda at: at * 1000) if whole_seconds else (
        st.integers(round(FRIDAY * 1000), round(FRIDAY * 1000) + 3_600_000))
    ended = st.sampled_from((*outcomes, "200", "201", "404", "429", "500", "503"))
    return st.lists(st.builds(
        Known, instants, st.integers(0, 60_000), ended, st.sampled_from(("payments", "mail.example")),
        st.sampled_from(("GET", "POST")), st.sampled_from(("/v1/charges", "/v1/refunds/latest"))),
        min_size=1, max_size=30)


def told(read: Read) -> list[tuple[int, int, str, str, str, str]]:
    """The calls of the recordings, as `Known` has them, in order."""
    return sorted(call for recording in read.recordings for call in calls(recording))


def calls(recording: Recording) -> Iterable[Known]:
    operation = recording.operation
    for at, seconds, outcome in zip(recording.at, recording.seconds, recording.outcomes, strict=True):
        yield Known(round(at * 1000), round(seconds * 1000), recording.names[outcome], operation.provider,
                    operation.method, operation.path)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_text(folder: Path, content: str | bytes, name: str = "source", **options: Any) -> Read:
    return read([written(folder, name, content)], Options(**options))


def as_csv(calls: Sequence[Known]) -> str:
    rows = (f"{each.iso},{each.provider},{each.ms},{each.outcome},{each.method},{each.path}" for each in calls)
    return "\n".join(("time,provider,latency_ms,status,method,path", *rows, ""))


def as_har(calls: Sequence[Known]) -> str:
    errors = {"refused": "net::ERR_CONNECTION_REFUSED", "reset": "net::ERR_CONNECTION_RESET",
              "hang": "net::ERR_TIMED_OUT", "closed": "net::ERR_EMPTY_RESPONSE", "tls": "net::ERR_SSL_PROTOCOL_ERROR"}
    entries = [{"startedDateTime": each.iso, "time": each.ms,
                "request": {"method": each.method, "url": f"https://u:secret@{each.provider}{each.path}?token=secret"},
                "response": {"status": 0, "_error": errors[each.outcome]} if each.outcome in errors else {
                    "status": int(each.outcome)}, "timings": {"wait": each.ms}} for each in calls]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": 'a "entries": [ b'}, "entries": entries}}, indent=1)


NGINX = ('$remote_addr [$time_iso8601] $msec "$request" $status $request_time $proxy_host $upstream_addr '
         "$upstream_response_time $upstream_header_time $upstream_connect_time $upstream_status")


def as_nginx(calls: Sequence[Known]) -> str:
    lines = []
    for each in calls:
        status = {"hang": "504", "refused": "502", "closed": "502"}.get(each.outcome, each.outcome)
        header = "-" if status != each.outcome else "0.001"
        connect = "-" if each.outcome == "refused" else "0.001"
        ended = (each.at + each.ms) / 1000
        lines.append(f'10.0.0.1 [2026-11-20T18:00:00+00:00] {ended:.3f} "{each.method} {each.path}?card=4242 HTTP/1.1" {status} '
                     f"{each.ms / 1000:.3f} {each.provider} 10.2.0.7:443 {each.ms / 1000:.3f} {header} {connect} {status}\n")
    return "".join(lines)


def as_envoy(calls: Sequence[Known]) -> str:
    flags = {"hang": ("504", "UT"), "refused": ("503", "UF,URX"), "reset": ("503", "UC"), "closed": ("502", "UPE")}
    lines = []
    for each in calls:
        code, flag = flags.get(each.outcome, (each.outcome, {"503": "UH", "429": "RL"}.get(each.outcome, "-")))
        lines.append(f'[{each.iso.replace("+00:00", "Z")}] "{each.method} {each.path} HTTP/1.1" {code} {flag} 0 12 {each.ms} - '
                     f'"-" "curl/8" "7e57" "{each.provider}" "10.2.0.7:443"\n')
    return "".join(lines)

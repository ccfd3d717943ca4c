"""Calls from rows with names: the columns of a CSV, the keys of a log in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from flowprobe.core.incidents.model import NO_REPLY
from flowprobe.incident.instants import Throughout, duration_in, instants, parted, zone_of
from flowprobe.incident.options import Options

__all__ = ["NAMES", "Call", "Columns", "Row", "Wrong", "outcome_of", "outcome_told"]

Row: TypeAlias = Callable[[str], str]
"""The value of a column by its name."""
Call: TypeAlias = tuple[float, float, str, str, str, str]
"""When it began, how long it took, its outcome, host, method and target."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "@timestamp", "ts", "at", "date", "datetime", "start", "started", "start_time",
             "started_at", "epoch"),
    "provider": ("provider", "host", "upstream", "peer", "server_address", "server.address", "peer_service",
                 "peer.service", "upstream_host", "upstream_cluster", "authority", "target", "service"),
    "latency": ("latency", "duration", "took", "elapsed", "response_time", "time_taken", "upstream_response_time"),
    "status": ("status", "status_code", "statuscode", "code", "response_code", "http_status", "http.status_code",
               "http.response.status_code", "outcome"),
    "method": ("method", "verb", "http_method", "request_method", "http.request.method"),
    "path": ("path", "url", "uri", "route", "endpoint", "url.template", "url.path", "http.route", "request_uri"),
    "error": ("error", "error_type", "error.type", "failure"),
}
_NEEDED = ("time", "latency", "status")
_SAME: Mapping[str, str] = {
    **{name: name for name in NO_REPLY},
    "timeout": "hang", "timed out": "hang", "deadline exceeded": "hang", "deadline_exceeded": "hang",
    "etimedout": "hang", "connection refused": "refused", "econnrefused": "refused", "connection reset": "reset",
    "econnreset": "reset", "eof": "closed", "connection closed": "closed", "ssl": "tls",
}
"""What others call it."""

_WORDS: Mapping[str, str] = {
    "timeout": "hang", "timedout": "hang", "timed out": "hang", "deadline": "hang",
    "refused": "refused", "connecterror": "refused", "connectexception": "refused", "unreachable": "refused",
    "name_not_resolved": "refused", "unknownhost": "refused",
    "reset": "reset", "brokenpipe": "reset", "epipe": "reset", "aborted": "reset",
    "ssl": "tls", "tls": "tls", "certificate": "tls",
    "eof": "closed", "closed": "closed", "disconnected": "closed", "remoteprotocol": "closed", "premature": "closed",
}
"""Of a class of an exception, or of what a library says."""


class Wrong(ValueError):
    """A value of a row, by its column. `throughout` says that every row has the mistake."""

    def __init__(self, column: str, error: ValueError) -> None:
        self.column, self.throughout = column, isinstance(error, Throughout)
        super().__init__(str(error).replace("COLUMN", column))


def outcome_of(status: str, error: str = "") -> str:
    """A status, or one of NO_REPLY. Raises ValueError."""
    if len(status) == 3 and status.isascii() and status.isdigit() and "100" <= status <= "599":
        return status
    for said in (error, status):
        if said and said != "-" and (known := _SAME.get(said.strip().lower())):
            return known
    raise ValueError(f"{(status or error or 'nothing')[:40]!r} is no status and no error that we know; "
                     f"write a number like 503, or {', '.join(NO_REPLY)}")


def outcome_told(said: str) -> str:
    """What kept a reply from coming, by the words of an error; '' where they do not say it."""
    return next((outcome for word, outcome in _WORDS.items() if word in said.lower()), "")


class Columns:
    """Which columns mean what. Raises ValueError with what is missing, and what to write, when it is made."""

    def __init__(self, names: Sequence[str], options: Options) -> None:
        self._names: dict[str, str] = {}
        self._units: dict[str, str] = {}
        for meant in NAMES:
            self._find(meant, names, options)
        missing = [meant for meant in _NEEDED if meant not in self._names and not (
            meant == "status" and "error" in self._names)]
        if missing:
            raise ValueError(f"no column is known as {' or '.join(missing)} among {', '.join(names)[:200]}; write "
                             f"--columns {','.join(f'{each}=COLUMN' for each in missing)}")
        self._instant = instants(self._units["time"], zone_of(options.zone))
        self._at, self._took = self._names["time"], self._names["latency"]

    def _find(self, meant: str, names: Sequence[str], options: Options) -> None:
        if meant in options.columns:
            name, unit = options.columns[meant]
            if name not in names:
                raise ValueError(f"there is no column {name!r} among {', '.join(names)[:200]}; see --columns {meant}=")
            self._names[meant], self._units[meant] = name, unit or parted(name)[1]
            return
        found = [name for known in NAMES[meant] for name in names if parted(name)[0] == known]
        if len(found) > 1 and meant in _NEEDED and parted(found[0])[0] == parted(found[1])[0]:
            raise ValueError(f"both {found[0]} and {found[1]} may be the {meant}; write --columns {meant}={found[0]}")
        if found:
            self._names[meant], self._units[meant] = found[0], parted(found[0])[1]

    def names(self) -> Mapping[str, str]:
        """What is meant -> the column."""
        return self._names

    def call(self, row: Row) -> Call:
        """Raises Wrong."""
        try:
            at = self._instant(row(self._at))
        except ValueError as error:
            raise Wrong(self._at, error) from None
        try:
            seconds = duration_in(row(self._took), self._units["latency"])
        except ValueError as error:
            raise Wrong(self._took, error) from None
        try:
            outcome = outcome_of(self._of(row, "status"), self._of(row, "error"))
        except ValueError as error:
            raise Wrong(self._names.get("status", ""), error) from None
        return at, seconds, outcome, self._of(row, "provider"), self._of(row, "method"), self._of(row, "path")

    def _of(self, row: Row, meant: str) -> str:
        return row(self._names[meant]) if meant in self._names else ""

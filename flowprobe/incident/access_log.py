"""Calls from the access log of a proxy in front of the providers: nginx, Envoy, and logs in JSON.

nginx tells how often it tried (`0.01, 0.20`): each try is a call. It writes a line when a request ends, Envoy the
instant at which it began. What has no reply is told from what they wrote instead: Envoy's response flags, and times of
nginx that are `-`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import TypeAlias

from flowprobe.incident.columns import Call, Columns, Wrong
from flowprobe.incident.gathering import CUT_SHORT, Gathering
from flowprobe.incident.instants import clf, epoch_in, instants, zone_of
from flowprobe.incident.log_format import KNOWN, LogFormat, compiled
from flowprobe.incident.text import Text, refused

__all__ = ["FLAGS", "format_of", "gather", "gather_json"]

Values: TypeAlias = Mapping[str, str]
Calls: TypeAlias = Callable[[Values], Iterator[Call]]

FLAGS: Mapping[str, str] = {
    "UT": "hang", "UpstreamRequestTimeout": "hang", "SI": "hang", "StreamIdleTimeout": "hang", "DT": "hang",
    "DurationTimeout": "hang", "UMSDR": "hang", "UpstreamMaxStreamDurationReached": "hang",
    "UF": "refused", "UpstreamConnectionFailure": "refused",
    "UC": "reset", "UpstreamConnectionTermination": "reset", "UR": "reset", "UpstreamRemoteReset": "reset",
    "LR": "reset", "LocalReset": "reset", "UPE": "closed", "UpstreamProtocolError": "closed",
    "UH": "503", "NoHealthyUpstream": "503", "UO": "503", "UpstreamOverflow": "503",
    "RL": "429", "RateLimited": "429",
}
"""What Envoy's response flags say of a call, the first that is here:
https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags"""
_NOBODY = frozenset(("NR", "NoRouteFound", "NC", "NoClusterFound", "DPE", "DownstreamProtocolError"))
_GONE = frozenset(("DC", "DownstreamConnectionTermination"))
_NO_UPSTREAM, _NO_PROVIDER = "a request that no upstream was asked for", "a request that Envoy had no route for"
_NOT_HTTP = "a connection without a request"
_BETWEEN = re.compile(r", | : |,|:(?=\d)")
_TRIED = 50
_HOSTS = ("proxy_host", "proxy_upstream_name", "upstream_name", "host", "http_host", "server_name")


class Skipped(Exception):
    """A line that is no call of a provider, and why."""


def gather(text: Text, gathering: Gathering) -> None:
    """Raises InvalidInput where nothing says what the values of a line are."""
    lines = text.lines()
    first = list(islice(lines, _TRIED))
    form = _form(text, gathering, [line for _, line, _ in first])
    read = _reader(text, form, gathering)
    number = 0
    for number, line, whole in chain(first, lines):
        if not line:
            continue
        values = form.values(line)
        if values is None:
            _unread(gathering, number, whole, f"this line is not of the format, {form.name}; "
                                              "see --format, which is the log_format of nginx, or Envoy's")
        else:
            _calls(read, values, gathering, number, whole)
    gathering.lines(number)


def gather_json(text: Text, gathering: Gathering) -> None:
    """A log whose lines are JSON objects: with the names of nginx's variables, of Envoy's operators, or of columns."""
    read: Calls | None = None
    number = 0
    for number, line, whole in text.lines():
        if not line:
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError
        except (ValueError, RecursionError):
            _unread(gathering, number, whole, "this line is no JSON object; see that each line is a whole one")
            continue
        values = {key: _plain(value) for key, value in row.items()}
        if read is None:
            read = _json_reader(text, values, gathering, number)
        _calls(read, values, gathering, number, whole)
    gathering.lines(number)


def format_of(lines: list[str]) -> LogFormat | None:
    """The first of the known formats that most of these lines fit."""
    for name, text in KNOWN.items():
        form = compiled(text, name=name)
        if sum(form.values(line) is not None for line in lines) * 2 > len(lines):
            return form
    return None


def _form(text: Text, gathering: Gathering, lines: list[str]) -> LogFormat:
    if given := gathering.options.format:
        try:
            return compiled(given)
        except ValueError as error:
            raise refused("--format", *str(error).split("; ", 1)) from None
    found = format_of([line for line in lines if line])
    if found is None:
        raise refused(text.path, "nothing says what the values of these lines are",
                      "write --format '...' with the log_format of nginx.conf, or Envoy's format", line=1)
    return found


def _unread(gathering: Gathering, number: int, whole: bool, said: str) -> None:
    if whole:
        gathering.wrong(number, 1, said)
    else:
        gathering.skip(CUT_SHORT)


def _calls(read: Calls, values: Values, gathering: Gathering, number: int, whole: bool) -> None:
    try:
        for call in list(read(values)):
            gathering.call(*call)
    except Skipped as why:
        gathering.skip(str(why))
    except ValueError as error:
        if isinstance(error, Wrong) and error.throughout:
            raise refused(gathering.file, *str(error).split("; ", 1), line=number) from None
        _unread(gathering, number, whole, str(error))


def _reader(text: Text, form: LogFormat, gathering: Gathering) -> Calls:
    names = frozenset(form.names)
    if "start_time" in names or any(name.startswith("start_time(") for name in names):
        missing = [name for name in ("duration", "response_code") if name not in names]
        read: Calls = _Envoy(gathering.options.zone).calls
    else:
        missing = [f"${name}" for name in ("upstream_response_time", "upstream_status") if name not in names]
        if "$upstream_status" in missing and "status" in names:
            missing.remove("$upstream_status")
        if not names & {"msec", "time_iso8601", "time_local"}:
            missing.append("$time_iso8601")
        read = _Nginx().calls
    if missing:
        raise refused(text.path, f"its lines do not say {' and '.join(missing)}",
                      "log it, or name a source that has it: what a client waited is not what a provider took", line=1)
    return read


def _json_reader(text: Text, values: Values, gathering: Gathering, number: int) -> Calls:
    if not gathering.options.columns and "upstream_response_time" in values and values.keys() & {
            "msec", "time_iso8601", "time_local"}:
        return _Nginx().calls
    if not gathering.options.columns and {"start_time", "response_flags", "duration", "response_code"} <= values.keys():
        return _Envoy(gathering.options.zone).calls
    try:
        columns = Columns(list(values), gathering.options)
    except ValueError as error:
        raise refused(text.path, *str(error).split("; ", 1), line=number) from None
    return lambda row: iter((columns.call(lambda name: row.get(name, "")),))


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool() | dict() | list():
            return ""
        case _:
            return str(value)


# --- nginx ----------------------------------------------------------------------------------------


class _Nginx:
    """http://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables: times in seconds, when a request ended."""

    def calls(self, values: Values) -> Iterator[Call]:
        took = _several(values, "upstream_response_time")
        if not any(each not in ("", "-") for each in took) and not _tried(values):
            raise Skipped(_NO_UPSTREAM)
        statuses, headers = _several(values, "upstream_status"), _several(values, "upstream_header_time")
        connects, hosts = _several(values, "upstream_connect_time"), _several(values, "upstream_addr")
        seconds = [_seconds(each) for each in took]
        host = next((values[name] for name in _HOSTS if values.get(name, "-") not in ("", "-", "_")), "")
        method, target = _request(values)
        at = _ended(values) - (_seconds(values["request_time"]) if values.get("request_time") else sum(seconds))
        for number, each in enumerate(seconds):
            status = _nth(statuses, number) or values.get("status", "")
            outcome = _nginx_outcome(status, _nth(headers, number), _nth(connects, number))
            yield at, each, outcome, host or _nth(hosts, number), method, target
            at += each


def _tried(values: Values) -> bool:
    return values.get("upstream_addr", "-") not in ("", "-")


def _several(values: Values, name: str) -> list[str]:
    given = values.get(name, "")
    return _BETWEEN.split(given) if name != "upstream_addr" else re.split(r", | : |,", given)


def _nth(values: list[str], number: int) -> str:
    return values[number].strip() if number < len(values) else ""


def _seconds(text: str) -> float:
    """What did not happen took no time."""
    if text.strip() in ("", "-"):
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time in seconds, as nginx writes it") from None
    if not 0 <= seconds <= 86_400:
        raise ValueError(f"{text[:40]!r} is not between nothing and a day")
    return seconds


def _nginx_outcome(status: str, header: str, connect: str) -> str:
    """Where the time until the header is logged and is `-` nobody answered, and the status is nginx's own."""
    if status == "499" or status in ("", "-"):
        return "hang"
    if not (len(status) == 3 and status.isdigit() and "100" <= status <= "599"):
        raise ValueError(f"{status[:40]!r} is no status")
    if header == "-" and status == "504":
        return "hang"
    if header == "-" and status == "502":
        return "refused" if connect == "-" else "closed"
    return status


def _ended(values: Values) -> float:
    if at := values.get("msec"):
        return epoch_in(at, "s")
    if at := values.get("time_iso8601"):
        return instants("", None)(at)
    return clf(values.get("time_local", ""))


def _request(values: Values) -> tuple[str, str]:
    """Method and target: of `$request`, or of the variables for each."""
    if request := values.get("request"):
        method, _, rest = request.partition(" ")
        if not method.isalpha():
            return "", ""
        return method, rest.rpartition(" ")[0] or rest
    return values.get("request_method", ""), values.get("request_uri") or values.get("uri", "")


# --- Envoy ----------------------------------------------------------------------------------------


class _Envoy:
    """https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage: milliseconds."""

    def __init__(self, zone: str) -> None:
        self._iso, self._epoch = instants("", zone_of(zone)), instants("s", None)

    def calls(self, values: Values) -> Iterator[Call]:
        flags = frozenset(values.get("response_flags", "-").split(","))
        if flags & _NOBODY:
            raise Skipped(_NO_PROVIDER)
        if values.get("method") in ("", "-") and values.get("path") in ("", "-"):
            raise Skipped(_NOT_HTTP)
        seconds = _seconds(values["duration"]) / 1000
        host = next((values[name] for name in ("authority", "upstream_cluster", "upstream_host")
                     if values.get(name, "-") not in ("", "-")), "")
        yield (self._began(values), seconds, _envoy_outcome(values["response_code"], flags), host,
               values.get("method", ""), values.get("path", ""))

    def _began(self, values: Values) -> float:
        if "start_time" in values:
            return self._iso(values["start_time"])
        written = next(value for name, value in values.items() if name.startswith("start_time("))
        return self._epoch(written)


def _envoy_outcome(code: str, flags: frozenset[str]) -> str:
    """What a flag says; else the status. A caller that went away before there was one had waited for so long."""
    outcome = next((FLAGS[flag] for flag in FLAGS if flag in flags), "")
    if outcome:
        return outcome
    if flags & _GONE and code in ("0", "-"):
        return "hang"
    if not (len(code) == 3 and code.isdigit() and "100" <= code <= "599"):
        raise ValueError(f"{code[:40]!r} is no status, and its flags do not say what went wrong")
    return code

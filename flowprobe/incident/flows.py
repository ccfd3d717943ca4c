"""Calls from the flows that mitmproxy writes (`mitmdump -w`): tnetstrings, one after the other, each a dictionary. Only
what is needed of a flow is decoded; what is in its headers and bodies never is."""

from __future__ import annotations

from collections.abc import Mapping

from flowprobe.incident.columns import outcome_of, outcome_told
from flowprobe.incident.gathering import CUT_SHORT, Gathering
from flowprobe.incident.text import Text, refused

__all__ = ["begins_flows", "gather"]

_LONGEST = 64 << 20
_DIGITS = 12
_NO_HTTP, _UNENDED = "no call over HTTP", "a flow that does not say how it ended"


def begins_flows(beginning: bytes) -> bool:
    """A dictionary whose first key is written as text or bytes: `1234:9:websocket;…`."""
    digits, colon, rest = beginning[:_DIGITS + 1].partition(b":")
    return bool(colon) and digits.isdigit() and rest[:1].isdigit()


def gather(text: Text, gathering: Gathering) -> None:
    """Raises InvalidInput."""
    number = 0
    while head := text.take(1):
        number += 1
        while head[-1:].isdigit() and len(head) <= _DIGITS:
            head += text.take(1) or b":"
        if not head[:-1].isdigit() or head[-1:] != b":":
            raise refused(text.path, f"flow {number} is none of mitmproxy's", "see that `mitmdump -w` wrote it")
        size = int(head[:-1])
        if size > _LONGEST:
            raise refused(text.path, f"flow {number} is larger than {_LONGEST} bytes", "write them without bodies")
        body = text.take(size + 1)
        if len(body) != size + 1:
            gathering.skip(CUT_SHORT)
            break
        try:
            why = _call(_parts(body), gathering)
        except (ValueError, TypeError) as error:
            gathering.wrong(0, 0, f"flow {number}: {error}")
        else:
            if why:
                gathering.skip(why)
    gathering.lines(number)


def _call(flow: Mapping[str, bytes], gathering: Gathering) -> str:
    """Why it is no call; '' once it is gathered. Raises ValueError."""
    if _text(flow, "type") != "http" or "request" not in flow:
        return _NO_HTTP
    request, reply, error = (_parts(flow.get(name, b"~")) for name in ("request", "response", "error"))
    began = _number(request, "timestamp_start")
    ended = _number(reply, "timestamp_end") or _number(reply, "timestamp_start") or _number(error, "timestamp")
    outcome = outcome_of(f"{_number(reply, 'status_code'):.0f}") if reply else outcome_told(_text(error, "msg"))
    if not outcome or not ended:
        return _UNENDED
    if not 0 <= ended - began <= 86_400 or not 946_684_800 <= began < 4_102_444_800:
        raise ValueError("it does not end within a day of its beginning, in this century")
    gathering.call(began, ended - began, outcome, _host(request), _text(request, "method"), _text(request, "path"))
    return ""


def _host(request: Mapping[str, bytes]) -> str:
    port = int(_number(request, "port"))
    host = _text(request, "host")
    return host if port in (0, 80, 443) else f"{host}:{port}"


# --- tnetstrings: the size, a colon, so many bytes, and one that says what they are ----------------


def _parts(value: bytes) -> dict[str, bytes]:
    """The values of a dictionary with their kind behind each; nothing where there is null. Raises ValueError."""
    if value[-1:] == b"~":
        return {}
    if value[-1:] != b"}":
        raise ValueError("this is no dictionary")
    found, place = {}, 0
    while place < len(value) - 1:
        key, place = _next(value, place)
        found[key[:-1].decode("utf-8", "replace")], place = _next(value, place)
    return found


def _next(value: bytes, place: int) -> tuple[bytes, int]:
    colon = value.find(b":", place, place + _DIGITS + 1)
    if colon < 0 or not value[place:colon].isdigit():
        raise ValueError("a size in it is none")
    end = colon + 1 + int(value[place:colon]) + 1
    if end >= len(value):
        raise ValueError("a part of it is longer than the whole")
    return value[colon + 1:end], end


def _text(parts: Mapping[str, bytes], name: str) -> str:
    value = parts.get(name, b"~")
    return value[:-1].decode("utf-8", "replace") if value[-1:] in (b",", b";") else ""


def _number(parts: Mapping[str, bytes], name: str) -> float:
    value = parts.get(name, b"~")
    return float(value[:-1]) if value[-1:] in (b"#", b"^") else 0.0

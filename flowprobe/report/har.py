"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): a page for each trial, an entry for each of our calls,
with its headers and bodies as the journal has them, and one for each provider call, with what is known of it.

It is made from the journal, which has what the verdict does not need, and written entry by entry: in memory stand the
receipts of one trial, and the calls that are in flight. What the format has no word for is under `_flowprobe`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flowprobe.core.events import (
    CallReplied,
    CallSent,
    CallUnanswered,
    ExchangeEnded,
    Injected,
    Stamped,
    TrialStarted,
    to_json,
)
from flowprobe.report.cleared import cleared_text, open_text

__all__ = ["Streams", "har_text"]

_UNKNOWN = "unknown"
_USER = "user"


@dataclass(frozen=True, slots=True)
class Streams:
    """The journal of a run. Each stream is read more than once, and may be long: a call gives it from its beginning."""

    runner: Callable[[], Iterable[Stamped]]
    proxy: Callable[[], Iterable[Stamped]]


def har_text(streams: Streams, *, version: str, origins: Mapping[str, str],
             redact: Callable[[str], str]) -> Iterator[str]:
    """The document, entry by entry. `version` is ours, `origins` has for an edge where its provider is, as the
    product believes: `https://payments.example`."""
    yield '{"log": ' + open_text({"version": "1.2", "creator": {"name": "flowprobe", "version": version}}, "entries",
                                 redact) + "["
    pages: list[dict[str, Any]] = []
    lead = "\n"
    for entry in _Traffic(streams, origins, pages).entries():
        yield lead + cleared_text(entry, redact)
        lead = ",\n"
    yield f'], "pages": {cleared_text(pages, redact)}}}}}\n'


@dataclass(slots=True)
class _Receipts:
    """What was injected, of one trial at a time: the journal of the proxy, read ahead of the entries. A receipt may
    stand behind what it is about."""

    ahead: Iterator[Stamped]
    first: Stamped | None = None
    by_exchange: dict[str, list[Injected]] = field(default_factory=dict)
    of_call: dict[str, str] = field(default_factory=dict)

    def read(self, until: float) -> None:
        """Forget the trial before, and read what stands up to an instant."""
        self.by_exchange, self.of_call = {}, {}
        while (line := self.first or next(self.ahead, None)) is not None:
            self.first = line
            if line.mono >= until:
                return
            self.first = None
            self._take(line)

    def _take(self, line: Stamped) -> None:
        match line.event:
            case Injected() as receipt:
                self.by_exchange.setdefault(receipt.exchange, []).append(receipt)
            case ExchangeEnded(edge="user", call=str(call), exchange=exchange):
                self.of_call[call] = exchange
            case _:
                pass

    def into_call(self, call: str) -> list[Injected]:
        """What was injected between us and the product."""
        return self.by_exchange.get(self.of_call.get(call, ""), [])


class _Traffic:
    def __init__(self, streams: Streams, origins: Mapping[str, str], pages: list[dict[str, Any]]) -> None:
        self._streams, self._origins, self._pages = streams, origins, pages
        self._receipts = _Receipts(iter(streams.proxy()))
        self._begins = [line.mono for line in streams.runner() if isinstance(line.event, TrialStarted)]
        self._open: dict[str, tuple[CallSent, float]] = {}
        self._steps: dict[str, str] = {}

    def entries(self) -> Iterator[dict[str, Any]]:
        both = heapq.merge(self._streams.runner(), self._streams.proxy(), key=lambda line: line.mono)
        for line in both:
            match line.event:
                case TrialStarted() as event:
                    yield from self._unfinished()
                    self._begin(event, line.wall)
                case CallSent() as event:
                    self._open[event.call] = event, line.wall
                    self._steps[event.call] = event.step
                case CallReplied() | CallUnanswered() as event if event.call in self._open:
                    sent, _ = self._open.pop(event.call)
                    yield _call(sent, event, line.wall - (line.mono - event.at), self._receipts.into_call(event.call))
                case ExchangeEnded(trial=str()) as event if not (event.edge == _USER and event.call in self._steps):
                    yield self._exchange(event, line.wall - (line.mono - event.started))
                case _:
                    pass
        yield from self._unfinished()

    def _begin(self, event: TrialStarted, wall: float) -> None:
        self._pages.append(_page(event, wall))
        following = self._begins[len(self._pages):]
        self._receipts.read(following[0] if following else float("inf"))
        self._steps = {}

    def _unfinished(self) -> Iterator[dict[str, Any]]:
        """Calls of which nobody knows how they ended: the run was ended before."""
        for sent, wall in self._open.values():
            yield _call(sent, None, wall, self._receipts.into_call(sent.call))
        self._open = {}

    def _exchange(self, event: ExchangeEnded, wall: float) -> dict[str, Any]:
        origin = self._origins.get(event.edge) or f"http://{event.host}"
        known = {"edge": event.edge, "exchange": event.exchange, "call": event.call,
                 "step": self._steps.get(event.call or "", ""), "trial": event.trial, "host": event.host,
                 "site": event.site,
                 "evidence": event.evidence, "upstream_status": event.upstream_status, "error": event.error,
                 "spared": event.spared,
                 "injections": list(map(to_json, self._receipts.by_exchange.get(event.exchange, ())))}
        request = _request(event.method, origin + event.path, {}, event.protocol)
        reply = _reply(event.status or 0, (), event.protocol)
        return _entry(event.trial, wall, event.ended - event.started, 0.0,
                      {**request, "bodySize": event.request_bytes},
                      {**reply, "bodySize": event.reply_bytes, "content": {"size": event.reply_bytes, "mimeType": ""}},
                      known)


def _call(sent: CallSent, outcome: CallReplied | CallUnanswered | None, wall: float,
          injections: Iterable[Injected]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "edge": _USER, "call": sent.call, "step": sent.step, "trial": sent.trial, "attempt": sent.attempt,
        "persona": sent.persona, "phase": sent.phase, "injections": list(map(to_json, injections))}
    request = _request(sent.method, sent.url, sent.headers, "")
    if sent.body:
        request |= {"postData": {"mimeType": _media_type(sent.headers.items()), "text": sent.body},
                    "bodySize": len(sent.body.encode("utf-8", "replace"))}
    match outcome:
        case CallReplied():
            known |= {"truncated": outcome.truncated, "redirects": list(outcome.redirects)}
            wait, receive = outcome.first_byte_s, outcome.total_s - outcome.first_byte_s
            return _entry(sent.trial, wall, wait, receive, request, _replied(outcome), known)
        case CallUnanswered():
            known |= {"no_reply": {"reason": outcome.reason, "detail": outcome.detail},
                      "redirects": list(outcome.redirects)}
            return _entry(sent.trial, wall, outcome.total_s, 0.0, request, _reply(outcome.status or 0, (), ""), known)
        case None:
            known |= {"no_reply": {"reason": "stopped", "detail": "nobody saw how it ended"}}
            return _entry(sent.trial, wall, 0.0, 0.0, request, _reply(0, (), ""), known)


def _page(event: TrialStarted, wall: float) -> dict[str, Any]:
    known = {key: value for key, value in to_json(event).items() if key != "event"}
    return {"startedDateTime": _instant(wall), "id": event.trial, "title": f"{event.scenario} · {event.plan}",
            "pageTimings": {}, "_flowprobe": known}


def _entry(page: str | None, wall: float, wait_s: float, receive_s: float, request: Mapping[str, Any],
           reply: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    wait, receive = _milliseconds(wait_s), _milliseconds(receive_s)
    return {"pageref": page, "startedDateTime": _instant(wall), "time": wait + receive, "request": request,
            "response": reply, "cache": {}, "timings": {"send": 0, "wait": wait, "receive": receive},
            "_flowprobe": known}


def _request(method: str, url: str, headers: Mapping[str, str], protocol: str) -> dict[str, Any]:
    return {"method": method, "url": url, "httpVersion": protocol or _UNKNOWN, "cookies": [],
            "headers": _named(headers.items()), "queryString": _named(_query(url)), "headersSize": -1, "bodySize": 0}


def _reply(status: int, headers: Iterable[tuple[str, str]], protocol: str) -> dict[str, Any]:
    """A status of 0 says that there was none, as in what browsers write."""
    named = _named(headers)
    moved = next((each["value"] for each in named if each["name"].lower() == "location"), "")
    return {"status": status, "statusText": "", "httpVersion": protocol or _UNKNOWN, "cookies": [], "headers": named,
            "content": {"size": 0, "mimeType": ""}, "redirectURL": moved, "headersSize": -1, "bodySize": -1}


def _replied(reply: CallReplied) -> dict[str, Any]:
    content = {"size": reply.body_bytes, "mimeType": _media_type(reply.headers), "text": reply.body}
    return {**_reply(reply.status, reply.headers, ""), "content": content, "bodySize": reply.body_bytes}


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:  # what a reply brought as a URL need not be one
        return []


def _media_type(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _instant(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 3)

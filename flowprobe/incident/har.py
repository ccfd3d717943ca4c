"""Calls from a HAR 1.2, entry by entry: http://www.softwareishard.com/blog/har-12-spec/. Of ours, the calls on the
provider edges, whose provider is told there; of anybody else's, all of them, by their host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flowprobe.incident.columns import outcome_of
from flowprobe.incident.gathering import CUT_SHORT, Gathering
from flowprobe.incident.instants import instants, zone_of
from flowprobe.incident.text import Text, refused

__all__ = ["gather"]

_ENTRIES = re.compile(r'(?<!\\)"entries"\s*:\s*\[')
_LONGEST_HEAD = 64 << 20
_LONGEST_ENTRY = 64 << 20
_DECODER = json.JSONDecoder()
_NOTHING = object()
_UNKNOWN = "an entry that does not say how it ended"
_NET = {"refused": "refused", "reset": "reset", "timed_out": "hang", "timeout": "hang", "closed": "closed",
        "empty_response": "closed", "ssl": "tls", "cert": "tls"}
"""What browsers call it: net::ERR_CONNECTION_REFUSED."""


def gather(text: Text, gathering: Gathering) -> None:
    """Raises InvalidInput for what is no HAR."""
    read_at = instants("", zone_of(gathering.options.zone))
    document = _Document(text)
    for line, entry in document.entries():
        try:
            why = _call(entry, read_at, gathering)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            said = str(error) if isinstance(error, ValueError) else f"this entry is none of a HAR ({error!r:.80})"
            gathering.wrong(line, 1, said)
        else:
            if why:
                gathering.skip(why)
    if not document.whole:
        gathering.skip(CUT_SHORT)
    gathering.lines(document.line)


class _Document:
    """The entries of a document that does not have to be in memory."""

    def __init__(self, text: Text) -> None:
        self._path, self._pieces = text.path, text.pieces()
        self._ahead = ""
        self._place = 0
        self.line, self.whole = 1, True

    def entries(self) -> Iterator[tuple[int, Any]]:
        """(line, entry). An end that is missing is told by `whole`."""
        self._find()
        while self._gap():
            if self._ahead[self._place] == "]":
                return
            line, entry = self.line, self._entry()
            if entry is _NOTHING:
                return
            yield line, entry
        self.whole = False

    def _find(self) -> None:
        while (found := _ENTRIES.search(self._ahead)) is None:
            if len(self._ahead) > _LONGEST_HEAD or not self._more():
                raise refused(self._path, "this JSON has no log.entries, which a HAR has",
                              "say what it is: --as csv, --as json-log, --as otlp")
        self._step(found.end())

    def _gap(self) -> bool:
        """Goes to the next entry, or to the end of them; whether there is one."""
        while True:
            end = self._place
            while end < len(self._ahead) and self._ahead[end] in " \t\r\n,":
                end += 1
            self._step(end)
            if end < len(self._ahead):
                return True
            if not self._more():
                return False

    def _entry(self) -> Any:
        """_NOTHING where the file ends within it. Raises InvalidInput."""
        while True:
            try:
                entry, end = _DECODER.raw_decode(self._ahead, self._place)
            except RecursionError:
                raise refused(self._path, "this entry is nested too deep", line=self.line) from None
            except json.JSONDecodeError as error:
                if len(self._ahead) - self._place > _LONGEST_ENTRY:
                    raise refused(self._path, f"this entry is no JSON, or larger than {_LONGEST_ENTRY} bytes",
                                  line=self.line) from None
                broken = error.pos < len(self._ahead) - 16 and not error.msg.startswith("Unterminated")
                if not broken and self._more():
                    continue
                if not broken:
                    self.whole = False
                    return _NOTHING
                raise refused(self._path, f"this is no JSON: {error.msg}", "see what the file was written by",
                              line=self.line + self._ahead.count("\n", self._place, error.pos),
                              column=error.pos - self._ahead.rfind("\n", 0, error.pos)) from None
            self._step(end)
            return entry

    def _more(self) -> bool:
        piece = next(self._pieces, "")
        self._ahead = self._ahead[self._place:] + piece
        self._place = 0
        return bool(piece)

    def _step(self, end: int) -> None:
        self.line += self._ahead.count("\n", self._place, end)
        self._place = end


def _call(entry: Mapping[str, Any], read_at: Any, gathering: Gathering) -> str:
    """Why it is no call of a provider; '' once it is gathered. Raises what JSON of another shape does, too."""
    request, reply, known = entry["request"], entry["response"], entry.get("_flowprobe") or {}
    if known.get("edge") == "user":
        return "a call to the product itself"
    url = str(request["url"])
    if not url.startswith(("http://", "https://")):
        return "no call over HTTP"
    if entry.get("_fromCache"):
        return "a reply from the browser's cache"
    outcome = _outcome(reply, known)
    if not outcome:
        return _UNKNOWN
    blocked = max(0.0, float((entry.get("timings") or {}).get("blocked") or 0)) / 1000
    seconds = float(entry["time"]) / 1000 - blocked
    if not 0 <= seconds <= 86_400:
        raise ValueError(f"its time {str(entry['time'])[:40]} is not between nothing and a day")
    at = read_at(str(entry["startedDateTime"])) + blocked
    gathering.call(at, seconds, outcome, str(known.get("edge") or ""), str(request["method"]), url)
    return ""


def _outcome(reply: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """A status of 0 says that there was none: the error beside it is told by browsers, and by us."""
    if reply.get("status"):
        return "" if reply["status"] == 101 else outcome_of(str(reply["status"]))
    said = f"{reply.get('_error') or ''} {known.get('error') or ''}".lower()
    return next((outcome for word, outcome in _NET.items() if word in said), "")

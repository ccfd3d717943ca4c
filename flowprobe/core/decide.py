"""Which faults fall on a call: pure, and the same at any concurrency.

A draw is a hash of the seed, the fault, the step, the call site and the ordinal; never a shared generator.
Identical concurrent calls are interchangeable, so that the multiset of injections is the same whoever comes
first. Only a cap on injections (`limit`) depends on the order in which calls arrive.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.answers import Limited
from flowprobe.core.faults.kinds import action_of
from flowprobe.core.faults.quota import Window
from flowprobe.core.scenario import Fault, Match, When

__all__ = ["Counters", "Injection", "Seen", "call_site", "chosen", "decide", "draw", "falls_on", "path_matches"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as a fault sees it. `step` is '' where it is not known; the path may carry a query."""

    edge: str
    method: str
    path: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault that falls on one call; `ordinal` counts the matching calls of this step and site from 1."""

    fault: Fault
    action: Action
    site: str
    ordinal: int


@dataclass(slots=True)
class Counters:
    """What one lease has seen and done so far."""

    calls: dict[tuple[str, str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    injections: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    windows: dict[str, Window] = field(default_factory=lambda: defaultdict(Window))


def decide(
    faults: Iterable[Fault], seen: Seen, counters: Counters, *, seed: int, armed_s: float
) -> tuple[Injection, ...]:
    """The injections for this call in the order in which they happen; `armed_s` is the age of the plan."""
    site = call_site(seen.method, seen.path)
    fallen: list[Injection] = []
    for fault in faults:
        if not falls_on(fault, seen):
            continue
        ordinal = _count(counters, fault, seen, site)
        action = action_of(fault.kind)
        ended = action.ends and any(other.action.ends for other in fallen)
        if ended or not _within(fault, counters, armed_s) or not _drawn(fault, seen, site, ordinal, seed):
            continue
        left = action.beyond(counters.windows[fault.id], armed_s) if isinstance(action, Limited) else action
        if left is None:
            continue
        counters.injections[fault.id] += 1
        fallen.append(Injection(fault, left, site, ordinal))
    return tuple(sorted(fallen, key=lambda injection: injection.action.stage))


def _count(counters: Counters, fault: Fault, seen: Seen, site: str) -> int:
    key = (fault.id, seen.step, seen.edge, site)
    counters.calls[key] += 1
    return counters.calls[key]


def _within(fault: Fault, counters: Counters, armed_s: float) -> bool:
    limit = fault.limit
    spent = limit.injections is not None and counters.injections[fault.id] >= limit.injections
    return not spent and (limit.seconds is None or armed_s < limit.seconds)


def _drawn(fault: Fault, seen: Seen, site: str, ordinal: int, seed: int) -> bool:
    if not chosen(fault.when, ordinal):
        return False
    probability = fault.when.probability
    return probability >= 1 or draw(seed, fault.id, seen.step, f"{seen.edge} {site}", ordinal) < probability


def chosen(when: When, ordinal: int) -> bool:
    """Whether the n-th matching call is one that may suffer, before probability."""
    beyond = ordinal - when.after
    if beyond <= 0 or beyond % when.every:
        return False
    return when.first is None or beyond // when.every <= when.first


def draw(seed: int, *about: object) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    text = "\x1f".join(str(part) for part in (seed, *about))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64


# --- which calls ----------------------------------------------------------------------------------


def falls_on(fault: Fault, seen: Seen) -> bool:
    """Whether the fault's edge and match cover this call."""
    return fault.edge == seen.edge and _covers(fault.match, seen)


def _covers(match: Match, seen: Seen) -> bool:
    if match.method not in (None, "*") and match.method.upper() != seen.method.upper():
        return False
    return match.path is None or path_matches(match.path, seen.path)


def path_matches(template: str, path: str) -> bool:
    """Whether a path fits a template: `*` is one segment, `**` any number of them. The query is left out."""
    return _compiled(template).fullmatch(path.partition("?")[0]) is not None


@lru_cache(maxsize=512)
def _compiled(template: str) -> re.Pattern[str]:
    words = {"*": "/[^/]+", "**": "(?:/[^/]*)*"}
    segments = template.partition("?")[0].removeprefix("/").split("/")
    return re.compile("".join(words.get(segment, "/" + re.escape(segment)) for segment in segments))


_ID = re.compile(
    r"""\d+                                          # a number
      | [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}
      | (?=[^/]*\d)[0-9a-fA-F]{8,}                   # a hash
      | [A-Za-z]{1,16}[_-](?=[^/]*\d)[0-9A-Za-z]+    # inv_12, ch_1a2B
      | [A-Za-z]{1,16}_(?=[^/]*[a-z])(?=[^/]*[A-Z])[0-9A-Za-z]{10,}   # cus_WRevxdsHykoVBk, by luck without a digit
      | (?=(?:[^/]*\d){2})[^/]{12,}                  # long, with digits: a token
      | [^/]*(?:@|%40)[^/]*                          # an address
    """,
    re.VERBOSE,
)


def call_site(method: str, path: str) -> str:
    """`POST /v1/charges/*`: the method and the path, with every segment that looks like an id as `*`.

    Ids differ from run to run; what is counted and drawn by must not.
    """
    return f"{method.upper()} {_templated(path.partition('?')[0])}"


@lru_cache(maxsize=4096)
def _templated(path: str) -> str:
    return "/".join("*" if _ID.fullmatch(segment) else segment for segment in path.split("/"))

"""Whose turn it is: `when` and `limit.share` as pure functions of the ordinal, the time since arming and a draw.

What is told by numbers alone is the same at any concurrency. What looks at the time is not, nor what counts over all
call sites: `depends_on` says so, and each receipt bears it.
"""

from __future__ import annotations

from math import floor, lcm

from flowprobe.core.faults.durations import in_words
from flowprobe.core.faults.fault import Burst, Fault, Flap, Opening, Ramp, When
from flowprobe.core.faults.status import Status

__all__ = ["chance", "depends_on", "described", "never", "passed_over", "within_share"]

_ROUNDING = 1e-9
_MOST_TRIED = 10_000


def passed_over(when: When, ordinal: int, armed_s: float) -> str:
    """The name of what keeps the n-th matching call from suffering, before probability; '' where nothing does."""
    if by_number := _passed_by_number(when, ordinal):
        return by_number
    if when.window and not any(_is_open(opening, armed_s) for opening in when.window):
        return "window"
    if when.flap is not None and not when.flap.by_calls and not _is_down(when.flap, armed_s):
        return "flap"
    if when.burst is not None and not when.burst.by_calls and not _bursts(when.burst, armed_s):
        return "burst"
    return ""


def _passed_by_number(when: When, ordinal: int) -> str:
    beyond = ordinal - when.after
    if beyond <= 0:
        return "after"
    if beyond % when.every:
        return "every"
    if when.first is not None and beyond // when.every > when.first:
        return "first"
    if when.between and not when.between[0] <= ordinal <= when.between[1]:
        return "between"
    if when.flap is not None and when.flap.by_calls and not _is_down(when.flap, ordinal - 1):
        return "flap"
    if when.burst is not None and when.burst.by_calls and not _bursts(when.burst, ordinal - 1):
        return "burst"
    return ""


def _is_open(opening: Opening, armed_s: float) -> bool:
    return opening.since <= armed_s and (opening.until is None or armed_s < opening.until)


def _is_down(flap: Flap, at: float) -> bool:
    return at % (flap.up + flap.down) >= flap.up


def _bursts(burst: Burst, at: float) -> bool:
    return at % burst.every < burst.lasts


def chance(when: When, ordinal: int, armed_s: float) -> float:
    """How likely a call suffers whose turn it is."""
    ramp = when.ramp
    if ramp is None:
        return when.probability
    at, over = (ordinal - 1, ramp.over - 1) if ramp.by_calls else (armed_s, ramp.over)
    gone = min(1.0, at / over) if over > 0 else 1.0
    return when.probability * (ramp.start + (ramp.end - ramp.start) * gone)


def within_share(share: float, ordinal: int, fallen: int, begins: float) -> bool:
    """Whether the n-th matching call of a site may suffer when so many did before it. `begins`, a draw of the site,
    says where in its calls the share falls: of ten calls at 10 % exactly one, of one call one in ten."""
    return fallen + 1 <= floor(share * ordinal + begins + _ROUNDING)


# --- about a fault --------------------------------------------------------------------------------


def depends_on(fault: Fault) -> str:
    """What decides on an injection beside the seed and the number of the call: `time`, `order` (of arrival), both with
    a comma between, or '': then it is the same in every run."""
    when, limit = fault.when, fault.limit
    patterns = (when.ramp, when.flap, when.burst)
    timed = bool(when.window) or limit.seconds is not None or any(p is not None and not p.by_calls for p in patterns)
    ordered = limit.injections is not None or limit.max_active is not None
    if isinstance(fault.kind, Status) and fault.kind.quota is not None:
        timed = ordered = True
    return ", ".join(word for word, so in (("time", timed), ("order", ordered)) if so)


def never(fault: Fault) -> str:
    """Why a fault cannot fall on any call, whatever comes; '' where it can."""
    when, seconds = fault.when, fault.limit.seconds
    if fault.limit.share == 0:
        return "its `share` is 0%"
    if when.probability == 0:
        return "its `probability` is 0"
    if when.draw and when.draw[0] >= when.draw[1]:
        return "no draw lies within its `draw`"
    if when.ramp is not None and when.ramp.start == when.ramp.end == 0:
        return "its `ramp` stays at 0"
    if seconds is not None and when.window and all(opening.since >= seconds for opening in when.window):
        return f"its `window` opens after {in_words(seconds)}, where its `limit` has ended it"
    if seconds is not None and when.flap is not None and not when.flap.by_calls and when.flap.up >= seconds:
        return f"it is `up` for {in_words(when.flap.up)}, and its `limit` ends it after {in_words(seconds)}"
    return "" if _has_turn(when) else "no number of a call fits all that `when` says"


def _has_turn(when: When) -> bool:
    """Whether some ordinal may suffer: what repeats does so within the least common multiple of its periods."""
    periods = [when.every, *_periods(when)]
    low, high = when.between or (1, None)
    begin = max(low, when.after + 1)
    end = begin + lcm(*periods)
    if high is not None:
        end = min(end, high + 1)
    return any(not _passed_by_number(when, ordinal) for ordinal in range(begin, min(end, begin + _MOST_TRIED))) or (
        end - begin > _MOST_TRIED)


def _periods(when: When) -> list[int]:
    flap, burst = when.flap, when.burst
    found = [flap.up + flap.down] if flap is not None and flap.by_calls else []
    found += [burst.every] if burst is not None and burst.by_calls else []
    return [int(period) for period in found]


def described(when: When) -> str:
    """What people read: `after 2, probability 0.1`; '' for all of them."""
    said = [
        f"after {when.after}" if when.after else "",
        f"every {when.every}" if when.every > 1 else "",
        f"first {when.first}" if when.first is not None else "",
        f"between {when.between[0]} and {when.between[1]}" if when.between else "",
        *(_window(opening) for opening in when.window),
        _flap(when.flap), _burst(when.burst), _ramp(when.ramp),
        f"probability {when.probability:g}" if when.probability < 1 else "",
        f"draw {when.draw[0]:g} to {when.draw[1]:g}" if when.draw else "",
        f"sticky {when.sticky:g}" if when.sticky else "",
    ]
    return ", ".join(word for word in said if word)


def _window(opening: Opening) -> str:
    until = f" to {in_words(opening.until)}" if opening.until is not None else " on"
    return f"window from {in_words(opening.since)}{until}"


def _flap(flap: Flap | None) -> str:
    return "" if flap is None else f"flap {_long(flap.up, flap.by_calls)} up, {_long(flap.down, flap.by_calls)} down"


def _burst(burst: Burst | None) -> str:
    if burst is None:
        return ""
    return f"burst of {_long(burst.lasts, burst.by_calls)} every {_long(burst.every, burst.by_calls)}"


def _ramp(ramp: Ramp | None) -> str:
    return "" if ramp is None else f"ramp from {ramp.start:g} to {ramp.end:g} over {_long(ramp.over, ramp.by_calls)}"


def _long(number: float, by_calls: bool) -> str:
    if not by_calls:
        return in_words(number)
    return f"{number:g} call{'' if number == 1 else 's'}"

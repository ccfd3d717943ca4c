"""What is remembered of a night, and what is judged from many of them: plain values, which a history keeps and a page
shows.

A night is one run of an environment's journeys. It has a name, the date on which it began in the zone of the
environment; nights are ordered by when they began. Instants are seconds since the epoch, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal, TypeAlias

from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame, Kind

__all__ = ["NONE", "Alert", "Attempt", "Change", "Counted", "Deed", "Drift", "Flake", "Journey", "Mark", "Night",
           "Overview", "Rate", "Sample", "Series", "SeriesKind", "Severity", "Shape", "State", "Trend", "Trending"]

NONE = "none"
"""The plan without faults."""


# --- what a night leaves --------------------------------------------------------------------------


class State(StrEnum):
    """Of a night. One that is still running while nobody holds the lock of its environment was cut off."""

    RUNNING = "running"
    ENDED = "ended"
    CUT_OFF = "cut off"
    REFUSED = "refused"


@plain
class Night(Plain):
    """`run` is the name of its folder, `because` why it was refused or cut off, `calls` how many were sent, `journeys`
    how many were made, `flowprobe` the version that made it. What is None is not known before its end."""

    environment: str
    name: str
    state: State
    began: float
    ended: float | None = None
    verdict: Kind | None = None
    exit_code: int | None = None
    run: str = ""
    because: str = ""
    calls: int = 0
    journeys: int = 0
    seed: int = 0
    flowprobe: str = ""


@plain
class Journey(Plain):
    """What is made every night: a scenario by its personas (`admin=pro-eu, operator=staff`, in the order of roles)
    under a plan."""

    scenario: str
    personas: str
    plan: str = NONE

    def __str__(self) -> str:
        under = "" if self.plan == NONE else f" under {self.plan}"
        return f"{self.scenario} ({self.personas}){under}" if self.personas else f"{self.scenario}{under}"


@plain
class Attempt(Plain):
    """One making of a journey. `number` counts from 1; a further one is made to classify a failure, and never in place
    of it. `signature` is equal where the same thing broke in the same way; `sentence` is what is told of it; `step` is
    where it broke; `provider` the third party that it is put down to, by itself or by the faults that it was made to
    show, empty where none is; `trial` its id."""

    journey: Journey
    number: int
    at: float
    seconds: float
    verdict: Kind
    blame: Blame
    signature: str = ""
    sentence: str = ""
    step: str = ""
    provider: str = ""
    trial: str = ""


SeriesKind: TypeAlias = Literal["step", "provider", "control"]


@plain
class Series(Plain):
    """A latency that is measured from night to night: of a step or a provider in an unfaulted journey, or of a control,
    which has neither scenario nor personas."""

    kind: SeriesKind
    name: str
    scenario: str = ""
    personas: str = ""

    def __str__(self) -> str:
        if not self.scenario:
            return self.name
        return f"{self.scenario} ({self.personas}) {self.name}" if self.personas else f"{self.scenario} {self.name}"


@plain
class Sample(Plain):
    """One night's measurements of a series, in seconds, in the order in which they were taken."""

    series: Series
    seconds: tuple[float, ...]


@plain
class Counted(Plain):
    """How often a journey was made in a night, first attempts alone, and how often its `step` broke by the product's
    doing; an empty step is the whole journey."""

    journey: Journey
    step: str
    tries: int
    failures: int


@plain
class Shape(Plain):
    """What a step's reply looked like in a night: path of a value (`$.items[*].state`) -> what it was, sorted: its
    types, and of a text that seems to be one of few words each word as `"word"`."""

    scenario: str
    step: str
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# --- what is judged -------------------------------------------------------------------------------


class Trending(StrEnum):
    """`learning`: too few nights are known; `suspect`: something gathers, and nothing is said yet."""

    LEARNING = "learning"
    STEADY = "steady"
    SUSPECT = "suspect"
    CHANGED = "changed"


@plain
class Trend(Plain):
    """What a series does. `usual_s` is its baseline and `low_s` to `high_s` the band around it, `tonight_s` what it was
    tonight, each as a latency; `factor` is tonight against the baseline with what the controls did taken off;
    `since` the night on which it changed, empty where it did not."""

    series: Series
    state: Trending
    nights: int
    usual_s: float = 0.0
    low_s: float = 0.0
    high_s: float = 0.0
    tonight_s: float = 0.0
    factor: float = 1.0
    since: str = ""


@plain
class Rate(Plain):
    """How often a step breaks: `usual` and `recent` are shares, `sure` the probability that it breaks more than twice
    as often as usual and in more than one of a hundred tries."""

    journey: Journey
    step: str
    state: Trending
    tries: int
    failures: int
    usual: float
    recent: float
    sure: float


@plain
class Flake(Plain):
    """How often a journey breaks and then passes in the same night. While `until` (a night's name) has not come it is
    in quarantine: made and shown, and pages nobody."""

    journey: Journey
    score: float
    nights: int
    until: str = ""


class Change(StrEnum):
    APPEARED = "appeared"
    VANISHED = "vanished"
    TYPE = "type"
    WORD = "word"


@plain
class Drift(Plain):
    """What changed in the reply of a step, and the night on which it was first seen."""

    scenario: str
    step: str
    path: str
    change: Change
    before: tuple[str, ...]
    now: tuple[str, ...]
    since: str


class Severity(StrEnum):
    """`page` wakes somebody; `notice` is for the owner's channel."""

    PAGE = "page"
    NOTICE = "notice"


@plain
class Alert(Plain):
    """One cause that somebody has to know of, however many journeys it breaks. `key` is equal for the same cause from
    night to night; `opened`, `last` and `resolved` are names of nights, `resolved` empty while it is open; `link` is
    the page of the run that it was last seen in."""

    environment: str
    key: str
    severity: Severity
    blame: Blame
    sentence: str
    journeys: tuple[str, ...]
    opened: str
    last: str
    resolved: str = ""
    link: str = ""


class Deed(StrEnum):
    """What a person decided: a series starts its baseline anew, a journey is put into quarantine or taken out of it."""

    REBASE = "rebase"
    QUARANTINE = "quarantine"
    RELEASE = "release"


@plain
class Mark(Plain):
    """A decision of a person, for good. `subject` is the text of a series or a journey, `night` the one it counts
    from, `until` the one at which it ends; empty for no end."""

    environment: str
    deed: Deed
    subject: str
    night: str
    by: str
    because: str
    at: float
    until: str = ""


@plain
class Overview(Plain):
    """All that is shown of an environment's nights: the newest last. `readings` are the values behind each trend, night
    by night (name, seconds); `attempts` are those of each night that is shown, by its name."""

    environment: str
    nights: tuple[Night, ...]
    attempts: Mapping[str, tuple[Attempt, ...]]
    trends: tuple[Trend, ...] = ()
    readings: Mapping[Series, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    rates: tuple[Rate, ...] = ()
    flakes: tuple[Flake, ...] = ()
    drifts: tuple[Drift, ...] = ()
    alerts: tuple[Alert, ...] = ()
    marks: tuple[Mark, ...] = ()

"""A case that lasts: the smallest state and the faults that broke a promise, with all that it takes to try it again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break, Try
from flowprobe.core.exploring.plans import plan_of
from flowprobe.core.exploring.shrink import Shrunk
from flowprobe.core.faults.fault import Fault, FaultPlan
from flowprobe.core.faults.kinds import kind_name
from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Position

__all__ = ["Case", "CaseThreshold", "Found", "Setting", "case_of", "numbered"]

_NO_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST = 60
_WRITTEN = Position("case", 0, 0)


@plain
class CaseThreshold(Plain):
    """With this fault it breaks from `breaks_s` seconds on, and holds with `holds_s`; `fault` is the id of one."""

    fault: str
    breaks_s: float
    holds_s: float = 0.0


@plain
class Found(Plain):
    """When, in ISO 8601, by which version, and in how many tries it was made small. `best_so_far`: it could be smaller,
    for there was no time left."""

    at: str = ""
    by: str = ""
    tries: int = 0
    best_so_far: bool = False


@plain
class Case(Plain):
    """`scenario` is the path of its file from the folder of the case's own on, `personas` role -> persona, `state` the
    account's whole state, of which `differs` are the fields that are not as on an ordinary night; the journey is walked
    `without` these steps. `environment` is where it was found, `seed` that of its draws. `file` and `positions` say
    where it stands, once it does."""

    name: str
    scenario: str
    personas: Mapping[str, str]
    broke: Break
    state: Mapping[str, Any] = field(default_factory=dict)
    differs: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    thresholds: tuple[CaseThreshold, ...] = ()
    confirmed: Confirmed | None = None
    environment: str = ""
    seed: int = 0
    found: Found = Found()
    without: tuple[str, ...] = ()
    file: str = field(default="", compare=False)
    positions: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)

    @property
    def plan(self) -> FaultPlan:
        """The fault plan of its trial."""
        return FaultPlan(self.name, self.faults)

    @property
    def sentence(self) -> str:
        """What broke, for people."""
        where = self.broke.step or self.broke.kind
        return f"{where}: {self.broke.sentence or self.broke.where}"


@plain
class Setting(Plain):
    """Where a case was found, and what it is to be called after: `scenario` is the path of its file from the folder of
    cases on, `title` a word or two for it; `defaults` is the account's ordinary state."""

    scenario: str
    title: str
    personas: Mapping[str, str]
    defaults: Mapping[str, Any]
    environment: str = ""
    seed: int = 0
    at: str = ""
    by: str = ""


def case_of(shrunk: Shrunk, confirmed: Confirmed | None, setting: Setting) -> Case:
    """The case of what was shrunk; its name says the scenario, what broke, and by what."""
    smallest = shrunk.smallest
    broke = shrunk.broke or Break("", "fail", shrunk.learned.because)
    differs = tuple(name for name, value in smallest.state.items()
                    if name not in setting.defaults or setting.defaults[name] != value)
    placed = plan_of(smallest.faults, "").faults
    thresholds = tuple(CaseThreshold(_id_of(placed[each.fault], placed), each.breaks_s, each.holds_s)
                       for each in shrunk.thresholds)
    return Case(
        _name(setting.title, broke, smallest, differs), setting.scenario, setting.personas, broke, smallest.state,
        differs, numbered(placed), thresholds, confirmed, setting.environment, setting.seed,
        Found(setting.at, setting.by, shrunk.tries, not shrunk.minimal), smallest.without)


def numbered(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults by their edges, with the ids that they have in a file: `payments`, `payments[1]`."""
    given = tuple(faults)
    edges = dict.fromkeys(fault.edge for fault in given)
    ordered = [fault for edge in edges for fault in given if fault.edge == edge]
    return tuple(replace(fault, id=_id_of(fault, given), position=_WRITTEN) for fault in ordered)


def _id_of(fault: Fault, faults: tuple[Fault, ...]) -> str:
    number = [other.id for other in faults if other.edge == fault.edge].index(fault.id)
    return f"{fault.edge}[{number}]" if number else fault.edge


def _name(title: str, broke: Break, smallest: Try, differs: Iterable[str]) -> str:
    causes = [f"{placed.site.edge} {kind_name(placed.kind)}" for placed in smallest.faults] or list(differs)
    words = _NO_NAME.sub("-", " ".join((title, broke.step or broke.kind, *causes)).lower()).strip("-")
    named = words if words[:1].isalpha() else f"case-{words}"
    return named if len(named) <= _LONGEST else named[:_LONGEST].rpartition("-")[0]

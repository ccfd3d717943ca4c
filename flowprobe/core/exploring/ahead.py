"""What a search can say of the tries to come, so that several are made at once; and whether they may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from flowprobe.core.exploring.model import Learned, Phase, Site, Try
from flowprobe.core.faults.kinds import before_calls
from flowprobe.core.scenario import Scenario

__all__ = ["Ahead", "disturbance", "goes_alone", "put_into_state"]

_ALONE: tuple[Phase, ...] = ("calibrate", "timeouts", "shrink", "confirm")
"""What is measured in these, or has to be sure, is not to depend on what else the product is busy with."""

_LOOKED_UP = re.compile(r"\$\{([\w-]+)[.\[]")


class Ahead(Protocol):
    """Makes tries before they are asked for."""

    def foresee(self, tries: Sequence[Try]) -> None:
        """These will be asked for next, in this order, if nothing unexpected comes of them; what was foreseen before
        and was not begun is forgotten."""

    def rest(self) -> Iterable[tuple[Try, Learned]]:
        """The search is over: what was made and not asked for."""


def goes_alone(tried: Try) -> bool:
    """Whether nothing else may be tried meanwhile. What befalls a connection before it has calls befalls that of
    anybody."""
    return tried.phase in _ALONE or any(before_calls(placed.kind) for placed in tried.faults)


def put_into_state(scenario: Scenario) -> tuple[str, ...]:
    """The roles whose accounts `given` puts into a state: those that the path of a call names, else who makes it."""
    first = next(iter(scenario.personas), "")
    found: dict[str, None] = {}
    for step in scenario.given:
        named = [name for name in _LOOKED_UP.findall(str(step.call.path)) if name in scenario.personas]
        found |= dict.fromkeys(named or [step.role or first])
    return tuple(found)


def disturbance(alone: Sequence[Learned], together: Sequence[Learned]) -> str:
    """What tells the journey without any fault, made several times at once, from the same made alone; '' where nothing
    does: then the tries of a search may be made side by side."""
    for each in together:
        if each.judged not in ("pass", "degraded"):
            return f"the journey does not pass without any fault: {_why(each)}"
    always = [{seen.site for seen in each.reached} for each in alone]
    usual = {_loosely(site) for sites in always for site in sites}
    for each in together:
        sites = {seen.site for seen in each.reached}
        if missing := sorted(map(str, set.intersection(*always) - sites)) if always else []:
            return f"{missing[0]} is not seen to be of its own journey"
        if strange := sorted(str(site) for site in sites if _loosely(site) not in usual):
            return f"the journey makes a call that it does not make alone: {strange[0]}"
    return ""


def _why(learned: Learned) -> str:
    return learned.because or "; ".join(broke.sentence or broke.kind for broke in learned.breaks) or learned.judged


def _loosely(site: Site) -> tuple[str, str, str]:
    return site.edge, site.call, site.step

"""How long the product waits: one hang tells it, and delays around that say what becomes of the journey. No grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flowprobe.core.exploring.catalogue import LATENCY_S
from flowprobe.core.exploring.exploration import Baseline, Patience
from flowprobe.core.exploring.model import Placed, Site
from flowprobe.core.exploring.notebook import Alone, Notebook
from flowprobe.core.exploring.singles import Cannot
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency

__all__ = ["FINE", "FINE_S", "bisections", "timeouts"]

FINE_S = 0.01
FINE = 0.05
"""A delay is told to the larger of these: 10 ms, and 5 % of itself."""


def timeouts(notebook: Notebook, baseline: Baseline, cannot: Cannot, *, broke: bool) -> Iterator[None]:
    """For each call that was held by a hang: when the product gave up, and what just less and just more of it does.
    `broke`: those where the hang has broken the journey; else the others."""
    typical = {each.site: each.seconds for each in baseline.sites}
    hangs = [(found, kind.seconds) for found in notebook.alone
             if isinstance(kind := found.fault.kind, Hang) and found.fell and found.learned.broke == broke
             and not found.within]
    for each, waited in hangs:
        site = each.fault.site
        notebook.patience[site] = Patience(site, waited, _gave_up(each))
        for delay in _around(notebook.patience[site], typical.get(site, 0.0), each):
            fault = Placed(site, Latency(delay))
            if not cannot(fault):
                notebook.single(fault, "timeouts")
                yield
        _tighten(notebook, site)


def _gave_up(hung: Alone) -> float | None:
    site = hung.fault.site
    return next((seen.gave_up_s for seen in hung.learned.reached
                 if seen.gave_up_s is not None and seen.site in (site, replace(site, ordinal=1))), None)


def _around(patience: Patience, typical: float, hung: Alone) -> tuple[float, ...]:
    """The delays to try: where the product has no patience to be found, and a hang breaks it, as long as the hang."""
    limit = patience.gives_up_s
    if limit is None:
        return (round(patience.waited_s, 3),) if hung.learned.broke else ()
    margin = max(2 * FINE_S, FINE * limit)
    around = (round(limit - typical - margin, 3), round(limit + margin, 3))
    return tuple(delay for delay in around if delay > 0 and abs(delay - LATENCY_S) > FINE_S)


def bisections(notebook: Notebook) -> Iterator[None]:
    """Where one delay breaks the journey and a shorter one does not: between the two, to the shortest that does."""
    for site in tuple(notebook.patience):
        tried: set[float] = set()
        while (between := _between(_tighten(notebook, site))) is not None and between not in tried:
            tried.add(between)
            notebook.single(Placed(site, Latency(between)), "timeouts")
            yield


def _between(patience: Patience) -> float | None:
    if patience.breaks_s is None or patience.holds_s is None:
        return None
    if patience.breaks_s - patience.holds_s <= max(FINE_S, FINE * patience.breaks_s):
        return None
    return round((patience.breaks_s + patience.holds_s) / 2, 4)


def _tighten(notebook: Notebook, site: Site) -> Patience:
    """With all delays that were tried there alone, by whomever: the shortest that breaks, the longest below it that
    does not."""
    seen = [(kind.takes, entry.learned) for entry in notebook.entries
            if len(entry.tried.faults) == 1 and entry.tried.faults[0].site == site and entry.learned.fired
            and isinstance(kind := entry.tried.faults[0].kind, Latency) and isinstance(kind.takes, float)
            and kind.at == "request" and entry.tried.state == notebook.default]
    breaks = min((delay for delay, learned in seen if learned.broke), default=None)
    holds = max((delay for delay, learned in seen if learned.judged in ("pass", "degraded")
                 and (breaks is None or delay < breaks)), default=None if breaks is None else 0.0)
    notebook.patience[site] = replace(notebook.patience[site], holds_s=holds, breaks_s=breaks)
    return notebook.patience[site]

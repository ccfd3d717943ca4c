"""The journey without faults, more than once: which calls it makes each time, how long they take, how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from flowprobe.core.exploring.exploration import Baseline, Flaky
from flowprobe.core.exploring.model import Learned, Reached, Site, Try
from flowprobe.core.exploring.notebook import Notebook

__all__ = ["calibrate"]


def calibrate(notebook: Notebook, times: int) -> Baseline:
    """`broken` says why there is nothing to compare with. Raises Enough."""
    tried = Try(notebook.default, (), "calibrate")
    runs: list[Learned] = []
    while len(runs) < times:
        runs.append(notebook.ask(tried))
    failed = [run for run in runs if run.judged not in ("pass", "degraded")]
    if failed and len(failed) < len(runs) and any(run.broke for run in failed):
        broke = [run for run in runs if run.broke]
        notebook.causes.flaky.append(Flaky(tried, broke[0].breaks, len(broke), len(runs)))
    sites, unstable = _sites(runs)
    return Baseline(sites, unstable, frozenset(run.signature for run in runs), len(runs), _broken(runs, failed),
                    sum(run.broke for run in runs))


def _broken(runs: Sequence[Learned], failed: Sequence[Learned]) -> str:
    if not failed:
        return ""
    first = failed[0]
    why = first.because or "; ".join(broke.sentence or broke.kind for broke in first.breaks) or first.judged
    times = f"{len(failed)} of {len(runs)} times" if len(runs) > 1 else "then"
    return f"without any fault the journey was no pass, {times}: {why}"


def _sites(runs: Sequence[Learned]) -> tuple[tuple[Reached, ...], frozenset[Site]]:
    """The calls of every run, in the order of the first; those that some runs lack are meant without their ordinal."""
    seen: dict[Site, list[Reached]] = {}
    for run in runs:
        for each in run.reached:
            seen.setdefault(each.site, []).append(each)
    always = {site for site in seen if all(any(each.site == site for each in run.reached) for run in runs)}
    found: dict[Site, list[Reached]] = {}
    for site, times in seen.items():
        found.setdefault(site if site in always else replace(site, ordinal=0), []).extend(times)
    sites = tuple(_typical(site, times) for site, times in found.items())
    return sites, frozenset(each.site for each in sites if not each.site.ordinal)


def _typical(site: Site, seen: Sequence[Reached]) -> Reached:
    return replace(seen[0], site=site, seconds=median(each.seconds for each in seen),
                   reply_bytes=max(each.reply_bytes for each in seen))

"""`exploration.json`: the exploration for machines, in a versioned shape; `docs/reference/explore.md` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowprobe.core.events import members
from flowprobe.core.exploring.exploration import Baseline, Cell, Exploration, Flaky, Patience
from flowprobe.core.exploring.model import Break, Placed, Reached, Site
from flowprobe.core.faults.kinds import describe
from flowprobe.report.exploring_matrix import Row, counts, matrix_of
from flowprobe.report.exploring_told import About, CaseTold, odd_fields

__all__ = ["exploration_json"]

VERSION = 1


def exploration_json(exploration: Exploration, cases: Sequence[CaseTold], about: About) -> dict[str, Any]:
    """Plain data; `flowprobe schema exploration` is its schema. Secrets are the sink's to redact."""
    return {
        **_head(exploration, about),
        "tries": exploration.tries, "calls": exploration.calls, "seconds": round(exploration.seconds, 6),
        "phases": dict(exploration.phases),
        "baseline": _baseline(exploration.baseline),
        "cases": [_case(case, about) for case in cases],
        "flaky": [_flaky(flaky) for flaky in exploration.flaky],
        "coverage": _coverage(exploration),
        "patience": [_patience(each) for each in exploration.patience],
        "states": members(exploration.states),
        "pairs": members(exploration.pairs),
        "pruned": [{"reason": each.reason, "count": each.count, "examples": list(each.examples)}
                   for each in exploration.pruned],
        "unseen": None if exploration.unseen is None else members(exploration.unseen),
    }


def _head(exploration: Exploration, about: About) -> dict[str, Any]:
    return {
        "version": VERSION, "run": about.run, "flowprobe": about.version, "scenario": about.scenario,
        "file": about.file, "environment": about.environment, "seed": about.seed, "folder": about.folder,
        "exit_code": about.exit_code, "budget": about.budget, "resume": about.resume,
        "ended": exploration.ended, "because": exploration.because,
        "left_behind": list(about.left_behind),
    }


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return {"tries": baseline.tries, "broken": baseline.broken,
            "reached": [_reached(each, baseline.unstable) for each in baseline.sites]}


def _reached(reached: Reached, unstable: frozenset[Site]) -> dict[str, Any]:
    return {"site": _site(reached.site), "seconds": round(reached.seconds, 6), "status": reached.status,
            "unstable": reached.site in unstable}


def _case(case: CaseTold, about: About) -> dict[str, Any]:
    found, rate = case.found, case.flake_rate
    odd = odd_fields(found.case.state, about.defaults)
    return {
        "name": case.name, "sentence": case.sentence, "file": None if case.file is None else str(case.file),
        "replay": case.replay, "state": _plain(found.case.state),
        "differs": {each.name: {"value": each.value, "usual": each.usual} for each in odd},
        "without": list(found.case.without),
        "faults": _faults(found.case.faults), "breaks": _breaks(found.breaks),
        "thresholds": [members(each) for each in case.thresholds],
        "confirmed": found.confirmed, "of": found.of, "flake_rate": None if rate is None else round(rate, 6),
        "best_so_far": case.best_so_far, "at": found.at, "also": case.others, "trial": found.learned.trial,
    }


def _flaky(flaky: Flaky) -> dict[str, Any]:
    return {"state": _plain(flaky.tried.state), "faults": _faults(flaky.tried.faults), "breaks": _breaks(flaky.breaks),
            "broke": flaky.broke, "of": flaky.of}


def _coverage(exploration: Exploration) -> dict[str, Any]:
    matrix = matrix_of(exploration)
    return {"kinds": [*matrix.kinds, *matrix.nowhere], "totals": dict(counts(exploration)),
            "sites": [_row(row) for row in matrix.rows]}


def _row(row: Row) -> dict[str, Any]:
    return {"site": _site(row.site), "usual": row.usual, "within": _faults(row.within),
            "cells": {kind: _cell(cell) for kind, cell in row.cells.items()}}


def _cell(cell: Cell) -> dict[str, Any]:
    return {"outcome": cell.outcome, "because": cell.because, "only": cell.only, "tries": cell.tries}


def _patience(patience: Patience) -> dict[str, Any]:
    return {**members(patience), "site": _site(patience.site)}


def _site(site: Site) -> dict[str, Any]:
    return members(site)


def _faults(faults: Iterable[Placed]) -> list[dict[str, Any]]:
    return [{"site": _site(placed.site), "kind": placed.name, "described": describe(placed.kind)} for placed in faults]


def _breaks(breaks: Iterable[Break]) -> list[dict[str, Any]]:
    return [members(broke) for broke in breaks]


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    """Dates and decimals as texts, and so are numbers that JSON has none for."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(state), default=str), parse_constant=str)
    return plain

"""`flowprobe explore`: search, show, and keep what was found."""

from __future__ import annotations

import json
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import flowprobe
from flowprobe.cli.exploring_screen import ExploringScreen
from flowprobe.cli.watching import Screen, screen
from flowprobe.core.faults.concerns import ordinary
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.case_writing import to_pytest
from flowprobe.report.exploring import exploration_lines
from flowprobe.report.exploring_json import exploration_json
from flowprobe.report.exploring_page import exploration_page
from flowprobe.report.exploring_told import About, CaseTold, tell_case
from flowprobe.report.lines import footer, left_behind
from flowprobe.report.spans import Span, line
from flowprobe.running.exploring import Explored, SavedCase, Wish, explore
from flowprobe.running.folder import write_shared, write_whole
from flowprobe.running.selection import Request, Selection, select
from flowprobe.running.settings import duration
from flowprobe.running.trying import Bounds

__all__ = ["Asked", "bounds_of", "case_told", "explore_command", "resuming"]

_PAGE = "exploration.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for, beside the run and the search."""

    budget: str
    as_json: bool
    page: Path | None
    emit: str


def bounds_of(text: str) -> Bounds:
    """`500` are tries, `10m` is a time. Raises InvalidInput."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        if int(text):
            return Bounds(tries=int(text))
        raise InvalidInput((Problem("bad-setting", "--budget", 0, 0, "0 is no budget", "write 500 or 10m"),))
    return Bounds(seconds=duration(text, of="--budget"))


def explore_command(request: Request, wish: Wish, asked: Asked) -> int:
    """Returns the exit code. With `--json` standard output has the result alone; people read standard error."""
    selection = select(request)
    show = screen(sys.stderr if asked.as_json else sys.stdout)
    defaults = ordinary(selection.chosen[0].scenario) if selection.chosen else {}
    with show:
        explored = explore(request, selection, ExploringScreen(show, defaults), wish)
    _tell(show, explored, selection, asked, resuming(request, wish, asked))
    return explored.exit_code


def resuming(request: Request, wish: Wish, asked: Asked) -> tuple[str, ...]:
    """The words that ask for the same search once more; its scenario, environment and seed are those of the run."""
    usual, given = Wish(), Request(request.paths)
    words = ["--budget", asked.budget]
    words += [word for role, name in (request.bind or {}).items() for word in ("--persona", f"{role}={name}")]
    words += ["--only", wish.only] if wish.only else []
    words += [] if wish.prune else ["--no-prune"]
    words += [] if wish.cap_s == usual.cap_s else ["--longest", f"{wish.cap_s:g}s"]
    words += [] if wish.cases == usual.cases else ["--cases", str(wish.cases)]
    words += [] if request.timeout_s == given.timeout_s else ["--timeout", f"{request.timeout_s:g}s"]
    words += [] if wish.workers == usual.workers else ["--workers", str(wish.workers)]
    words += ["--allow-exec"] if request.allow_exec else []
    return (*words, "--proxy", request.proxy) if request.proxy else tuple(words)


def _tell(show: Screen, explored: Explored, selection: Selection, asked: Asked, again: tuple[str, ...]) -> None:
    """What was found, in the terminal, in the run's folder, and wherever else it is wanted."""
    if explored.exploration is None:
        for each in footer(explored.report):
            show.print(each)
        return
    about = _about(explored, selection, asked, again)
    cases = [case_told(each, about, again) for each in explored.cases]
    for note in explored.report.notes:
        show.notice(note)
    for each in exploration_lines(explored.exploration, cases, about):
        show.print(each)
    show.print(line("  ", Span("the same as a page: ", "dim"), str(explored.report.folder / _PAGE)))
    result = explored.report.redact(json.dumps(exploration_json(explored.exploration, cases, about), indent=1))
    page = explored.report.redact(exploration_page(explored.exploration, cases, about))
    write_whole(explored.report.folder / "exploration.json", result + "\n")
    write_whole(explored.report.folder / _PAGE, page)
    if asked.page is not None:
        write_shared(asked.page, page)
    if asked.emit:
        _emit(explored.cases)
    if asked.as_json:
        print(result)


def _emit(cases: tuple[SavedCase, ...]) -> None:
    """A test beside each case."""
    for each in cases:
        if each.file is None:
            continue
        name = each.file.stem.replace("-", "_")
        write_shared(each.file.with_name(f"test_{name}.py"), to_pytest(each.case, each.file.name))


def _about(explored: Explored, selection: Selection, asked: Asked, again: tuple[str, ...]) -> About:
    scenario, folder = selection.chosen[0].scenario, explored.report.folder
    started = explored.report.evidence.started
    environment, seed = selection.environment.name, started.seed if started else 0
    resume = shlex.join([*_search_words(scenario.file, environment, seed, again), "--resume", str(folder)])
    stopped = explored.exploration is not None and explored.exploration.ended == "stopped"
    return About(
        scenario.name, scenario.file, environment, seed, flowprobe.__version__, started.run if started else "",
        str(folder), ordinary(scenario), asked.budget, resume if stopped else "", explored.exit_code,
        left_behind(explored.report), explored.report.redact)


def _search_words(file: str, environment: str, seed: int, again: tuple[str, ...]) -> tuple[str, ...]:
    return ("flowprobe", "explore", file, "--env", environment, "--seed", str(seed), *again)


def case_told(saved: SavedCase, about: About, again: tuple[str, ...]) -> CaseTold:
    """One that could not be written cannot be replayed: the search that finds it again is what there is."""
    words = (("flowprobe", "replay", str(saved.file), "--env", about.environment) if saved.file
             else _search_words(about.file, about.environment, about.seed, again))
    replay = shlex.join(words)
    name = saved.file.stem if saved.file else saved.case.name
    return tell_case(saved.found, name=name, replay=replay, defaults=about.defaults, file=saved.file,
                     thresholds=saved.shrunk.thresholds, best_so_far=saved.shrunk.ended)

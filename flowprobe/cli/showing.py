"""`flowprobe list`, `show`, `diff` and `open`: what has been run, from its folders. Nothing is sent."""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NoReturn

from flowprobe.cli.watching import screen
from flowprobe.core.cause import Cause
from flowprobe.core.diffing import compare, gist_of
from flowprobe.core.events import members
from flowprobe.core.evidence import StepEvidence, TrialEvidence
from flowprobe.core.verdict import ExitCode
from flowprobe.errors import InvalidInput, Problem
from flowprobe.report.causes import cause_from
from flowprobe.report.closeup import step_json, step_lines, trial_lines
from flowprobe.report.diffing import diff_json, diff_lines
from flowprobe.report.lines import footer, headline, remarks
from flowprobe.report.listing import counted, run_lines
from flowprobe.report.result_json import result_text, trial_text
from flowprobe.report.spans import Line, Span, line
from flowprobe.report.steps import journey
from flowprobe.report.story import ROOM, block_of, story
from flowprobe.running.listing import Row, rows
from flowprobe.running.retelling import Retelling, Retold, links_in, retell, said_of
from flowprobe.running.runs import Run, exploration_of, find_run, find_trial, result_of, told_in

__all__ = ["diff_command", "list_command", "open_command", "show_command"]

_NEWEST = 20


def list_command(*, everything: bool, as_json: bool) -> int:
    found = list(rows())
    if as_json:
        return _print_json({"runs": [_row_json(row) for row in found]})
    if not found:
        print("nothing was run in this folder yet")
    shown = found if everything else found[:_NEWEST]
    return _print(run_lines([asdict(row) for row in shown], hidden=len(found) - len(shown)))


def _row_json(row: Row) -> dict[str, Any]:
    at = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**asdict(row), "at": at if row.at else "", "scenarios": list(row.scenarios), "counts": dict(row.counts)}


def show_command(run: str, trial: str | None, step: str | None, *, whole: bool, as_json: bool) -> int:
    """The run, one of its trials, or one of that one's steps."""
    found = find_run(run)
    if trial is None:
        return _show_run(found, whole=whole, as_json=as_json)
    wanted = find_trial(found, trial).trial
    _, trials, _ = retell(found, whole=step is not None)
    told = next((each for each in trials if each.evidence.started.trial == wanted), None)
    if told is None:
        raise InvalidInput((Problem("no-trial", "TRIAL", 0, 0, f"{trial!r} is being walked at this moment",
                                    f"`flowprobe follow {run}` shows how it goes on"),))
    return _show_trial(found, told, as_json=as_json) if step is None else _show_step(found, told, step, as_json=as_json)


# --- a run ----------------------------------------------------------------------------------------


def _show_run(run: Run, *, whole: bool, as_json: bool) -> int:
    telling, trials, gaps = retell(run)
    if as_json:
        result = result_of(run) or json.loads("".join(result_text(telling.report(trials, gaps=gaps))))
        code = result.get("exit_code") if run.state == "ended" else None
        return _print_json({**result, "exit_code": code, "state": run.state})
    known = told_in(result_of(run))
    blocks = [block_of(each.evidence, each.verdict, each.twin, _cause(known, each.evidence)) for each in trials]
    return _print([_headline(run), *story(blocks, _foot(run, telling, gaps), more=f"flowprobe show {run.id[:6]} TRIAL",
                                          room=None if whole else ROOM - 1)])


def _foot(run: Run, telling: Retelling, gaps: Sequence[str]) -> list[Line]:
    """How it ended; what has not ended has no verdict and no exit code."""
    report = telling.report()
    if run.state == "ended":
        return [*_cases(run), *footer(report), *_gaps(gaps)]
    kinds = [str(verdict.kind) for verdict in report.verdicts.values()]
    counts = counted({kind: kinds.count(kind) for kind in kinds})
    at = f"{datetime.fromtimestamp(run.last).astimezone():%H:%M:%S}"
    said = {"running": f"it still runs; its last line is of {at}",
            "cut off": f"its process went before it ended: its last {'whole ' if run.torn else ''}line is of {at}, in "
                       f"{run.journal / 'runner.jsonl'}"}[run.state]
    rest = [] if run.state == "running" else remarks(report)
    return [line(""), *_going(telling), line(Span(f"? {run.state}", "odd"), f"  {counts}", Span(f"  {said}", "dim")),
            *rest, *_gaps(gaps)]


def _cases(run: Run) -> Iterator[Line]:
    """What a search found stands above the counts of its trials."""
    cases = exploration_of(run).get("cases")
    for case in cases if isinstance(cases, list) else ():
        yield line("  ", Span("✗ found: ", "bad"), Span(str(case.get("sentence", "")), "bold"))
        yield line("      ", Span("replay it: ", "dim"), str(case.get("replay", "")))


def _going(telling: Retelling) -> list[Line]:
    """The trial that is being walked, as far as it got."""
    going = telling.going
    if going is None:
        return []
    return [line("  ", Span(f"… {going.started.plan}", "bold"), Span("  is being walked", "dim")), *journey(going)]


def _gaps(gaps: Sequence[str]) -> list[Line]:
    return [line("  ", Span(f"cannot be read: {gap}", "bad")) for gap in gaps]


# --- a trial, and a step --------------------------------------------------------------------------


def _show_trial(run: Run, told: Retold, *, as_json: bool) -> int:
    known = told_in(result_of(run))
    if as_json:
        text = "".join(trial_text(told.evidence, told.verdict, told.twin))
        return _print_json(dict(known.get(told.evidence.started.trial) or json.loads(text)))
    cause = _cause(known, told.evidence)
    return _print([_headline(run), (), *trial_lines(told.number, told.evidence, told.verdict, told.twin, cause)])


def _cause(known: Mapping[str, Mapping[str, Any]], trial: TrialEvidence) -> Cause | None:
    """What was found when it was taken apart; `known` is what the result says of each trial."""
    return cause_from(known.get(trial.started.trial, {}).get("cause"))


def _show_step(run: Run, told: Retold, word: str, *, as_json: bool) -> int:
    steps = [step for step in told.evidence.steps if step.name == word] or [
        step for step in told.evidence.steps if word and step.name.startswith(word)]
    if len(steps) != 1:
        _no_step(told.evidence.steps, word)
    said = said_of(run, told.evidence.started.trial)
    if as_json:
        return _print_json(step_json(steps[0], said))
    return _print(step_lines(steps[0], said, links_in(run.folder)))


def _no_step(steps: Sequence[StepEvidence], word: str) -> NoReturn:
    names = ", ".join(dict.fromkeys(step.name for step in steps)) or "it has none"
    raise InvalidInput((Problem("no-step", "STEP", 0, 0, f"no step of this trial, or more than one, is called {word!r}",
                                f"name one of: {names}"),))


def _when(run: Run) -> str:
    return f"{datetime.fromtimestamp(run.began).astimezone():%Y-%m-%d %H:%M:%S}"


def _headline(run: Run) -> Line:
    return headline(run.started.version, run.started.environment, run.started.seed, str(run.folder))


def _print(lines: Iterable[Line]) -> int:
    show = screen(sys.stdout)
    for each in lines:
        show.print(each)
    return 0


def _print_json(value: dict[str, Any]) -> int:
    text = json.dumps(value, ensure_ascii=False, indent=1, default=members)
    print(text.encode("utf-8", "backslashreplace").decode())
    return 0


# --- two runs ---------------------------------------------------------------------------------------


def diff_command(before: str, after: str, *, as_json: bool) -> int:
    """Returns 0 where nothing is worse, else 1."""
    one, other = find_run(before), find_run(after)
    diff = compare(*([gist_of(told.evidence, told.verdict) for told in retell(run)[1]] for run in (one, other)))
    code = ExitCode.FAIL if diff.is_worse else ExitCode.OK
    if as_json:
        _print_json(diff_json(diff, before=one.id, after=other.id, exit_code=code))
    else:
        _print([*_unlike(one, other), *diff_lines(diff)])
    return code


def _unlike(one: Run, other: Run) -> Iterator[Line]:
    """What is compared, and what makes the comparison a lame one."""
    for name, run in (("before", one), ("after ", other)):
        ended = "" if run.state == "ended" else f" · {run.state}: only the trials that it made are compared"
        yield line(Span(f"{name}  ", "dim"), _when(run), f" · environment {run.started.environment} · seed "
                   f"{run.started.seed} · {run.folder}", Span(ended, "odd"))


# --- the page -------------------------------------------------------------------------------------

_PAGES = ("report.html", "exploration.html")


def open_command(run: str) -> int:
    """Open the page of a run; its path is printed, and is all there is where nobody can look at it."""
    found = find_run(run)
    page = next((found.folder / name for name in _PAGES if (found.folder / name).is_file()), None)
    if page is None:
        why = {"running": " yet: it still runs", "cut off": ": it was cut off", "ended": ""}[found.state]
        missing = f"{found.folder} has no page ({' or '.join(_PAGES)}){why}"
        raise InvalidInput((Problem("no-page", "RUN", 0, 0, missing, f"`flowprobe show {run}` tells of it here"),))
    print(page)
    if _has_display() and not webbrowser.open(page.resolve().as_uri()):
        print("no browser could be opened: open that file yourself", file=sys.stderr)
    return 0


def _has_display() -> bool:
    """macOS and Windows always have one; elsewhere a variable says so. BROWSER names a program of one's own."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))

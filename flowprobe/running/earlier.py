"""What earlier runs left in an environment goes before a new run begins in it: said in a line each, and never a reason
not to begin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowprobe.core.events import CleanupEnded, Event
from flowprobe.core.scenario import Project
from flowprobe.errors import FlowProbeError, InvalidInput
from flowprobe.running.sweep import Left, find_left, sweep

__all__ = ["clean_earlier"]


def clean_earlier(project: Project, environment: str, *, say: Callable[[str], None], allow_exec: bool = False,
                  stopped: Callable[[], bool] = lambda: False) -> None:
    """Sweep what is open in this environment of this project. Runs that are alive keep what is theirs; once `stopped`
    says so, no further call is sent."""
    file = str(Path(project.file).resolve())
    for left in find_left():
        here = left.opened is not None and (left.opened.project, left.opened.environment) == (file, environment)
        if here and not left.alive and not stopped():
            _clean(left, say, allow_exec, stopped)


def _clean(left: Left, say: Callable[[str], None], allow_exec: bool, stopped: Callable[[], bool]) -> None:

    def tell(event: Event) -> None:
        if isinstance(event, CleanupEnded):
            detail = f" ({event.detail})" if event.detail else ""
            say(f"left by {left.run}: {event.step} {event.outcome}{detail}")

    try:
        after = sweep(left, tell=tell, allow_exec=allow_exec, stopped=stopped)
    except InvalidInput as wrong:
        say(f"left by {left.run}: {len(left.rows)} not cleaned up: {wrong.problems[0].found}")
    except FlowProbeError as failed:
        say(f"left by {left.run}: {failed}")
    else:
        if after.rows or after.damaged:
            say(f"left by {left.run}: {_still(after)}; `flowprobe cleanup` says more")


def _still(left: Left) -> str:
    unknown = sum(row.state == "unknown" for row in left.rows) + len(left.damaged)
    known = len(left.rows) + len(left.damaged) - unknown
    parts = [f"{known} could not be cleaned up"] if known else []
    parts += [f"of {unknown} nobody knows whether it is there"] if unknown else []
    return ", ".join(parts)

"""`flowprobe demo`: a key account's journey, green; its provider slow, red, and why; mended, green again."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.core.verdict import Kind
from flowprobe.report.model import RunReport
from flowprobe.report.spans import Span, line
from flowprobe.running.places import bundled, shown_path
from flowprobe.running.run import run
from flowprobe.running.selection import Request, select

__all__ = ["demo_command"]

PLAN = "slow-search"


@dataclass(frozen=True, slots=True)
class Act:
    """One run of the demo: what is said before it, where it runs, and how its two trials have to come out."""

    title: str
    text: str
    environment: str
    staged: tuple[Kind, Kind]


ACTS = (
    Act("Acme Teams as it is shipped",
        "Its search tab waits for a third party's index, without a fallback. First nothing is injected; then that\n"
        "index answers 500 ms later, between the product and its provider.",
        "demo-weak", (Kind.PASS, Kind.FAIL)),
    Act("Acme Teams, mended",
        "The same journey under the same fault; the search tab now gives up on the index after 150 ms and asks its\n"
        "own database.",
        "demo", (Kind.PASS, Kind.PASS)),
)


def demo_command(*, injector: bool = True) -> int:
    """Exit code 0 where everything came out as staged, else that of what did not."""
    show = screen(sys.stdout)
    began = time.monotonic()
    reports = []
    for number, act in enumerate(ACTS, start=1):
        reports.append(_act(number, act, show, injector))
        if reports[-1].evidence.interrupted:
            return reports[-1].exit_code
    surprises = [report for report, act in zip(reports, ACTS, strict=True) if _kinds(report) != act.staged]
    if surprises:
        show.print(line(""))
        show.print(line(Span("This did not come out as staged.", "bad"), " If that is a surprise to you too, run ",
                        Span("flowprobe doctor", "bold"), "."))
        return next((report.exit_code for report in surprises if report.exit_code), 1)
    _what_next(show, time.monotonic() - began)
    return 0


def _act(number: int, act: Act, show: Screen, injector: bool) -> RunReport:
    show.print(line(""))
    show.print(line(Span(f"{number}. {act.title}", "bold")))
    for text in act.text.split("\n"):
        show.print(line("   " + text))
    show.print(line(""))
    scenario = Path(shown_path(bundled("scenarios") / "search.yaml"))
    request = Request((scenario,), environment=act.environment, faults=PLAN, seed=1,
                      injector=injector)
    with show:
        return run(request, select(request), show)


def _kinds(report: RunReport) -> tuple[Kind, ...]:
    return tuple(verdict.kind for verdict in report.verdicts.values())


def _what_next(show: Screen, seconds: float) -> None:
    folder = shown_path(bundled("scenarios"))
    show.print(line(""))
    show.print(line(Span("Everything came out as staged", "good"), f" in {seconds:.0f} s. Next:"))
    for command, why in (
        (f"flowprobe run {folder}", "every journey of the demo under every fault"),
        (f"flowprobe run {folder} --env demo-weak", "the same against the weak product: red, with reasons"),
        (f"flowprobe check {folder}", "check scenario files, and send nothing"),
    ):
        show.print(line("   ", Span(f"{command:<52}  ", "bold"), Span(why, "dim")))

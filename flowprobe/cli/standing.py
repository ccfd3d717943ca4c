"""`flowprobe proxy`: stand beside a product; ask a standing proxy how it is, what it does, or to stop doing it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowprobe.cli.traffic import Table, onlooker
from flowprobe.cli.watching import screen
from flowprobe.core.client_variables import SHELLS
from flowprobe.errors import InvalidInput, Problem
from flowprobe.report.spans import Line, Span, line
from flowprobe.running.attaching import look
from flowprobe.running.standing import StandingRequest, stand

__all__ = ["faults_command", "halt_command", "run_command", "status_command"]

QUIET_S = 2.0
"""Within this a halt has to be done."""


def run_command(request: StandingRequest, *, as_json: bool, print_env: str | None) -> int:
    """Stand until a signal; that is exit code 0."""
    _refuse_formats(as_json, print_env)
    shown = onlooker(as_json=as_json, print_env=print_env)
    try:
        stand(replace(request, unscoped=request.unscoped or _confirmed(request.profile)), shown)
    finally:
        if isinstance(shown, Table):
            shown.close()
    return 0


def _refuse_formats(as_json: bool, print_env: str | None) -> None:
    if print_env is not None and print_env not in SHELLS:
        raise InvalidInput((Problem("bad-setting", "--print-env", 0, 0, f"{print_env!r} is no format",
                                    f"write one of {', '.join(SHELLS)}"),))
    if as_json and print_env is not None:
        raise InvalidInput((Problem("bad-setting", "--print-env", 0, 0, "both it and --json want standard output",
                                    "leave one of them out: the first line of --json has the variables too"),))


def _confirmed(profile: str | None) -> bool:
    """On a terminal the name of the profile, typed once more, is a person's word for it."""
    if profile is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{profile} would fall on every call of these providers, whoever makes it. Its name once more, to go on: ",
          end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == profile


# --- about one that stands ------------------------------------------------------------------------


def status_command(control: str, token_file: Path | None, *, as_json: bool) -> int:
    with look(control, token_file) as proxy:
        status = proxy.status()
    if as_json:
        print(json.dumps(status, indent=1, ensure_ascii=False))
    else:
        _show(_status_lines(status))
    return 0


def faults_command(control: str, token_file: Path | None, *, as_json: bool) -> int:
    with look(control, token_file) as proxy:
        faults = proxy.faults()
    if as_json:
        print(json.dumps(faults, indent=1, ensure_ascii=False))
    elif faults:
        _show(_fault_line(fault) for fault in faults)
    else:
        print("no fault is in force")
    return 0


def halt_command(control: str, token_file: Path | None, *, as_json: bool) -> int:
    """Exit code 0 where everything is quiet in time, else 3."""
    began = time.monotonic()
    with look(control, token_file) as proxy:
        halted = proxy.halt()
    took = time.monotonic() - began
    quiet = not halted["still_held"] and took < QUIET_S
    if as_json:
        print(json.dumps({**halted, "seconds": round(took, 4), "quiet": quiet}))
    else:
        _show(_halt_lines(halted, took, quiet))
    return 0 if quiet else 3


def _show(lines: Iterator[Line]) -> None:
    show = screen(sys.stdout)
    for each in lines:
        show.print(each)


def _halt_lines(halted: dict[str, Any], took: float, quiet: bool) -> Iterator[Line]:
    said = f"{halted['leases']} leases ended, {halted['held']} held calls let go"
    if quiet:
        yield line(Span("halted", "good"), f"  {said}; quiet after {halted['quiet_s'] * 1000:.0f} ms in the proxy, "
                   f"{took * 1000:.0f} ms from here")
        yield line("  calls go on being forwarded; who was there puts no fault into force any more")
    else:
        yield line(Span("not quiet", "bad"), f"  {said}; {halted['still_held']} calls are still held after "
                   f"{took:.1f} s: end the proxy itself")


def _status_lines(status: dict[str, Any]) -> Iterator[Line]:
    yield line(Span("standing", "good"), f"  for {_span(status['uptime_s'])}; flowprobe {status['version']}, mitmproxy "
               f"{status['mitmproxy']}, python {status['python']}")
    for name, url in status["edges"].items():
        calls, injected = status["calls"].get(name, 0), status["injections"].get(name, 0)
        yield line(f"  {name:<16} {url:<32} {calls} calls, {injected} injections")
    late = status["saturated"]
    yield line(f"  {status['under_way']} under way, {status['unattributed']} of no trial, {status['controllers']} who "
               f"control it, {status['hook_failures']} hooks failed, {late['times']} times late"
               + (f" (up to {late['worst_s'] * 1000:.0f} ms)" if late["times"] else ""))
    for name in status["halted"]:
        yield line(Span(f"  halted: {name} puts no fault into force any more", "warn"))
    for lease in status["leases"]:
        yield line(f"  lease of {lease['holder']}: {lease['plan']}, {lease['faults']} faults, "
                   f"{_span(lease['left_s'])} left without renewal, {_span(lease['ceiling_left_s'])} in all")


def _fault_line(fault: dict[str, Any]) -> Line:
    whose = f"of the trial {fault['trial']}" if fault["trial"] else "every call"
    return line(f"{fault['edge']:<12} {fault['kind']:<20} {whose}  ({fault['plan']}, {fault['injections']} injections)")


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"

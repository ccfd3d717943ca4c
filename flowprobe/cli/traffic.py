"""What passes a standing proxy, and what is injected, for people and for machines: a table that lives, lines, JSON."""

from __future__ import annotations

import json
import sys
from collections import deque
from dataclasses import dataclass, field
from typing import IO, Any

from flowprobe.cli.watching import Screen, screen
from flowprobe.core.client_variables import java_options, rendered
from flowprobe.core.events import (
    ExchangeEnded,
    HookFailed,
    Injected,
    LeaseApplied,
    LeaseEnded,
    Saturated,
    Stamped,
    to_json,
)
from flowprobe.report.spans import Line, Span, line
from flowprobe.report.visible import visible
from flowprobe.running.standing import Onlooker, Opened

__all__ = ["JsonLines", "Lines", "Row", "Table", "Traffic", "announcement", "onlooker"]

_RECENT = 12
_MASK = "…"


@dataclass(slots=True)
class Row:
    """One edge: its calls, those of a trial, those into which something was injected, and the last one."""

    calls: int = 0
    ours: int = 0
    injected: int = 0
    last: str = ""


@dataclass(slots=True)
class Traffic:
    """What has passed so far; `take` returns the line that a person reads of an event, None where there is none."""

    rows: dict[str, Row] = field(default_factory=dict)
    recent: deque[Line] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _injected: dict[str, list[str]] = field(default_factory=dict)

    def take(self, stamped: Stamped) -> Line | None:
        said = self._take(stamped)
        if said is not None:
            self.recent.append(said)
        return said

    def _take(self, stamped: Stamped) -> Line | None:
        match stamped.event:
            case Injected() as receipt:
                self._injected.setdefault(receipt.exchange, []).append(_receipt(receipt))
                return None
            case ExchangeEnded() as exchange:
                return self._exchange(exchange)
            case LeaseApplied(plan=plan, trial=trial, ceiling_s=ceiling):
                return line(Span("on   ", "warn"), f"{plan} for {trial}, {ceiling:g} s at most")
            case LeaseEnded(lease=lease, reason=reason):
                return line(Span("off  ", "good"), f"{lease}: {reason}")
            case HookFailed(hook=hook, detail=detail):
                return line(Span("failed ", "bad"), f"{hook}: {detail}; nothing was injected there")
            case Saturated(lag_s=lag):
                return line(Span("late ", "warn"), f"the proxy is saturated: {lag * 1000:.0f} ms late")
            case _:
                return None

    def _exchange(self, exchange: ExchangeEnded) -> Line:
        injected = self._injected.pop(exchange.exchange, [])
        row = self.rows.setdefault(exchange.edge, Row())
        row.calls += 1
        row.ours += exchange.trial is not None
        row.injected += bool(injected)
        took = (exchange.ended - exchange.started) * 1000
        row.last = f"{exchange.status or 'no answer'} {took:.0f} ms"
        whose = f"  {exchange.trial} ({exchange.evidence})" if exchange.trial else ""
        where = exchange.host if exchange.edge == "undeclared" else exchange.path
        return line(f"{exchange.edge:<12} {exchange.method:<6} {where}  ",
                    Span(str(exchange.status or exchange.error or "no answer"), _style(exchange.status)),
                    f"  {took:.0f} ms", Span(whose, "dim"),
                    Span("".join(f"  + {each}" for each in injected), "odd"))


def _receipt(receipt: Injected) -> str:
    slept = f" {receipt.slept_s * 1000:.0f} ms" if receipt.slept_s else ""
    return f"{receipt.kind}{slept}" + (f" ({receipt.detail})" if receipt.detail else "")


def _style(status: int | None) -> str:
    return "bad" if status is None or status >= 500 else "warn" if status >= 400 else "good"


# --- at the start ---------------------------------------------------------------------------------


def _masked(opened: Opened, text: str) -> str:
    return text.replace(opened.secret, _MASK) if opened.secret else text


def announcement(opened: Opened) -> list[Line]:
    """Where it stands, and what to give the product; the product's token is left out."""
    ready = opened.ready
    cost = f"its own cost is {ready.own_cost_s * 1000:.1f} ms a call"
    lines = [line(Span("standing", "good"), f"  mitmproxy {ready.mitmproxy}; {cost}; journal in {opened.folder}"),
             line(f"  orders      {ready.control}")]
    if ready.fingerprint:
        lines.append(line(f"              TLS, SHA-256 {ready.fingerprint}"))
    if opened.token_file is not None:
        lines.append(line(f"  token       in {opened.token_file}, for its owner alone"))
    lines += [line(f"  {name:<11} {url}") for name, url in ready.edges.items()]
    if opened.profile:
        lines.append(line(Span(f"  {opened.profile} is in force for every call, whoever makes it", "warn")))
    return [*lines, *_given(opened)]


def _given(opened: Opened) -> list[Line]:
    whole = f" ({_MASK} is a token: --print-env has it)" if opened.secret else ""
    lines = [line(""), line(Span(f"Give the product{whole}:", "bold"))]
    lines += [line(f"  {_masked(opened, each)}") for each in rendered(opened.variables, "bash").split("\n")]
    return [*lines, *(line(Span(f"  # {_masked(opened, note)}", "dim")) for note in _notes(opened)), line("")]


def _notes(opened: Opened) -> list[str]:
    notes = ["FLOWPROBE_…_URL are base URLs: give them to the product as those of its providers"]
    proxy = opened.variables.get("HTTPS_PROXY", "")
    if proxy:
        truststore = str(opened.folder.resolve() / "truststore")
        notes += ["Node's fetch takes no proxy before Node 22.21, Go none for localhost: give those the base URL",
                  f"Java: java {java_options(proxy, truststore)}",
                  "      with a truststore made of ca.pem: see docs/how-to/stand-beside-an-app.md"]
    return notes


# --- the three ------------------------------------------------------------------------------------


class Lines:
    """Plain lines, each written whole."""

    def __init__(self, stream: IO[str], print_env: str | None) -> None:
        self._show: Screen = screen(stream)
        self._print_env = print_env
        self._traffic = Traffic()

    def opened(self, opened: Opened) -> None:
        for each in announcement(opened):
            self._show.print(each)
        if self._print_env is not None:
            sys.stdout.write(rendered(opened.variables, self._print_env) + "\n")
            sys.stdout.flush()

    def passed(self, lines: tuple[Stamped, ...]) -> None:
        for stamped in lines:
            if said := self._traffic.take(stamped):
                self._show.print(said)

    def notice(self, text: str) -> None:
        self._show.notice(text)


class Table(Lines):
    """On a terminal: a table of the edges, and the last lines under it, in their place."""

    def __init__(self, stream: IO[str], print_env: str | None) -> None:
        super().__init__(stream, print_env)
        from rich.console import Console
        from rich.live import Live

        console = Console(file=stream, highlight=False, markup=False, emoji=False, force_terminal=True)
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._drawn)

    def opened(self, opened: Opened) -> None:
        super().opened(opened)
        self._live.start()

    def passed(self, lines: tuple[Stamped, ...]) -> None:
        for stamped in lines:
            self._traffic.take(stamped)

    def notice(self, text: str) -> None:
        self._live.console.print(visible(text), style="yellow")

    def close(self) -> None:
        self._live.stop()

    def _drawn(self) -> Any:
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable("edge", "calls", "of trials", "injected", "last")
        for name, row in list(self._traffic.rows.items()):
            table.add_row(Text(visible(name)), str(row.calls), str(row.ours), str(row.injected), Text(row.last))
        recent = [Text("".join(span.text for span in each), overflow="ellipsis", no_wrap=True)
                  for each in list(self._traffic.recent)]
        return Group(table, *recent)


class JsonLines:
    """One JSON value a line: first what stands where, then the journal as it is written."""

    def opened(self, opened: Opened) -> None:
        ready = opened.ready
        variables = {name: _masked(opened, value) for name, value in opened.variables.items()}
        self._print({
            "event": "Standing", "edges": ready.edges, "bases": ready.bases, "control": ready.control,
            "fingerprint": ready.fingerprint, "folder": str(opened.folder), "profile": opened.profile,
            "token_file": str(opened.token_file) if opened.token_file else None, "variables": variables,
            "mitmproxy": ready.mitmproxy, "own_cost_s": ready.own_cost_s})

    def passed(self, lines: tuple[Stamped, ...]) -> None:
        for each in lines:
            self._print({"n": each.number, "mono": each.mono, "wall": each.wall, **to_json(each.event)})

    def notice(self, text: str) -> None:
        self._print({"event": "Notice", "text": text})

    def _print(self, value: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=dict) + "\n")
        sys.stdout.flush()


def onlooker(*, as_json: bool, print_env: str | None) -> Onlooker:
    """Who shows it: for machines, on a terminal, or in a pipe."""
    if as_json:
        return JsonLines()
    stream = sys.stderr if print_env is not None else sys.stdout
    lives = type(screen(stream)) is not Screen
    return Table(stream, print_env) if lives else Lines(stream, print_env)

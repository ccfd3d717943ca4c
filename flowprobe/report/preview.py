"""What a run would do, as values, as lines for people and as JSON: `flowprobe plan`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flowprobe.report.spans import Line, Span, line

__all__ = ["Preview", "PreviewCall", "PreviewCleanup", "PreviewGroup", "PreviewTrial", "preview_json", "preview_lines"]

VERSION = 1
_WIDTH = 80


@dataclass(frozen=True, slots=True)
class PreviewCleanup:
    """`allowed_by` is the rule and its place, or a word about why there is none; `looks`: it is made only where the
    step was never answered."""

    method: str
    url: str
    allowed_by: str
    looks: bool = False


@dataclass(frozen=True, slots=True)
class PreviewCall:
    """`url` has its look-ups as they are written; `times` is how often one trial makes it: 1, or `1 to 4`."""

    step: str
    role: str
    persona: str
    method: str
    url: str
    write: bool
    times: str
    allowed_by: str
    place: str
    cleanup: tuple[PreviewCleanup, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewTrial:
    """`faults` are edge and harm; none for the unfaulted trial. `imitates` and `survives` are what a fault profile says
    of itself."""

    plan: str
    faults: tuple[str, ...] = ()
    imitates: str = ""
    survives: str = ""


@dataclass(frozen=True, slots=True)
class PreviewGroup:
    """One scenario with one binding of personas: the trials, the unfaulted one first, and the calls of each."""

    scenario: str
    file: str
    personas: Mapping[str, str]
    trials: tuple[PreviewTrial, ...]
    calls: tuple[PreviewCall, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """`calls` and `writes` are what the whole run needs, cleanup included: `12`, or `12 to 40`. `starts` are the
    commands that it would start, `identity` what it would ask first, `hosts` the targets that it would call."""

    environment: str
    place: str
    production: bool
    hosts: Mapping[str, str]
    identity: str
    starts: tuple[str, ...]
    given: str
    groups: tuple[PreviewGroup, ...]
    calls: str
    writes: str
    budget: Mapping[str, Any]
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]
    refusals: tuple[str, ...]


def preview_json(preview: Preview) -> dict[str, Any]:
    return {"version": VERSION, **asdict(preview), "exit_code": 5 if preview.refusals else 0}


# --- for people -----------------------------------------------------------------------------------


def preview_lines(preview: Preview) -> Iterator[Line]:
    kind = "production · " if preview.production else ""
    yield line(Span("Nothing is sent.", "bold"), " A run on ", Span(preview.environment, "bold"), " would do this:")
    yield line(Span(f"{kind}{preview.place}", "dim"))
    for group in preview.groups:
        yield line("")
        yield from _group(group)
    yield line("")
    yield from _whole(preview)
    yield from _said("left out", preview.left_out, "warn")
    yield from _said("mind", preview.warnings, "warn")
    yield from _said("refused", preview.refusals, "bad")
    yield line("")
    count = len(preview.refusals)
    yield (line(Span(f"✗ {count} refusal{'s' if count != 1 else ''}", "bad"), Span("  exit 5", "dim")) if count
           else line(Span("✓ nothing is refused", "good"), Span("  exit 0", "dim")))


def _group(group: PreviewGroup) -> Iterator[Line]:
    who = ", ".join(f"{role} {name}" for role, name in group.personas.items())
    yield line(Span(group.scenario, "bold"))
    yield line(Span(f"  {group.file} · {who}", "dim"))
    for number, trial in enumerate(group.trials, start=1):
        yield from _packed([f"trial {number}: {trial.plan}", *(trial.faults or ("nothing injected",))], "  ")
        for lead, text in (("imitates", trial.imitates), ("survives", trial.survives)):
            if text:
                yield from _packed(f"{lead}: {text}".split(), " " * 4, between=" ")
    for call in group.calls:
        yield from _call(call)


def _call(call: PreviewCall) -> Iterator[Line]:
    style = "warn" if call.write else ""
    yield line("  ", Span(f"{call.step:<12}", "bold"), " ", Span(call.method, style), f" {call.url}")
    often = [] if call.times == "1" else [f"{call.times} times"]
    kind = ["write"] if call.write else []
    yield from _packed([f"as {call.role} ({call.persona})", *kind, *often, f"allowed by {call.allowed_by}"], " " * 15)
    for cleanup in call.cleanup:
        yield line(" " * 15, f"then {cleanup.method} {cleanup.url}")
        what = "where no answer came" if cleanup.looks else "cleanup"
        yield from _packed([f"{what}, allowed by {cleanup.allowed_by}"], " " * 17)


def _whole(preview: Preview) -> Iterator[Line]:
    trials = sum(len(group.trials) for group in preview.groups)
    bounds = {"calls": preview.calls, "writes": preview.writes}
    asked = [f"{needed} {what}{_of(preview.budget.get(what))}" for what, needed in bounds.items()]
    more = [f"at most {preview.budget[key]}{unit}" for key, unit in (("rate", ""), ("seconds", " s"))
            if preview.budget.get(key) is not None]
    yield from _packed([f"{trials} trial{'s' if trials != 1 else ''}", *asked, *more], "", style="bold")
    for name, url in preview.hosts.items():
        yield line(f"  host {name}: {url}")
    if preview.identity:
        yield from _packed([f"first of all: {preview.identity}"], "  ")
    for command in preview.starts:
        yield from _packed([f"starts: {command}"], "  ")


def _of(most: Any) -> str:
    return "" if most is None else f" of {most}"


def _said(lead: str, texts: Sequence[str], style: str) -> Iterator[Line]:
    for text in texts:
        yield line("")
        yield from _packed(text.split(" "), "  ", style=style, between=" ", lead=f"{lead}: ")


def _packed(parts: Sequence[str], indent: str, *, style: str = "dim", between: str = " · ",
            lead: str = "") -> Iterator[Line]:
    """Parts side by side as long as they fit into 80 columns; none is ever cut."""
    row = ""
    for number, part in enumerate(parts):
        joined = f"{row}{between}{part}" if row else f"{lead if number == 0 else ''}{part}"
        if row and len(indent) + len(joined) > _WIDTH:
            yield line(indent, Span(row, style))
            joined = part
        row = joined
    yield line(indent, Span(row, style))

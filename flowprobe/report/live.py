"""What goes on in a run, a line for each thing as it happens: calls, provider calls, what is injected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flowprobe.core.events import (
    CallReplied,
    CallSent,
    CallUnanswered,
    CleanupEnded,
    EnvironmentReady,
    Event,
    ExchangeEnded,
    Halted,
    HookFailed,
    Injected,
    Interrupted,
    ProcessEnded,
    StepEnded,
    ToolFailure,
    TrialStarted,
)
from flowprobe.core.expect import milliseconds
from flowprobe.report.spans import Line, Span, line

__all__ = ["Live"]

_USER = "user"
_OUTCOME = {"held": ("✓", "good"), "degraded": ("≈", "warn"), "broken": ("✗", "bad")}


@dataclass(slots=True)
class Live:
    """`take` returns the line that a person reads of an event, None where there is none to read. It keeps nothing but
    the calls that are in flight."""

    _sent: dict[str, CallSent] = field(default_factory=dict)

    def take(self, event: Event) -> Line | None:
        match event:
            case TrialStarted(plan=plan, faults=faults, scenario=scenario):
                what = ", ".join(f"{fault.edge} {fault.described}" for fault in faults) or "nothing injected"
                self._sent.clear()
                return line(Span(f"  … {plan}", "bold"), Span(f"  {what} · {scenario}", "dim"))
            case CallSent():
                self._sent[event.call] = event
                return line("      ", Span("→", "dim"), f" {_name(event)}  {event.method} {event.url}")
            case CallReplied(call=call, status=status, total_s=seconds):
                return self._came(call, Span(str(status)), seconds)
            case CallUnanswered(call=call, reason=reason, total_s=seconds):
                return self._came(call, Span(f"no reply ({reason})", "bad"), seconds)
            case ExchangeEnded() | Injected():
                return _provider(event)
            case _:
                return _else(event)

    def _came(self, call: str, what: Span, seconds: float) -> Line:
        sent = self._sent.pop(call, None)
        return line("      ", Span("←", "dim"), f" {_name(sent) if sent else '?'}  ", what,
                    Span(f"  {milliseconds(seconds)}", "dim"))


def _name(sent: CallSent) -> str:
    return sent.step if sent.phase == "workflow" else f"{sent.step} ({sent.phase})"


def _provider(event: ExchangeEnded | Injected) -> Line | None:
    if event.edge == _USER and isinstance(event, ExchangeEnded):
        return None  # it is the call itself
    match event:
        case Injected():
            detail = f": {event.detail}" if event.detail else f" {milliseconds(event.asked_s)}" if event.asked_s else ""
            what = Span(f"+ {event.edge}: {event.kind}{detail}", "warn")
            return line("         ", what, Span(f"  {event.site}", "dim"))
        case ExchangeEnded():
            status = str(event.status) if event.status is not None else f"no answer ({event.error})"
            whose = "" if event.trial else "  of nobody that we know"
            return line("         └ ", f"{event.edge}: {event.method} {event.path}  {status}",
                        Span(f"  {milliseconds(event.ended - event.started)}{whose}", "dim"))


def _else(event: Event) -> Line | None:
    match event:
        case EnvironmentReady():
            return line(Span("  the product is ready", "dim"))
        case StepEnded(step=step, outcome=outcome, because=because, findings=findings) if outcome != "not-reached":
            mark, style = _OUTCOME.get(outcome, ("·", "dim"))
            said: Sequence[str] = [finding.sentence() for finding in findings[:1]] or ([because] if because else [])
            return line("      ", Span(mark, style), f" {step}", *(Span(f"  {text}", style) for text in said))
        case CleanupEnded(step=step, outcome=outcome, detail=detail):
            return line(Span(f"      {step}: {outcome}{f' ({detail})' if detail else ''}", "dim"))
        case Halted(because=because):
            return line("  ", Span(f"halted: {because}", "bad"))
        case Interrupted(signal=signal):
            return line("  ", Span(f"{signal}: stopping", "warn"))
        case ProcessEnded(process=process, how=how):
            return line("  ", Span(f"{process} {how}", "bad"))
        case ToolFailure(part=part, detail=detail):
            return line("  ", Span(f"{part}: {detail}", "bad"))
        case HookFailed(hook=hook, detail=detail):
            return line("  ", Span(f"proxy: {hook}: {detail}", "bad"))
        case _:
            return None

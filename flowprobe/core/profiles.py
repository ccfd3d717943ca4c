"""A fault profile on the providers of whoever uses it: `--faults brown-out@stripe`, pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from flowprobe.core.faults.fault import Fault, FaultPlan
from flowprobe.core.plain import Plain, plain

__all__ = ["ANY", "Aim", "aimed", "parse_aim", "providers_of", "segments_of", "sends_webhooks"]

ANY = "provider"
"""The edge of a profile that suits any provider: who uses it says which."""

_ONLY = ""
_FILES = (".yaml", ".yml")


@plain
class Aim(Plain):
    """A profile (its name or file), and where its faults are to fall: the profile's provider -> the environment's; the
    key '' stands for the only one that the profile has. `strange` is what could not be read, None where all could."""

    profile: str
    providers: Mapping[str, str]
    strange: str | None = None


def parse_aim(text: str) -> Aim:
    """Read `NAME`, `NAME@PROVIDER` or `NAME@EDGE=PROVIDER,EDGE=PROVIDER`; NAME may be a file."""
    profile, at, rest = text.rpartition("@")
    if not at or text.endswith(_FILES):
        return Aim(text, {})
    providers: dict[str, str] = {}
    for part in rest.split(","):
        edge, said, provider = part.partition("=")
        key, value = (edge, provider) if said else (_ONLY, edge)
        if not value or (said and not key) or key in providers:
            return Aim(profile, {}, part)
        providers[key] = value
    if _ONLY in providers and len(providers) > 1:
        return Aim(profile, {}, rest)
    return Aim(profile, providers)


def providers_of(plan: FaultPlan) -> tuple[str, ...]:
    """The providers that a plan names, each once; a webhook's is the provider that sends it."""
    return tuple(dict.fromkeys(_provider(fault.edge) for fault in plan.faults if fault.edge != "user"))


def sends_webhooks(plan: FaultPlan, provider: str) -> bool:
    """Whether the plan falls on what this provider sends to the product."""
    return any(fault.edge != provider and _provider(fault.edge) == provider for fault in plan.faults)


def segments_of(plan: FaultPlan) -> tuple[FaultPlan, ...]:
    """Of an incident a plan for each segment, named `friday.worst`: what providers did then, for as long as a journey
    takes. Segments in which nothing was amiss are left out. Any other plan is one by itself."""
    if not plan.segments:
        return (plan,)
    parts = (_segment(plan, name, begin) for name, begin in plan.segments)
    return tuple(part for part in parts if part.faults)


def _segment(plan: FaultPlan, name: str, begin: float) -> FaultPlan:
    faults = tuple(replace(fault, when=replace(fault.when, window=())) for fault in plan.faults if not fault.when.window
                   or any(each.since <= begin and (each.until is None or begin < each.until)
                          for each in fault.when.window))
    return replace(plan, name=f"{plan.name}.{name}", faults=faults, asked=f"{plan.asked or plan.name}#{name}",
                   segments=())


def aimed(plan: FaultPlan, providers: Mapping[str, str]) -> FaultPlan:
    """The plan with its faults on other providers; those that are not named stay where they are."""
    return replace(plan, faults=tuple(_moved(plan.faults, providers)))


def _moved(faults: Iterable[Fault], providers: Mapping[str, str]) -> Iterable[Fault]:
    for fault in faults:
        provider = _provider(fault.edge)
        edge = providers.get(provider, provider) + fault.edge.removeprefix(provider)
        yield replace(fault, edge=edge, id=edge + fault.id.removeprefix(fault.edge))


def _provider(edge: str) -> str:
    return edge.partition(".")[0]

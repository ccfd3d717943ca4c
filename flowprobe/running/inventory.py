"""Every setting of a project and an environment, with its value and where that came from. Secrets are the references
that the file has, never what they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from flowprobe.core.auth import ApiKey, Auth, Basic, Bearer, Hmac, OAuth2, SigV4, references
from flowprobe.core.policy import Policy, least_evidence, policy_of
from flowprobe.core.rules import Budget
from flowprobe.core.scenario import Environment, Persona, Project, Provider
from flowprobe.running.places import STATE
from flowprobe.running.selection import find, load_here
from flowprobe.running.settings import DEFAULT, Settings

__all__ = ["Row", "inventory"]


@dataclass(frozen=True, slots=True)
class Row:
    """`source` is a flag, a variable, `file:line:column`, or `default`."""

    name: str
    value: str
    source: str


def inventory(settings: Settings) -> tuple[Row, ...]:
    """The rows in the order of the file. Raises InvalidInput where there is no project, or no such environment."""
    project = load_here()
    environment = find(project, settings.environment.value)
    policy = policy_of(environment)
    return (Row("project", project.file, "found upwards"), _chosen(project, environment, settings),
            *_places(environment), *_personas(project, policy), *_policy(environment, policy), *_run(settings))


def _chosen(project: Project, environment: Environment, settings: Settings) -> Row:
    source = settings.environment.source
    if settings.environment.value is None:
        place = project.places.get("default")
        source = str(place) if place is not None else f"the first of {project.places['environments']}"
    return Row("environment", environment.name, source)


def _places(environment: Environment) -> Iterator[Row]:
    place = environment.places.get("target") or environment.places["targets"]
    for name, url in environment.targets.items():
        yield Row(f"targets.{name}", url, str(place))
    for name, value in (("http2", environment.http2), ("lab", environment.lab)):
        yield Row(name, str(value).lower(), str(environment.places.get(name, DEFAULT)))
    if environment.tls is not None:
        trust = f"ca {environment.tls.ca}" if environment.tls.ca else f"verify {str(environment.tls.verify).lower()}"
        yield Row("tls", trust, str(environment.tls.position))
    if environment.openapi is not None:
        yield Row("openapi", environment.openapi.name, str(environment.openapi.position))
    if environment.proxy is not None:
        yield Row("proxy", environment.proxy, str(environment.places.get("proxy", environment.position)))
    if (side := environment.telemetry) is not None:
        listen = f"otlp {side.otlp[0]}:{side.otlp[1]}, " if side.otlp is not None else ""
        read = "".join(f", read {source}" for source in side.read)
        links = f", links to {', '.join(side.links)}" if side.links else ""
        yield Row("telemetry", f"{listen}wait {side.wait:g}s{read}{links}", str(side.position))
    for start in environment.start:
        yield Row("start", " ".join(map(str, start.command)), str(start.position))
    for provider in environment.providers.values():
        yield Row(f"providers.{provider.name}", _provider(provider), str(provider.position))


def _provider(provider: Provider) -> str:
    parts = [provider.url, f"edge {provider.edge}", *([f"upstream {provider.upstream}"] if provider.upstream else []),
             *([f"listen {provider.listen}"] if provider.listen else []),
             *([f"webhooks to {provider.webhooks}"] if provider.webhooks else []),
             *(f"known by {clue}" for clue in provider.attribute)]
    return ", ".join(parts)


def _personas(project: Project, policy: Policy) -> Iterator[Row]:
    """Those that may act there, with how they sign in."""
    for name, persona in project.personas.items():
        if policy.personas is None or name in policy.personas:
            yield Row(f"personas.{name}", _signs(persona), str(persona.position))


def _signs(persona: Persona) -> str:
    """The kind of its credentials, and the references of what they need: never what stands behind one."""
    auth = persona.auth
    if auth is None:
        said = "without credentials"
    else:
        said = " ".join([_AUTH[type(auth)], *(str(reference) for reference in references(auth))])
    shown = ", with a client certificate" if persona.certificate is not None else ""
    return f"{said}{shown}, {len(persona.accounts)} accounts" if persona.accounts else f"{said}{shown}"


_AUTH: Mapping[type[Auth], str] = {Bearer: "bearer", Basic: "basic", ApiKey: "API key", OAuth2: "OAuth2", Hmac: "HMAC",
                                   SigV4: "SigV4"}


def _policy(environment: Environment, policy: Policy) -> Iterator[Row]:
    said = partial(_said, environment)
    yield Row("production", "true" if policy.production else "false", said("production"))
    identity = environment.identity
    if identity is not None:
        yield Row("identity", f"{identity.call.method} {identity.call.path}", said("identity"))
    yield Row("given", policy.given, said("given"))
    for rule in policy.rules:
        yield Row("allow", str(rule), str(rule.position) if environment.allow is not None else DEFAULT)
    yield Row("faults", str(policy.faults), said("faults"))
    rung = environment.faults.attribution if environment.faults else None
    yield Row("faults.attribution", least_evidence(environment), said("faults") if rung else DEFAULT)
    for part in fields(Budget):
        value = getattr(policy.budget, part.name)
        stated = environment.budget is not None and getattr(environment.budget, part.name) is not None
        yield Row(f"budget.{part.name}", "no bound" if value is None else f"{value:g}" if isinstance(value, float)
                  else str(value), said("budget") if stated else DEFAULT)
    for window in policy.calendar.windows:
        yield Row("windows", str(window), str(window.position))
    for freeze in policy.calendar.freezes:
        yield Row("freeze", f"{freeze} {freeze.zone}", str(freeze.position))


def _said(environment: Environment, part: str) -> str:
    place = environment.places.get(part)
    return DEFAULT if place is None else str(place)


def _run(settings: Settings) -> Iterator[Row]:
    seed, output = settings.seed, settings.output
    yield Row("faults chosen", settings.faults.value or "every plan of each scenario", settings.faults.source)
    yield Row("seed", "drawn by each run" if seed.value is None else str(seed.value), seed.source)
    yield Row("timeout", f"{settings.timeout_s.value:g}s", settings.timeout_s.source)
    yield Row("output", str(output.value or Path(STATE) / "runs"), output.source)

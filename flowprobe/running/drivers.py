"""The drivers of an environment: whom they believe, what they speak, and where a redirect may lead them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from flowprobe.core.scenario import Environment, FaultPlan
from flowprobe.errors import InvalidInput, Problem, Refused
from flowprobe.http.trust import EVERYDAY, Trust, why_not_believed

__all__ = ["only_targets", "refuse_unverified_edge", "trust_of", "unverified"]


def trust_of(environment: Environment) -> Trust:
    """Whom calls to the targets believe. Raises InvalidInput with the place where its CA file cannot be used."""
    tls = environment.tls
    if tls is None:
        return EVERYDAY
    if tls.ca is None:
        return Trust(verify=tls.verify)
    file = Path(tls.position.file).resolve().parent / tls.ca
    if why_not := why_not_believed(file):
        place = tls.position
        raise InvalidInput((Problem("ca-unusable", place.file, place.line, place.column,
                                    f"the CA file {tls.ca} cannot be used: {why_not}",
                                    "name a PEM file, by its path from the folder of this one"),))
    return Trust(ca=file)


def unverified(environment: Environment) -> tuple[str, ...]:
    """What a run has to say of itself where it believes anybody."""
    if environment.tls is None or environment.tls.verify:
        return ()
    return (f"TLS is not verified in the environment {environment.name!r} ({environment.tls.position}): whoever "
            "answers is believed",)


def refuse_unverified_edge(environment: Environment, plans: Iterable[FaultPlan]) -> None:
    """Raise Refused for faults on the user edge of targets that nobody verifies: our proxy, which then calls them,
    calls the providers of the product too, and those it verifies."""
    faulted = any(fault.edge == "user" for plan in plans for fault in plan.faults)
    secure = any(urlsplit(url).scheme == "https" for url in environment.targets.values())
    if faulted and secure and unverified(environment):
        assert environment.tls is not None, "an environment that is not verified says so"
        raise Refused(
            f"faults on the user edge need TLS that can be verified, and the environment {environment.name!r} "
            f"({environment.tls.position}) has verify: false: name its authority with tls: {{ca: …}}, or run with "
            "--faults none")


def only_targets(targets: Mapping[str, str]) -> Callable[[str, str], str]:
    """What a driver asks about each call: the targets are permitted, wherever a redirect leads."""
    origins = frozenset(_origin(url) for url in targets.values())

    def permit(_method: str, url: str) -> str:
        origin = _origin(url)
        return "" if origin in origins else f"{origin} is no target of the environment."

    return permit


@lru_cache(maxsize=512)
def _origin(url: str) -> str:
    """Raises nothing: what is no URL has an origin that nobody else has."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return "what is no URL"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}"

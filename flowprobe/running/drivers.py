"""The drivers of an environment: whom they believe, what they speak, and where a redirect may lead them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from flowprobe.core.scenario import Environment, FaultPlan
from flowprobe.core.wire import Call, Outcome
from flowprobe.errors import InvalidInput, Problem, Refused
from flowprobe.http.driver import Driver
from flowprobe.http.trust import EVERYDAY, ClientCertificate, Trust, why_not_believed
from flowprobe.secrets.references import KeyPair

__all__ = ["Asking", "client_certificates", "only_targets", "refuse_unverified_edge", "trust_of", "unverified"]


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


def client_certificates(pairs: Mapping[str, KeyPair]) -> Mapping[str, ClientCertificate]:
    """What each persona shows of itself, as the client takes it."""
    return {persona: ClientCertificate(pair.cert, pair.key, pair.password) for persona, pair in pairs.items()}


class Asking:
    """Makes token calls: at a target as the environment says, anywhere else as a careful client would. No redirect is
    followed, so a call reaches its URL and nothing else."""

    def __init__(self) -> None:
        self._elsewhere = Driver()
        self._here = self._elsewhere
        self._permit = only_targets({})

    def use(self, driver: Driver, *, targets: Mapping[str, str]) -> None:
        """The driver for what is asked at a target."""
        self._here, self._permit = driver, only_targets(targets)

    def send(self, call: Call) -> Outcome:
        driver = self._elsewhere if self._permit(call.method, call.url) else self._here
        return driver.send(call)

    def stop(self) -> None:
        """End what is in flight; nothing more is asked."""
        self._here.stop()
        self._elsewhere.stop()

    def close(self) -> None:
        self._here.close()
        self._elsewhere.close()


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

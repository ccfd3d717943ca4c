"""What a night looks at when something fails in it, so that each attempt is blamed on whose doing it is from the first
one on."""

from __future__ import annotations

from collections.abc import Mapping

from flowprobe.core.nights.settings import Nightly
from flowprobe.core.scenario import Environment
from flowprobe.core.urls import parted
from flowprobe.running.diagnosing import Diagnosis
from flowprobe.running.engine import Engine, Program, Trouble

__all__ = ["diagnosed", "elsewhere"]


def diagnosed(program: Program, nightly: Nightly, *, answered: bool) -> Program:
    """The same program, whose failures are looked into. `answered`: the product has answered on an earlier night."""
    def made(engine: Engine, trouble: Trouble | None) -> None:
        controls = elsewhere(nightly, engine.environment, engine.targets)
        with Diagnosis(engine, controls=controls, whoami=nightly.whoami, answered=answered):
            program(engine, trouble)

    return made


def elsewhere(nightly: Nightly, environment: Environment, targets: Mapping[str, str]) -> dict[str, str]:
    """The controls that have nothing to do with the product: what answers there says that the runner's network is
    well. Not those of its own hosts, nor of its providers', which may be down together with it."""
    own = {_host(url) for url in (*targets.values(), *environment.targets.values())}
    own |= {_host(url) for each in environment.providers.values() for url in (each.url, each.upstream or each.url)}
    return {name: str(call.path) for name, call in nightly.controls.items()
            if call.method == "GET" and "://" in str(call.path) and _host(str(call.path)) not in own}


def _host(url: str) -> str:
    found = parted(url)
    return found[0][1] if found is not None else url

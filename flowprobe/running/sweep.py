"""`flowprobe cleanup`: finish what earlier runs could not. The ledgers of all runs are read; what is still open is
called again, as the persona that made it, and what came of it is written beside the ledger that told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowprobe.core.accounts import acting
from flowprobe.core.cleaning import Row, clean, open_rows
from flowprobe.core.drive import Hands, drive
from flowprobe.core.events import CleanupEnded, Event, LedgerOpened
from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import CallTemplate, Environment, Project
from flowprobe.errors import EnvironmentBroken
from flowprobe.files.project import load_project
from flowprobe.http.driver import Driver
from flowprobe.http.trust import ClientCertificate
from flowprobe.ledger.file import Ledger, read_ledger
from flowprobe.running.credentials import Credentials, Line
from flowprobe.running.drivers import Asking, client_certificates, only_targets, trust_of
from flowprobe.running.places import STATE
from flowprobe.running.session import located
from flowprobe.secrets.references import Vault

__all__ = ["Left", "find_left", "sweep"]

BUDGET_S = 10.0


@dataclass(frozen=True, slots=True)
class Left:
    """What one run left behind: its folder, the run's own words about itself, and the open rows."""

    folder: Path
    opened: LedgerOpened | None
    rows: tuple[Row, ...]


def find_left(state: Path = STATE) -> tuple[Left, ...]:
    """Every run with something open, oldest first."""
    folders = sorted((state / "runs").glob("*/ledger")) if (state / "runs").is_dir() else []
    found = (_read(folder) for folder in folders)
    return tuple(left for left in found if left.rows)


def _read(folder: Path) -> Left:
    events = [event for file in _in_order(folder) for event in read_ledger(file)]
    opened = next((event for event in events if isinstance(event, LedgerOpened)), None)
    return Left(folder, opened, open_rows(events))


def _in_order(folder: Path) -> Iterator[Path]:
    """The runner's own ledger first, then those of later sweeps."""
    yield from sorted(folder.glob("*.jsonl"), key=lambda file: (file.name != "runner.jsonl", file.name))


def sweep(left: Left, *, tell: Callable[[Event], None], allow_exec: bool = False) -> tuple[Row, ...]:
    """Clean what one run left; returns what is open after it. `tell` is given each outcome; `allow_exec` lets `cmd:`
    references run.

    Raises InvalidInput where the project of the run, or a secret of a persona, cannot be read any more, and
    EnvironmentBroken where it is not known any more where a token is asked for.
    """
    if left.opened is None:
        return left.rows
    ledger = Ledger(left.folder / f"sweep-{time.time_ns()}.jsonl")
    project = load_project(Path(left.opened.project))
    environment = project.environments.get(left.opened.environment)
    credentials, ask = _credentials(left.opened, project, left.rows, allow_exec=allow_exec)
    shown = client_certificates(credentials.key_pairs)
    driver = _driver(environment, shown)
    ask.use(driver, targets=environment.targets if environment else {})

    def record(event: Event) -> None:
        if isinstance(event, CleanupEnded):
            ledger.append(event)
            tell(event)

    try:
        send = credentials.signed(driver.send)
        drive(clean(left.rows, budget=BUDGET_S), Hands(send=send, record=record, wait=time.sleep))
    finally:
        driver.close()
        ask.close()
        ledger.close()
    return _read(left.folder).rows


def _credentials(opened: LedgerOpened, project: Project, rows: Sequence[Row], *, allow_exec: bool) -> (
        tuple[Credentials, Asking]):
    """Those of the personas, and their accounts, that made the things; and who asks for their tokens."""
    vault = Vault(Redactor(), folder=Path(project.file).parent, allow_exec=allow_exec)
    names = sorted({row.persona for row in rows if row.state in ("due", "to-find")})
    found = (acting(project.personas, name) for name in names)
    ask = Asking()
    line = Line(lambda call: _located(call, project, opened), ask.send, lambda _: None)
    return Credentials((persona for persona in found if persona), vault, line), ask


def _driver(environment: Environment | None, certificates: Mapping[str, ClientCertificate]) -> Driver:
    """For the targets that the environment has now; one that we started had other ports then."""
    if environment is None:
        return Driver(certificates=certificates)
    permit = None if environment.start else only_targets(environment.targets)
    return Driver(tls=trust_of(environment), http2=environment.http2, permit=permit, certificates=certificates)


def _located(call: CallTemplate, project: Project, opened: LedgerOpened) -> str:
    environment = project.environments.get(opened.environment)
    if environment is None or (call.target is not None and call.target not in environment.targets):
        raise EnvironmentBroken(f"{opened.project} does not say any more where tokens of {opened.environment!r} are "
                                f"asked for ({call.position})")
    return located(call, environment.targets)

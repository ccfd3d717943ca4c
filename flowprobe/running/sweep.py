"""`flowprobe cleanup`, and what a run does before it begins: finish what earlier runs could not. The ledgers of all
runs are read; what is still open is called again, as the persona that made it, and what came of it is written beside
the ledger that told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flowprobe.core.accounts import acting
from flowprobe.core.cleaning import Patience, Row, clean, gone_with_product, open_rows
from flowprobe.core.drive import Hands, drive
from flowprobe.core.events import CleanupEnded, Event, LedgerOpened
from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import CallTemplate, Environment, Project
from flowprobe.core.wire import Call, Outcome
from flowprobe.errors import EnvironmentBroken, ToolFailed
from flowprobe.files.project import load_project
from flowprobe.http.driver import Driver
from flowprobe.http.trust import ClientCertificate
from flowprobe.ledger.file import Ledger, in_use, read_ledger
from flowprobe.running.credentials import Credentials, Line
from flowprobe.running.drivers import Asking, client_certificates, only_targets, trust_of
from flowprobe.running.places import STATE
from flowprobe.running.session import located
from flowprobe.secrets.references import Vault

__all__ = ["Left", "find_left", "sweep"]

BUDGET_S = 10.0
LATE_S = 30.0
"""So long after the last word of a run, a call that was under way then has come to its end: the usual budget of one."""
RUNNER = "runner.jsonl"


@dataclass(frozen=True, slots=True)
class Left:
    """What one run left behind: its folder, the run's own words about itself, and the open rows. `alive`: the run, or
    somebody else's cleanup of it, still goes on. `damaged` names the lines that nobody can read any more."""

    folder: Path
    opened: LedgerOpened | None
    rows: tuple[Row, ...]
    alive: bool = False
    damaged: tuple[str, ...] = ()

    @property
    def started(self) -> bool:
        """The product was started for that run, so that nothing of it is left."""
        return self.opened is not None and self.opened.started

    @property
    def run(self) -> str:
        return self.folder.parent.name


def find_left(state: Path = STATE) -> tuple[Left, ...]:
    """Every run with something open, oldest first."""
    folders = sorted((state / "runs").glob("*/ledger")) if (state / "runs").is_dir() else []
    found = (_left(folder) for folder in folders)
    return tuple(left for left in found if left.rows or left.damaged)


def _left(folder: Path) -> Left:
    with in_use(folder / RUNNER) as alive:
        return replace(_read(folder), alive=alive)


def _read(folder: Path) -> Left:
    pages = {file.name: read_ledger(file) for file in _in_order(folder)}
    events = [event for page in pages.values() for event in page.events]
    opened = next((event for event in events if isinstance(event, LedgerOpened)), None)
    damaged = tuple(f"{name}:{number}" for name, page in pages.items() for number in page.damaged)
    return Left(folder, opened, open_rows(events), damaged=damaged)


def _in_order(folder: Path) -> Iterator[Path]:
    """The runner's own ledger first, then those of later sweeps."""
    yield from sorted(folder.glob("*.jsonl"), key=lambda file: (file.name != RUNNER, file.name))


def sweep(left: Left, *, tell: Callable[[Event], None], allow_exec: bool = False,
          stopped: Callable[[], bool] = lambda: False) -> Left:
    """Clean what one run left; returns what is open after it. `tell` is given each outcome; `allow_exec` lets `cmd:`
    references run; once `stopped` says so, no further call is sent.

    Raises InvalidInput where the project of the run, or a secret of a persona, cannot be read any more;
    EnvironmentBroken where the environment is not there any more; ToolFailed where what came of it could not be
    written: it was cleaned up all the same.
    """
    with in_use(left.folder / RUNNER) as alive:
        if alive or left.opened is None:
            return replace(left, alive=alive)
        rows = _read(left.folder).rows  # somebody else may have cleaned up since
        sweeper = _Sweeper(left, tell, stopped)
        try:
            sweeper.clean(rows, allow_exec=allow_exec)
        finally:
            sweeper.ledger.close()
        if sweeper.unwritten:
            raise ToolFailed(sweeper.unwritten)
        return _read(left.folder)


class _Sweeper:
    """One sweep over what one run left."""

    def __init__(self, left: Left, tell: Callable[[Event], None], stopped: Callable[[], bool]) -> None:
        self.folder, self.opened, self.tell, self.stopped = left.folder, left.opened, tell, stopped
        self.ledger = Ledger(left.folder / f"sweep-{time.time_ns()}.jsonl")
        self.redactor = Redactor()
        self.unwritten = ""

    def clean(self, rows: Sequence[Row], *, allow_exec: bool) -> None:
        """A product that was started for the run is not called: another one may listen at that port now."""
        assert self.opened is not None, "only what says where it was made is swept"
        if self.opened.started:
            drive(gone_with_product(rows), Hands(send=_never, record=self.record))
            return
        project = load_project(Path(self.opened.project))
        environment = project.environments.get(self.opened.environment)
        if environment is None:
            raise EnvironmentBroken(f"{self.opened.project} has no environment {self.opened.environment!r} any more, "
                                    "in which these were made: write it in again, and clean up once more")
        vault = Vault(self.redactor, folder=Path(project.file).parent, allow_exec=allow_exec)
        credentials, ask = _credentials(self.opened, project, rows, vault)
        driver = _driver(environment, client_certificates(credentials.key_pairs))
        ask.use(driver, targets=environment.targets)
        try:
            dialogue = clean(rows, budget=BUDGET_S, patience=Patience(), late=self._late())
            drive(dialogue, Hands(send=credentials.signed(driver.send), record=self.record, stopped=self.stopped,
                                  wait=time.sleep))
        finally:
            driver.close()
            ask.close()

    def _late(self) -> bool:
        return time.time() - (self.folder / RUNNER).stat().st_mtime >= LATE_S

    def record(self, event: Event) -> None:
        """A row that cannot be written keeps nothing from being cleaned up: the next sweep finds it gone."""
        if isinstance(event, CleanupEnded):
            try:
                self.ledger.append(event)
            except ToolFailed as failed:
                self.unwritten = self.unwritten or str(failed)
            self.tell(replace(event, detail=self.redactor(event.detail)))


def _never(call: Call) -> Outcome:
    raise AssertionError(f"{call.method} {call.url} was to be sent to a product that is gone")


def _permitted(environment: Environment) -> Callable[[str, str], str]:
    """The targets as they are named today: what was made elsewhere is not looked for here."""
    permit = only_targets(environment.targets)

    def permitted(method: str, url: str) -> str:
        why_not = permit(method, url)
        return f"not sent: {why_not}" if why_not else ""

    return permitted


def _credentials(opened: LedgerOpened, project: Project, rows: Sequence[Row], vault: Vault) -> (
        tuple[Credentials, Asking]):
    """Those of the personas, and their accounts, that made the things; and who asks for their tokens."""
    names = sorted({row.persona for row in rows if row.state in ("due", "to-find")})
    found = (acting(project.personas, name) for name in names)
    ask = Asking()
    line = Line(lambda call: _located(call, project, opened), ask.send, lambda _: None)
    return Credentials((persona for persona in found if persona), vault, line), ask


def _driver(environment: Environment, certificates: Mapping[str, ClientCertificate]) -> Driver:
    return Driver(permit=_permitted(environment), tls=trust_of(environment), http2=environment.http2,
                  certificates=certificates)


def _located(call: CallTemplate, project: Project, opened: LedgerOpened) -> str:
    environment = project.environments.get(opened.environment)
    if environment is None or (call.target is not None and call.target not in environment.targets):
        raise EnvironmentBroken(f"{opened.project} does not say any more where tokens of {opened.environment!r} are "
                                f"asked for ({call.position})")
    return located(call, environment.targets)

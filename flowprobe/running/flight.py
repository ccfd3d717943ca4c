"""Single flight: one run at a time where customers are, or where nobody else may call a provider. A lock is the file's,
and goes with the process that holds it: there is nothing to tidy up after a crash."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flowprobe.core.policy import exclusive
from flowprobe.core.scenario import Environment
from flowprobe.errors import Refused, ToolFailed
from flowprobe.running.folder import ignored_by_git
from flowprobe.running.places import STATE

__all__ = ["one_night", "single_flight"]


@contextmanager
def single_flight(environment: Environment) -> Iterator[None]:
    """Hold the lock of a production environment, and that of each provider with an exclusive window; others have none.
    They lie in `.flowprobe/locks/` beside flowprobe.yaml, so that they count from every folder. Raises Refused where
    somebody else holds one."""
    with ExitStack() as held:
        if environment.production:
            place = environment.places.get("production", environment.position)
            said = f"{environment.name!r}, and production takes one at a time"
            held.enter_context(_locked(environment, environment.name, said, f"`production`, {place}"))
        for name in exclusive(environment):
            provider = environment.providers[name]
            said = f"{environment.name!r}, and the window on {name!r} is for one at a time"
            held.enter_context(_locked(environment, f"{environment.name}.{name}", said,
                                       f"`attribute`, {provider.position}"))
        yield


@contextmanager
def one_night(environment: Environment) -> Iterator[None]:
    """Hold the lock of an environment's nights, whatever the environment is. Raises Refused where a night is on."""
    said = f"{environment.name!r}, and its nights are made one at a time"
    with _locked(environment, f"{environment.name}.nightly", said, "`nightly`", what="night"):
        yield


@contextmanager
def _locked(environment: Environment, name: str, said: str, rule: str, *, what: str = "run") -> Iterator[None]:
    path = Path(environment.position.file).resolve().parent / STATE / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        ignored_by_git(path.parent.parent)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ToolFailed(f"cannot open the lock {path}: {error.strerror}") from error
    with os.fdopen(number, "r+") as file:
        _take(file.fileno(), path, f"another {what} is on {said}", rule)
        file.truncate()
        file.write(f"pid {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield


def _take(number: int, path: Path, said: str, rule: str) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if not isinstance(error, BlockingIOError):
            raise ToolFailed(f"cannot lock {path}: {error.strerror}") from error
        holder = os.read(number, 200).decode("utf-8", "replace").strip() or "somebody"
        raise Refused(f"{said}: {holder} ({rule}; {path})") from None

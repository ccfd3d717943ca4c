"""Single flight: one run at a time on an environment where customers are. The lock is the file's, and goes with the
process that holds it: there is nothing to tidy up after a crash."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flowprobe.core.scenario import Environment
from flowprobe.errors import Refused, ToolFailed
from flowprobe.running.places import STATE

__all__ = ["single_flight"]


@contextmanager
def single_flight(environment: Environment) -> Iterator[None]:
    """Hold the lock of a production environment; any other has none. It lies in `.flowprobe/locks/` beside
    flowprobe.yaml, so that it counts from every folder. Raises Refused where somebody else holds it."""
    if not environment.production:
        yield
        return
    path = Path(environment.position.file).resolve().parent / STATE / "locks" / f"{environment.name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ToolFailed(f"cannot open the lock {path}: {error.strerror}") from error
    with os.fdopen(number, "r+") as file:
        _take(file.fileno(), path, environment)
        file.truncate()
        file.write(f"pid {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield


def _take(number: int, path: Path, environment: Environment) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if not isinstance(error, BlockingIOError):
            raise ToolFailed(f"cannot lock {path}: {error.strerror}") from error
        holder = os.read(number, 200).decode("utf-8", "replace").strip() or "somebody"
        raise Refused(f"another run is on {environment.name!r}, and production takes one at a time: {holder} "
                      f"(`production`, {environment.places.get('production', environment.position)}; {path})") from None

"""The folder of one run's certificate authority: private, gone at exit, and swept by the next one after a crash.

A folder belongs to a living proxy for as long as its lock is held; the kernel lets go of it with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

__all__ = ["Authority", "sweep"]

_PREFIX = "flowprobe-ca-"
_LOCK = "lock"
_FRESH_S = 60.0
"""A folder without a lock is left alone for this long: its owner may be about to take one."""


class Authority:
    """A folder for mitmproxy's keys. Only `certificate` is ever handed out."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # 0700
        self._lock = _try_lock(self.folder / _LOCK)

    @property
    def certificate(self) -> Path:
        return self.folder / "mitmproxy-ca-cert.pem"

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _try_lock(path: Path) -> int | None:
    """The descriptor of a lock that is now ours; None where another process holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def sweep(parent: Path | None = None) -> list[Path]:
    """Remove the folders of proxies that are no more; returns them."""
    swept = []
    for folder in (parent or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or gone already
            if _is_stale(folder):
                shutil.rmtree(folder)
                swept.append(folder)
    return swept


def _is_stale(folder: Path) -> bool:
    if folder.stat().st_uid != os.getuid():
        return False
    if not (folder / _LOCK).exists():
        return time.time() - folder.stat().st_mtime > _FRESH_S
    lock = _try_lock(folder / _LOCK)
    if lock is not None:
        os.close(lock)
    return lock is not None

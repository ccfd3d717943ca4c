"""What a process that we start may know of its runner: what programs need to work, and no secret."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

__all__ = ["surroundings"]

_INHERITED = frozenset({
    "HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
})
_INHERITED_PREFIXES = ("LC_", "PYTHON")


def surroundings(runner: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a child: a few of `runner`, then those of its `start:` entry.

    The folder of the running Python stands first in PATH, so that `python` and the scripts beside it are
    those of FlowProbe's own environment.
    """
    env = {name: value for name, value in runner.items()
           if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)}
    folder = os.path.dirname(sys.executable)
    env["PATH"] = os.pathsep.join([folder, env.get("PATH") or os.defpath])
    env.setdefault("PYTHONUNBUFFERED", "1")  # else the log of a product that hangs is empty
    return {**env, **given}

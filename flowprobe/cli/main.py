"""The `flowprobe` command: parse, call, print, choose the exit code.

What is slow to import is imported by the verb that needs it: `--version` imports nothing, `--help` only typer.
"""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """The entry point of the console script."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from flowprobe import __version__

        print(f"flowprobe {__version__}")
        raise SystemExit(0)
    from flowprobe.cli.failures import guarded

    raise SystemExit(guarded(_run_app))


def _run_app() -> int:
    from flowprobe.cli.app import app

    result = app(prog_name="flowprobe", standalone_mode=False)
    return result if isinstance(result, int) else 0



"""The `flowprobe` command: parse, call, print, choose the exit code.

What is slow to import is imported by the verb that needs it: `--version` imports nothing, `--help` only typer.
"""

from __future__ import annotations

import gc
import sys

from flowprobe.cli.outlets import opened, settled

__all__ = ["main"]


def main() -> None:
    """The entry point of the console script; it always ends with SystemExit."""
    outlet = opened()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from flowprobe import __version__

        print(f"flowprobe {__version__}")
        raise SystemExit(settled(0, outlet))
    gc.set_threshold(50_000, 20, 20)  # importing makes little garbage, and looking for it is a twentieth of a start
    from flowprobe.cli.failures import guarded

    code = settled(guarded(_run_app), outlet)
    gc.freeze()  # the process ends: to look through all that it holds once more is a fifth of a short run
    raise SystemExit(code)


def _run_app() -> int:
    from flowprobe.cli.app import app

    result = app(prog_name="flowprobe", standalone_mode=False)
    return result if isinstance(result, int) else 0

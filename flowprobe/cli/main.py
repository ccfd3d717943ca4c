"""The `flowprobe` command: parse, call, print, choose the exit code.

What is slow to import is imported by the verb that needs it: `--version` imports nothing, `--help` only typer, and
`check` of files by their names not even that.
"""

from __future__ import annotations

import gc
import os
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
    verb, *words = sys.argv[1:] or [""]
    if verb == "check" and words and all(map(_is_plainly_a_path, words)):
        return _check(words)
    from flowprobe.cli.app import app

    result = app(prog_name="flowprobe", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _is_plainly_a_path(word: str) -> bool:
    """Anything else, and what cannot be read, is for typer to explain."""
    return not word.startswith("-") and os.access(word, os.R_OK)


def _check(words: list[str]) -> int:
    """As `check` of cli.app without an option. It is what editors and hooks run, and typer is a quarter of its time."""
    from pathlib import Path

    from flowprobe.cli.checking import check_command
    from flowprobe.running.settings import settle

    return check_command(tuple(map(Path, words)), environment=settle().environment.value, as_json=False)

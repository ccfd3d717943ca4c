"""From an exception to what a person reads on standard error, and to the exit code that a machine reads."""

from __future__ import annotations

import sys
from collections.abc import Callable

from flowprobe.errors import EnvironmentBroken, FlowProbeError, InvalidInput, Refused, ToolFailed

__all__ = ["guarded", "told"]

_CODES: tuple[tuple[type[FlowProbeError], int, str], ...] = (
    (InvalidInput, 2, ""),
    (Refused, 5, "refused"),
    (EnvironmentBroken, 3, "the environment: "),
    (ToolFailed, 3, "flowprobe itself failed: "),
    (FlowProbeError, 4, ""),
)


def guarded(command: Callable[[], int]) -> int:
    """Run a command; every way out of it is an exit code and, where it failed, a sentence."""
    try:
        return command()
    except FlowProbeError as error:
        return told(error)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        sys.stderr.close()
        return 4
    except Exception as error:
        return _of_the_parser(error)


def _of_the_parser(error: Exception) -> int:
    """What is said about the words of the command; everything else is a bug."""
    import click

    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return 2
        case click.Abort() if not isinstance(error.__cause__, EOFError):
            return _interrupted()
    return _bug()


def _interrupted() -> int:
    print("interrupted", file=sys.stderr)
    return 130


def _bug() -> int:
    """Within the handler of the exception."""
    import traceback

    traceback.print_exc()
    print("flowprobe: this is a bug of ours; please report it with the lines above", file=sys.stderr)
    return 4


def told(error: FlowProbeError) -> int:
    """Say it on standard error; returns the exit code that goes with it."""
    code, lead = next((code, lead) for kind, code, lead in _CODES if isinstance(error, kind))
    if isinstance(error, InvalidInput):
        count = len(error.problems)
        for problem in error.problems:
            print(problem.render(), end="\n\n", file=sys.stderr)
        print(f"{count} problem{'s' if count != 1 else ''}, nothing was sent", file=sys.stderr)
    else:
        text = str(error)
        if isinstance(error, Refused):
            lead = f"{lead}, {error.sent}:" + ("" if text.startswith("\n") else " ")
        print(f"{lead}{text}", file=sys.stderr)
    return code

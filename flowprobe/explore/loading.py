"""The strategies of `python`: files of somebody else's code, which are run here and nowhere else."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis.strategies import SearchStrategy

from flowprobe.core.account import AccountField, Strategy
from flowprobe.errors import InvalidInput, Problem
from flowprobe.explore.strategies import Given, python_name

__all__ = ["blamed", "load_strategies"]


def load_strategies(fields: Mapping[str, AccountField], *, allow_exec: bool) -> Given:
    """Run each file once and take what is asked for from it. Raises InvalidInput with every problem at once: code that
    may not be run, does not run, or gives no strategy."""
    wanted = [(name, each, strategy) for name, each in fields.items() if each.strategy is not None
              for strategy in _in_python(each.strategy)]
    if wanted and not allow_exec:
        raise InvalidInput(tuple(_not_allowed(*each) for each in wanted))
    modules: dict[str, ModuleType | Problem] = {}
    given: dict[str, SearchStrategy[Any]] = {}
    problems: list[Problem] = []
    for name, each, strategy in wanted:
        file = str(strategy.options["file"])
        if file not in modules:
            modules[file] = _module(file)
        found = _strategy(modules[file], name, each, strategy)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            given[python_name(strategy)] = found
    if problems:
        raise InvalidInput(tuple(dict.fromkeys(problems)))
    return given


def blamed(error: BaseException, files: Collection[str]) -> tuple[str, int]:
    """The last line of these files that an error went through; '' and 0 where it went through none."""
    whole = {str(Path(file).resolve()): file for file in files}
    if isinstance(error, SyntaxError) and error.filename in whole:
        return whole[error.filename], error.lineno or 0
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in whole]
    return (whole[frames[-1].filename], frames[-1].lineno or 0) if frames else ("", 0)


def _in_python(strategy: Strategy) -> Iterator[Strategy]:
    """The strategies of `python` in a strategy, however deep."""
    if strategy.kind == "python":
        yield strategy
    for option in strategy.options.values():
        inside = option.values() if isinstance(option, Mapping) else option if isinstance(option, tuple) else (option,)
        for each in inside:
            if isinstance(each, Strategy):
                yield from _in_python(each)


def _module(file: str) -> Any:
    """Run a file: the module, or the Problem. Modules beside it can be imported meanwhile; nothing is written there."""
    whole = Path(file).resolve()
    module = ModuleType(f"flowprobe_strategies.{whole.stem}")
    module.__file__ = str(whole)

    def run() -> ModuleType:
        exec(compile(whole.read_bytes(), str(whole), "exec"), module.__dict__)
        return module

    sys.modules[module.__name__] = module  # what looks up the module of its class (dataclasses) finds it
    with _beside(whole.parent):
        return _careful(run, file)


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    written = sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = written
        sys.path.remove(str(folder))


def _careful(run: Callable[[], Any], file: str) -> Any:
    """What code gives, or the problem with the line in which it ended."""
    try:
        return run()
    except (Exception, SystemExit) as error:
        _, line = blamed(error, [file])
        return Problem("strategy-fails", file, line, 1 if line else 0, f"this ended with {_said(error)}",
                       "mend it; `--only faults` explores without it")


def _said(error: BaseException) -> str:
    text = str(error.msg if isinstance(error, SyntaxError) else error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _strategy(module: ModuleType | Problem, name: str, field: AccountField, strategy: Strategy) -> (
        SearchStrategy[Any] | Problem):
    if isinstance(module, Problem):
        return module
    file, wanted = str(strategy.options["file"]), str(strategy.options["name"])
    if not hasattr(module, wanted):
        known = ", ".join(key for key, value in vars(module).items() if isinstance(value, SearchStrategy)) or "none"
        return _problem(field, "no-strategy", f"{file} has no `{wanted}`, which `{name}` asks for",
                        f"the strategies in it are: {known}")
    found = getattr(module, wanted)
    if callable(found) and not isinstance(found, SearchStrategy):
        found = _careful(found, file)
    if isinstance(found, Problem):
        return found
    if not isinstance(found, SearchStrategy):
        return _problem(field, "no-strategy", f"`{wanted}` in {file} is {found!r:.80}, and no strategy of Hypothesis",
                        "write for example st.integers(0, 9), or a function without arguments that gives one")
    unsound = _careful(found.validate, file)
    return unsound if isinstance(unsound, Problem) else found


def _not_allowed(name: str, field: AccountField, strategy: Strategy) -> Problem:
    return _problem(field, "exec-not-allowed",
                    f"what `{name}` may be is said by code, {python_name(strategy)}, and none may be run",
                    "add --allow-exec where you trust this file; `--only faults` explores without it")


def _problem(field: AccountField, id: str, found: str, instead: str) -> Problem:
    place = field.position
    return Problem(id, place.file, place.line, place.column, found, instead)

"""Scenario and fault-profile files: found, read and checked, each whole before anything is sent."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

from flowprobe.core.scenario import FaultPlan, Scenario
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.account import check_account
from flowprobe.files.attachments import Unusable
from flowprobe.files.context import Context
from flowprobe.files.fault_checks import check_plans, check_profile
from flowprobe.files.invariant_checks import check_invariants
from flowprobe.files.masking import masked, masked_text
from flowprobe.files.names import check_names
from flowprobe.files.nodes import MAX_BYTES, Node, compose, read_text
from flowprobe.files.problems import Source, did_you_mean
from flowprobe.files.reading import Reader, compile_shape
from flowprobe.files.steps import check_steps
from flowprobe.files.tables import PROFILE, SCENARIO

__all__ = ["PROJECT_FILE", "has_scenarios", "is_case", "is_profile", "load_profile", "load_scenario", "read_file",
           "read_scenario", "scenario_files"]

PROJECT_FILE = "flowprobe.yaml"
_SUFFIXES = (".yaml", ".yml")
_OTHERS = re.compile(r"""^(?:profile|case|["']?(?:openapi|swagger|\$schema)["']?)[ \t]*:""", re.MULTILINE)
"""What tells a fault profile, a case, an OpenAPI document or a JSON Schema that lies among scenarios."""
_PROFILE = re.compile(r"^profile[ \t]*:", re.MULTILINE)
_CASE = re.compile(r"^case[ \t]*:", re.MULTILINE)
Check: TypeAlias = Callable[[Node, Context, Any], None]


_DEEPEST = 8


def load_scenario(path: Path, *, text: str | None = None) -> Scenario:
    """Read one scenario, with those that it uses; `text` stands for the file's content. Raises InvalidInput with every
    problem of them.
    """
    return _load(path, (), text)


def read_scenario(path: Path, *, text: str | None = None) -> tuple[Scenario, Node, Context]:
    """One scenario with the nodes and the look-ups from which it was read. Raises InvalidInput."""
    met: list[tuple[Node, Context]] = []

    def check(root: Node, context: Context, scenario: Any) -> None:
        _check(root, context, scenario)
        met.append((root, context))

    scenario = _load(path, (), text, check)
    return (scenario, *met[-1])


def _load(path: Path, users: tuple[Path, ...], text: str | None = None, check: Check | None = None,
          read: dict[tuple[Path, int], Scenario | InvalidInput] | None = None) -> Scenario:
    """`read` has what was read before, by its file and how many use it: a file that is used often is read once."""
    chain = (*users, Path(os.path.abspath(path)))  # not resolved: a name that is none is for reading to explain
    known: dict[tuple[Path, int], Scenario | InvalidInput] = {} if read is None else read

    def load(used: Path) -> Scenario:
        """`used` is absolute."""
        if used in chain or len(chain) > _DEEPEST:
            raise Unusable("use-cycle", name=used.name, chain=" → ".join(file.name for file in (*chain, used)))
        key = (used, len(chain))
        if key not in known:
            known[key] = _outcome(lambda: _load(Path(os.path.relpath(used)), chain, read=known))
        found = known[key]
        if isinstance(found, InvalidInput):
            raise found
        return found

    scenario: Scenario = read_file(path, _scenario(), check or _check, text=text, load=load)
    return scenario


def _outcome(read: Callable[[], Scenario]) -> Scenario | InvalidInput:
    try:
        return read()
    except InvalidInput as invalid:
        return invalid


def _check(root: Node, context: Context, scenario: Any) -> None:
    check_names(root, context)
    check_steps(root, context)
    check_invariants(root, context)
    check_plans(root, context, scenario)
    if isinstance(scenario, Scenario):
        check_account(scenario, context)


def load_profile(path: Path, *, text: str | None = None) -> FaultPlan:
    """Read one fault profile as a plan. Raises InvalidInput with every problem of it."""
    return cast(FaultPlan, read_file(path, _profile(), check_profile, text=text))


@contextmanager
def _unswept() -> Iterator[None]:
    """Reading a file makes thousands of values that stay: to look for garbage among them is a tenth of its time."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


@_unswept()
def read_file(path: Path, read: Reader, check: Check | None = None, *,
              text: str | None = None, load: Callable[[Path], Scenario] | None = None) -> Any:
    """What a table's reader makes of a file; `check` sees the tree also where parts of it could not be
    read. `load` reads the scenarios that it uses.
    """
    source = Source(str(path), read_text(path) if text is None else text.removeprefix("\ufeff"))
    try:
        document = compose(source)
    except InvalidInput as invalid:
        raise InvalidInput(masked_text(invalid.problems, source)) from None
    context = Context(source)
    context.load = load
    context.problems += document.problems
    try:
        value = read(document.root, context)
        if check is not None:
            check(document.root, context, value)
    except InvalidInput as invalid:  # there are too many to go on
        raise InvalidInput(masked(invalid.problems, document.root, source)) from None
    if context.problems:
        raise InvalidInput(masked(context.finished(), document.root, source))
    return value


@cache
def _scenario() -> Reader:
    return compile_shape(SCENARIO, "a scenario")


@cache
def _profile() -> Reader:
    return compile_shape(PROFILE, "a fault profile")


def scenario_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The scenarios that paths name: a file as it is, a folder with all that is in it, in order of name.

    Raises InvalidInput for a path that is not there and a folder without scenarios.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        files = list(_scenarios_at(path))
        found.update(dict.fromkeys(files))
        if not files:
            problems.append(_nothing_at(path))
    if problems:
        raise InvalidInput(tuple(problems))
    return tuple(found)


def has_scenarios(path: Path) -> bool:
    """Whether there is one at this path."""
    return next(_scenarios_at(path), None) is not None


def _scenarios_at(path: Path) -> Iterator[Path]:
    if not os.path.isdir(path):
        if os.path.isfile(path):
            yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            ours = name.endswith(_SUFFIXES) and not name.startswith(".") and name != PROJECT_FILE
            if ours and not _is_other(Path(folder, name)):
                yield Path(folder, name)


def _is_other(file: Path) -> bool:
    """Whether a key of the file says that it is no scenario; one that cannot be read is for `load_scenario` to
    explain."""
    try:
        with file.open("rb") as content:
            return _OTHERS.search(content.read(MAX_BYTES).decode(errors="replace")) is not None
    except OSError:
        return False


def is_profile(file: Path) -> bool:
    """Whether a key of the file says that it is a fault profile."""
    return _has(file, _PROFILE)


def is_case(file: Path) -> bool:
    """Whether a key of the file says that it is a case."""
    return _has(file, _CASE)


def _has(file: Path, key: re.Pattern[str]) -> bool:
    try:
        with file.open("rb") as content:
            return key.search(content.read(MAX_BYTES).decode(errors="replace")) is not None
    except OSError:
        return False


def _nothing_at(path: Path) -> Problem:
    source = Source(str(path))
    if os.path.isdir(path):
        return source.problem("no-scenarios")
    parent = path.parent if os.path.isdir(path.parent) else None
    siblings = sorted(os.listdir(parent)) if parent is not None else []
    otherwise = "" if parent is not None else f"there is no folder {path.parent} either"
    return source.problem("file-not-found", instead=did_you_mean(path.name, siblings, otherwise=otherwise))

"""Cases written for people: YAML in the style of the house with comments that say what is odd, and the test that
replays one."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowprobe.core.exploring.case import Case
from flowprobe.core.faults.kinds import describe, kind_name
from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.files.case_tables import CASE
from flowprobe.files.cases import load_case
from flowprobe.files.formatting.places import replace_whole
from flowprobe.files.formatting.text import laid_out
from flowprobe.files.telling import told

__all__ = ["case_text", "refuse_folder", "to_pytest", "write_case"]

_PARTED = ("broke", "faults", "thresholds", "confirmed")
_MOST_OF_A_NAME = 1000
_SHOWN = 60
_WIDTH = 110


def refuse_folder(folder: Path, *, of: str) -> None:
    """Raises InvalidInput where no case could be written into a folder, which the option `of` names. Whatever is made
    to find that out is removed again."""
    missing = [each for each in (folder, *folder.parents) if not os.path.exists(each)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        found = f"no case can be written into {folder}: {error.strerror}"
        raise InvalidInput((Problem("bad-setting", of, 0, 0, found, "name a folder that is there, or can be made"),)
                           ) from error
    finally:
        for each in missing:
            with suppress(OSError):
                each.rmdir()


def write_case(case: Case, folder: Path, *, defaults: Mapping[str, Any] | None = None) -> Path:
    """Write a case into a folder, under its name; one that is there already is written over where it is the same
    experiment, or the same find that there was no time to make smaller, and else keeps its name (`…-2`). `defaults` is
    the account's ordinary state, for the comments.

    Raises ToolFailed where nothing can be written there, or a value cannot be said in YAML.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolFailed(f"cannot write into {folder}: {error.strerror}") from error
    named, path = _free(_legible(case), folder)
    text = case_text(named, defaults=defaults, folder=folder)
    _prove(named, path, text)
    try:
        path.touch()
    except OSError as error:
        raise ToolFailed(f"cannot write {path}: {error.strerror}") from error
    replace_whole(path, text)
    return path


def _legible(case: Case) -> Case:
    """What a product said may have half of a surrogate pair, for which YAML has no words: its escape is kept."""
    broke = case.broke
    return replace(case, broke=replace(broke, where=_spelt(broke.where), sentence=_spelt(broke.sentence)))


def _spelt(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _free(case: Case, folder: Path) -> tuple[Case, Path]:
    for number in range(1, _MOST_OF_A_NAME):
        named = replace(case, name=f"{case.name}-{number}" if number > 1 else case.name)
        path = folder / f"{named.name}.yaml"
        if not path.exists() or _is_same(named, path):
            return named, path
    raise ToolFailed(f"{folder} has {_MOST_OF_A_NAME} cases called {case.name}: remove those that are mended")


def _is_same(case: Case, path: Path) -> bool:
    """Whether a file holds the same experiment, or what this one was before it could be made smaller; what cannot be
    read is somebody else's."""
    try:
        there = load_case(path)
    except InvalidInput:
        return False
    return _experiment(there) == _experiment(case) or (there.found.best_so_far and _find(there) == _find(case))


def _find(case: Case) -> object:
    """What is the same of a find however small it is."""
    return (case.scenario, dict(case.personas), case.environment, case.broke, frozenset(case.differs),
            [(fault.edge, kind_name(fault.kind)) for fault in case.faults])


def _experiment(case: Case) -> object:
    said = told(CASE, case)
    keys = ("scenario", "personas", "environment", "state", "without", "faults")
    return [said.get(key) for key in keys], case.broke


def _prove(case: Case, path: Path, text: str) -> None:
    """Raises ToolFailed unless what is read is what was to be written."""
    try:
        again = told(CASE, load_case(path, text=text))
    except InvalidInput as error:
        raise _unwritten(case, error) from error
    if again != told(CASE, case):
        raise ToolFailed(f"the case {case.name} cannot be written without changing its values")


# --- YAML -----------------------------------------------------------------------------------------


def case_text(case: Case, *, defaults: Mapping[str, Any] | None = None, folder: Path = Path()) -> str:
    """The text of its file, which is to lie in a folder. Raises ToolFailed where YAML has no words for a value."""
    said: dict[str, Any] = told(CASE, case)
    lines = [f"# {line}" for line in _heading(case, folder)]
    for key, value in said.items():
        if key == "state":
            lines += ["", "state:", *_state(case, value, defaults or {})]
        else:
            lines += [*([""] if key in _PARTED else []), f"{key}: {_flow(value)}"]
    try:
        return laid_out(f"{case.name}.yaml", "\n".join(lines) + "\n", CASE)
    except InvalidInput as error:
        raise _unwritten(case, error) from error


def _unwritten(case: Case, error: InvalidInput) -> ToolFailed:
    return ToolFailed(f"the case {case.name} cannot be written: {error.problems[0].found}")


def _heading(case: Case, folder: Path) -> list[str]:
    faults = [f"{describe(fault.kind)} on {fault.edge}" for fault in case.faults]
    shorter = [f"left out: {', '.join(case.without)}"] if case.without else []
    odd = [f"{name} {_shown(case.state[name])}" for name in case.differs if name in case.state]
    because = " and ".join([*odd, *faults]) or "in any state, without a fault"
    environment = f" --env {case.environment}" if case.environment else ""
    file = "".join(filter(str.isprintable, shlex.quote(str(folder / f"{case.name}.yaml"))))
    return [*_wrapped(f"{case.sentence}"), *_wrapped(f"because of: {because}"),
            *(row for text in shorter for row in _wrapped(text)),
            f"again: flowprobe replay {file}{environment}"]


def _wrapped(text: str) -> list[str]:
    """In lines of a comment, each of what can be printed."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _state(case: Case, state: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    return [f"  {_quoted(name)}: {_flow(value)}{_remark(name, case, defaults)}" for name, value in state.items()]


def _remark(name: str, case: Case, defaults: Mapping[str, Any]) -> str:
    if name not in case.differs:
        return ""
    return f"  # ordinarily {_shown(defaults[name])}" if name in defaults else "  # not as on an ordinary night"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _flow(value: Any) -> str:
    match value:
        case Mapping():
            return f"{{{', '.join(f'{_quoted(key)}: {_flow(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str():
            return _quoted(value)
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    """In double quotes, with an escape for whatever cannot be seen or would end the line."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# --- pytest ---------------------------------------------------------------------------------------

_PYTEST = '''\
"""{heading}

Written by `flowprobe explore --emit pytest`; it needs `flowprobe` and the file of the case beside it.
"""

import subprocess
import sys
from pathlib import Path

CASE = Path(__file__).with_name({file})


def test_{name}() -> None:
    """Fails while the promise is broken (exit code 1), and also where nobody can tell (3)."""
    replay = [sys.executable, "-m", "flowprobe", "replay", str(CASE){options}]
    done = subprocess.run(replay, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
'''


def to_pytest(case: Case, file: str = "") -> str:
    """The text of a test that replays the case; `file` is that of the case, beside the test (`<name>.yaml`)."""
    heading = " ".join(_wrapped(case.sentence)).replace("\\", "\\\\").replace('"', "'")
    options = f', "--env", {json.dumps(case.environment)}' if case.environment else ""
    return _PYTEST.format(heading=heading[:_WIDTH], file=json.dumps(file or f"{case.name}.yaml"),
                          name=case.name.replace("-", "_").lower(), options=options)

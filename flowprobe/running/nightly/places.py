"""Where the nights of an environment are remembered, and what they are made of."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.nights.history import History
from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import Environment, Project, SecretRef
from flowprobe.core.values import Position
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.project import find_project
from flowprobe.history import open_history
from flowprobe.history.urls import has_password
from flowprobe.running.places import STATE, shown_path
from flowprobe.running.selection import load_here
from flowprobe.running.settings import DEFAULT, Settled
from flowprobe.secrets.references import Vault

__all__ = ["HISTORY", "open_at", "place_here", "place_of", "scenarios_of"]

HISTORY = "history.db"
"""The file in `.flowprobe/` beside flowprobe.yaml that remembers where nothing else is named."""
_NOBODY: Settled[str | None] = Settled(None, DEFAULT)
_REFERENCES = ("env:", "file:", "cmd:")


def place_of(asked: Settled[str | None] = _NOBODY, environment: Environment | None = None, *,
             allow_exec: bool = False) -> str:
    """The place that a flag or a variable names, else the environment, else the usual one beside flowprobe.yaml. Each
    names it itself or by a reference (`env:NAME`); a path of the environment starts in the folder of its file, one that
    is `asked` for in the working directory. Raises InvalidInput, also where a password stands in it for others to
    read."""
    if asked.value is not None:
        return _meant(asked.value, asked.source, Path.cwd(), allow_exec)
    nightly = environment.nightly if environment is not None else None
    folder = _folder(environment) if environment is not None else _usual_folder()
    if nightly is None or not nightly.history:
        return shown_path(folder / STATE / HISTORY)
    place = _meant(nightly.history, f"`history`, {nightly.position}", folder, allow_exec)
    return place if "://" in place else shown_path(folder / place)


def place_here(asked: Settled[str | None], name: str | None) -> str:
    """That of the environment of this name, which flowprobe.yaml may not know any more. Where none is named: that on
    which all agree whose nights it speaks of. Raises InvalidInput."""
    if asked.value is not None or find_project(Path.cwd()) is None:
        return place_of(asked)
    project = load_here()
    if name is not None and name in project.environments:
        return place_of(environment=project.environments[name])
    places = list(dict.fromkeys(place_of(environment=each) for each in _with_nights(project))) or [place_of()]
    if len(places) > 1:
        raise InvalidInput((Problem("several-histories", project.file, 0, 0, "its environments remember their nights "
                                    "in different places", "name one of them with --env, or a place with --history"),))
    return places[0]


def _with_nights(project: Project) -> list[Environment]:
    return [each for each in project.environments.values() if each.nightly is not None]


def _meant(said: str, source: str, folder: Path, allow_exec: bool) -> str:
    """What a reference stands for; anything else is what is meant."""
    if said.startswith(_REFERENCES):
        scheme, _, name = said.partition(":")
        vault = Vault(Redactor(), folder=folder, allow_exec=allow_exec)
        return vault.value(SecretRef(scheme, name, Position(source, 0, 0)))
    if has_password(said) and source.startswith(("--", "`")):  # a variable is its owner's alone
        raise InvalidInput((_readable(source),))
    return said


def _readable(source: str) -> Problem:
    if source.startswith("--"):
        return Problem("secret-by-value", source, 0, 0, "everybody on this machine can read the password of a command",
                       "set PGPASSWORD, or write --history env:NAME and have the variable NAME hold all of the URL")
    return Problem("secret-by-value", source, 0, 0, "everybody who reads the file can read the password",
                   "set PGPASSWORD, or write env:NAME and have the variable NAME hold all of the URL")


def _usual_folder() -> Path:
    project = find_project(Path.cwd())
    return project.parent if project else Path.cwd()


def _folder(environment: Environment) -> Path:
    return Path(environment.position.file).resolve().parent


def open_at(place: str) -> History:
    """Raises ToolFailed where it cannot be reached or read."""
    return open_history(place)


def scenarios_of(environment: Environment) -> tuple[Path, ...]:
    """What an environment's nights are made of; all that lies beside flowprobe.yaml where it does not say."""
    said = environment.nightly.scenarios if environment.nightly is not None else ()
    folder = _folder(environment)
    return tuple(folder / name for name in said) or (folder,)

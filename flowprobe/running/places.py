"""Where things are: the folder of runs, the examples and profiles that ship with FlowProbe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import flowprobe

__all__ = ["LINKS", "STATE", "TELEMETRY", "bundled", "profile_folders", "profile_names", "shown_path"]

STATE = Path(".flowprobe")
"""Everything that a run writes goes below this folder of the working directory, unless a command names another."""
TELEMETRY = "telemetry"
"""The folder in that of a run which holds what the product said of itself."""
LINKS = "links.json"
"""The file in there which names where people look at a call."""


def bundled(name: str) -> Path:
    """`scenarios` or `proxies` as they ship: inside an installed package, beside it in a checkout."""
    package = Path(flowprobe.__file__).parent
    inside = package / "bundled" / name
    return inside if inside.is_dir() else package.parent / name


def profile_folders(scenarios: Sequence[Path]) -> tuple[Path, ...]:
    """Folders that are searched for a fault profile: of the project, of the working directory, and ours."""
    above = [parent / "proxies" / "profiles" for file in scenarios[:1] for parent in file.resolve().parents]
    folders = [*above, Path.cwd() / "proxies" / "profiles", bundled("proxies") / "profiles"]
    return tuple(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def profile_names(scenarios: Sequence[Path]) -> tuple[str, ...]:
    """The profiles that are found by their name there."""
    return tuple(sorted({file.stem for folder in profile_folders(scenarios) for file in folder.glob("*.yaml")}))


def shown_path(path: Path) -> str:
    """A path as people typed it: relative to the working directory where it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)

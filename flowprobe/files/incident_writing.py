"""Fault profiles of incidents, written for people: YAML in the style of the house, proven by reading it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowprobe.errors import InvalidInput, ToolFailed
from flowprobe.files.formatting.places import replace_whole
from flowprobe.files.formatting.text import laid_out
from flowprobe.files.scenarios import load_profile
from flowprobe.files.tables import PROFILE

__all__ = ["profile_text", "write_profile"]



def write_profile(said: Mapping[str, Any], path: Path, *, remarks: tuple[str, ...] = ()) -> None:
    """Write a profile whole, or nothing. Raises ToolFailed where it cannot be written, or would not be read."""
    text = profile_text(said, remarks=remarks)
    try:
        load_profile(path, text=text)
    except InvalidInput as error:
        raise ToolFailed(f"the profile {said['profile']} cannot be written: {error.problems[0].found}") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise ToolFailed(f"cannot write {path}: {error.strerror}") from error
    replace_whole(path, text)


def profile_text(said: Mapping[str, Any], *, remarks: tuple[str, ...] = ()) -> str:
    """A line for each key, and one for each fault."""
    lines = [f"# {remark}" for remark in remarks]
    for key, value in said.items():
        if key == "faults":
            lines += ["", "faults:", *_faults(value)]
        else:
            lines += [*([""] if key in ("incident", "segments") else []), f"{key}: {_flow(value)}"]
    return laid_out(f"{said['profile']}.yaml", "\n".join(lines) + "\n", PROFILE)


def _faults(edges: Mapping[str, list[Mapping[str, Any]]]) -> list[str]:
    found = []
    for edge, faults in edges.items():
        found.append(f"  {edge}:")
        for fault in faults:
            first, *others = fault.items()
            found.append(f"    - {first[0]}: {_flow(first[1])}")
            found += [f"      {key}: {_flow(value)}" for key, value in others]
    return found


def _flow(value: Any) -> str:
    match value:
        case Mapping():
            return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=True)

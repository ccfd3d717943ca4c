"""The OpenAPI document of an environment: found from its `flowprobe.yaml`, read once, and told from other things."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from flowprobe.core.contract import Contract
from flowprobe.core.scenario import Environment, FileRef
from flowprobe.errors import InvalidInput
from flowprobe.files.documents import MAX_DOCUMENT, read_documents
from flowprobe.files.nodes import read_text
from flowprobe.files.problems import Source, did_you_mean

__all__ = ["load_contract"]

_VERSION = re.compile(r"3\.[01](\..*)?")


def load_contract(environment: Environment, *, limit: int = MAX_DOCUMENT) -> Contract | None:
    """The contract of an environment; None where it names none. Raises InvalidInput with the line that names a
    document which is not there or is none, and with the line of the document where that cannot be read."""
    named = environment.openapi
    if named is None:
        return None
    path = Path(named.position.file).parent / named.name
    if not path.is_file():
        siblings = os.listdir(path.parent) if path.parent.is_dir() else []
        raise _problem("no-document", named, instead=did_you_mean(path.name, siblings))
    stat = path.stat()
    files = _read(path, stat.st_mtime_ns, stat.st_size, limit)
    reason = _strange(files[path.name])
    if reason:
        raise _problem("not-openapi", named, reason=reason)
    return Contract(path.name, files)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int, limit: int) -> dict[str, Any]:
    """Kept for the other scenarios of a command, as long as the file does not change."""
    return read_documents(path, limit=limit)


def _strange(data: Any) -> str:
    """Why this is not a document that we can judge by, or ''."""
    if not isinstance(data, dict):
        return "it is not a mapping"
    if "openapi" not in data:
        return "it is Swagger 2.0" if "swagger" in data else "it has no key `openapi`"
    version = data["openapi"]
    if not _VERSION.fullmatch(str(version)):
        return f"its version is {version}"
    if not isinstance(data.get("paths", {}), dict):
        return "`paths` is not a mapping"
    return "" if "paths" in data or str(version).startswith("3.1") else "it has no `paths`"


def _problem(id: str, named: FileRef, **words: object) -> InvalidInput:
    file = named.position.file
    try:
        source = Source(file, read_text(Path(file)))
    except InvalidInput:
        source = Source(file)
    return InvalidInput((source.problem_at(id, named.position, width=len(named.name), name=named.name, **words),))

"""What is done to a reply that is here, whole and without its content encoding: pure functions of it.

Each `spoil` says what came of it, or why there was nothing to spoil: then nothing was injected.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, TypeAlias

from flowprobe.core.faults.edits import edit
from flowprobe.core.faults.stages import Stage
from flowprobe.core.jsonpath import MISSING, compile_path
from flowprobe.core.plain import Plain, plain

__all__ = ["Edit", "Malform", "Mislabel", "Misname", "Original", "Pad", "Recharset", "Spoiling", "Spoilt", "Unspoilt"]

_DAMAGED = 8
"""So many bytes of a body that is no JSON are overwritten."""


@plain
class Original(Plain):
    """A reply's body without its content encoding, and its Content-Type ('' for none)."""

    content: bytes
    media_type: str = ""


@plain
class Spoilt(Plain):
    """What is different now; None is as it was. `encoding` is what Content-Encoding says of a body that is not
    encoded so."""

    content: bytes | None = None
    media_type: str | None = None
    encoding: str | None = None
    detail: str = ""


@plain
class Unspoilt(Plain):
    """Nothing was spoilt, and why."""

    why: str


Outcome: TypeAlias = Spoilt | Unspoilt


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError):
        return MISSING


@plain
class Malform(Plain):
    """Make JSON that no parser takes: `how` cuts the last brace, leaves a comma behind, or damages bytes in the middle.
    A body that is no JSON gets damaged bytes."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    how: str

    def spoil(self, original: Original) -> Outcome:
        content = original.content
        if not content:
            return Unspoilt("the body is empty")
        if _parsed(content) is MISSING:
            return Spoilt(_damaged(content), detail="damaged bytes: it is no JSON")
        malformed = self._malformed(content.rstrip())
        # A number without its last digit is a number still.
        still = _parsed(malformed) is not MISSING
        return Spoilt(_damaged(content) if still else malformed, detail="garbage" if still else self.how)

    def _malformed(self, content: bytes) -> bytes:
        match self.how:
            case "cut-brace":
                return content[:-1]
            case "trailing-comma":
                return content[:-1] + b"," + content[-1:]
            case _:
                return _damaged(content)


def _damaged(content: bytes) -> bytes:
    """Control characters over the middle: nothing in JSON may hold them."""
    start = max(0, len(content) // 2 - _DAMAGED // 2)
    hit = bytes(2 if byte == 1 else 1 for byte in content[start:start + _DAMAGED])
    return content[:start] + hit + content[start + len(hit):]


@plain
class Pad(Plain):
    """Make the body at least `size` bytes long by spaces after it, which leaves JSON, HTML and text what they are."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    size: int

    def spoil(self, original: Original) -> Outcome:
        missing = self.missing(len(original.content))
        if missing == 0 or not original.content:
            return Unspoilt("the body is as large already" if missing == 0 else "the body is empty")
        return Spoilt(original.content + b" " * missing, detail=f"{missing} bytes more")

    def missing(self, length: int) -> int:
        """How many bytes a body of this length lacks."""
        return max(0, self.size - length)


@plain
class Mislabel(Plain):
    """Let Content-Type say something else; the body stays as it is."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    media_type: str

    def spoil(self, original: Original) -> Outcome:
        if original.media_type == self.media_type:
            return Unspoilt(f"Content-Type is {self.media_type} already")
        return Spoilt(media_type=self.media_type)


@plain
class Recharset(Plain):
    """Let Content-Type name another charset; the body stays as it is."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    charset: str

    def spoil(self, original: Original) -> Outcome:
        kept = [part for part in original.media_type.split(";") if not part.strip().lower().startswith("charset=")]
        changed = "; ".join([*(part.strip() for part in kept), f"charset={self.charset}"])
        if not original.media_type:
            return Unspoilt("the reply has no Content-Type")
        if changed.lower() == original.media_type.lower():
            return Unspoilt(f"the charset is {self.charset} already")
        return Spoilt(media_type=changed)


@plain
class Misname(Plain):
    """Let Content-Encoding name an encoding that the body is not in."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    encoding: str

    def spoil(self, original: Original) -> Outcome:
        if not original.content:
            return Unspoilt("the body is empty")
        return Spoilt(original.content, encoding=self.encoding)


@plain
class Edit(Plain):
    """Change what stands at a JSONPath of the body, wherever that leads."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    path: str
    how: str
    value: object = None

    def spoil(self, original: Original) -> Outcome:
        document = _parsed(original.content)
        if document is MISSING:
            return Unspoilt("the body is no JSON")
        places = compile_path(self.path).places(document)
        if not places:
            return Unspoilt(f"nothing stands at {self.path}")
        changed = edit(places, self.how, self.value)
        if not changed:
            return Unspoilt(f"what stands at {self.path} is so already")
        return Spoilt(_written(document), detail=f"{changed} {'place' if changed == 1 else 'places'}")


def _written(document: Any) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a pair, which only an escape can spell
        return json.dumps(document, separators=(",", ":")).encode()


Spoiling: TypeAlias = Malform | Pad | Mislabel | Recharset | Misname | Edit

"""The documents of this repository, as tests read them.

A document is one session, in an empty folder beside copies of `scenarios/` and `proxies/`:

- a fenced block `sh` holds commands, one a line; `# exit 1` behind one says that it ends with 1;
- a fenced block `console` holds commands after `$ ` with what they print; a line `...` stands for any lines;
- a block of any language whose first line is a comment with nothing but a file's name (`# shop.py`) is that file;
- `run:` in a block `yaml` is a command too (what a CI service would run).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<name>[\w./-]+\.(?:ya?ml|py))\n")
_EXIT = re.compile(r"^(?P<command>.*?)(?:\s+# exit (?P<code>\d+)\b.*|\s+#.*)?$")
_RUN = re.compile(r"^\s*(?:- )?run: (?P<command>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """`output` is what the document says that it prints; None where it does not say."""

    document: str
    line: int
    text: str
    code: int = 0
    output: tuple[str, ...] | None = None


@dataclass(frozen=True)
class File:
    name: str
    text: str


def documents() -> tuple[Path, ...]:
    found = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "proxies").rglob("*.md"))
    return tuple(sorted(path.relative_to(ROOT) for path in found))


def session(document: Path) -> tuple[Command | File, ...]:
    """The files and the commands of a document, in order."""
    text = (ROOT / document).read_text()
    return tuple(thing for block in _FENCE.finditer(text) for thing in _things(document, text, block))


def commands(document: Path) -> tuple[Command, ...]:
    return tuple(thing for thing in session(document) if isinstance(thing, Command))


def _things(document: Path, text: str, block: re.Match[str]) -> Iterator[Command | File]:
    line = text.count("\n", 0, block.start("body")) + 1
    body, file = block["body"], _FILE.match(block["body"])
    if file:
        yield File(file["name"], body)
    match block["language"]:
        case "sh" | "bash" | "shell":
            yield from _script(str(document), line, body)
        case "console":
            yield from _dialogue(str(document), line, body)
        case "yaml":
            for number, found in enumerate(_RUN.finditer(body)):
                yield _command(str(document), line + number, found["command"])


def _script(document: str, line: int, body: str) -> Iterator[Command]:
    for number, text in enumerate(body.replace("\\\n", " \n").splitlines()):
        if text.strip() and not text.startswith("#"):
            yield _command(document, line + number, text)


def _dialogue(document: str, line: int, body: str) -> Iterator[Command]:
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    for part in parts[1:]:
        text, *output = part.rstrip("\n").split("\n")
        yield _command(document, line, text, tuple(output) or None)


def _command(document: str, line: int, text: str, output: tuple[str, ...] | None = None) -> Command:
    found = _EXIT.match(text.strip())
    assert found is not None
    return Command(document, line, found["command"], int(found["code"] or 0), output)


# --- what was printed, against what the document says ---------------------------------------------

_MASKS = (
    (re.compile(r"\.flowprobe/runs/[\w-]+"), "RUN"),
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"\b\d+(?:\.\d+)*(?: ?(?:ms|s)\b)?"), "#"),
    (re.compile(r"\s+"), " "),
)


def masked(line: str) -> str:
    """A line without what differs from run to run: numbers, times, folders, columns."""
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return line.strip()


def printed_as_said(said: tuple[str, ...], printed: list[str]) -> bool:
    """`...` in what is said stands for any number of lines."""
    wanted, found = [masked(line) for line in said], [masked(line) for line in printed]
    while found and not found[-1]:
        found.pop()
    return _fits(wanted, found)


def _fits(wanted: list[str], found: list[str]) -> bool:
    if not wanted:
        return not found
    if wanted[0] == "...":
        return any(_fits(wanted[1:], found[skipped:]) for skipped in range(len(found) + 1))
    return bool(found) and wanted[0] == found[0] and _fits(wanted[1:], found[1:])

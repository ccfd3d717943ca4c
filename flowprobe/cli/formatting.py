"""`flowprobe fmt`: files in the style of the house, with every value and every comment that they have."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path

from flowprobe.errors import InvalidInput
from flowprobe.files.formatting.places import files_at, replace_whole
from flowprobe.files.formatting.printing import Unprintable
from flowprobe.files.formatting.text import formatted
from flowprobe.files.nodes import read_text

__all__ = ["fmt_command"]

_STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class _Looked:
    """What came of one file: an exit code for it, and whether it is, or would be, another one."""

    code: int
    changed: bool = False


def fmt_command(paths: tuple[Path, ...], *, check: bool, diff: bool) -> int:
    """Exit code 0; 1 where `check` found something to format, 2 where a file has mistakes, 4 where one was left."""
    if _STDIN in paths:
        return _from_stdin(check=check, diff=diff)
    files = files_at(paths or (Path(),))
    looked = [_file(file, check=check, diff=diff) for file in files]
    changed = sum(each.changed for each in looked)
    said = "would change" if check or diff else "formatted"
    count = f"{len(files)} file{'s' if len(files) != 1 else ''} looked at, {changed} {said}"
    print(count, file=sys.stderr if diff else sys.stdout)
    return max((each.code for each in looked), default=0)


def _file(path: Path, *, check: bool, diff: bool) -> _Looked:
    """Format one file; what is wrong with it is told, and it stays as it is."""
    try:
        before = read_text(path)
        after = formatted(path, before)
        changed = after.encode() != path.read_bytes()
    except InvalidInput as invalid:
        return _Looked(_tell(invalid))
    except Unprintable as reason:
        return _Looked(_left(path, reason))
    if changed and diff:
        sys.stdout.write(_difference(str(path), before, after))
    elif changed:
        print(f"{'would format' if check else 'formatted'} {path}")
    if changed and not (check or diff):
        replace_whole(path, after)
    return _Looked(1 if changed and check else 0, changed)


def _from_stdin(*, check: bool, diff: bool) -> int:
    """What editors do: the text comes in, and goes out; nothing goes out where it has mistakes."""
    before = sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape")
    try:
        after = formatted(Path("<stdin>"), before)
    except InvalidInput as invalid:
        return _tell(invalid)
    except Unprintable as reason:
        return _left(Path("<stdin>"), reason)
    if diff:
        sys.stdout.write(_difference("<stdin>", before, after))
    elif not check:
        sys.stdout.buffer.write(after.encode())
        sys.stdout.buffer.flush()
    return 1 if check and after != before else 0


def _difference(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _tell(invalid: InvalidInput) -> int:
    for problem in invalid.problems:
        print(problem.render(), end="\n\n", file=sys.stderr)
    return 2


def _left(path: Path, reason: Unprintable) -> int:
    print(f"{path}: {reason}", file=sys.stderr)
    return 4

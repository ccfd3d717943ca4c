"""YAML's own errors in plain words: what stands there, and what to write."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.reader import Reader, ReaderError

from flowprobe.errors import Problem
from flowprobe.files.problems import Source

__all__ = ["explain"]

_TEMPLATE = re.compile(r"\$\{[^}\n]*\}?")
_PATH = re.compile(r"(?<![\"'\w])\$[\w.-]*\[[^\]\n]*\][^\s,}]*")
_SAYS: tuple[tuple[str, str, str], ...] = (
    # libyaml's words and PyYAML's own, our sentence, and the way out
    (r"unexpected end of stream|document separator", "this quote is never closed", "close it"),
    (r"(expected|find expected) ',' or '\}'", "the `{{` of line {line} is not closed before this",
     "write , between two pairs and }} at the end"),
    (r"(expected|find expected) ',' or '\]'", "the `[` of line {line} is not closed before this",
     "write , between two items and ] at the end"),
    (r"node content", "a value is missing before this", "close what was opened, or write a value"),
    (r"mapping values are not allowed",
     "this line is indented deeper than the one before it, whose value is complete",
     "line its key up with the keys beside it"),
    (r"block end|expected key|'-' indicator", "this line does not line up with the lines before it",
     "give keys and dashes that belong together the same indentation"),
    (r"find expected ':'", "there is no `:` after this key", "write `key: value`"),
    (r"unknown escape|hexdecimal|hexadecimal", "this is no escape in double quotes",
     "write \\\\ for a backslash, or use single quotes"),
)


def explain(error: yaml.YAMLError, source: Source) -> Problem:
    """The one problem that a YAML error is."""
    if isinstance(error, ReaderError):
        return _control_character(source)
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return source.problem("yaml-syntax", found=f"this is not YAML: {error}")
    line, column = mark.line + 1, mark.column + 1
    special = _special(str(getattr(error, "problem", "")), source, line, column)
    return special if special is not None else _syntax(error, source, line, column)


def _special(said: str, source: Source, line: int, column: int) -> Problem | None:
    text = source.line(line)
    before, character = text[:column - 1], text[column - 1:column]
    if character == "{" and before.endswith("$"):
        found = _TEMPLATE.match(text, column - 2)
        shown = found[0] if found else "${...}"
        alone = not before[:-1] or before[-2] in " ,[{:"
        instead = f'quote it: write "{shown}"' if alone else "quote the whole text"
        return source.problem("unquoted-template", line, column - 1, width=len(shown), instead=instead)
    path = next((found for found in _PATH.finditer(text) if found.start() < column <= found.end() + 1), None)
    if path is not None:
        return source.problem("unquoted-path", line, path.start() + 1, width=len(path[0]),
                              instead=f'quote it: write "{path[0]}"')
    if character == "\t" or (before + character).strip(" ").startswith("\t"):
        return source.problem("tab-indentation", line, len(text) - len(text.lstrip(" ")) + 1)
    if "mapping values are not allowed" in said and re.search(r":\s", before):
        return source.problem("unquoted-colon", line, column)
    if "cannot start any token" in said and character:
        return source.problem("unquoted-start", line, column, character=character)
    return None


def _syntax(error: Any, source: Source, line: int, column: int) -> Problem:
    said = f"{error.problem or ''}"
    for pattern, found, instead in _SAYS:
        if re.search(pattern, said):
            opened = error.context_mark.line + 1 if error.context_mark else line
            if "quote" in found:
                line, column = opened, error.context_mark.column + 1
            return source.problem("yaml-syntax", line, column, found=found.format(line=opened),
                                  instead=instead.replace("}}", "}"))
    return source.problem("yaml-syntax", line, column, found=f"this is not YAML: {said}")


def _control_character(source: Source) -> Problem:
    found = Reader.NON_PRINTABLE.search(source.text)
    at = found.start() if found else 0
    lines = Source(source.file, source.text[:at]).lines
    code = f"U+{ord(source.text[at]):04X}"
    return source.problem("control-character", len(lines), len(lines[-1]) + 1, code=code)

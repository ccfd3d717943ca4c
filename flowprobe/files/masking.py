"""What stands where a secret belongs is shown in no message: neither in the line of the file nor in the sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from flowprobe.core.plain import Plain, plain
from flowprobe.errors import Problem
from flowprobe.files.nodes import Mapping, Node, Scalar
from flowprobe.files.problems import Source

__all__ = ["masked", "masked_text"]

_SECRET = {"auth", "certificate"}
_OPEN = {"user", "header", "query", "cookie", "token", "client_id", "client_in", "scope", "extra", "id", "algorithm",
         "sign", "join", "encoding", "headers", "region", "service"}
"""The keys below `auth` of which the value is no secret."""
_REFERENCE = re.compile(r"(env|mint):[A-Za-z_][A-Za-z0-9_-]*|(file|cmd):.+|client_credentials")
_USER_INFO = re.compile(r"(?<=://)[^/\s\"'@]*(?=@)")
_KEY = re.compile(r"(?<![\w-])(auth|certificate|bearer|basic|api_key|oauth2|hmac|sigv4|grant|password|client_secret|"
                  r"refresh_token|access_key|secret_key|session_token|(proxy-)?authorization|cookie|x-api-key)"
                  r"[\"']?\s*:", re.IGNORECASE)
_LOST = {"tag", "duplicate-key", "key-not-text", "merge-key"}
"""The problems of what is left out of the tree."""
_SHORTEST = 4  # a shorter word would blank out half of a sentence
_CUTS = (20, 40, 300)  # where messages cut a word


@plain
class _Span(Plain):
    """A value and where it stands: lines and columns from 0."""

    value: str
    start: tuple[int, int]
    end: tuple[int, int]


def masked(problems: Iterable[Problem], root: Node, source: Source) -> tuple[Problem, ...]:
    """The problems of a file that could be read as YAML."""
    told = tuple(problems)
    odd = sorted({p.line for p in told if p.id in _LOST and p.file == source.file})
    spans = (*_below(root, secret=False), *(span for line in odd for span in _on_line(line - 1, source)))
    return tuple(_without_user_info(_without(problem, spans) if problem.file == source.file else problem)
                 for problem in told)


def masked_text(problems: Iterable[Problem], source: Source) -> tuple[Problem, ...]:
    """Those of a file that is no YAML: all that follows such a key on its line, and all lines that are deeper."""
    return tuple(_without_user_info(_without(problem, _on_line(problem.line - 1, source)))
                 if problem.file == source.file and problem.source else problem for problem in problems)


def _below(node: Node, *, secret: bool) -> Iterator[_Span]:
    """Without recursion's cost for what has no secrets; a file is at most 32 levels deep."""
    if isinstance(node, Scalar):
        if secret and not _REFERENCE.fullmatch(node.value):
            yield _span(node)
    elif isinstance(node, Mapping):
        for key, child in node.value:
            if secret and isinstance(child, Scalar) and not child.value and key.value not in _OPEN:
                yield _span(key)  # `{PLANTED}`
            inner = key.value in _SECRET or (secret and (isinstance(child, Mapping) or key.value not in _OPEN))
            yield from _below(child, secret=inner and not (secret and key.value in ("extra", "headers")))
    else:
        for child in node.value:
            yield from _below(child, secret=secret)


def _span(node: Scalar) -> _Span:
    return _Span(node.value, (node.start.line, node.start.column), (node.end.line, node.end.column))


def _on_line(line: int, source: Source) -> tuple[_Span, ...]:
    text = source.line(line + 1)
    found = _KEY.search(text)
    at = found.end() if found else 0 if _is_deeper(line, source) else len(text)
    return tuple(_Span(word[0], (line, word.start()), (line, word.end()))
                 for word in re.compile(r"[^\s\"'{}\[\],]+").finditer(text, at))


def _is_deeper(line: int, source: Source) -> bool:
    """Whether a line belongs to such a key above it."""
    depth = _depth(source.line(line + 1))
    for above in range(line, 0, -1):
        text = source.line(above)
        if text.strip() and _depth(text) < depth:
            if _KEY.search(text):
                return True
            depth = _depth(text)
    return False


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def _without(problem: Problem, spans: Iterable[_Span]) -> Problem:
    shown, found, instead = problem.source, problem.found, problem.instead
    for span in spans:
        shown = _starred(shown, span, problem.line - 1)
        for form in _forms(span.value):
            found, instead = found.replace(form, "****"), instead.replace(form, "****")
    return replace(problem, source=shown, found=found, instead=instead)


def _starred(shown: str, span: _Span, line: int) -> str:
    if not span.start[0] <= line <= span.end[0]:
        return shown
    start = span.start[1] if line == span.start[0] else 0
    end = min(len(shown), span.end[1] if line == span.end[0] else len(shown))
    return shown[:start] + "*" * (end - start) + shown[end:] if start < end else shown


def _forms(value: str) -> list[str]:
    """A value as sentences show it: whole, cut, and escaped; the longest first."""
    cut = (value, *(value[:most] for most in _CUTS if len(value) > most))
    forms = {form for text in cut for form in (text, json.dumps(text, ensure_ascii=False)[1:-1])}
    return sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)


def _without_user_info(problem: Problem) -> Problem:
    def hide(text: str) -> str:
        return _USER_INFO.sub(lambda found: "*" * len(found[0]), text)

    return replace(problem, source=hide(problem.source), found=hide(problem.found), instead=hide(problem.instead))

"""Paths, as faults see them: the templates of a `match`, and the call sites by which calls are counted and drawn."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["call_site", "path_matches", "path_pattern"]


def path_matches(template: str, path: str) -> bool:
    """Whether a path fits a template: `*` is one segment, `**` any number of them. The query is left out."""
    return path_pattern(template).fullmatch(path.partition("?")[0]) is not None


@lru_cache(maxsize=512)
def path_pattern(template: str) -> re.Pattern[str]:
    """What a whole path that fits a template matches."""
    words = {"*": "/[^/]+", "**": "(?:/[^/]*)*"}
    segments = template.partition("?")[0].removeprefix("/").split("/")
    return re.compile("".join(words.get(segment, "/" + re.escape(segment)) for segment in segments))


_ID = re.compile(
    r"""\d+                                          # a number
      | [0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}
      | (?=[^/]*\d)[0-9a-fA-F]{8,}                   # a hash
      | [A-Za-z]{1,16}[_-](?=[^/]*\d)[0-9A-Za-z]+    # inv_12, ch_1a2B
      | [A-Za-z]{1,16}_(?=[^/]*[a-z])(?=[^/]*[A-Z])[0-9A-Za-z]{10,}   # cus_WRevxdsHykoVBk, by luck without a digit
      | (?=(?:[^/]*\d){2})[^/]{12,}                  # long, with digits: a token
      | [^/]*(?:@|%40)[^/]*                          # an address
    """,
    re.VERBOSE,
)


def call_site(method: str, path: str) -> str:
    """`POST /v1/charges/*`: the method and the path, with every segment that looks like an id as `*`.

    Ids differ from run to run; what is counted and drawn by must not.
    """
    return f"{method.upper()} {_templated(path.partition('?')[0])}"


@lru_cache(maxsize=4096)
def _templated(path: str) -> str:
    return "/".join("*" if _ID.fullmatch(segment) else segment for segment in path.split("/"))

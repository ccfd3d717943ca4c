"""What the drivers of clients share: a call is a line of JSON on stdin, what its client saw is one on stdout.

A call: `url`, `method`, `headers`, `body`, `patience_s`, and on a forward edge `proxy` and `ca`. What was seen: `status`
and `headers` (null and {} where there was no head), `length` and `sha` of the body as far as it came, `json` (how
reading it as JSON failed), `error`, `seconds`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Call", "Seen", "answer", "named"]

Call = dict[str, Any]


@dataclass
class Seen:
    """Filled while the call goes on: what came before an error stays."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    length: int = 0
    sha: str = ""
    json: str = ""
    error: str = ""
    seconds: float = 0.0

    def head(self, status: int, headers: Any) -> None:
        self.status = status
        self.headers = {str(name).lower(): str(value) for name, value in headers.items()}

    def body(self, content: bytes) -> None:
        self.length, self.sha = len(content), hashlib.sha256(content).hexdigest()

    def reads(self, as_json: Callable[[], object]) -> None:
        try:
            as_json()
        except Exception as error:
            self.json = type(error).__name__


def answer(make: Callable[[Call, Seen], None]) -> None:
    """Make each call of stdin, one after the other, until its end."""
    for line in sys.stdin:
        seen, call = Seen(), json.loads(line)
        began = time.monotonic()
        try:
            make(call, seen)
        except Exception as error:
            seen.error = named(error)
        seen.seconds = time.monotonic() - began
        print(json.dumps(asdict(seen)), flush=True)


def named(error: BaseException) -> str:
    """The exception that its user meets, and what it began with where that is another one."""
    first = error
    while inner := first.__cause__ or first.__context__:
        first = inner
    outer, beginning = type(error).__name__, type(first).__name__
    if beginning == "error":  # of zlib
        beginning = f"{type(first).__module__}.error"
    return outer if outer == beginning else f"{outer} ({beginning})"

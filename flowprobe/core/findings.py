"""A finding: one expectation that did not hold. It is data about the product, never an exception of ours."""

from __future__ import annotations

import re

from flowprobe.core.plain import Plain, plain

__all__ = ["MOST_TOLD", "Finding", "few"]

MOST_TOLD = 100
"""How many findings a step tells: a reply of a million items can break a million promises."""


_VALUE = re.compile(r"(\$\{[^{}]*\}): ('.*'|\".*\") ((?:is|cannot) .*)", re.DOTALL)
"""What was looked up, its value, and why that does not fit."""


@plain
class Finding(Plain):
    """`kind` is status, json, within, no-reply, sends, capture, value, poll, contract, always or never.

    `where` is the place in the reply (`$.state`, `status`) or in the call (`request body $.email`); `expected` and
    `seen` are short texts for people; `place` is the file:line:column of the expectation, `document` the place in a
    contract or a schema that says so. `late_s` is by how many seconds a promised time was missed.
    """

    kind: str
    where: str
    expected: str
    seen: str
    place: str = ""
    late_s: float = 0.0
    document: str = ""

    @property
    def unmade(self) -> str:
        """Why a call never left, and in which round; '' where it did."""
        if self.kind != "value" or not (self.where == "call" or self.where.startswith("call (")):
            return ""
        value = _VALUE.fullmatch(self.seen)
        why = f"{value[1]} is {value[2]}, which {value[3]}" if value else self.seen
        return f"{why}, in the round{self.where.removeprefix('call')}" if self.where != "call" else why

    def sentence(self) -> str:
        if self.unmade:
            return f"not made: {self.unmade}"
        return f"{self.where}: expected {self.expected}, saw {self.seen}"


def few(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The first of them, and how many more there are."""
    if len(findings) <= MOST_TOLD:
        return findings
    last = findings[-1]
    more = Finding(last.kind, "…", "no more findings", f"{len(findings) - MOST_TOLD + 1} more", last.place)
    return (*findings[:MOST_TOLD - 1], more)

"""`body: html`: the status is fine, the body is not."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Replace, Shorten
from flowprobe.core.fields import As, Choice, Field, Integer, OneOf, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Body", "Truncate"]


_PAGE = b"""<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Sign in to the network to continue</h1><form method="post"><input name="email"></form></body></html>
"""


@plain
class Truncate(Plain):
    """Keep the first `keep` percent of the body. `length` right: Content-Length says what was kept; wrong: it
    still says the whole, and the connection ends early."""

    keep: int = 50
    length: str = "wrong"


@plain
class Body(Plain):
    """The provider answers; its body is replaced: `how` is empty, html, or a truncation."""

    how: str | Truncate

    def action(self) -> Action:
        match self.how:
            case Truncate(keep, length):
                return Shorten(keep, honest=length == "right")
            case "empty":
                return Replace(b"")
            case "html":
                return Replace(_PAGE, "text/html; charset=utf-8")
            case strange:
                raise ValueError(f"no such body fault: {strange}")

    def describe(self) -> str:
        match self.how:
            case Truncate(keep, length):
                return f"body cut to {keep}% with the {length} length"
            case how:
                return f"body {how}"


FIELD = Field(
    "body",
    OneOf(
        scalar=As(Choice(("empty", "html", "truncate")), lambda word: Body(Truncate() if word == "truncate" else word)),
        mapping=Record("body fault", lambda truncate: Body(truncate), (
            Field("truncate", Record("truncation", Truncate, (
                Field("keep", Integer(minimum=0, maximum=99), "Percent of the body that is kept.", example="50"),
                Field("length", Choice(("right", "wrong")), "Whether Content-Length tells the truth.",
                      example="wrong"),
            )), "Cut the body short.", required=True, example="{keep: 50, length: wrong}"),
        )),
    ),
    "Let the provider answer, and spoil the body.",
    example="html",
)

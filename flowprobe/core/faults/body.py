"""`body: html`: the status is fine, the body is not."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Replace, Shorten
from flowprobe.core.faults.spoiling import Malform, Mislabel, Misname, Pad, Recharset
from flowprobe.core.fields import As, Choice, Field, Integer, OneOf, Record, Size, Text
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "MOST", "Body", "Truncate"]

MOST = "64MB"
"""What a body is padded to at most: it may have to be held in memory, whole, while its caller reads it."""

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
    """The provider answers; its body is replaced (`how` is empty or html), cut short, or spoilt by one of the actions
    that are values themselves."""

    how: str | Truncate | Malform | Pad | Mislabel | Recharset | Misname

    def action(self) -> Action:
        match self.how:
            case Truncate(keep, length):
                return Shorten(keep, honest=length == "right")
            case "empty":
                return Replace(b"")
            case "html":
                return Replace(_PAGE, "text/html; charset=utf-8")
            case str() as strange:
                raise ValueError(f"no such body fault: {strange}")
            case action:
                return action

    def describe(self) -> str:
        match self.how:
            case Truncate(keep, length):
                return f"body cut to {keep}% with the {length} length"
            case Malform(how):
                return f"body malformed by {how}"
            case Pad(size):
                return f"body of {size} bytes or more"
            case Mislabel(media_type):
                return f"body labelled {media_type}"
            case Recharset(charset):
                return f"body in the wrong charset {charset}"
            case Misname(encoding):
                return f"body not in {encoding}, as it says"
            case how:
                return f"body {how}"


_MALFORM = Choice(("cut-brace", "trailing-comma", "garbage"))
_WORDS = {"truncate": Truncate(), "malform": Malform("cut-brace")}


def _body(**how: Truncate | Malform | Pad | Mislabel | Recharset | Misname) -> Body:
    (found,) = how.values()
    return Body(found)


_KEYS: dict[type, str] = {Truncate: "truncate", Malform: "malform", Pad: "oversize", Mislabel: "content_type",
                          Recharset: "charset", Misname: "encoding"}


def _parts(body: Body) -> dict[str, object] | None:
    key = _KEYS.get(type(body.how))
    return {key: body.how} if key else None


_PARTS = (
    Field("truncate", Record("truncation", Truncate, (
        Field("keep", Integer(minimum=0, maximum=99), "Percent of the body that is kept.", example="50"),
        Field("length", Choice(("right", "wrong")), "Whether Content-Length tells the truth.", example="wrong"),
    )), "Cut the body short.", example="{keep: 50, length: wrong}"),
    Field("malform", As(_MALFORM, Malform), "Make JSON that no parser takes; any other body gets damaged bytes.",
          example="trailing-comma"),
    Field("oversize", As(Size(maximum=MOST), Pad), "Make the body so large, by spaces after it.", example="10MB"),
    Field("content_type", As(Text(pattern=r"[\w.+-]+/[\w.+*-]+(\s*;.*)?", described="a media type"), Mislabel),
          "Let Content-Type say this; the body stays.", example="text/html"),
    Field("charset", As(Text(pattern=r"[\w.:+-]+", described="the name of a charset"), Recharset),
          "Let Content-Type name this charset; the body stays.", example="utf-16"),
    Field("encoding", As(Choice(("gzip", "br", "deflate", "zstd")), Misname),
          "Let Content-Encoding say this of a body that is not encoded so.", example="gzip"),
)
FIELD = Field(
    "body",
    OneOf(
        scalar=As(Choice(("empty", "html", *_WORDS)), lambda word: Body(_WORDS.get(word, word))),
        mapping=Record("body fault", _body, _PARTS, exactly_one=tuple(part.key for part in _PARTS),
                       parts=_parts),
    ),
    "Let the provider answer, and spoil the body.",
    example="html",
)

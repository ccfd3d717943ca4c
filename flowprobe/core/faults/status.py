"""`status: 503`: the provider refuses to serve; the call never reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field

from flowprobe.core.faults.actions import Action, Answer
from flowprobe.core.fields import As, Field, Integer, Json, MapOf, OneOf, Record, Text
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Status"]


@plain
class Status(Plain):
    """Answer with `code` instead of forwarding. `body` is text, or a JSON value that is sent as JSON."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = ""

    def action(self) -> Action:
        content, media_type = _content(self.body)
        headers = dict(self.headers)
        if media_type and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = media_type
        return Answer(self.code, tuple(headers.items()), content)

    def describe(self) -> str:
        return f"status {self.code}"


def _content(body: object) -> tuple[bytes, str]:
    if body is None or body == "":
        return b"", ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(), "application/json"


_CODE = Integer(minimum=100, maximum=599)
FIELD = Field(
    "status",
    OneOf(
        scalar=As(_CODE, Status),
        mapping=Record("status fault", Status, (
            Field("code", _CODE, "The status code of the answer.", required=True, example="503"),
            Field("headers", MapOf(Text(), key=Text()), "Headers of the answer.", example="{Retry-After: '2'}"),
            Field("body", Json(templated=False), "The body: text, or a value that is sent as JSON.",
                  example="{error: {type: api_error}}"),
        )),
    ),
    "Answer with this status; the provider is not called.",
    example="503",
)

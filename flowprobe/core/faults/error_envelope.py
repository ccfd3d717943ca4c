"""`error_envelope: graphql`: the status is 200, the body says that it failed."""

from __future__ import annotations

import json

from flowprobe.core.faults.actions import Action, Answer
from flowprobe.core.fields import As, Choice, Field, Json, OneOf, Record, Text
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "ErrorEnvelope"]


@plain
class ErrorEnvelope(Plain):
    """Answer 200 with an error for a body, in the provider's place: `style` is plain (`{"error": …}`) or graphql
    (`{"data": null, "errors": […]}`). A `body` that is given is sent as it is."""

    style: str = "plain"
    message: str = "Something went wrong"
    error: str = "internal_error"
    body: object = None

    def action(self) -> Action:
        content = json.dumps(self._content(), separators=(",", ":"), ensure_ascii=False)
        return Answer(200, (("Content-Type", "application/json"),), content.encode())

    def _content(self) -> object:
        if self.body is not None:
            return self.body
        if self.style == "graphql":
            return {"data": None, "errors": [{"message": self.message, "extensions": {"code": self.error.upper()}}]}
        return {"error": {"code": self.error, "message": self.message}}

    def describe(self) -> str:
        return f"200 with an error in it{' (graphql)' if self.style == 'graphql' and self.body is None else ''}"


_STYLE = Choice(("plain", "graphql"))
FIELD = Field("error_envelope", OneOf(
    scalar=As(_STYLE, ErrorEnvelope),
    mapping=Record("error envelope", ErrorEnvelope, (
        Field("style", _STYLE, "`{error: …}`, or `{data: null, errors: […]}`.", example="graphql"),
        Field("message", Text(), "What the error says.", example="Something went wrong"),
        Field("error", Text(), "The code of the error.", example="internal_error"),
        Field("body", Json(templated=False), "A body of your own, in the place of all that.",
              example="{ok: false, error: fatal_error}"),
    ), filled=True),
), "Answer 200 with an error in the body; the provider is not called.", example="plain")

"""`expired_token: true`: the provider says that the caller's token is no good any more (RFC 6750, 3.1)."""

from __future__ import annotations

import json

from flowprobe.core.faults.actions import Action, Answer
from flowprobe.core.fields import TRUE, As, Field, Json, OneOf, Record, Text
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "ExpiredToken"]

_SAYS = "The access token expired"


@plain
class ExpiredToken(Plain):
    """Answer 401 with `WWW-Authenticate: Bearer error="invalid_token"`; the provider is not asked."""

    realm: str = ""
    body: object = None

    def action(self) -> Action:
        realm = f'realm="{self.realm}", ' if self.realm else ""
        challenge = f'Bearer {realm}error="invalid_token", error_description="{_SAYS}"'
        body = {"error": "invalid_token", "error_description": _SAYS} if self.body is None else self.body
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        return Answer(401, (("WWW-Authenticate", challenge), ("Content-Type", "application/json")), content)

    def describe(self) -> str:
        return "expired token"


FIELD = Field("expired_token", OneOf(
    scalar=As(TRUE, lambda _: ExpiredToken()),
    mapping=Record("expired token", ExpiredToken, (
        Field("realm", Text(pattern=r'[^"\\]+', described='text without " and \\'),
              "The realm that the challenge names.", example="api"),
        Field("body", Json(templated=False), "The body, sent as JSON.", example="{code: token_expired}"),
    ), filled=True),
), "Answer 401, the token has expired; the provider is not called.", example="true")

"""`status: 503`: the provider refuses to serve; the call never reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from flowprobe.core.faults import quota as quotas
from flowprobe.core.faults.actions import Action, Answer
from flowprobe.core.faults.answers import Limited
from flowprobe.core.faults.quota import Quota
from flowprobe.core.fields import (
    As,
    Choice,
    Duration,
    Field,
    Integer,
    Json,
    MapOf,
    OneOf,
    Record,
    Special,
    Text,
    Wrong,
)
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "RECIPE", "Status"]

RECIPE = Special("recipe", {"type": "string", "pattern": "^[a-z0-9]+/[a-z0-9-]+$"})


@plain
class Status(Plain):
    """Answer with `code` instead of forwarding. `body` is text, or a JSON value that is sent as JSON.

    A `recipe` gives what is not said here, as a well-known provider sends it. `retry_after` is in seconds, and is sent
    as seconds or as a date; with a `quota` only the calls beyond it are answered so.
    """

    code: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = ""
    recipe: str = ""
    retry_after: float | None = None
    retry_after_as: str = "seconds"
    quota: Quota | None = None

    def action(self) -> Action:
        code, headers, body, resets = self._told()
        content, media_type = _content(body)
        if media_type and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = media_type
        if self.retry_after is None and self.quota is None and resets is None:
            return Answer(code, tuple(headers.items()), content)
        return Limited(code, tuple(headers.items()), content, self.retry_after, self.retry_after_as == "date", resets,
                       self.quota)

    def _told(self) -> tuple[int, dict[str, str], object, float | None]:
        """Code, headers, body, and in how many seconds the provider's limit is reset."""
        if not self.recipe:
            return self.code, dict(self.headers), self.body, None
        from flowprobe.core.faults.recipes import RECIPES

        recipe = RECIPES[self.recipe]
        given = {name.lower() for name in self.headers} | ({"retry-after"} if self.retry_after is not None else set())
        headers = {name: value for name, value in recipe.headers.items() if name.lower() not in given}
        body = recipe.body if self.body == "" else self.body
        return self.code or recipe.code, {**headers, **self.headers}, body, recipe.resets

    def describe(self) -> str:
        told = f"status {self._told()[0]}{f' ({self.recipe})' if self.recipe else ''}"
        return f"{told} {self.quota.describe()}" if self.quota else told


def _content(body: object) -> tuple[bytes, str]:
    if body is None or body == "":
        return b"", ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(), "application/json"


def _can_have_its_body(values: Mapping[str, Any]) -> Wrong | None:
    """The check that a body is not said, by itself or by a recipe, where the code leaves none (RFC 9110, 6.4.1)."""
    code, recipe = values.get("code"), values.get("recipe")
    if code not in _BODILESS:
        return None
    if values.get("body") not in (None, ""):
        return Wrong("body", "bodiless", {"code": code, "what": "this one",
                                          "instead": "remove `body`, or write a code that has one, such as 200"})
    if recipe:
        return Wrong("code", "bodiless", {"code": code, "what": f"the one of {recipe}",
                                          "instead": "remove `recipe`, or write a code that has one, such as 503"})
    return None


_BODILESS = (204, 304)
_CODE = Integer(minimum=200, maximum=599)  # what is below is no answer: the caller would wait for one
FIELD = Field(
    "status",
    OneOf(
        scalar=As(_CODE, Status),
        mapping=Record("status fault", Status, (
            Field("code", _CODE, "The status code of the answer.", example="503"),
            Field("recipe", RECIPE, "A well-known provider's own answer; what stands beside it replaces that part.",
                  example="stripe/card-declined"),
            Field("headers", MapOf(Text(), key=Text()), "Headers of the answer.", example="{Retry-After: '2'}"),
            Field("body", Json(templated=False), "The body: text, or a value that is sent as JSON.",
                  example="{error: {type: api_error}}"),
            Field("retry_after", Duration(), "When to come again, as the header Retry-After.", example="2s"),
            Field("retry_after_as", Choice(("seconds", "date")), "How Retry-After is written.", example="date",
                  beside="retry_after"),
            quotas.FIELD,
        ), exactly_one=("code", "recipe"), narrows={"code": ("recipe",)}, verify=_can_have_its_body),
    ),
    "Answer with this status; the provider is not called.",
    example="503",
)

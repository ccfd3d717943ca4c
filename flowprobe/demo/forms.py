"""Fields that come as `application/x-www-form-urlencoded`, in a body or behind the `?` of a URL."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

__all__ = ["InvalidForm", "read_form", "single"]

_MOST_FIELDS = 50
_KIND = "application/x-www-form-urlencoded"


class InvalidForm(ValueError):
    """The fields cannot be read, or one of them is there twice."""


async def read_form(request: Request) -> dict[str, str]:
    """The fields of the body, or raise InvalidForm."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise InvalidForm(f"send the fields as {_KIND}")
    try:
        text = (await request.body()).decode("ascii")
        return single(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except InvalidForm:
        raise
    except ValueError:
        raise InvalidForm("the body is no form in UTF-8") from None


def single(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields by name, each once, without those that are empty; or raise InvalidForm."""
    found: dict[str, str] = {}
    for name, value in fields:
        if name in found:
            raise InvalidForm(f"{name} is there twice")
        found[name] = value
    return {name: value for name, value in found.items() if value}

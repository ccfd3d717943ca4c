from __future__ import annotations

import pytest

from flowprobe.core.contract_values import is_json, media_part, media_type
from flowprobe.core.openapi import Documents


@pytest.mark.parametrize(("keys", "header", "found"), [
    (["application/json"], "application/json", "application/json"),
    (["application/json"], "Application/JSON; charset=utf-8", "application/json"),
    (["application/json; charset=utf-8"], "application/json", "application/json; charset=utf-8"),
    (["text/csv", "text/csv; header=present"], 'text/csv;header="present"', "text/csv; header=present"),
    (["application/json", "application/*"], "application/json", "application/json"),
    (["*/*", "application/*"], "application/xml", "application/*"), (["*/*"], "image/png", "*/*"),
    (["application/json"], "application/problem+json", None), (["application/json"], "", None), ([], "text/plain", None),
])
def test_the_nearest_media_type_is_the_one_that_holds(keys: list[str], header: str, found: str | None) -> None:
    content = Documents("o", {"o": {key: {} for key in keys}}).at("o", ())
    assert content is not None
    part = media_part(content, header)
    assert (part.pointer[-1] if part else None) == found


@pytest.mark.parametrize(("header", "kind", "json"), [
    ("application/json; charset=utf-8", "application/json", True), (" Application/HAL+JSON", "application/hal+json", True),
    ("text/plain", "text/plain", False), ("application/jsonl", "application/jsonl", False), ("", "", False),
])
def test_what_is_json_is_judged_as_json(header: str, kind: str, json: bool) -> None:
    assert (media_type(header), is_json(media_type(header))) == (kind, json)

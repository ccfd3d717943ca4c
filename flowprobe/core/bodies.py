"""What a step sends: one of five kinds of body, and how each is written on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import count
from typing import Any, TypeAlias, assert_never
from urllib.parse import urlencode

from flowprobe.core.plain import Plain, plain
from flowprobe.core.resolve import Names, WrongType, as_text, resolve, resolve_text
from flowprobe.core.values import Text, Value
from flowprobe.core.wire import Body

__all__ = ["Attachment", "FileBody", "FormBody", "JsonBody", "MultipartBody", "Part", "RequestBody", "TextBody",
           "encoded", "pairs"]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=as_text,
                           allow_nan=False).encode


@plain
class Attachment(Plain):
    """A file that was read with the scenario: its name without folders, its bytes, its media type."""

    name: str
    content: bytes = field(repr=False)
    media_type: str


@plain
class JsonBody(Plain):
    value: Value


@plain
class FormBody(Plain):
    """`application/x-www-form-urlencoded`; a list repeats its field."""

    fields: Mapping[str, Value]


@plain
class Part(Plain):
    """One part of a multipart body: an attachment, or a value that is written as text or (`as_json`) as JSON."""

    value: Value = None
    attachment: Attachment | None = None
    as_json: bool = False
    filename: Text | None = None
    media_type: str | None = None


@plain
class MultipartBody(Plain):
    """`multipart/form-data` (RFC 7578)."""

    parts: Mapping[str, Part]


@plain
class TextBody(Plain):
    text: Text


@plain
class FileBody(Plain):
    attachment: Attachment


RequestBody: TypeAlias = JsonBody | FormBody | MultipartBody | TextBody | FileBody


def encoded(body: RequestBody | None, names: Names, *, boundary: str) -> Body:
    """The bytes of a body with every name resolved; `boundary` is where the search for one begins that is in no
    part. Raises Absent or WrongType."""
    match body:
        case None:
            return Body()
        case JsonBody(value):
            return Body(_json("json", resolve(value, names)), "application/json")
        case FormBody(fields):
            return Body(urlencode(list(pairs(fields, names))).encode(), "application/x-www-form-urlencoded")
        case MultipartBody(parts):
            return _multipart([_part(name, part, names) for name, part in parts.items()], boundary)
        case TextBody(text):
            return Body(_bytes("text", resolve_text(text, names)), "text/plain; charset=utf-8")
        case FileBody(attachment):
            return Body(attachment.content, attachment.media_type)
        case _:
            assert_never(body)


def pairs(fields: Mapping[str, Value], names: Names) -> Iterator[tuple[str, str]]:
    """The names and texts of a query or a form; a list gives one pair for each of its items."""
    for key, value in fields.items():
        found = resolve(value, names)
        for item in found if isinstance(found, list) else [found]:
            yield as_text(key, key), as_text(item, key)


def _multipart(parts: Sequence[bytes], boundary: str) -> Body:
    """The parts with a boundary that none of them holds: one could have been guessed by whoever wrote them."""
    free = boundary
    for number in count(1):
        delimiter = f"--{free}".encode()
        if not any(delimiter in part for part in parts):
            break
        free = f"{boundary}-{number}"
    content = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
    return Body(content + delimiter + b"--\r\n", f"multipart/form-data; boundary={free}")


def _part(name: str, part: Part, names: Names) -> bytes:
    """One part with its headers; names are quoted as browsers do (WHATWG HTML, multipart/form-data)."""
    content, media_type, filename = _content(name, part, names)
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if filename:
        head += f'; filename="{_quoted(filename)}"'
    if media_type:
        head += f"\r\nContent-Type: {media_type}"
    return _bytes(name, head) + b"\r\n\r\n" + content


def _content(name: str, part: Part, names: Names) -> tuple[bytes, str, str]:
    """The bytes of a part, its media type and its file name, '' for none."""
    filename = resolve_text(part.filename, names) if part.filename is not None else ""
    if part.attachment is not None:
        attachment = part.attachment
        return attachment.content, part.media_type or attachment.media_type, filename or attachment.name
    value: Any = resolve(part.value, names)
    if part.as_json:
        return _json(name, value), part.media_type or "application/json", filename
    return as_text(value, name).encode(), part.media_type or "", filename


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _json(place: str, value: Any) -> bytes:
    try:
        return _bytes(place, _encode(value))
    except (ValueError, RecursionError) as error:
        raise WrongType(place, f"the body cannot be written as JSON: {error}") from error


def _bytes(place: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise WrongType(place, "the body has half of a surrogate pair, which is not Unicode") from error

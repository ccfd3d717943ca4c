"""`multipart/form-data` (RFC 7578), read whole from a body that is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import Parser
from email.policy import HTTP
from typing import Final

__all__ = ["InvalidMultipart", "Part", "parts_of"]

_LINE: Final = b"\r\n"


class InvalidMultipart(ValueError):
    """The body is not what its content type says."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the form; a file has a file name."""

    name: str
    file_name: str | None
    content_type: str
    content: bytes


def parts_of(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts in their order, or raise InvalidMultipart."""
    kind = _headers(f"Content-Type: {content_type}")
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/form-data" or not boundary:
        raise InvalidMultipart("the content type is not multipart/form-data with a boundary")
    _, *pieces = (_LINE + body).split(_LINE + b"--" + boundary.encode())
    if not pieces or not pieces[-1].startswith(b"--"):
        raise InvalidMultipart("the body does not end with its boundary")
    return tuple(_parts(pieces[:-1]))


def _parts(pieces: list[bytes]) -> Iterator[Part]:
    for piece in pieces:
        head, end, content = piece.partition(_LINE + _LINE)
        headers = _headers(head.strip().decode(errors="replace"))
        name = headers.get_param("name", header="content-disposition")
        if not end or not isinstance(name, str):
            raise InvalidMultipart("a part has no Content-Disposition with a name")
        yield Part(name, headers.get_filename(), headers.get_content_type(), content)


def _headers(text: str) -> EmailMessage:
    return Parser(EmailMessage, policy=HTTP).parsestr(text + "\n\n", headersonly=True)

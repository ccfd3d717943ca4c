"""Notes of a team: collected page by page."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.idempotency import IdempotencyKeys
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.shelf import Shelf
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import Account, State

__all__ = ["NotesApi"]

_FEWEST, _USUAL, _MOST = 1, 20, 100
_LONGEST_TEXT: Final = 1000
_LONGEST_TAG: Final = 80


@dataclass(frozen=True, slots=True)
class _Note:
    """One note; the number is its place among all notes."""

    id: str
    account: str
    number: int
    text: str
    tag: str | None

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "text": self.text, "tag": self.tag}


class NotesApi:
    """Writing, reading in pages, deleting."""

    def __init__(self, state: State, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._shelf: Shelf[_Note] = Shelf("note", state, sign_in)
        self._numbers = count(1)
        self._keys = IdempotencyKeys()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/notes", self._create, methods=["POST"]),
            Route("/v1/notes", self._list),
            Route("/v1/notes/{id}", self._show),
            Route("/v1/notes/{id}", self._delete, methods=["DELETE"]),
        ]

    async def _list(self, request: Request) -> Response:
        """A page goes on behind a note, not at a place: deleting what was read makes no page skip a note."""
        account, query = self._sign_in.own_account(request), request.query_params
        limit, after, tag = _limit(query.get("limit")), _number(query.get("cursor")), query.get("tag")
        wanted = (
            note for note in self._shelf.of(account.id) if note.number > after and (tag is None or note.tag == tag)
        )
        notes = list(islice(wanted, limit + 1))
        body: dict[str, object] = {"items": [note.to_json() for note in notes[:limit]]}
        return JSONResponse(body | ({"next": _cursor(notes[limit - 1])} if len(notes) > limit else {}))

    async def _create(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        body = await read_object(request)
        text, tag = _text(body), _tag(body)

        async def write() -> JSONResponse:
            return self._write(account, text, tag)

        return await self._keys.once(request, self._sign_in.user(request).id, [text, tag], write)

    def _write(self, account: Account, text: str, tag: str | None) -> JSONResponse:
        note = _Note(f"note_{secrets.token_hex(8)}", account.id, next(self._numbers), text, tag)
        self._shelf.put(note)
        return JSONResponse(note.to_json(), 201, {"Location": f"/v1/notes/{note.id}"})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._shelf.asked_for(request).to_json())

    async def _delete(self, request: Request) -> Response:
        self._shelf.remove(self._shelf.asked_for(request))
        return Response(status_code=204)


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL
    if not re.fullmatch("[0-9]{1,3}", text) or not _FEWEST <= int(text) <= _MOST:
        raise ApiError(422, "invalid_limit", f"limit must be a whole number from {_FEWEST} to {_MOST}")
    return int(text)


def _cursor(note: _Note) -> str:
    """Where to go on, in a form that nobody is tempted to count with."""
    return base64.urlsafe_b64encode(b"after:%d" % note.number).decode().rstrip("=")


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        place = re.fullmatch(rb"after:([0-9]{1,18})", base64.urlsafe_b64decode(cursor + "=="))
    except ValueError:
        place = None
    if place is None:
        raise ApiError(422, "invalid_cursor", "cursor must be the `next` of the page before")
    return int(place[1])


def _text(body: Mapping[str, object]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= _LONGEST_TEXT:
        raise ApiError(422, "invalid_text", f"text must have 1 to {_LONGEST_TEXT} characters")
    return text


def _tag(body: Mapping[str, object]) -> str | None:
    tag = body.get("tag")
    if tag is not None and (not isinstance(tag, str) or not 1 <= len(tag) <= _LONGEST_TAG):
        raise ApiError(422, "invalid_tag", f"tag must have 1 to {_LONGEST_TAG} characters, or be left out")
    return tag

"""Files: uploaded with a ticket or a form, scanned by a provider, and told about by its webhook."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.files import File, Scanning
from flowprobe.demo.idempotency import IdempotencyKeys
from flowprobe.demo.multipart import InvalidMultipart, Part, parts_of
from flowprobe.demo.replies import ApiError, object_in, read_bytes, read_object
from flowprobe.demo.scanner import VERDICTS
from flowprobe.demo.shelf import Shelf
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.signatures import SIGNATURE, is_signed
from flowprobe.demo.state import State
from flowprobe.demo.tracing import trace_of

__all__ = ["FilesApi"]

_LARGEST: Final = 1_048_576
_LARGEST_FORM: Final = _LARGEST + 16_384
_LARGEST_WEBHOOK: Final = 16_384
_LONGEST_NAME: Final = 200
_RAW: Final = "application/octet-stream"


class FilesApi:
    """Two ways in, one webhook, and what customers see of their files."""

    def __init__(
        self, state: State, sign_in: SignIn, scanning: Scanning, *, secret: str | None, public_url: str | None
    ) -> None:
        self._sign_in = sign_in
        self._scanning = scanning
        self._secret = secret
        self._public_url = public_url
        self._shelf: Shelf[File] = Shelf("file", state, sign_in)
        self._tickets: dict[str, File] = {}
        self._keys = IdempotencyKeys()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/uploads", self._ticket, methods=["POST"]),
            Route("/v1/uploads/{ticket}", self._upload, methods=["PUT"]),
            Route("/v1/files", self._create, methods=["POST"]),
            Route("/v1/files", self._list),
            Route("/v1/files/{id}", self._show),
            Route("/v1/files/{id}", self._delete, methods=["DELETE"]),
            Route("/v1/files/{id}/content", self._content),
            Route("/hooks/scan", self._scanned, methods=["POST"]),
        ]

    async def _ticket(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        file = File(_new_id(), account.id, _name((await read_object(request)).get("name")))
        self._shelf.put(file)
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = file
        body = {"id": file.id, "url": f"{_origin(request)}/v1/uploads/{ticket}", "method": "PUT"}
        return JSONResponse(body, 201, {"Location": f"/v1/files/{file.id}"})

    async def _upload(self, request: Request) -> Response:
        """Whoever holds the ticket may upload; the same bytes again are no second upload."""
        file = self._tickets.get(request.path_params["ticket"])
        if file is None or self._shelf.find(file.id) is None:
            raise ApiError(404, "not_found", "there is no such ticket")
        content = await read_bytes(request, _LARGEST)
        if file.state == "expected":
            await self._take(request, file, content, request.headers.get("content-type", _RAW))
        elif file.content != content:
            raise ApiError(409, "already_uploaded", "something else was uploaded with this ticket before")
        return JSONResponse(file.to_json())

    async def _create(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        part = await _file_part(request)
        asked = [part.file_name, part.content_type, hashlib.sha256(part.content).hexdigest()]

        async def store() -> JSONResponse:
            file = File(_new_id(), account.id, _name(part.file_name))
            self._shelf.put(file)
            await self._take(request, file, part.content, part.content_type)
            return JSONResponse(file.to_json(), 201, {"Location": f"/v1/files/{file.id}"})

        return await self._keys.once(request, self._sign_in.user(request).id, asked, store)

    async def _take(self, request: Request, file: File, content: bytes, content_type: str) -> None:
        file.content, file.content_type, file.state = content, content_type, "uploaded"
        file.callback = self._public_url or _origin(request)
        await self._scanning.begin(file, trace_of(request))

    async def _list(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        return JSONResponse({"items": [file.to_json() for file in self._shelf.of(account.id)]})

    async def _show(self, request: Request) -> Response:
        file = self._shelf.asked_for(request)
        await self._scanning.catch_up(file, trace_of(request))
        return JSONResponse(file.to_json())

    async def _content(self, request: Request) -> Response:
        file = self._shelf.asked_for(request)
        if file.state == "infected":
            raise ApiError(403, "infected", "the file holds a virus, and is not given out")
        if file.state != "clean":
            raise ApiError(409, "not_ready", f"the file is {file.state}; it is given out when it is clean")
        # Never shown by a browser: what customers upload must not run as a page of ours.
        name = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff", "Content-Type": file.content_type}
        return Response(file.content, headers=headers)

    async def _delete(self, request: Request) -> Response:
        self._shelf.remove(self._shelf.asked_for(request))
        return Response(status_code=204)

    async def _scanned(self, request: Request) -> Response:
        """The scanner's webhook; it may come late, twice, or for a file that is gone."""
        content = await read_bytes(request, _LARGEST_WEBHOOK)
        header = request.headers.get(SIGNATURE, "")
        if self._secret is None or not is_signed(self._secret, content, header, time.time()):
            raise ApiError(401, "invalid_signature", f"{SIGNATURE} is missing, wrong or old")
        match object_in(content):
            case {"file": str(file_id), "verdict": found}:
                verdict = next((each for each in VERDICTS if each == found), None)
            case _:
                file_id, verdict = "", None
        if verdict is None:
            raise ApiError(422, "invalid_verdict", f"send a file and a verdict: one of {', '.join(VERDICTS)}")
        file = self._shelf.find(file_id)
        if file is not None and file.state != "expected":
            self._scanning.decide(file, verdict)
        return Response(status_code=204)


async def _file_part(request: Request) -> Part:
    body = await read_bytes(request, _LARGEST_FORM)
    try:
        parts = parts_of(request.headers.get("content-type", ""), body)
    except InvalidMultipart as error:
        raise ApiError(422, "invalid_form", str(error)) from None
    part = next((part for part in parts if part.name == "file"), None)
    if part is None or part.file_name is None or not part.content:
        raise ApiError(422, "missing_file", "send the file as the field `file`, with a file name")
    if len(part.content) > _LARGEST:
        raise ApiError(413, "too_large", f"the file is larger than {_LARGEST} bytes")
    return part


def _new_id() -> str:
    return f"file_{secrets.token_hex(8)}"


def _name(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ApiError(422, "invalid_name", f"name must have 1 to {_LONGEST_NAME} characters that can be printed")
    return name


def _origin(request: Request) -> str:
    """The product as this client reaches it."""
    return f"{request.url.scheme}://{request.url.netloc}"

"""Exports: ordered, worked on after the reply, asked about until they are done or have failed."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.background import Background
from flowprobe.demo.documents import DOCUMENTS
from flowprobe.demo.idempotency import IdempotencyKeys
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.shelf import Shelf
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import Account, State

__all__ = ["ExportsApi"]

_Rows: TypeAlias = list[dict[str, str]]
_State: TypeAlias = Literal["queued", "running", "done", "failed"]

_KINDS: Final = ("documents", "invites", "broken")
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_QUEUE_S: Final = 0.1
_WORK_S: Final = 0.3


class _ExportFailed(Exception):
    """Why an export cannot be made, in words for the customer."""


@dataclass(slots=True)
class _Export:
    """One export; it has a file when it is done, and an error when it has failed."""

    id: str
    account: str
    kind: str
    format: str
    state: _State = "queued"
    rows: int = 0
    file: bytes = b""
    error: str = ""

    def to_json(self) -> dict[str, object]:
        known = {"id": self.id, "state": self.state, "kind": self.kind, "format": self.format}
        match self.state:
            case "done":
                return {**known, **self._file_json()}
            case "failed":
                return {**known, "error": {"code": "export_failed", "message": self.error}}
        return {**known}

    def _file_json(self) -> dict[str, object]:
        return {
            "file": f"/v1/exports/{self.id}/file",
            "rows": self.rows,
            "size": len(self.file),
            "sha256": hashlib.sha256(self.file).hexdigest(),
        }


class ExportsApi:
    """Ordering an export, following it, fetching its file, and throwing it away."""

    def __init__(self, state: State, sign_in: SignIn, background: Background) -> None:
        self._sign_in = sign_in
        self._background = background
        self._shelf: Shelf[_Export] = Shelf("export", state, sign_in)
        self._keys = IdempotencyKeys()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/exports", self._create, methods=["POST"]),
            Route("/v1/exports/{id}", self._show),
            Route("/v1/exports/{id}", self._delete, methods=["DELETE"]),
            Route("/v1/exports/{id}/file", self._file),
        ]

    async def _create(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        kind, format = _wish(await read_object(request))

        async def order() -> JSONResponse:
            return self._order(account, kind, format)

        return await self._keys.once(request, self._sign_in.user(request).id, [kind, format], order)

    def _order(self, account: Account, kind: str, format: str) -> JSONResponse:
        export = _Export(f"exp_{secrets.token_hex(8)}", account.id, kind, format)
        self._shelf.put(export)
        self._background.start(_make(export, account))
        return JSONResponse(export.to_json(), 202, {"Location": f"/v1/exports/{export.id}", "Retry-After": "1"})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._shelf.asked_for(request).to_json())

    async def _file(self, request: Request) -> Response:
        export = self._shelf.asked_for(request)
        if export.state != "done":
            raise ApiError(409, "not_ready", f"the export is {export.state}; there is a file when it is done")
        name = f'attachment; filename="{export.kind}.{export.format}"'
        return Response(export.file, 200, {"Content-Disposition": name}, _TYPES[export.format])

    async def _delete(self, request: Request) -> Response:
        self._shelf.remove(self._shelf.asked_for(request))
        return Response(status_code=204)


async def _make(export: _Export, account: Account) -> None:
    """Wait for a turn, work, and say how it ended; the pauses are the work of a larger customer."""
    await asyncio.sleep(_QUEUE_S)
    export.state = "running"
    await asyncio.sleep(_WORK_S)
    try:
        rows = _rows(export.kind, account)
    except _ExportFailed as failure:
        export.state, export.error = "failed", str(failure)
        return
    export.rows, export.file = len(rows), _written(rows, export.format)
    export.state = "done"


def _rows(kind: str, account: Account) -> _Rows:
    match kind:
        case "documents":
            return [document.to_json() for document in DOCUMENTS]
        case "invites":
            return [{"id": each.id, "email": each.email, "role": each.role} for each in account.invites.values()]
    raise _ExportFailed("a row of the export cannot be read")


def _written(rows: _Rows, format: str) -> bytes:
    if format == "json":
        return json.dumps(rows, ensure_ascii=False).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["id"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _wish(body: Mapping[str, object]) -> tuple[str, str]:
    kind, format = body.get("kind"), body.get("format", "csv")
    if kind not in _KINDS:
        raise ApiError(422, "invalid_kind", f"kind must be one of {', '.join(_KINDS)}")
    if not isinstance(format, str) or format not in _TYPES:
        raise ApiError(422, "invalid_format", f"format must be one of {', '.join(_TYPES)}")
    return str(kind), format

"""A stand-in for a hosted search index that holds the documents of Acme Teams."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.documents import documents_matching

__all__ = ["build_search"]

_INDEX = "teams"


def build_search() -> Starlette:
    """The index as an ASGI application."""
    return Starlette(routes=[Route("/health", _health), Route("/indexes/{index}/search", _search)])


async def _health(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return JSONResponse({"status": "available"})


async def _search(request: Request) -> Response:
    index = request.path_params["index"]
    if index != _INDEX:
        body = {
            "message": f"Index `{index}` not found.",
            "code": "index_not_found",
            "type": "invalid_request",
        }
        return JSONResponse(body, 404)
    query = request.query_params.get("q", "")
    hits = [document.to_json() for document in documents_matching(query)]
    found = {"query": query, "hits": hits, "estimatedTotalHits": len(hits), "processingTimeMs": 0}
    return JSONResponse(found, headers={"Cache-Control": "no-store", "Vary": "Accept-Encoding"})

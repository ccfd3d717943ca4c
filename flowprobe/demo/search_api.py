"""The search tab."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.documents import Document, documents_matching
from flowprobe.demo.replies import ApiError
from flowprobe.demo.search import IndexFailed, SearchIndex
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.weaknesses import SEARCH_NO_FALLBACK

__all__ = ["SearchApi"]


class SearchApi:
    """Hits of the index, or of a slower scan of the database where the index does not deliver."""

    def __init__(self, sign_in: SignIn, index: SearchIndex, weaknesses: Collection[str]) -> None:
        self._sign_in = sign_in
        self._index = index
        self._falls_back = SEARCH_NO_FALLBACK not in weaknesses

    def routes(self) -> list[Route]:
        return [Route("/v1/search", self._search)]

    async def _search(self, request: Request) -> Response:
        self._sign_in.user(request)
        query = request.query_params.get("q", "").strip()
        if not query:
            raise ApiError(422, "missing_query", "say what to search for: ?q=...")
        source, hits = await self._find(query)
        body = {"query": query, "hits": [hit.to_json() for hit in hits], "source": source}
        return JSONResponse(body)

    async def _find(self, query: str) -> tuple[str, tuple[Document, ...]]:
        try:
            return "index", await self._index.hits(query)
        except IndexFailed as failure:
            if self._falls_back:
                return "database", documents_matching(query)
            raise ApiError(502, "search_unavailable", "search does not work at the moment") from failure

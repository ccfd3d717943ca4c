"""The search tab."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.database import Database
from flowprobe.demo.documents import Document, documents_matching
from flowprobe.demo.replies import ApiError
from flowprobe.demo.search import IndexFailed, SearchIndex
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import State, Terms
from flowprobe.demo.weaknesses import SEARCH_NO_FALLBACK

__all__ = ["SearchApi"]


class SearchApi:
    """Hits of the index, or of a slower scan of the database where the index does not deliver."""

    def __init__(
        self, state: State, sign_in: SignIn, index: SearchIndex, weaknesses: Collection[str]
    ) -> None:
        self._state = state
        self._sign_in = sign_in
        self._database = Database(weaknesses)
        self._index = index
        self._falls_back = SEARCH_NO_FALLBACK not in weaknesses

    def routes(self) -> list[Route]:
        return [Route("/v1/search", self._search)]

    async def _search(self, request: Request) -> Response:
        user = self._sign_in.user(request)
        terms = self._state.accounts[user.account].terms if user.account else Terms()
        query = request.query_params.get("q", "").strip()
        if not query:
            raise ApiError(422, "missing_query", "say what to search for: ?q=...")
        source, hits = await self._find(query, terms)
        body = {"query": query, "hits": [hit.to_json() for hit in hits], "source": source}
        return JSONResponse(body)

    async def _find(self, query: str, terms: Terms) -> tuple[str, tuple[Document, ...]]:
        try:
            return "index", await self._index.hits(query)
        except IndexFailed as failure:
            if not self._falls_back:
                raise ApiError(502, "search_unavailable", "search does not work at the moment") from failure
        most = self._database.most_hits(terms)
        await self._database.read(terms)
        return "database", documents_matching(query)[:most]

"""The product's client of the search index."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

import httpx

from flowprobe.demo.documents import Document
from flowprobe.demo.weaknesses import SEARCH_NO_TIMEOUT

__all__ = ["IndexFailed", "SearchIndex"]

_TIMEOUT_S: Final = 0.15


class IndexFailed(Exception):
    """The index did not answer, not in time, or not with hits."""


class SearchIndex:
    """Queries to the provider; no trace header goes with them, as the vendor's client would send none."""

    def __init__(self, http: httpx.AsyncClient, weaknesses: Collection[str]) -> None:
        self._http = http
        self._timeout_s = None if SEARCH_NO_TIMEOUT in weaknesses else _TIMEOUT_S

    async def hits(self, query: str) -> tuple[Document, ...]:
        """The documents that the index finds, or raise IndexFailed."""
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._http.get("/indexes/teams/search", params={"q": query})
        except (TimeoutError, httpx.HTTPError) as error:
            raise IndexFailed(f"search index: {type(error).__name__}") from error
        return _read(response)


def _read(response: httpx.Response) -> tuple[Document, ...]:
    if response.status_code != 200:
        raise IndexFailed(f"search index answered {response.status_code}")
    try:
        return tuple(_document(hit) for hit in response.json()["hits"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IndexFailed("search index answered with something else than hits") from error


def _document(hit: dict[str, object]) -> Document:
    match hit["id"], hit["kind"], hit["title"]:
        case str(id), str(kind), str(title):
            return Document(id, kind, title)
    raise TypeError("a hit needs an id, a kind and a title, all of them text")

"""The product put together: state, provider clients and API, for one set of switches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import anyio
import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.accounts_api import AccountsApi
from flowprobe.demo.invites_api import InvitesApi
from flowprobe.demo.payments import Payments, PaymentsPolicy
from flowprobe.demo.replies import ApiError, CrashPage, on_api_error, on_http_error
from flowprobe.demo.search import SearchIndex
from flowprobe.demo.search_api import SearchApi
from flowprobe.demo.settings import Settings
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import seeded
from flowprobe.demo.weaknesses import PAYMENTS_TRUSTS_200

__all__ = ["build_product"]


def build_product(
    settings: Settings,
    *,
    payments_transport: httpx.AsyncBaseTransport | None = None,
    search_transport: httpx.AsyncBaseTransport | None = None,
) -> Starlette:
    """Acme Teams as an ASGI application; a transport stands in for the way to a provider."""
    payments = _client(settings.payments_url, payments_transport)
    search = _client(settings.search_url, search_transport)
    return Starlette(
        routes=_routes(settings, payments, search),
        middleware=[Middleware(CrashPage, shows_traceback=PAYMENTS_TRUSTS_200 in settings.weaknesses)],
        exception_handlers={ApiError: on_api_error, HTTPException: on_http_error},
        lifespan=_closing(payments, search),
    )


def _client(url: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    # No time-out here: each caller bounds a call as a whole, which a byte now and then cannot stretch.
    # Loading the certificate store is a tenth of the start, and plain HTTP has no use for it.
    return httpx.AsyncClient(
        base_url=url,
        transport=transport,
        timeout=None,
        verify=url.startswith("https:"),
        trust_env=False,
        headers={"User-Agent": "acme-teams/1.0"},
    )


def _routes(settings: Settings, payments: httpx.AsyncClient, search: httpx.AsyncClient) -> list[Route]:
    state = seeded(token_admin=settings.token_admin, token_operator=settings.token_operator)
    sign_in = SignIn(state)
    index = SearchIndex(search, settings.weaknesses)
    return [
        _health(settings.weaknesses),
        *sign_in.routes(),
        *AccountsApi(state, sign_in).routes(),
        *InvitesApi(state, sign_in, Payments(payments, PaymentsPolicy.under(settings.weaknesses))).routes(),
        *SearchApi(sign_in, index, settings.weaknesses).routes(),
    ]


def _health(weaknesses: Collection[str]) -> Route:
    body = {"status": "ok", "environment": "demo", "weaknesses": sorted(weaknesses)}

    async def health(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
        return JSONResponse(body)

    return Route("/health", health)


def _closing(*clients: httpx.AsyncClient) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001 - Starlette's signature
        # httpx reaches the network through anyio, which loads its backend when it is first used:
        # half of the time that the index has, if it fell into the first search.
        await anyio.sleep(0)
        async with AsyncExitStack() as stack:
            for client in clients:
                await stack.enter_async_context(client)
            yield

    return lifespan

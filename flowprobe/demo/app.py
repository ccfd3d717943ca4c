"""The product put together: state, provider clients and API, for one set of switches."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import anyio
import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.accounts_api import AccountsApi
from flowprobe.demo.background import Background
from flowprobe.demo.exports_api import ExportsApi
from flowprobe.demo.files import Scanning
from flowprobe.demo.files_api import FilesApi
from flowprobe.demo.invites_api import InvitesApi
from flowprobe.demo.login_api import LoginApi
from flowprobe.demo.mail import Mail
from flowprobe.demo.notes_api import NotesApi
from flowprobe.demo.oauth import Client, Grants
from flowprobe.demo.oauth_api import OAuthApi
from flowprobe.demo.outbox import Outbox
from flowprobe.demo.payments import Payments, PaymentsPolicy
from flowprobe.demo.payments_api import PaymentsApi
from flowprobe.demo.regions_api import RegionsApi
from flowprobe.demo.renewals import Renewals
from flowprobe.demo.renewals_api import RenewalsApi
from flowprobe.demo.replies import ApiError, CrashPage, on_api_error, on_http_error
from flowprobe.demo.scanner import Scanner
from flowprobe.demo.search import SearchIndex
from flowprobe.demo.search_api import SearchApi
from flowprobe.demo.settings import OAuthSettings, Settings
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import State, User, seeded
from flowprobe.demo.weaknesses import FALLBACK_CRASHES_SUSPENDED, PAYMENTS_TRUSTS_200

__all__ = ["build_product"]

NO_TRANSPORTS: Final[Mapping[str, httpx.AsyncBaseTransport]] = MappingProxyType({})


def build_product(
    settings: Settings,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] = NO_TRANSPORTS,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Acme Teams as an ASGI application; a transport stands in for the way to the provider of its name."""
    providers = _Providers.of(settings, transports)
    background = Background()
    return Starlette(
        routes=_routes(settings, providers, background, clock),
        middleware=[Middleware(CrashPage, shows_traceback=_shows_traceback(settings.weaknesses))],
        exception_handlers={ApiError: on_api_error, HTTPException: on_http_error},
        lifespan=_lifespan(providers, background),
    )


def _shows_traceback(weaknesses: Collection[str]) -> bool:
    return not {PAYMENTS_TRUSTS_200, FALLBACK_CRASHES_SUSPENDED}.isdisjoint(weaknesses)


@dataclass(frozen=True, slots=True)
class _Providers:
    """The ways to the providers; the product does without one that it was not told of."""

    payments: httpx.AsyncClient
    search: httpx.AsyncClient
    scanner: httpx.AsyncClient | None
    mail: httpx.AsyncClient | None

    @classmethod
    def of(cls, settings: Settings, transports: Mapping[str, httpx.AsyncBaseTransport]) -> _Providers:
        scanner, mail = settings.scanner, settings.mail_url
        return cls(
            _client(settings.payments_url, transports.get("payments")),
            _client(settings.search_url, transports.get("search")),
            _client(scanner.url, transports.get("scanner")) if scanner else None,
            _client(mail, transports.get("mail")) if mail else None,
        )

    def known(self) -> list[httpx.AsyncClient]:
        return [client for client in (self.payments, self.search, self.scanner, self.mail) if client]


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


def _routes(
    settings: Settings, providers: _Providers, background: Background, clock: Callable[[], float]
) -> list[Route]:
    state = seeded(
        token_admin=settings.token_admin,
        token_operator=settings.token_operator,
        token_billing=settings.token_billing,
        token_admin_us=settings.token_admin_us,
    )
    grants = Grants(clock, access_s=settings.oauth.access_s)
    sign_in = SignIn(state, grants)
    login = LoginApi(sign_in, clock)
    payments = Payments(providers.payments, PaymentsPolicy.under(settings.weaknesses))
    mail = Mail(providers.mail) if providers.mail else None
    outbox = Outbox(mail, settings.weaknesses) if mail else None
    renewals = Renewals(payments, outbox, background, settings.weaknesses)
    index = SearchIndex(providers.search, settings.weaknesses)
    return [
        _health(settings.weaknesses),
        *sign_in.routes(),
        *login.routes(),
        *OAuthApi(_clients(settings.oauth), grants, sign_in, login).routes(),
        *AccountsApi(state, sign_in, settings.weaknesses).routes(),
        *InvitesApi(state, sign_in, payments, mail, settings.weaknesses).routes(),
        *PaymentsApi(state, sign_in, payments).routes(),
        *RenewalsApi(state, sign_in, payments, renewals).routes(),
        *SearchApi(state, sign_in, index, settings.weaknesses).routes(),
        *ExportsApi(state, sign_in, background).routes(),
        *_files(settings, providers, state, sign_in, clock).routes(),
        *NotesApi(state, sign_in).routes(),
        *RegionsApi(state, sign_in).routes(),
    ]


def _files(
    settings: Settings, providers: _Providers, state: State, sign_in: SignIn, clock: Callable[[], float]
) -> FilesApi:
    scanner = Scanner(providers.scanner) if providers.scanner else None
    scanning = Scanning(scanner, settings.weaknesses, clock)
    secret = settings.scanner.secret if settings.scanner else None
    return FilesApi(state, sign_in, scanning, secret=secret, public_url=settings.public_url)


def _clients(settings: OAuthSettings) -> list[Client]:
    """The programs that may ask for tokens: one that cannot keep a secret, and one that has been given one."""
    public = Client("acme-web", settings.redirect_uri)
    if settings.secret is None:
        return [public]
    itself = User(
        "usr_service", "service@acme.example", "Acme's own service", "admin", token=None, account="acc_eu_pro"
    )
    return [public, Client("acme-service", settings.redirect_uri, settings.secret, itself)]


def _health(weaknesses: Collection[str]) -> Route:
    body = {"status": "ok", "environment": "demo", "weaknesses": sorted(weaknesses)}

    async def health(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
        return JSONResponse(body)

    return Route("/health", health)


def _lifespan(
    providers: _Providers, background: Background
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001 - Starlette's signature
        # httpx reaches the network through anyio, which loads its backend when it is first used:
        # half of the time that the index has, if it fell into the first search.
        await anyio.sleep(0)
        async with AsyncExitStack() as stack:
            for client in providers.known():
                await stack.enter_async_context(client)
            await stack.enter_async_context(background)
            yield

    return lifespan

"""The demo under test: product and providers in one event loop whose time passes at once, no port opened."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from flowprobe.demo.app import build_product
from flowprobe.demo.providers.mail import build_mail
from flowprobe.demo.providers.payments import build_payments
from flowprobe.demo.providers.scanner import build_scanner
from flowprobe.demo.providers.search import build_search
from flowprobe.demo.settings import OAuthSettings, ScannerSettings, Settings

ADMIN, OPERATOR, BILLING, ADMIN_US = (f"token-of-the-{name}" for name in ("admin", "operator", "billing", "us-admin"))
CLIENT_SECRET, SCANNER_SECRET = "secret-of-the-client", "secret-of-the-scanner"
HANG_S = 3600.0


class _SkippingSelector(selectors.SelectSelector):
    """Waits for nothing: the time that it was to wait for has passed when it returns."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, and nothing is ever going to happen"
        self.now += max(0.0, timeout)
        return super().select(0)


class _SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour costs nothing, so that time-outs can be tested as they are."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


class Hop(httpx.AsyncBaseTransport):
    """The way to a provider: notes each request, and does to it what `fault` says, `times` times."""

    def __init__(self, provider: httpx.AsyncBaseTransport) -> None:
        self._provider = provider
        self.fault: str | httpx.Response = "none"
        self.times = 0
        self.requests: list[httpx.Request] = []

    def suffer(self, fault: str | httpx.Response, *, times: int = 1000) -> None:
        self.fault, self.times = fault, times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.times == 0:
            return await self._forward(request)
        self.times -= 1
        return await self._faulted(request)

    async def _forward(self, request: httpx.Request) -> httpx.Response:
        reply = await self._provider.handle_async_request(request)
        body = await reply.aread()
        return httpx.Response(reply.status_code, headers=reply.headers, content=body)

    async def _faulted(self, request: httpx.Request) -> httpx.Response:
        match self.fault:
            case httpx.Response(status_code=status, headers=headers, content=content):
                return httpx.Response(status, headers=headers, content=content)
            case "none":
                return await self._forward(request)
            case "+500 ms before":
                await asyncio.sleep(0.5)
                return await self._forward(request)
            case "+500 ms after":
                reply = await self._forward(request)
                await asyncio.sleep(0.5)
                return reply
            case "twice":
                await self._forward(request)
                return await self._forward(request)
            case "503":
                return httpx.Response(503, json={"error": "unavailable"})
            case "reset":
                raise httpx.ReadError("connection reset by peer")
            case "lost reply":
                await self._forward(request)
                raise httpx.ReadError("connection reset by peer")
            case "hang":
                await asyncio.sleep(HANG_S)
                raise httpx.RemoteProtocolError("server disconnected without sending a response")
            case "HTML 200":
                return httpx.Response(200, html="<html><h1>We will be back soon</h1></html>")
            case "empty 200":
                return httpx.Response(200, headers={"content-type": "application/json"})
            case "truncated JSON":
                reply = await self._forward(request)
                return httpx.Response(
                    200, headers={"content-type": "application/json"}, content=reply.content[:40]
                )
        raise AssertionError(f"no such fault: {self.fault}")


class Back(httpx.AsyncBaseTransport):
    """The way of webhooks: from the scanner back to the product, which is there only after it."""

    def __init__(self, acme: Acme) -> None:
        self._acme = acme

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._acme.product.handle_async_request(request)


@dataclass(frozen=True)
class Timed:
    """A reply of the product, and the time that its client waited for it."""

    reply: httpx.Response
    seconds: float


class Acme:
    """One running product with its providers, to be called as from outside."""

    def __init__(
        self, runner: asyncio.Runner, weaknesses: frozenset[str], *, providers: bool, public_url: str | None
    ) -> None:
        self._runner = runner
        self.provider = httpx.ASGITransport(build_payments())
        self.payments = Hop(self.provider)
        self.search = Hop(httpx.ASGITransport(build_search()))
        self.outbox = httpx.ASGITransport(build_mail())
        self.mail = Hop(self.outbox)
        self.webhooks = Hop(Back(self))
        self.scanner = Hop(httpx.ASGITransport(build_scanner(SCANNER_SECRET, transport=self.webhooks)))
        product = build_product(
            Settings(
                token_admin=ADMIN,
                token_operator=OPERATOR,
                token_billing=BILLING,
                token_admin_us=ADMIN_US,
                weaknesses=weaknesses,
                payments_url="http://payments",
                search_url="http://search",
                port=0,
                oauth=OAuthSettings(CLIENT_SECRET),
                scanner=ScannerSettings("http://scanner", SCANNER_SECRET) if providers else None,
                mail_url="http://mail" if providers else None,
                public_url=public_url,
            ),
            transports={
                "payments": self.payments, "search": self.search, "scanner": self.scanner, "mail": self.mail,
            },
            clock=lambda: asyncio.get_running_loop().time(),
        )
        self.product = httpx.ASGITransport(product)
        self._client = httpx.AsyncClient(transport=self.product, base_url="http://acme")

    def passes(self, seconds: float) -> None:
        """Let time pass, and with it all that goes on behind the replies."""
        self._runner.run(asyncio.sleep(seconds))

    def call(self, method: str, path: str, *, token: str | None = ADMIN, **options: object) -> httpx.Response:
        return self.timed(method, path, token=token, **options).reply

    def timed(self, method: str, path: str, *, token: str | None = ADMIN, **options: object) -> Timed:
        return self._runner.run(self._timed(method, path, token, options))

    def at_once(self, *calls: tuple[str, str, dict[str, object]]) -> list[httpx.Response]:
        async def all_of_them() -> list[Timed]:
            return await asyncio.gather(
                *(self._timed(method, path, ADMIN, rest) for method, path, rest in calls)
            )

        return [timed.reply for timed in self._runner.run(all_of_them())]

    async def _timed(self, method: str, path: str, token: str | None, options: dict[str, object]) -> Timed:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})  # type: ignore[arg-type]
        started = asyncio.get_running_loop().time()
        reply = await self._client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]
        return Timed(reply, asyncio.get_running_loop().time() - started)

    def invite(self, email: str = "guest@example.test", **options: object) -> Timed:
        body = {"email": email, "role": "member"}
        return self.timed("POST", "/v1/teams/team_eu/invites", json=body, **options)

    def find(self, query: str = "europe") -> Timed:
        return self.timed("GET", "/v1/search", params={"q": query})

    def upload(self, content: bytes = b"hello", **options: object) -> dict[str, Any]:
        """Upload a file with a ticket; the file as the product then has it."""
        ticket = self.call("POST", "/v1/uploads", json={"name": "report.txt"}).json()
        file: dict[str, Any] = self.call("PUT", ticket["url"], token=None, content=content, **options).json()
        return file

    def file(self, file_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/v1/files/{file_id}").json()
        return found

    def bill(self) -> dict[str, object]:
        summary: dict[str, object] = self.call("GET", "/v1/billing/summary").json()
        return summary

    def charged(self, email: str = "guest@example.test") -> list[dict[str, object]]:
        """What the provider has in its books, whatever the product believes."""
        return self._listed(self.provider, "/v1/charges?invitee=" + email)["data"]

    def charged_for(self, payment: str) -> list[dict[str, object]]:
        return self._listed(self.provider, "/v1/charges?payment=" + payment)["data"]

    def charged_to(self, account: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._listed(self.provider, "/v1/charges")["data"]
        return [charge for charge in listed if charge["metadata"]["account"] == account]

    def mailed(self) -> list[dict[str, object]]:
        return self._listed(self.outbox, "/messages")["items"]

    def _listed(self, provider: httpx.AsyncBaseTransport, path: str) -> dict[str, list[dict[str, object]]]:
        async def listed() -> httpx.Response:
            async with httpx.AsyncClient(transport=provider, base_url="http://provider") as client:
                return await client.get(path)

        body: dict[str, list[dict[str, object]]] = self._runner.run(listed()).json()
        return body


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
        yield runner


@pytest.fixture
def start(runner: asyncio.Runner) -> Callable[..., Acme]:
    """Start the product with the switches that are named, and with a scanner and mail where `providers` says so."""
    return lambda *weaknesses, providers=False, public_url="http://public": Acme(
        runner, frozenset(weaknesses), providers=providers, public_url=public_url)


@pytest.fixture
def acme(start: Callable[..., Acme]) -> Acme:
    return start()


@pytest.fixture
def tokens() -> dict[str, str]:
    return {"admin": ADMIN, "operator": OPERATOR, "billing": BILLING, "admin_us": ADMIN_US}


@pytest.fixture
def client_secret() -> str:
    return CLIENT_SECRET


@pytest.fixture
def scanner_secret() -> str:
    return SCANNER_SECRET

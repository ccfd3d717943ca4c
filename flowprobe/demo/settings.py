"""What a process of the demo is told by its environment; nothing else configures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flowprobe.demo.weaknesses import UnknownWeakness, parse_weaknesses

__all__ = [
    "MAIL_PORT",
    "PAYMENTS_PORT",
    "PRODUCT_PORT",
    "SCANNER_PORT",
    "SEARCH_PORT",
    "OAuthSettings",
    "ScannerSettings",
    "Settings",
    "SettingsError",
    "read_port",
    "read_scanner_secret",
]

PRODUCT_PORT: Final = 8000
PAYMENTS_PORT: Final = 8001
SEARCH_PORT: Final = 8002
SCANNER_PORT: Final = 8003
MAIL_PORT: Final = 8004
_ACCESS_S: Final = 300
_TOKENS: Final = ("ACME_TOKEN_ADMIN", "ACME_TOKEN_OPERATOR", "ACME_TOKEN_BILLING", "ACME_TOKEN_ADMIN_US")
_REDIRECT_URI: Final = "http://127.0.0.1/callback"


class SettingsError(ValueError):
    """The environment is not one to start with; one sentence about each mistake, each on its line."""


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """How tokens are given out; without a secret there is no client that can keep one."""

    secret: str | None = field(default=None, repr=False)
    redirect_uri: str = _REDIRECT_URI
    access_s: int = _ACCESS_S


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """Where the scanner is, and the secret by which its webhooks are known."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process of the product; what is None is a user or a provider that it has not."""

    token_admin: str = field(repr=False)
    token_operator: str = field(repr=False)
    weaknesses: frozenset[str]
    payments_url: str
    search_url: str
    port: int
    token_billing: str | None = field(default=None, repr=False)
    token_admin_us: str | None = field(default=None, repr=False)
    oauth: OAuthSettings = OAuthSettings()
    scanner: ScannerSettings | None = None
    mail_url: str | None = None
    public_url: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read every variable, and say at once all that is wrong with them."""
        env = _Environment(environ)
        settings = cls(
            token_admin=env.token("ACME_TOKEN_ADMIN", "the account admin"),
            token_operator=env.token("ACME_TOKEN_OPERATOR", "the operator"),
            token_billing=env.text("ACME_TOKEN_BILLING"),
            token_admin_us=env.text("ACME_TOKEN_ADMIN_US"),
            weaknesses=env.weaknesses(),
            payments_url=env.url("PAYMENTS_URL", f"http://127.0.0.1:{PAYMENTS_PORT}"),
            search_url=env.url("SEARCH_URL", f"http://127.0.0.1:{SEARCH_PORT}"),
            scanner=env.scanner(),
            mail_url=env.optional_url("MAIL_URL"),
            public_url=env.optional_url("PUBLIC_URL"),
            oauth=env.oauth(),
            port=env.port("PORT", PRODUCT_PORT),
        )
        env.check_that_tokens_differ()
        env.raise_problems()
        return settings


def read_port(environ: Mapping[str, str], name: str, default: int) -> int:
    """The port to listen on, as the variable of that name says."""
    env = _Environment(environ)
    port = env.port(name, default)
    env.raise_problems()
    return port


def read_scanner_secret(environ: Mapping[str, str]) -> str:
    """What the scanner signs its webhooks with."""
    env = _Environment(environ)
    secret = env.scanner_secret()
    env.raise_problems()
    return secret


class _Environment:
    """Variables, and what was wrong with those that were read so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        return self._environ.get(name, "").strip() or None

    def token(self, name: str, owner: str) -> str:
        token = self.text(name)
        if token is None:
            self.problems.append(f"{name} is not set; it is the bearer token of {owner}, any text will do")
        return token or ""

    def check_that_tokens_differ(self) -> None:
        owners: dict[str, str] = {}
        for name in _TOKENS:
            token = self.text(name)
            first = owners.setdefault(token, name) if token else name
            if first != name:
                self.problems.append(f"{first} and {name} are the same token; two users need two")

    def url(self, name: str, default: str) -> str:
        url = self._environ.get(name) or default
        if not url.startswith(("http://", "https://")):
            self.problems.append(f"{name} is `{url}`; it must be a URL that starts with http:// or https://")
        return url.rstrip("/")

    def optional_url(self, name: str) -> str | None:
        return self.url(name, "") if self.text(name) else None

    def scanner(self) -> ScannerSettings | None:
        url = self.optional_url("SCANNER_URL")
        return ScannerSettings(url, self.scanner_secret()) if url else None

    def scanner_secret(self) -> str:
        secret = self.text("SCANNER_SECRET")
        if secret is None:
            self.problems.append("SCANNER_SECRET is not set; it signs the scanner's webhooks, any text will do")
        return secret or ""

    def oauth(self) -> OAuthSettings:
        uri = self.url("ACME_OAUTH_REDIRECT_URI", _REDIRECT_URI)
        seconds = self.number("ACME_ACCESS_TOKEN_SECONDS", _ACCESS_S, 1, 86_400, "a number of seconds")
        return OAuthSettings(self.text("ACME_OAUTH_SECRET"), uri, seconds)

    def port(self, name: str, default: int) -> int:
        return self.number(name, default, 0, 65_535, "a number, 0 for any free port,")

    def number(self, name: str, default: int, least: int, most: int, what: str) -> int:
        text = self._environ.get(name) or str(default)
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            self.problems.append(f"{name} is `{text}`; it must be {what} from {least} to {most}")
            return default
        return int(text)

    def weaknesses(self) -> frozenset[str]:
        try:
            return parse_weaknesses(self._environ.get("ACME_WEAKNESSES") or "all")
        except UnknownWeakness as error:
            self.problems.append(f"ACME_WEAKNESSES: {error}")
            return frozenset()

    def raise_problems(self) -> None:
        if self.problems:
            raise SettingsError("\n".join(self.problems))

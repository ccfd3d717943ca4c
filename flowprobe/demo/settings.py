"""What a process of the demo is told by its environment; nothing else configures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from flowprobe.demo.weaknesses import UnknownWeakness, parse_weaknesses

__all__ = ["PAYMENTS_PORT", "PRODUCT_PORT", "SEARCH_PORT", "Settings", "SettingsError", "read_port"]

PRODUCT_PORT: Final = 8000
PAYMENTS_PORT: Final = 8001
SEARCH_PORT: Final = 8002


class SettingsError(ValueError):
    """The environment is not one to start with; one sentence about each mistake, each on its line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process of the product."""

    token_admin: str = field(repr=False)
    token_operator: str = field(repr=False)
    weaknesses: frozenset[str]
    payments_url: str
    search_url: str
    port: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read every variable, and say at once all that is wrong with them."""
        env = _Environment(environ)
        settings = cls(
            token_admin=env.token("ACME_TOKEN_ADMIN", "the account admin"),
            token_operator=env.token("ACME_TOKEN_OPERATOR", "the operator"),
            weaknesses=env.weaknesses(),
            payments_url=env.url("PAYMENTS_URL", PAYMENTS_PORT),
            search_url=env.url("SEARCH_URL", SEARCH_PORT),
            port=env.port(PRODUCT_PORT),
        )
        if settings.token_admin and settings.token_admin == settings.token_operator:
            env.problems.append(
                "ACME_TOKEN_ADMIN and ACME_TOKEN_OPERATOR are the same token; two users need two"
            )
        env.raise_problems()
        return settings


def read_port(environ: Mapping[str, str], default: int) -> int:
    """The port to listen on, for a process that is told nothing else."""
    env = _Environment(environ)
    port = env.port(default)
    env.raise_problems()
    return port


class _Environment:
    """Variables, and what was wrong with those that were read so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def token(self, name: str, owner: str) -> str:
        token = self._environ.get(name, "").strip()
        if not token:
            self.problems.append(f"{name} is not set; it is the bearer token of {owner}, any text will do")
        return token

    def url(self, name: str, default_port: int) -> str:
        url = self._environ.get(name) or f"http://127.0.0.1:{default_port}"
        if not url.startswith(("http://", "https://")):
            self.problems.append(f"{name} is `{url}`; it must be a URL that starts with http:// or https://")
        return url.rstrip("/")

    def port(self, default: int) -> int:
        text = self._environ.get("PORT") or str(default)
        if not (text.isascii() and text.isdecimal() and int(text) < 65536):
            self.problems.append(f"PORT is `{text}`; it must be a number from 0 (any free port) to 65535")
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

"""Secrets by reference: `env:NAME`, `file:PATH`, and `mint:NAME` for products that we start.

A value is resolved once, handed to the redactor before anybody else sees it, and never put into an exception.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import Persona, SecretRef
from flowprobe.errors import InvalidInput, Problem

__all__ = ["Vault"]


class Vault:
    """The secrets of one run. `folder` is where `file:` paths start (the folder of flowprobe.yaml)."""

    def __init__(self, redactor: Redactor, *, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._redactor = redactor
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._values: dict[tuple[str, str], str] = {}

    def minted(self, name: str) -> str:
        """The secret made for this run under `name`: the same for everybody who asks."""
        return self._keep(("mint", name), lambda: secrets.token_urlsafe(24))

    def value(self, reference: SecretRef) -> str:
        """Raises InvalidInput with the place of the reference."""
        return self._keep((reference.scheme, reference.name), lambda: self._read(reference))

    def headers(self, persona: Persona) -> dict[str, str]:
        """What signs the persona's calls."""
        if persona.auth is None:
            return {}
        return {"authorization": f"Bearer {self.value(persona.auth.token)}"}

    def _keep(self, key: tuple[str, str], read: Callable[[], str]) -> str:
        if key not in self._values:
            value = read()
            self._redactor.register(value)
            self._values[key] = value
        return self._values[key]

    def _read(self, reference: SecretRef) -> str:
        match reference.scheme:
            case "env":
                value = self._environ.get(reference.name, "")
                problem = f"the environment variable {reference.name} is not set"
            case "file":
                value, problem = self._file(reference.name)
            case "mint":
                return secrets.token_urlsafe(24)
            case scheme:
                value, problem = "", f"`{scheme}:` is no kind of reference"
        if len(value) < 4:
            raise _unusable(reference, problem if not value else "the secret is shorter than 4 characters")
        return value

    def _file(self, name: str) -> tuple[str, str]:
        path = self._folder / name
        try:
            if path.stat().st_mode & 0o077:
                return "", f"{path} can be read by others: chmod 600 {path}"
            return path.read_text().strip(), f"{path} is empty"
        except (OSError, UnicodeDecodeError) as error:
            return "", f"{path} cannot be read: {error.__class__.__name__}"


def _unusable(reference: SecretRef, found: str) -> InvalidInput:
    place = reference.position
    return InvalidInput((Problem("secret-unusable", place.file, place.line, place.column,
                                 f"the secret {reference} cannot be used: {found}"),))

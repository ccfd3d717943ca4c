"""Secrets by reference: `env:NAME`, `file:PATH`, `cmd:PROGRAM ARGUMENTS`, and `mint:NAME` for products that we start.

A value is resolved once, handed to the redactor before anybody else sees it, and never put into an exception.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowprobe.core.auth import Certificate
from flowprobe.core.redact import SHORTEST, Redactor
from flowprobe.core.scenario import SecretRef
from flowprobe.errors import InvalidInput, Problem
from flowprobe.secrets.commands import first_line, program
from flowprobe.secrets.files import read_private, refusal

__all__ = ["KeyPair", "Vault"]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A client certificate that is ready for a TLS context: PEM files, and the password of the key."""

    cert: Path
    key: Path
    password: str | None = field(default=None, repr=False)


class Vault:
    """The secrets of one run. `folder` is where `file:` paths start and commands run (the folder of flowprobe.yaml);
    `allow_exec` lets `cmd:` references run."""

    def __init__(self, redactor: Redactor, *, folder: Path, environ: Mapping[str, str] | None = None,
                 allow_exec: bool = False) -> None:
        self._redactor = redactor
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._allow_exec = allow_exec
        self._values: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def minted(self, name: str) -> str:
        """The secret made for this run under `name`: the same for everybody who asks."""
        return self._keep(("mint", name), lambda: secrets.token_urlsafe(24))

    def value(self, reference: SecretRef) -> str:
        """Raises InvalidInput with the place of the reference."""
        return self._keep((reference.scheme, reference.name), lambda: self._read(reference))

    def conceal(self, secret: str) -> None:
        """A secret that was made of others, or came from a product. Raises ValueError for one that is too short."""
        with self._lock:
            self._redactor.register(secret)

    def redacted(self, text: str) -> str:
        return self._redactor(text)

    def resolve(self, references: Iterable[SecretRef]) -> None:
        """Read all of these, once. Raises InvalidInput with every one that cannot be used."""
        problems: dict[Problem, None] = {}
        for reference in references:
            try:
                self.value(reference)
            except InvalidInput as invalid:
                problems |= dict.fromkeys(invalid.problems)
        if problems:
            raise InvalidInput(tuple(problems))

    def key_pair(self, certificate: Certificate) -> KeyPair:
        """The files of a client certificate; the key has to be its owner's alone. Raises InvalidInput."""
        cert, key = (self._folder / reference.name for reference in (certificate.cert, certificate.key))
        for reference, problem in ((certificate.cert, "" if cert.is_file() else f"{cert} is not there"),
                                   (certificate.key, refusal(key))):
            if problem:
                raise _unusable(reference, problem)
        return KeyPair(cert, key, self.value(certificate.password) if certificate.password else None)

    def _keep(self, key: tuple[str, str], read: Callable[[], str]) -> str:
        if key not in self._values:
            value = read()
            self.conceal(value)
            self._values[key] = value
        return self._values[key]

    def _read(self, reference: SecretRef) -> str:
        value, problem = self._found(reference)
        if not value:
            raise _unusable(reference, problem)
        if len(value) < SHORTEST:
            raise _unusable(reference, f"the secret is shorter than {SHORTEST} characters")
        if not all(character.isprintable() for character in value):
            raise _unusable(reference, "it holds a line break or another character that no header can have")
        return value

    def _found(self, reference: SecretRef) -> tuple[str, str]:
        """The value; where it is empty, why."""
        match reference.scheme:
            case "env":
                return self._environ.get(reference.name, ""), f"the environment variable {reference.name} is not set"
            case "file":
                return read_private(self._folder / reference.name)
            case "cmd" if not self._allow_exec:
                raise _not_allowed(reference)
            case "cmd":
                return first_line(reference.name, folder=self._folder, environ=self._environ)
            case "mint":
                return secrets.token_urlsafe(24), ""
            case scheme:
                return "", f"`{scheme}:` is no kind of reference"


def _shown(reference: SecretRef) -> str:
    """Of a command only its program: its arguments may say more than they should."""
    return f"cmd:{program(reference.name)}" if reference.scheme == "cmd" else str(reference)


def _unusable(reference: SecretRef, found: str) -> InvalidInput:
    place = reference.position
    return InvalidInput((Problem("secret-unusable", place.file, place.line, place.column,
                                 f"the secret {_shown(reference)} cannot be used: {found}"),))


def _not_allowed(reference: SecretRef) -> InvalidInput:
    place = reference.position
    return InvalidInput((Problem("exec-not-allowed", place.file, place.line, place.column,
                                 f"the secret {_shown(reference)} is what a command prints, and none may be run",
                                 "add --allow-exec where you trust this file, or write env:NAME or file:PATH"),))

"""Whoever acts, signed in: the vault's secrets and the signers of auth, put together for the personas of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from flowprobe.auth.constant import api_key, authorization, basic_value
from flowprobe.auth.hmac_scheme import hmac_signer
from flowprobe.auth.oauth import OAuthSigner, Surroundings, TokenSecrets
from flowprobe.auth.signer import NOBODY, Signer, SignInFailed
from flowprobe.auth.sigv4 import Keys, sigv4_signer
from flowprobe.core.accounts import variants
from flowprobe.core.auth import (
    ApiKey,
    Basic,
    Bearer,
    ClientCredentials,
    Hmac,
    OAuth2,
    PasswordGrant,
    RefreshGrant,
    SigV4,
    references,
)
from flowprobe.core.events import SignedIn
from flowprobe.core.scenario import CallTemplate, Persona, SecretRef
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.secrets.references import KeyPair, Vault

__all__ = ["Credentials", "Line"]


@dataclass(frozen=True, slots=True)
class Line:
    """What signing needs of whoever sends: `locate` gives the URL of a token call, `send` makes it, past the user edge
    and the faults; `noted` is told what came of it."""

    locate: Callable[[CallTemplate], str]
    send: Callable[[Call], Outcome]
    noted: Callable[[SignedIn], None]


class Credentials:
    """Signs the calls of these personas, each with every account that it may get. `key_pairs` are the client
    certificates, by the identity that stands in `Call.persona`.

    Raises InvalidInput with every secret that cannot be used, before anything is sent.
    """

    def __init__(self, personas: Iterable[Persona], vault: Vault, line: Line) -> None:
        acting = tuple(each for persona in personas for each in variants(persona))
        vault.resolve(reference for persona in acting for reference in _references(persona))
        self._vault = vault
        self._signers = {persona.identity: _signer(persona, vault, line) for persona in acting}
        self.key_pairs: dict[str, KeyPair] = {
            persona.identity: vault.key_pair(persona.certificate) for persona in acting if persona.certificate}

    def signed(self, send: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
        """`send` with the credentials of whoever calls. A call that cannot be signed does not leave."""
        def signing(call: Call) -> Outcome:
            signer = self._signers.get(call.persona, NOBODY)
            began = time.monotonic()
            try:
                signed = signer.sign(call)
            except SignInFailed as failed:
                return NoReply(call.id, "auth", self._vault.redacted(str(failed)), began, time.monotonic())
            outcome = send(signed)
            if isinstance(outcome, Reply):
                signer.answered(signed, outcome.status)
            return outcome
        return signing


def _references(persona: Persona) -> Iterable[SecretRef]:
    if persona.auth is not None:
        yield from references(persona.auth)
    if persona.certificate is not None and persona.certificate.password is not None:
        yield persona.certificate.password


def _signer(persona: Persona, vault: Vault, line: Line) -> Signer:
    match persona.auth:
        case None:
            return NOBODY
        case Bearer(token=token):
            return authorization(f"Bearer {vault.value(token)}")
        case Basic(user=user, password=password):
            value = basic_value(user, vault.value(password))
            vault.conceal(value.removeprefix("Basic "))
            return authorization(value)
        case ApiKey() as key:
            return api_key(key, vault.value(key.value))
        case Hmac() as scheme:
            return hmac_signer(scheme, vault.value(scheme.key), clock=time.time)
        case SigV4() as aws:
            session = aws.session_token
            return sigv4_signer(aws, Keys(vault.value(aws.access_key), vault.value(aws.secret_key),
                                          vault.value(session) if session else None))
        case OAuth2() as oauth:
            return _oauth(oauth, persona, vault, line)
        case _:
            assert_never(persona.auth)


def _oauth(auth: OAuth2, persona: Persona, vault: Vault, line: Line) -> OAuthSigner:
    match auth.grant:
        case PasswordGrant(password=reference) | RefreshGrant(token=reference):
            of_grant = vault.value(reference)
        case ClientCredentials():
            of_grant = ""
    known = TokenSecrets(vault.value(auth.client_secret) if auth.client_secret else None, of_grant)
    around = Surroundings(lambda: line.locate(auth.token), line.send, vault.conceal, line.noted, time.monotonic)
    return OAuthSigner(auth, known, around, persona=persona.identity)

import typing
from typing import Any

import pytest

from flowprobe.core.auth import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    Hmac,
    OAuth2,
    PasswordGrant,
    RefreshGrant,
    SigV4,
    grant_name,
    references,
)
from flowprobe.core.scenario import SecretRef
from tests.scenes import HERE, a_call

A, B, C = (SecretRef("env", name, HERE) for name in "ABC")
TOKEN = a_call("POST /oauth/token")
KINDS: list[tuple[Any, tuple[SecretRef, ...]]] = [
    (Bearer(A), (A,)), (Basic("acme", A), (A,)), (ApiKey("header", "X-Key", A), (A,)), (Hmac(A, ("body",), {"X-S": "{signature}"}), (A,)),
    (SigV4(A, B, "eu", "s3"), (A, B)), (SigV4(A, B, "eu", "s3", C), (A, B, C)),
    (OAuth2(TOKEN, "ci"), ()), (OAuth2(TOKEN, "ci", client_secret=A), (A,)),
    (OAuth2(TOKEN, "ci", PasswordGrant("acme", A), B), (A, B)), (OAuth2(TOKEN, "ci", RefreshGrant(A)), (A,)),
]


@pytest.mark.parametrize(("auth", "needed"), KINDS)
def test_every_secret_that_signing_needs_is_named(auth: Auth, needed: tuple[SecretRef, ...]) -> None:
    assert references(auth) == needed


def test_every_kind_is_tried_above() -> None:
    assert {type(auth) for auth, _ in KINDS} == set(typing.get_args(Auth))


def test_grants_are_called_as_rfc_6749_calls_them() -> None:
    assert [grant_name(grant) for grant in (ClientCredentials(), PasswordGrant("a", A), RefreshGrant(A))] == [
        "client_credentials", "password", "refresh_token"]

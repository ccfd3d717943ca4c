"""The two ends of a token request (RFC 6749) as oauthlib writes and reads them: forms and replies, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flowprobe.auth.signer import SignInFailed
from flowprobe.core.redact import cut_short

__all__ = ["Granted", "read_reply", "token_form"]

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token endpoint gave. `lifetime_s` None: it did not say. `others` are further secrets in the reply."""

    token: str = field(repr=False)
    lifetime_s: float | None
    refresh_token: str = field(default="", repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)


def token_form(grant: str, parameters: dict[str, str]) -> bytes:
    """The body of a token request; empty parameters are left out."""
    from oauthlib.oauth2.rfc6749.parameters import prepare_token_request

    said = {name: value for name, value in parameters.items() if value and name != "code_verifier"}
    form: str = prepare_token_request(grant, include_client_id="client_id" in said, **said)
    return form.encode()


def read_reply(status: int, body: bytes) -> Granted:
    """Raises SignInFailed with the error that the endpoint names (`invalid_client`), never with its words."""
    from oauthlib.oauth2 import OAuth2Error
    from oauthlib.oauth2.rfc6749.parameters import parse_token_response

    try:
        found: Any = parse_token_response(body.decode("utf-8", "replace"))
    except OAuth2Error as error:
        raise SignInFailed(_refusal(status, error.error)) from None
    except Exception:  # a reply may be anything; the library is not made for all of it
        raise SignInFailed(_refusal(status, "")) from None
    if not 200 <= status < 300:
        raise SignInFailed(_refusal(status, ""))
    return _granted(found)


def _refusal(status: int, error: object) -> str:
    if status == 200 and error in ("missing_token", "", None):
        return "the reply cannot be read as a token"
    name = error if isinstance(error, str) and error != "missing_token" else ""
    return f"it answered {status}" + (f" ({cut_short(name, _LONGEST)})" if name else "")


def _granted(found: dict[str, Any]) -> Granted:
    token, kind = found["access_token"], found.get("token_type") or "bearer"
    if not isinstance(token, str) or not token.strip() or not token.isprintable() or not token.isascii():
        raise SignInFailed("the token is not text that a header can have")
    if str(kind).lower() != "bearer":
        raise SignInFailed(f"the token is of the type {cut_short(str(kind), _LONGEST)!r}, and only `bearer` is known")
    lifetime = found.get("expires_in")
    refresh, others = (_texts(found, "refresh_token"), _texts(found, "id_token"))
    return Granted(token, None if lifetime is None else float(lifetime), "".join(refresh), others)


def _texts(found: dict[str, Any], name: str) -> tuple[str, ...]:
    return (found[name],) if isinstance(found.get(name), str) else ()

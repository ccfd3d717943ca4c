"""AWS Signature Version 4, by botocore: an extra, `pip install 'flowprobe[aws]'`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlunsplit

from flowprobe.auth.signer import Fixed, Signer, with_headers
from flowprobe.auth.urls import sent_parts
from flowprobe.core.auth import SigV4
from flowprobe.core.wire import Call
from flowprobe.errors import InvalidInput, Problem

__all__ = ["Keys", "sigv4_signer"]


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of one AWS identity."""

    access: str = field(repr=False)
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sigv4_signer(auth: SigV4, keys: Keys) -> Signer:
    """Raises InvalidInput where botocore is not installed."""
    try:
        from botocore.auth import S3SigV4Auth, SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise _missing(auth) from None
    identity = Credentials(keys.access, keys.secret, keys.session_token)
    scheme = S3SigV4Auth if auth.service == "s3" else SigV4Auth

    def add(call: Call) -> Call:
        call = replace(call, url=urlunsplit(sent_parts(call.url)))
        request = AWSRequest(call.method, call.url, headers=_signed(call), data=call.body.content)
        scheme(identity, auth.service, auth.region).add_auth(request)
        return with_headers(call, dict(request.headers.items()))
    return Fixed(add)


def _signed(call: Call) -> dict[str, str]:
    """The host is signed always; besides it what AWS asks for. A trace context may be changed on the way."""
    stated = {name.lower(): value.strip(" \t") for name, value in call.headers.items()}
    if call.body.media_type:
        stated.setdefault("content-type", call.body.media_type)
    return {name: value for name, value in stated.items() if name == "content-type" or name.startswith("x-amz-")}


def _missing(auth: SigV4) -> InvalidInput:
    place = auth.access_key.position
    return InvalidInput((Problem("library-missing", place.file, place.line, place.column,
                                 "signing with `sigv4` needs botocore, which is not installed",
                                 "pip install 'flowprobe[aws]'"),))

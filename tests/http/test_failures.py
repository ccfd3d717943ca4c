"""Every exception of the libraries has a reason and a sentence of ours."""

from __future__ import annotations

import ssl
import typing

import h11
import httpcore
import httpx
import pytest
import respx

from flowprobe.core.wire import NoReplyReason
from flowprobe.http import Driver
from flowprobe.http.failures import FAILURES
from tests.http.calls import not_replied

URL = "http://user:s3cret@api.acme.example/v1/me?token=s3cret"


def exceptions_of(library: object) -> set[type[Exception]]:
    public = (getattr(library, name) for name in library.__all__)  # type: ignore[attr-defined]
    return {thing for thing in public if isinstance(thing, type) and issubclass(thing, Exception)}


@pytest.mark.parametrize("library", [httpx, httpcore], ids=["httpx", "httpcore"])
def test_no_exception_of_the_library_is_missing(library: object) -> None:
    missing = exceptions_of(library) - FAILURES.keys()
    assert not missing, f"decide what {missing} means in flowprobe/http/failures.py"


def test_no_exception_of_h11_is_missing() -> None:
    assert {h11.ProtocolError, h11.LocalProtocolError, h11.RemoteProtocolError} <= FAILURES.keys()


def raised(kind: type[Exception]) -> Exception:
    text = f"failed for {URL}"
    if kind is httpx.HTTPStatusError:
        request = httpx.Request("GET", URL)
        return httpx.HTTPStatusError(text, request=request, response=httpx.Response(500))
    try:
        return kind(text)
    except TypeError:  # those of a stream bring their own text
        return kind()


RAISED = sorted(FAILURES.keys() - {h11.ProtocolError}, key=repr)  # h11 keeps that one abstract


@respx.mock
@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_each_becomes_a_no_reply_without_secrets(driver: Driver, kind: type[Exception]) -> None:
    def fail(_: object) -> None:
        raise raised(kind)

    respx.get(host="api.acme.example").mock(side_effect=fail)
    outcome = not_replied(driver, URL)
    reason, _ = FAILURES[kind]
    assert outcome.reason == reason
    assert outcome.reason in typing.get_args(NoReplyReason)
    assert "s3cret" not in outcome.detail
    assert outcome.detail.endswith(".")
    assert "\n" not in outcome.detail


@respx.mock
def test_a_subclass_means_what_its_parent_means(driver: Driver) -> None:
    class Novel(httpx.ReadTimeout):
        pass

    respx.get(host="api.acme.example").mock(side_effect=Novel)
    assert not_replied(driver, URL).reason == "timeout"
    respx.get(host="api.acme.example").mock(side_effect=ssl.SSLError(1, "s3cret"))
    assert not_replied(driver, URL).reason == "closed"


@respx.mock
def test_a_mistake_of_ours_is_not_blamed_on_the_product(driver: Driver) -> None:
    respx.get(host="api.acme.example").mock(side_effect=ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        not_replied(driver, URL)

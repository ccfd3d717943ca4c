"""Whom TLS believes: the system's roots, always, and besides only what an environment names."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import ToolFailed
from flowprobe.http import Trust
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import OK, Authority, always, serving, with_tls


def test_the_authority_of_a_lab_is_believed_beside_that_of_our_proxy(
    make_driver: MakeDriver, our_authority: Authority, other_authority: Authority
) -> None:
    driver = make_driver(ca=our_authority.ca, tls=Trust(ca=other_authority.ca))
    for authority in (our_authority, other_authority):
        with serving(with_tls(always(OK), authority.context("127.0.0.1"))) as server:
            assert replied(driver, server.url(scheme="https")).body == b"ok"


def test_the_authority_of_a_lab_does_not_excuse_another_name(make_driver: MakeDriver, our_authority: Authority) -> None:
    with serving(with_tls(always(OK), our_authority.context("other.example.test"))) as server:
        outcome = not_replied(make_driver(tls=Trust(ca=our_authority.ca)), server.url(scheme="https"))
        assert server.requests == []
    assert "IP address mismatch" in outcome.detail


def test_where_nothing_is_verified_anybody_is_believed(make_driver: MakeDriver, our_authority: Authority) -> None:
    with serving(with_tls(always(OK), our_authority.context("other.example.test"))) as server:
        assert replied(make_driver(tls=Trust(verify=False)), server.url(scheme="https")).body == b"ok"
        outcome = not_replied(make_driver(), server.url(scheme="https"))  # and nobody else's context is touched
    assert outcome.detail.startswith("The TLS certificate was refused: ")


@pytest.mark.parametrize("content", [None, "junk"])
def test_an_authority_that_cannot_be_read_is_told(make_driver: MakeDriver, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with serving(always(OK)) as server, pytest.raises(ToolFailed, match=r"The CA file .*ca\.pem cannot be used: "):
        make_driver(tls=Trust(ca=file)).send(call(server.url(scheme="https")))

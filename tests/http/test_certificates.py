"""What a persona shows of itself: on its own connections, and on nobody else's."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from flowprobe.core.wire import Body
from flowprobe.http import ClientCertificate, Driver
from tests.http.calls import not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import Authority, Play, Server, serving, with_tls


def demanding(authority: Authority, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """The server side that wants a client certificate of `authority`."""
    context = authority.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.ca)
    context.maximum_version = newest
    return context


def who(connection: socket.socket, server: Server) -> None:
    """Answers with the name in the certificate of the client."""
    while server.read_request(connection):
        shown = connection.getpeercert() or {}  # type: ignore[attr-defined]
        name = dict(part[0] for part in shown.get("subject", ()))["commonName"] if shown else "nobody"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name.encode()))


def asking(authority: Authority) -> Play:
    context = demanding(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    return with_tls(who, context)


def shown(authority: Authority, name: str, **options: object) -> ClientCertificate:
    return ClientCertificate(*authority.pair(name, **options))  # type: ignore[arg-type]


def test_a_persona_shows_its_own_certificate_and_nobody_else_does(
    make_driver: MakeDriver, our_authority: Authority
) -> None:
    certificates = {name: shown(our_authority, name) for name in ("ann", "ben")}
    driver = make_driver(ca=our_authority.ca, certificates=certificates)
    with serving(asking(our_authority)) as server:
        seen = [replied(driver, server.url(scheme="https"), persona=name).body for name in ("ann", "ben", "cleo", "ann")]
        assert server.connections == 3
    assert seen == [b"ann", b"ben", b"nobody", b"ann"]


def test_the_certificate_and_its_key_may_be_one_file(make_driver: MakeDriver, our_authority: Authority, tmp_path: Path) -> None:
    one = tmp_path / "both.pem"
    one.write_bytes(b"".join(path.read_bytes() for path in our_authority.pair("ann")))
    driver = make_driver(ca=our_authority.ca, certificates={"p": ClientCertificate(one)})
    with serving(asking(our_authority)) as server:
        assert replied(driver, server.url(scheme="https")).body == b"ann"


def test_a_key_behind_a_password(make_driver: MakeDriver, our_authority: Authority) -> None:
    certificate, key = our_authority.pair("ann", password=b"s3cret")
    opened = ClientCertificate(certificate, key, "s3cret")
    with serving(asking(our_authority)) as server:
        driver = make_driver(ca=our_authority.ca, certificates={"p": opened})
        assert replied(driver, server.url(scheme="https")).body == b"ann"
    assert "s3cret" not in repr(opened)


def test_with_http2(make_driver: MakeDriver, our_authority: Authority) -> None:
    driver = make_driver(ca=our_authority.ca, certificates={"p": shown(our_authority, "ann")}, http2=True)
    with serving(asking(our_authority)) as server:
        assert replied(driver, server.url(scheme="https")).body == b"ann"


# --- refusals -------------------------------------------------------------------------------------

VERSIONS = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])


def refusal(driver: Driver, authority: Authority, newest: ssl.TLSVersion) -> str:
    with serving(with_tls(who, demanding(authority, newest=newest))) as server:
        outcome = not_replied(driver, server.url(scheme="https"))
        assert server.requests == []
    assert outcome.reason == "connect", outcome
    return outcome.detail


@VERSIONS
def test_no_certificate_where_one_is_wanted(
    make_driver: MakeDriver, our_authority: Authority, newest: ssl.TLSVersion
) -> None:
    detail = refusal(make_driver(ca=our_authority.ca), our_authority, newest)
    assert detail.endswith("it may want a client certificate, and the persona shows none.")


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_a_refusal_while_a_large_body_is_on_its_way(
    make_driver: MakeDriver, our_authority: Authority, protocol: str
) -> None:
    context = demanding(our_authority)
    context.set_alpn_protocols([protocol])
    driver = make_driver(ca=our_authority.ca, http2=True)
    with serving(with_tls(who, context)) as server:
        for _ in range(5):
            outcome = not_replied(driver, server.url(scheme="https"), method="POST", body=Body(b"x" * 3_000_000))
            assert outcome.detail.endswith("it may want a client certificate, and the persona shows none."), outcome


@VERSIONS
def test_a_certificate_that_has_ended(
    make_driver: MakeDriver, our_authority: Authority, newest: ssl.TLSVersion
) -> None:
    old = shown(our_authority, "old", days=-2)
    detail = refusal(make_driver(ca=our_authority.ca, certificates={"p": old}), our_authority, newest)
    assert detail.endswith("certificate expired; it does not take the client certificate of the persona.")


@VERSIONS
def test_a_certificate_of_an_authority_that_the_product_does_not_know(
    make_driver: MakeDriver, our_authority: Authority, other_authority: Authority, newest: ssl.TLSVersion
) -> None:
    strange = shown(other_authority, "stranger")
    detail = refusal(make_driver(ca=our_authority.ca, certificates={"p": strange}), our_authority, newest)
    assert detail.endswith("it does not take the client certificate of the persona.")


def unusable(make_driver: MakeDriver, authority: Authority, certificate: ClientCertificate) -> str:
    with serving(asking(authority)) as server:
        outcome = not_replied(make_driver(ca=authority.ca, certificates={"p": certificate}), server.url(scheme="https"))
    assert outcome.reason == "connect"
    assert outcome.detail.startswith(f"The client certificate of the persona, {certificate.cert}, cannot be used: ")
    return outcome.detail.rpartition(": ")[2]


def test_a_certificate_that_cannot_be_used(make_driver: MakeDriver, our_authority: Authority, tmp_path: Path) -> None:
    certificate, key = our_authority.pair("ann", password=b"s3cret")
    other = our_authority.pair("ben")[1]
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    cases = {
        "no such file or directory.": ClientCertificate(tmp_path / "absent.pem"),
        "it is no PEM, or its password is wrong.": ClientCertificate(junk),
        "the key is not that of the certificate.": ClientCertificate(certificate, other),
    }
    for said, case in cases.items():
        assert unusable(make_driver, our_authority, case) == said
    for password in ("wrong", None):
        said = unusable(make_driver, our_authority, ClientCertificate(certificate, key, password))
        assert said == "it is no PEM, or its password is wrong."

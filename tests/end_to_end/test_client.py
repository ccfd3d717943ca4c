"""What an environment and a step say of our own client: redirects, TLS and HTTP/2, from the file to the result."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.end_to_end.conftest import Place
from tests.http.http2_servers import Http2, http2, http2_context
from tests.http.servers import OK, Authority, Server, always, authority, serving, with_tls
from tests.http.test_redirects import head, moved, routes

PROJECT = """\
flowprobe: 1
environments:
  one:
    {targets}
personas:
  pro-eu: {{auth: {{bearer: env:ACME_TOKEN}}}}
"""
TOKEN = "tok-s3cret-1"
SIGNED = """\
  - step: look
    call: GET /
    redirects: 3
    headers: {X-Key: "${env.ACME_KEY}", X-Plain: plain}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("lab"))


def project(place: Place, targets: str) -> None:
    (place.folder / "flowprobe.yaml").write_text(PROJECT.format(targets=targets))


@contextmanager
def two() -> Iterator[tuple[Server, Server]]:
    """A product that sends its callers to another place."""
    with serving(routes({"/next": OK})) as other, serving(routes({"/": moved(other.url("/next"))})) as first:
        yield first, other


def test_a_redirect_to_another_target_goes_without_what_signs_the_call(place: Place) -> None:
    place.workflow(SIGNED)
    with two() as (first, other):
        project(place, f"targets: {{api: {first.url()}, files: {other.url()}}}")
        result = place.flowprobe("run", "journey.yaml", "--json", ACME_TOKEN=TOKEN, ACME_KEY="key-s3cret")
        assert result.code == 0, result.out + result.err
        sent, followed = head(first.requests[0]), head(other.requests[0])
    assert (sent["authorization"], sent["x-key"]) == (f"Bearer {TOKEN}", "key-s3cret")
    assert not {"authorization", "x-key"} & followed.keys()
    assert (followed["x-plain"], followed["traceparent"]) == ("plain", sent["traceparent"])
    (replied,) = [event for event in place.events() if event["event"] == "CallReplied"]
    assert (replied["status"], replied["redirects"]) == (200, [other.url("/next")])
    (intended,) = [event for event in place.events() if event["event"] == "CallSent"]
    assert "authorization" not in intended["headers"]


def test_a_redirect_to_anywhere_else_is_refused(place: Place) -> None:
    place.workflow(SIGNED)
    with two() as (first, other):
        project(place, f"target: {first.url()}")
        result = place.flowprobe("run", "journey.yaml", "--json", ACME_TOKEN=TOKEN, ACME_KEY="key-s3cret")
        assert other.requests == []
    (call,) = result.trial()["steps"][0]["calls"]
    assert (result.code, call["no_reply"]["reason"]) == (1, "refused"), result.out
    assert call["no_reply"]["detail"].startswith(f"not sent: GET {other.url('/next')} is no target of ")


def test_the_authority_of_a_lab(place: Place, lab: Authority) -> None:
    place.workflow("  - {step: look, call: GET /}\n")
    (place.folder / "ca.pem").write_bytes(lab.ca.read_bytes())
    with serving(with_tls(always(OK), lab.context("127.0.0.1"))) as server:
        for tls, code in (("", 3), ("\n    tls: {ca: ca.pem}", 0), ("\n    tls: {verify: false}", 0)):
            project(place, f"target: {server.url(scheme='https')}{tls}")
            result = place.flowprobe("run", "journey.yaml", "--json", ACME_TOKEN=TOKEN)
            assert result.code == code, (tls, result.out, result.err)
            blind = "verify: false" in tls
            assert any("TLS is not verified" in note for note in result.json["notes"]) == blind
            assert ("TLS is not verified in the environment 'one'" in place.flowprobe("run", "journey.yaml", ACME_TOKEN=TOKEN).out) == blind


def test_an_authority_that_is_not_there_is_told_with_its_place(place: Place) -> None:
    place.workflow("  - {step: look, call: GET /}\n")
    project(place, "target: https://127.0.0.1:1\n    tls: {ca: absent.pem}")
    result = place.flowprobe("run", "journey.yaml", ACME_TOKEN=TOKEN)
    assert result.code == 2, result.out
    assert "flowprobe.yaml:5:10: the CA file absent.pem cannot be used: no such file or directory" in result.err


FAULTED = """\
faults:
  slow: {user: {latency: 50ms}}
"""


def test_http2_and_the_authority_of_a_lab_also_on_the_user_edge(place: Place, lab: Authority) -> None:
    def play(peer: Http2, stream: int) -> None:
        peer.reply(stream)

    place.workflow("  - {step: look, call: GET /}\n", more=FAULTED)
    (place.folder / "ca.pem").write_bytes(lab.ca.read_bytes())
    with serving(with_tls(http2(play), http2_context(lab))) as server:
        project(place, f"target: {server.url(scheme='https')}\n    http2: true\n    tls: {{ca: ca.pem}}")
        result = place.flowprobe("run", "journey.yaml", "--json", ACME_TOKEN=TOKEN)
        assert result.code == 0, result.out + result.err
        assert len(server.requests) == 2
    assert len(result.trial("slow")["receipts"]) == 1


def test_the_surroundings_have_no_effect(place: Place, lab: Authority) -> None:
    """Proxies that are not there, an authority that would be believed, and a netrc that would sign."""
    place.workflow("  - {step: look, call: GET /}\n")
    netrc = place.folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    netrc.chmod(0o600)
    (place.folder / ".netrc").write_bytes(netrc.read_bytes())
    (place.folder / ".netrc").chmod(0o600)
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
                            "http://127.0.0.1:9")
    around = {**nowhere, "NETRC": str(netrc), "HOME": str(place.folder), "SSL_CERT_FILE": str(lab.ca),
              "SSL_CERT_DIR": str(lab.ca.parent), "REQUESTS_CA_BUNDLE": str(lab.ca)}
    with serving(always(OK)) as server:
        project(place, f"target: {server.url()}")
        (place.folder / "flowprobe.yaml").write_text(
            f"flowprobe: 1\nenvironments: {{one: {{target: '{server.url()}'}}}}\npersonas: {{pro-eu: {{plan: pro}}}}\n")
        assert place.flowprobe("run", "journey.yaml", **around).code == 0
        assert "authorization" not in head(server.requests[0])
    with serving(with_tls(always(OK), lab.context("127.0.0.1"))) as server:
        project(place, f"target: {server.url(scheme='https')}")
        assert place.flowprobe("run", "journey.yaml", ACME_TOKEN=TOKEN, **around).code == 3
        assert server.requests == []


def test_a_product_behind_tls_is_awaited_with_the_authority_of_its_lab(place: Place, lab: Authority) -> None:
    certificate, key = lab.pair("127.0.0.1")
    program = place.folder / "secure.py"
    program.write_text(f"""\
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain({str(certificate)!r}, {str(key)!r})
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
""")
    place.workflow("  - {step: look, call: GET /}\n")
    (place.folder / "ca.pem").write_bytes(lab.ca.read_bytes())
    start = f'start: {{command: ["{sys.executable}", secure.py, "${{target.port}}"], ready: GET /health}}'
    for tls in ("{ca: ca.pem}", "{verify: false}"):
        project(place, f"target: https://127.0.0.1:0\n    tls: {tls}\n    {start}")
        result = place.flowprobe("run", "journey.yaml", ACME_TOKEN=TOKEN)
        assert result.code == 0, result.out + result.err


MUTUAL = """\
flowprobe: 1
environments:
  one:
    target: {url}
    tls: {{ca: {ca}}}
personas:
  pro-eu: {{certificate: {{cert: file:{cert}, key: file:{key}}}}}
  other: {{plan: pro}}
"""


def test_a_persona_shows_its_certificate_and_another_one_has_none(place: Place, lab: Authority) -> None:
    context = lab.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(lab.ca)
    cert, key = lab.pair("pro-eu")
    key.chmod(0o600)
    with serving(with_tls(always(OK), context)) as server:
        (place.folder / "flowprobe.yaml").write_text(MUTUAL.format(
            url=server.url("", scheme="https"), ca=lab.ca, cert=cert, key=key))
        place.workflow("  - {step: look, call: GET /}\n", more="faults: {slow: {user: {latency: 1ms}}}\n")
        assert place.flowprobe("run", "journey.yaml", "--faults", "none").code == 0
        refused = place.flowprobe("run", "journey.yaml", "--faults", "slow")
        journey = place.folder / "journey.yaml"
        journey.write_text(journey.read_text().replace("{admin: pro-eu}", "{admin: other}"))
        without = place.flowprobe("run", "journey.yaml", "--faults", "none", "--json")
    assert (refused.code, "which shows a client certificate" in refused.err) == (5, True), refused.err
    assert without.code == 3, without.out + without.err
    assert "certificate" in str(without.json["trials"][0]["reasons"])

"""Whom an environment believes, and where a redirect may lead."""

from pathlib import Path

import pytest
import respx

from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Environment, Position, Tls
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.errors import InvalidInput, Refused
from flowprobe.http.driver import Driver
from flowprobe.http.trust import EVERYDAY, ClientCertificate, Trust
from flowprobe.running.drivers import (
    Asking,
    client_certificates,
    only_targets,
    refuse_unverified_edge,
    trust_of,
    unverified,
)
from flowprobe.secrets.references import KeyPair
from tests.http.servers import authority
from tests.scenes import a_plan

HERE = Position("flowprobe.yaml", 5, 10)
TARGETS = {"api": "https://api.acme.example", "auth": "http://[::1]:8081/auth"}


def an_environment(tls: Tls | None, targets: dict[str, str] | None = None) -> Environment:
    return Environment("lab", HERE, targets or TARGETS, tls=tls)


def test_without_a_word_the_system_is_believed() -> None:
    assert trust_of(an_environment(None)) == EVERYDAY == Trust(verify=True)
    assert trust_of(an_environment(Tls(HERE))) == EVERYDAY
    assert unverified(an_environment(None)) == unverified(an_environment(Tls(HERE, ca="ca.pem"))) == ()


def test_an_authority_is_found_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    authority(tmp_path / "certs")
    place = Position(str(tmp_path / "flowprobe.yaml"), 5, 10)
    assert trust_of(an_environment(Tls(place, ca="certs/ca.pem"))) == Trust(ca=tmp_path / "certs" / "ca.pem")


@pytest.mark.parametrize(("content", "why"), [(None, "no such file or directory"), ("junk", "it is no PEM")])
def test_an_authority_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    place = Position(str(tmp_path / "flowprobe.yaml"), 5, 10)
    with pytest.raises(InvalidInput) as caught:
        trust_of(an_environment(Tls(place, ca="ca.pem")))
    (problem,) = caught.value.problems
    assert (problem.id, problem.line, problem.column) == ("ca-unusable", 5, 10)
    assert problem.found == f"the CA file ca.pem cannot be used: {why}"


def test_a_run_that_believes_anybody_says_so() -> None:
    assert unverified(an_environment(Tls(HERE, verify=False))) == (
        "TLS is not verified in the environment 'lab' (flowprobe.yaml:5:10): whoever answers is believed",)


def test_faults_on_the_user_edge_need_tls_that_can_be_verified() -> None:
    blind = an_environment(Tls(HERE, verify=False))
    with pytest.raises(Refused, match="need TLS that can be verified"):
        refuse_unverified_edge(blind, (a_plan("slow", user=Latency(1.0)),))
    refuse_unverified_edge(blind, (a_plan("slow", mail=Latency(1.0)),))
    refuse_unverified_edge(an_environment(Tls(HERE, ca="ca.pem")), (a_plan("slow", user=Latency(1.0)),))
    plain = an_environment(Tls(HERE, verify=False), {"api": "http://127.0.0.1:1"})
    refuse_unverified_edge(plain, (a_plan("slow", user=Latency(1.0)),))


@pytest.mark.parametrize(("url", "why"), [
    ("https://api.acme.example/v1", ""), ("https://API.acme.example:443", ""), ("http://[::1]:8081/other", ""),
    ("http://api.acme.example/v1", "http://api.acme.example:80 is no target of the environment."),
    ("https://api.acme.example:444/", "https://api.acme.example:444 is no target of the environment."),
    ("https://api.acme.example.evil.example/", "https://api.acme.example.evil.example:443 is no target of the environment."),
    ("https://api.acme.example@evil.example/", "https://evil.example:443 is no target of the environment."),
    ("https://[bad", "what is no URL is no target of the environment."),
])
def test_only_targets_are_permitted(url: str, why: str) -> None:
    assert only_targets(TARGETS)("GET", url) == why


# --- token calls, and what a persona shows --------------------------------------------------------


def a_token_call(url: str) -> Call:
    return Call("1" * 32, "", "sign-in", "pro-eu", "POST", url)


AT = ("https://auth.test/token", "https://login.example/token")


def said(outcome: Outcome) -> int | str:
    match outcome:
        case Reply(status=status):
            return status
        case NoReply(reason=reason):
            return reason


@respx.mock
def test_a_token_is_asked_for_at_a_target_as_the_environment_says_and_elsewhere_as_a_careful_client_would() -> None:
    respx.post("https://auth.test/token").respond(200)
    respx.post("https://login.example/token").respond(302, headers={"location": "https://login.example/other"})
    with Driver() as here:
        ask = Asking()
        ask.use(here, targets={"auth": "https://auth.test"})
        assert [said(ask.send(a_token_call(url))) for url in AT] == [200, 302]
        here.stop()
        assert [said(ask.send(a_token_call(url))) for url in AT] == ["stopped", 302]
        ask.stop()
        assert [said(ask.send(a_token_call(url))) for url in AT] == ["stopped", "stopped"]
        ask.close()


def test_a_key_pair_is_shown_as_the_client_takes_it() -> None:
    pair = KeyPair(Path("c.pem"), Path("c.key"), "s3cr3t")
    assert client_certificates({"pro-eu/acc_1": pair}) == {"pro-eu/acc_1": ClientCertificate(Path("c.pem"), Path("c.key"), "s3cr3t")}

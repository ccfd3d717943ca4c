"""Where calls go, what third parties see of ours, and who may use which edge."""

from __future__ import annotations

import ssl

import httpx
import pytest

from flowprobe.core import tracing
from flowprobe.core.events import ExchangeEnded
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Match
from tests.proxy.rig import BIG, BODY, Certificates, Rig, fault, marks, new_trial, until

MAIL = "https://api.mail.example"


def last(rig: Rig, edge: str) -> ExchangeEnded:
    return [e for e in rig.events() if isinstance(e, ExchangeEnded) and e.edge == edge][-1]


def test_a_reverse_edge_names_the_upstream_as_host(rig: Rig) -> None:
    with rig.client() as client:
        assert client.get("/echo").json()["headers"]["host"] == rig.origin.url.removeprefix("http://")


def test_the_user_edge_changes_nothing_but_our_credentials(rig: Rig) -> None:
    with rig.client("user", cookies={"session": "s3"}) as client:
        seen = client.get(f"{rig.origin.url}/echo").json()["headers"]
    assert seen["host"] == rig.origin.url.removeprefix("http://")
    assert seen["cookie"] == "session=s3"
    assert "proxy-authorization" not in seen


@pytest.mark.parametrize("credentials", ["", "run-1:wrong@", "somebody:else@"])
def test_the_user_edge_asks_for_credentials(rig: Rig, credentials: str) -> None:
    url = rig.ready.edges["user"].replace("://", f"://{credentials}")
    assert rig.tls_origin
    with httpx.Client(proxy=url, trust_env=False) as client:
        assert client.get(f"{rig.origin.url}/echo").status_code == 407
        with pytest.raises(httpx.ProxyError, match="407"):
            client.get(f"{rig.tls_origin.url}/echo")
    assert rig.origin.calls == []


def test_a_refused_upload_of_any_length_is_refused(rig: Rig) -> None:
    with httpx.Client(proxy=rig.ready.edges["user"], trust_env=False) as client:
        assert client.post(f"{rig.origin.url}/echo", content=b"u" * (2 << 20)).status_code == 407


def test_a_forward_edge_sends_a_provider_to_its_stand_in(rig: Rig, trial: str) -> None:
    with rig.armed(trial), rig.client("mail") as client:
        seen = client.get(f"{MAIL}/echo", headers=marks(trial)).json()["headers"]
    assert seen["host"] == rig.origin.url.removeprefix("http://")
    exchange = rig.exchanges(trial)[-1]
    assert (exchange.edge, exchange.host, exchange.evidence) == ("mail", "api.mail.example", "traceparent")


@pytest.mark.parametrize("url", [MAIL, "http://mail.example"])
def test_a_forward_provider_edge_is_faulted_over_https_and_http(rig: Rig, trial: str, url: str) -> None:
    with rig.armed(trial, fault(Status(429), edge="mail")), rig.client("mail") as client:
        assert client.post(f"{url}/send", headers=marks(trial)).status_code == 429
    assert [receipt.edge for receipt in rig.receipts(trial)] == ["mail"]


def test_an_undeclared_tls_host_passes_untouched_and_is_listed(rig: Rig, certificates: Certificates) -> None:
    assert rig.tls_origin
    trusted = ssl.create_default_context(cafile=str(certificates.ca))  # and not our proxy's authority
    with httpx.Client(proxy=rig.ready.edges["mail"], verify=trusted, trust_env=False) as client:
        assert client.get(f"{rig.tls_origin.url}/v1/x").content == BODY
    exchange = last(rig, "undeclared")
    assert (exchange.method, exchange.host, exchange.trial, exchange.path) == ("CONNECT", "localhost", None, "")


def test_an_undeclared_plain_host_passes_untouched_and_is_listed(rig: Rig, trial: str) -> None:
    call = tracing.call_id(trial, 1, 1)
    with rig.armed(trial, fault(Status(503), edge="mail")), rig.client("mail") as client:
        headers = {**marks(trial), "baggage": tracing.baggage(call)}
        reply = client.get(f"{rig.origin.url}/echo?a=secret", headers=headers)
    assert reply.json()["headers"]["baggage"] == tracing.baggage(call)
    exchange = last(rig, "undeclared")
    assert (exchange.trial, exchange.evidence, exchange.path, exchange.status) == (None, "none", "", 200)


def test_our_baggage_does_not_reach_a_third_party(rig: Rig, trial: str) -> None:
    call = tracing.call_id(trial, 1, 1)
    with rig.armed(trial), rig.client() as client:
        mixed = client.get("/echo", headers={"baggage": f"tenant=7,{tracing.baggage(call)}"}).json()
        alone = client.get("/echo", headers={"baggage": tracing.baggage(call)}).json()
    assert mixed["headers"]["baggage"] == "tenant=7"
    assert "baggage" not in alone["headers"]
    assert [exchange.evidence for exchange in rig.exchanges(trial)] == ["baggage", "baggage"]


def test_a_call_is_known_by_the_trials_id_in_its_body(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503))), rig.client() as client:
        assert client.post("/v1/charges", json={"reference": f"{trial}-1"}).status_code == 503
        assert client.post("/v1/charges", json={"reference": "another"}).status_code == 200
    assert [exchange.evidence for exchange in rig.exchanges(trial)] == ["trial-id"]


def test_a_call_with_the_marks_of_two_trials_is_not_faulted(rig: Rig, trial: str) -> None:
    other = new_trial()
    with rig.armed(trial, fault(Status(503))), rig.armed(other, fault(Status(503))), rig.client() as client:
        reply = client.post("/v1/batch", json={"ids": [other]}, headers=marks(trial))
    assert reply.status_code == 200
    assert (last(rig, "payments").evidence, last(rig, "payments").trial) == ("ambiguous", None)


def test_two_leases_are_two_plans(rig: Rig, trial: str) -> None:
    other = new_trial()
    with rig.armed(trial, fault(Status(503))), rig.armed(other, fault(Status(429))), rig.client() as client:
        codes = [client.get("/v1/x", headers=marks(whose)).status_code for whose in (trial, other, new_trial())]
    assert codes == [503, 429, 200]
    assert [len(rig.receipts(whose)) for whose in (trial, other)] == [1, 1]


def test_only_the_matching_calls_of_the_edge_suffer(rig: Rig, trial: str) -> None:
    only = fault(Status(503), match=Match(("POST",), "/v1/charges/*"))
    with rig.armed(trial, only), rig.client() as client:
        calls = [("POST", "/v1/charges/ch_1"), ("POST", "/v1/charges"), ("GET", "/v1/charges/ch_1")]
        codes = [client.request(method, path, headers=marks(trial)).status_code for method, path in calls]
    assert codes == [503, 200, 200]
    assert rig.receipts(trial)[0].site == "POST /v1/charges/*"


def test_faults_compose_delay_first_then_the_answer_then_its_body(rig: Rig, trial: str) -> None:
    from flowprobe.core.faults.body import Body

    faults = (
        fault(Body("html"), id="page"), fault(Status(503), id="status"), fault(Latency(0.1), id="slow"),
        fault(Status(500), id="second answer"),
    )
    with rig.armed(trial, *faults), rig.client() as client:
        reply = client.get("/v1/x", headers=marks(trial))
    assert (reply.status_code, reply.text[:9]) == (503, "<!DOCTYPE")
    assert [receipt.fault for receipt in rig.receipts(trial)] == ["slow", "status", "page"]


def test_the_record_has_digests_and_sizes_but_no_content(rig: Rig, trial: str) -> None:
    with rig.armed(trial), rig.client() as client:
        for key in ("order-1", "order-1", "order-2"):
            headers = {**marks(trial), "Idempotency-Key": key, "Authorization": "Bearer s3cret"}
            client.post("/v1/charges?card=4242424242424242", json={"amount": 7}, headers=headers)
    first, second, third = rig.exchanges(trial)
    assert (first.key, first.body, first.request_bytes, first.reply_bytes) == (second.key, second.body, 12, len(BODY))
    assert first.key != third.key
    text = rig.journal.read_text()
    assert not any(secret in text for secret in ("order-1", "s3cret", "4242424242424242", "paid"))


def test_an_unreachable_upstream_is_recorded_as_such(rig: Rig, trial: str) -> None:
    with rig.armed(trial):
        assert httpx.get(f"{rig.ready.edges['dead']}/x", headers=marks(trial), trust_env=False).status_code == 502
    exchange = rig.exchanges(trial)[0]
    assert (exchange.status, exchange.upstream_status) == (502, None)
    assert exchange.error


def test_long_uploads_and_downloads_pass_whole(rig: Rig, trial: str) -> None:
    with rig.armed(trial), rig.client() as client:
        assert client.get("/big", headers=marks(trial)).content == BIG
        assert client.post("/echo", content=BIG, headers=marks(trial)).json()["length"] == len(BIG)
    assert rig.exchanges(trial)[0].reply_bytes == len(BIG)


def test_a_long_upload_known_by_its_headers_is_faulted(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503))), rig.client() as client:
        assert client.post("/echo", content=BIG, headers=marks(trial)).status_code == 503
    assert rig.origin.calls == []


def test_events_arrive_as_they_are_sent(rig: Rig, trial: str) -> None:
    with rig.armed(trial), rig.client() as client, client.stream("GET", "/events", headers=marks(trial)) as reply:
        pieces = reply.iter_text()
        assert next(pieces) == "data: first\n\n"
        assert rig.exchanges(trial) == []
        rig.origin.gate.set()
        assert list(pieces) == []
    until(lambda: rig.exchanges(trial))

from __future__ import annotations

from flowprobe.core.nights.blaming import Credential, Probes, Runner
from flowprobe.core.nights.probed import seen
from flowprobe.core.phases import Phases


def test_all_that_was_looked_at_has_a_line() -> None:
    probes = Probes(
        runner=Runner(0.3, 0, -0.01, 1 << 30, 1 << 29, 900), unprobed=("credentials",),
        targets=(Phases("acme.test:443", 0.001, 0.012, 0.03, failed="tls", detail="It has expired."),),
        controls={"example.com": Phases("example.com:80", 0.002, 0.01, None, 0.05, status=200), "near": Phases("near:80")},
        credential=Credential("pro-eu", "GET /v1/me", 401))
    assert seen(probes) == {
        "target acme.test:443": "failed (tls): It has expired. (name 1 ms, connection 12 ms, TLS 30 ms)",
        "control example.com": "answered 200 (name 2 ms, connection 10 ms, first byte 50 ms)",
        "control near": "connected",
        "credentials": "GET /v1/me as pro-eu is answered 401",
        "proxy": "nothing is wrong with it",
        "runner": "did not get to run for 300 ms, slept for 0 ms, its clock moved -10 ms by itself, 1024 MiB of disk left, "
                  "512 MiB of memory left, may open 900 files more",
        "not in time": "credentials",
    }


def test_a_proxy_that_is_gone_and_a_silence_are_told() -> None:
    found = seen(Probes(proxy="it is gone", credential=Credential("pro-eu", "GET /v1/me", None)))
    assert found["proxy"] == "it is gone"
    assert found["credentials"] == "GET /v1/me as pro-eu is not answered"
    assert "not in time" not in found

"""What we rely on in httpx and httpcore beyond their ordinary use; run on every version that we allow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpcore
import pytest
import respx

from flowprobe.http import Driver
from flowprobe.http.network import DeadlineStream
from tests.http.calls import replied
from tests.http.servers import OK, always, serving

ROOT = Path(__file__).parents[2]


def test_the_pool_asks_our_backend_for_connections_and_uses_our_stream(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    monkeypatch.setattr(DeadlineStream, "read", spy(DeadlineStream.read, used))
    monkeypatch.setattr(DeadlineStream, "write", spy(DeadlineStream.write, used))
    monkeypatch.setattr(DeadlineStream, "close", spy(DeadlineStream.close, used))
    with serving(always(OK)) as server:
        replied(driver, server.url())
        driver.close()
    assert {"read", "write", "close"} == set(used)


def spy(method: object, used: list[str]) -> object:
    assert callable(method)

    def call(*args: object, **options: object) -> object:
        used.append(method.__name__)
        return method(*args, **options)

    return call


def test_a_pool_takes_our_backend_and_proxy_by_public_names() -> None:
    with httpcore.ConnectionPool(network_backend=httpcore.MockBackend([]), proxy=httpcore.Proxy("http://p:1")):
        pass


def test_a_pool_makes_connections_without_keeping_them() -> None:
    with httpcore.ConnectionPool(network_backend=httpcore.MockBackend([])) as pool:
        connection = pool.create_connection(httpcore.URL("http://api.acme.example/").origin)
        assert not connection.is_idle()
        assert pool.connections == []


def test_respx_intercepts(driver: Driver) -> None:
    with respx.mock as product:
        product.get("http://api.acme.example/").respond(418)
        assert replied(driver, "http://api.acme.example/").status == 418


def test_a_plain_call_reads_no_certificates() -> None:
    code = """
import ssl, sys
def refuse(*_, **__): raise AssertionError("certificates were read")
ssl.create_default_context = refuse
ssl.SSLContext.load_verify_locations = refuse
from flowprobe.http import Driver
from tests.http.calls import replied
print(replied(Driver(), sys.argv[1]).status)
"""
    with serving(always(OK)) as server:
        done = subprocess.run([sys.executable, "-c", code, server.url()], cwd=ROOT, capture_output=True,
                              text=True, timeout=60, check=False)
    assert done.stdout.strip() == "200", done.stderr


def test_only_this_folder_knows_httpx() -> None:
    strangers = [path for path in (ROOT / "flowprobe").rglob("*.py")
                 if path.parent.name != "http" and "import httpx" in path.read_text(encoding="utf-8")]
    assert [path for path in strangers if "demo" not in path.parts] == []

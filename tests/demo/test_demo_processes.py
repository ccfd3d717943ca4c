"""The demo as its users run it: processes with real sockets."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
START_S, EXIT_S = 10.0, 2.0
TOKENS = {"ACME_TOKEN_ADMIN": "admin-token", "ACME_TOKEN_OPERATOR": "operator-token"}
SEARCH = b"GET /v1/search?q=team HTTP/1.1\r\nHost: acme\r\nAuthorization: Bearer admin-token\r\n\r\n"
ADMIN = {"Authorization": "Bearer admin-token"}


@contextmanager
def started(*module: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**os.environ, "PORT": "0", **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    """The address that a process prints when it listens."""
    return urls_of(process, 1)[0]


def urls_of(process: subprocess.Popen[str], ports: int) -> list[str]:
    """The addresses that a process prints, all at once, when it listens."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_S)
    assert ready, "the process did not say in time that it listens"
    return [process.stdout.readline().split()[-1] for _ in range(ports)]


def seconds_to_exit(process: subprocess.Popen[str]) -> float:
    started_at = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    return time.monotonic() - started_at


@pytest.fixture
def silent_index() -> Iterator[socket.socket]:
    """A search index that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(START_S)
        yield listener


def test_product_and_providers_work_together_and_exit_soon() -> None:
    with ExitStack() as stack:
        names = ("payments", "search")
        providers = [stack.enter_context(started("flowprobe.demo.providers", name)) for name in names]
        urls = dict(zip(("PAYMENTS_URL", "SEARCH_URL"), map(url_of, providers), strict=True))
        product = stack.enter_context(started("flowprobe.demo.product", **TOKENS, **urls))
        with httpx.Client(base_url=url_of(product), headers=ADMIN, timeout=START_S) as client:
            invited = client.post("/v1/teams/team_eu/invites", json={"email": "a@b.test", "role": "member"})
            assert invited.status_code == 201
            assert client.get("/v1/search", params={"q": "europe"}).json()["source"] == "index"
            assert client.delete(f"/v1/invites/{invited.json()['id']}").status_code == 204
        assert max(seconds_to_exit(process) for process in (product, *providers)) < EXIT_S


def test_all_providers_in_one_process_and_a_file_that_is_scanned() -> None:
    names = ("payments", "search", "scanner", "mail")
    ports = {f"{name.upper()}_PORT": "0" for name in names}
    with ExitStack() as stack:
        providers = stack.enter_context(
            started("flowprobe.demo.providers", *names, SCANNER_SECRET="s", **ports))
        found_at = urls_of(providers, len(names))
        urls = {f"{name.upper()}_URL": url for name, url in zip(names, found_at, strict=True)}
        product = stack.enter_context(
            started("flowprobe.demo.product", **TOKENS, **urls, SCANNER_SECRET="s", ACME_WEAKNESSES="none"))
        with httpx.Client(base_url=url_of(product), headers=ADMIN, timeout=START_S) as client:
            for url in urls.values():
                assert client.get(f"{url}/health").status_code == 200
            client.post("/v1/teams/team_eu/invites", json={"email": "a@b.test"})
            assert len(client.get(f"{urls['MAIL_URL']}/messages").json()["items"]) == 1
            assert len(client.get(f"{urls['PAYMENTS_URL']}/v1/charges").json()["data"]) == 1
            ticket = client.post("/v1/uploads", json={"name": "a.txt"}).json()
            client.put(ticket["url"], content=b"hello")
            found = until(lambda: client.get(f"/v1/files/{ticket['id']}").json(), lambda file: file["state"] == "clean")
            assert found["scans"] == 1
            export = client.post("/v1/exports", json={"kind": "documents"}).headers["location"]
            assert until(lambda: client.get(export).json(), lambda found: found["state"] == "done")["rows"] == 12
            client.post("/v1/exports", json={"kind": "documents"})  # and still at work when the product ends
        assert max(seconds_to_exit(process) for process in (product, providers)) < EXIT_S
        assert "Traceback" not in product.communicate()[1] + providers.communicate()[1]


def until(look: Callable[[], Any], is_there: Callable[[Any], bool]) -> Any:
    """What is found when it is as it should be, or the last that was found."""
    deadline = time.monotonic() + START_S
    while not is_there(found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_a_process_whose_second_port_is_taken_says_which(silent_index: socket.socket) -> None:
    taken = str(silent_index.getsockname()[1])
    with started("flowprobe.demo.providers", "payments", "mail", PAYMENTS_PORT="0", MAIL_PORT=taken) as providers:
        assert "Set MAIL_PORT to a free port, or to 0 for any." in providers.communicate(timeout=START_S)[1]
        assert providers.returncode == 1


def test_a_product_with_a_hanging_call_exits_soon(silent_index: socket.socket) -> None:
    index = f"http://127.0.0.1:{silent_index.getsockname()[1]}"
    with started("flowprobe.demo.product", **TOKENS, SEARCH_URL=index) as product:
        address = ("127.0.0.1", int(url_of(product).rpartition(":")[2]))
        with socket.create_connection(address, START_S) as client:
            client.sendall(SEARCH)
            called, _ = silent_index.accept()
            with called:
                assert seconds_to_exit(product) < EXIT_S
        assert "Traceback" not in product.communicate()[1]

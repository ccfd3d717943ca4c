"""When a test may be skipped for want of a package: only if the index does not answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flowprobe.product import free_port
from tests.end_to_end.real_provider import packages

NO_SUCH = "flowprobe-has-no-such-package==0"


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def empty_index() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def unreachable_index(monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"http://127.0.0.1:{free_port()}/simple/"
    monkeypatch.setenv("PIP_INDEX_URL", url)
    return url


def test_an_index_that_refuses_answers_and_one_that_is_not_there_does_not(
    empty_index: str, unreachable_index: str,
) -> None:
    assert packages.index_answers(empty_index)
    assert not packages.index_answers(unreachable_index)


def test_without_an_index_the_tests_are_skipped(unreachable_index: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"{unreachable_index} does not answer"):
        packages._give_up((NO_SUCH,), "pip said no")


@pytest.mark.usefixtures("unreachable_index")
def test_in_ci_they_fail_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="pip said no"):
        packages._give_up((NO_SUCH,), "pip said no")


def test_a_package_that_the_index_does_not_have_is_a_failure(
    empty_index: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", empty_index)
    with pytest.raises(pytest.fail.Exception, match="could not be installed"):
        packages._give_up((NO_SUCH,), "could not be installed")

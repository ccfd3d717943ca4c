from __future__ import annotations

import json
import sys

import pytest

from flowprobe.notify.by_apprise import tell
from tests.http.servers import OK, always, replies, serving


def test_a_service_of_apprise_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with serving(always(OK)) as server:
        assert tell(f"json://127.0.0.1:{server.port}/hook", title="[page] prod", body="It broke.", kind="page") == ""
        sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert (sent["title"], sent["message"], sent["type"]) == ("[page] prod", "It broke.", "failure")
    assert caplog.text == ""


def test_what_could_not_be_delivered_is_told_without_the_url(caplog: pytest.LogCaptureFixture) -> None:
    broken = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    with serving(replies(broken)) as server:
        problem = tell(f"json://user:hunter22@127.0.0.1:{server.port}/hook", title="a", body="b")
    assert problem == "apprise could not deliver it; what the service answered is not told"
    assert "hunter22" not in caplog.text


def test_a_url_that_apprise_does_not_know_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert tell("nonsense://hunter22", title="a", body="b") == "apprise does not understand its URL"
    assert "hunter22" not in caplog.text


def test_where_it_is_not_installed_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert tell("json://127.0.0.1", title="a", body="b") == "apprise is not installed: pip install 'flowprobe[apprise]'"


def test_a_service_that_breaks_is_told_by_the_kind_of_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def add(self, url: str) -> bool:
            raise RuntimeError(url)

    monkeypatch.setattr("apprise.Apprise", Broken)
    assert tell("json://hunter22", title="a", body="b") == "apprise failed (RuntimeError)"

"""Exports: asynchronous, followed to their end, and thrown away."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Any

import pytest


def error_code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def ordered(acme: Any, **body: str) -> Any:
    return acme.call("POST", "/v1/exports", json={"kind": "documents", **body})


def test_an_export_is_queued_then_running_then_done(acme: Any) -> None:
    reply = ordered(acme)
    assert (reply.status_code, reply.headers["retry-after"]) == (202, "1")
    states = [reply.json()["state"]]
    for seconds in (0.0, 0.15, 0.3):
        acme.passes(seconds)
        states.append(acme.call("GET", reply.headers["location"]).json()["state"])
    assert states == ["queued", "queued", "running", "done"]


@pytest.mark.parametrize(("format", "kind"), [("csv", "text/csv; charset=utf-8"), ("json", "application/json")])
def test_the_file_is_what_the_status_says(acme: Any, format: str, kind: str) -> None:
    path = ordered(acme, format=format).headers["location"]
    acme.passes(1)
    done = acme.call("GET", path).json()
    file = acme.call("GET", done["file"])
    assert (file.headers["content-type"], len(file.content)) == (kind, done["size"])
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    rows = file.json() if format == "json" else list(csv.DictReader(io.StringIO(file.text)))
    assert (len(rows), rows[0]["id"]) == (done["rows"], "doc_01")


def test_an_export_of_invites_has_those_of_the_account(acme: Any) -> None:
    empty, invite = ordered(acme, kind="invites"), acme.invite().reply.json()
    acme.passes(1)
    path = acme.call("GET", empty.headers["location"]).json()["file"]
    assert acme.call("GET", path).text == f"id,email,role\r\n{invite['id']},guest@example.test,member\r\n"


def test_an_export_of_nothing_is_an_empty_file_with_a_head(acme: Any) -> None:
    path = ordered(acme, kind="invites").headers["location"]
    acme.passes(1)
    assert acme.call("GET", path).json()["rows"] == 0
    assert acme.call("GET", path + "/file").text == "id\r\n"


def test_a_broken_export_fails_and_says_why(acme: Any) -> None:
    path = ordered(acme, kind="broken").headers["location"]
    acme.passes(1)
    failed = acme.call("GET", path).json()
    assert (failed["state"], failed["error"]["code"]) == ("failed", "export_failed")
    assert error_code(acme.call("GET", path + "/file")) == (409, "not_ready")


def test_there_is_no_file_before_the_export_is_done(acme: Any) -> None:
    assert error_code(acme.call("GET", ordered(acme).headers["location"] + "/file")) == (409, "not_ready")


@pytest.mark.parametrize("seconds", [0, 1])
def test_an_export_can_be_thrown_away_at_any_time(acme: Any, seconds: float) -> None:
    path = ordered(acme).headers["location"]
    acme.passes(seconds)
    assert acme.call("DELETE", path).status_code == 204
    acme.passes(1)
    assert error_code(acme.call("GET", path)) == (404, "not_found")


def test_the_same_key_is_the_same_export(acme: Any) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = (acme.call("POST", "/v1/exports", json={"kind": "documents"}, headers=key) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    other = acme.call("POST", "/v1/exports", json={"kind": "invites"}, headers=key)
    assert error_code(other) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "invalid_kind"), ({"kind": ["documents"]}, "invalid_kind"), ({"kind": "documents", "format": "xml"}, "invalid_format"),
     ({"kind": "documents", "format": 1}, "invalid_format")],
)
def test_an_export_that_cannot_be_made_is_refused(acme: Any, body: dict[str, object], code: str) -> None:
    assert error_code(acme.call("POST", "/v1/exports", json=body)) == (422, code)


def test_an_export_of_another_account_is_forbidden_to_all_but_staff(acme: Any, tokens: dict[str, str]) -> None:
    path = ordered(acme).headers["location"]
    assert error_code(acme.call("GET", path, token=tokens["admin_us"])) == (403, "forbidden")
    assert acme.call("GET", path, token=tokens["operator"]).status_code == 200
    assert error_code(acme.call("POST", "/v1/exports", token=tokens["operator"], json={"kind": "documents"})) == (403, "forbidden")

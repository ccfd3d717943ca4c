"""Files: two ways in, the scanner's webhook, and what becomes of a file."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.demo.multipart import InvalidMultipart, parts_of
from flowprobe.demo.providers.scanner import EICAR
from flowprobe.demo.signatures import SIGNATURE, is_signed, signature


def error_code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


@pytest.fixture
def scanned(start: Any) -> Any:
    """The product with a scanner."""
    return start(providers=True)


def send_webhook(acme: Any, secret: str, body: dict[str, object], at: float | None = None) -> httpx.Response:
    content = json.dumps(body).encode()
    header = signature(secret, content, int(time.time() if at is None else at))
    return acme.call(  # type: ignore[no-any-return]
        "POST", "/hooks/scan", token=None, content=content, headers={SIGNATURE: header})


# --- ways in ----------------------------------------------------------------------------------------


def test_a_ticket_has_an_absolute_url_of_the_product(acme: Any) -> None:
    reply = acme.call("POST", "/v1/uploads", json={"name": "report.txt"})
    ticket = reply.json()
    assert reply.status_code == 201
    assert ticket["url"].startswith("http://acme/v1/uploads/")
    assert acme.file(ticket["id"]) == {"id": ticket["id"], "name": "report.txt", "state": "expected"}


def test_whoever_holds_the_ticket_uploads_the_bytes(scanned: Any) -> None:
    content = bytes(range(256))
    file = scanned.upload(content, headers={"Content-Type": "image/png"})
    assert (file["state"], file["size"], file["content_type"]) == ("scanning", 256, "image/png")
    assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_same_bytes_again_are_no_second_upload(scanned: Any) -> None:
    ticket = scanned.call("POST", "/v1/uploads", json={"name": "a"}).json()
    replies = [scanned.call("PUT", ticket["url"], content=content) for content in (b"one", b"one", b"two")]
    assert [reply.status_code for reply in replies] == [200, 200, 409]
    assert error_code(replies[2]) == (409, "already_uploaded")
    assert len(scanned.scanner.requests) == 1


def test_a_form_uploads_a_file_too(scanned: Any) -> None:
    files = {"file": ("Bericht é.txt", b"\r\n--x\r\n", "text/plain")}
    reply = scanned.call("POST", "/v1/files", files=files, data={"note": "ignored"})
    file = reply.json()
    assert (reply.status_code, file["name"], file["size"]) == (201, "Bericht é.txt", 7)
    assert scanned.call("GET", reply.headers["location"]).json() == file
    assert scanned.call("GET", "/v1/files").json() == {"items": [file]}


def test_a_form_under_the_same_key_is_one_file(scanned: Any) -> None:
    first, again = (scanned.call("POST", "/v1/files", files={"file": ("a", b"x")}, headers={"Idempotency-Key": "k"})
                    for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert len(scanned.call("GET", "/v1/files").json()["items"]) == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"files": {"other": ("a", b"x")}}, (422, "missing_file")),
        ({"files": {"file": ("a", b"")}}, (422, "missing_file")),
        ({"data": {"file": "no file"}}, (422, "invalid_form")),
        ({"content": b""}, (422, "invalid_body")),
        ({"files": {"file": ("a", b"x" * 1_048_577)}}, (413, "too_large")),
        ({"files": {"file": ("a", b"x" * 1_100_000)}}, (413, "too_large")),
        ({"files": {"file": ("a" * 201, b"x")}}, (422, "invalid_name")),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(acme: Any, options: Any, expected: Any) -> None:
    assert error_code(acme.call("POST", "/v1/files", **options)) == expected
    assert acme.call("GET", "/v1/files").json() == {"items": []}


@pytest.mark.parametrize(("content", "expected"), [(b"", (422, "invalid_body")), (b"x" * 1_048_577, (413, "too_large"))])
def test_bytes_that_are_none_or_too_many_are_refused(acme: Any, content: bytes, expected: Any) -> None:
    ticket = acme.call("POST", "/v1/uploads", json={"name": "a"}).json()
    assert error_code(acme.call("PUT", ticket["url"], content=content)) == expected


def test_a_ticket_needs_a_name_and_to_be_one_of_ours(acme: Any) -> None:
    assert error_code(acme.call("PUT", "/v1/uploads/made-up", content=b"x")) == (404, "not_found")
    for body in ({}, {"name": ""}, {"name": 1}, {"name": "two\nlines"}):
        assert error_code(acme.call("POST", "/v1/uploads", json=body)) == (422, "invalid_name")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/mixed; boundary=x", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n--x--"),
    ],
)
def test_what_is_no_multipart_form_is_not_read_as_one(kind: str, body: bytes) -> None:
    with pytest.raises(InvalidMultipart):
        parts_of(kind, body)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_the_bytes_of_a_part_are_those_that_were_sent(contents: list[bytes]) -> None:
    boundary = b"boundary-of-this-test"
    sent = b"".join(
        b"--" + boundary + b'\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + content + b"\r\n"
        for content in contents
    )
    parts = parts_of(f"multipart/form-data; boundary={boundary.decode()}", sent + b"--" + boundary + b"--\r\n")
    assert [part.content for part in parts] == contents


@given(st.text(max_size=80), st.binary(max_size=80))
def test_a_body_that_was_made_up_is_read_or_refused(kind: str, body: bytes) -> None:
    for content_type in (kind, "multipart/form-data; boundary=a"):
        with suppress(InvalidMultipart):
            parts_of(content_type, b"--a" + body + b"--a--")


# --- the verdict ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "verdict"), [(b"hello", "clean"), (b"x " + EICAR, "infected")])
def test_the_webhook_brings_the_verdict(scanned: Any, content: bytes, verdict: str) -> None:
    file = scanned.upload(content)
    scanned.passes(0.1)
    found = scanned.file(file["id"])
    assert (found["state"], found["scans"]) == (verdict, 1)
    assert [str(request.url) for request in scanned.webhooks.requests] == ["http://public/hooks/scan"]


def test_without_a_scanner_a_file_is_clean(acme: Any) -> None:
    file = acme.upload()
    assert (file["state"], file["scans"]) == ("clean", 0)


def test_without_a_public_url_the_webhook_goes_to_where_the_upload_came_to(start: Any) -> None:
    acme = start(providers=True, public_url=None)
    acme.upload()
    acme.passes(0.1)
    assert [str(request.url) for request in acme.webhooks.requests] == ["http://acme/hooks/scan"]


def test_only_a_clean_file_is_given_out(scanned: Any) -> None:
    clean, infected = (scanned.upload(content)["id"] for content in (b"hello", EICAR))
    assert error_code(scanned.call("GET", f"/v1/files/{clean}/content")) == (409, "not_ready")
    scanned.passes(0.1)
    reply = scanned.call("GET", f"/v1/files/{clean}/content")
    assert (reply.status_code, reply.content) == (200, b"hello")
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''report.txt"
    assert error_code(scanned.call("GET", f"/v1/files/{infected}/content")) == (403, "infected")


def test_a_scanner_that_was_down_for_a_moment_is_asked_once_more(scanned: Any) -> None:
    scanned.scanner.suffer("503", times=1)
    assert scanned.upload()["state"] == "scanning"


def test_trace_headers_go_to_the_scanner(scanned: Any) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    scanned.upload(headers={"traceparent": trace})
    (order,) = scanned.scanner.requests
    assert order.headers["traceparent"] == trace


def test_a_deleted_file_is_gone_and_its_webhook_harmless(scanned: Any) -> None:
    file = scanned.upload()["id"]
    assert scanned.call("DELETE", f"/v1/files/{file}").status_code == 204
    assert error_code(scanned.call("GET", f"/v1/files/{file}")) == (404, "not_found")
    scanned.passes(5)
    assert len(scanned.webhooks.requests) == 1


def test_a_file_of_another_account_is_forbidden(scanned: Any, tokens: dict[str, str]) -> None:
    path = f"/v1/files/{scanned.upload()['id']}"
    for method, suffix in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        assert error_code(scanned.call(method, path + suffix, token=tokens["admin_us"])) == (403, "forbidden")


# --- webhooks that are not as they should be --------------------------------------------------------


def test_a_webhook_that_nobody_takes_is_tried_six_times(scanned: Any) -> None:
    scanned.webhooks.suffer("503")
    scanned.upload()
    scanned.passes(5)
    assert len(scanned.webhooks.requests) == 6


def test_a_webhook_that_is_refused_is_not_sent_again(scanned: Any) -> None:
    scanned.webhooks.suffer(httpx.Response(400))
    scanned.upload()
    scanned.passes(5)
    assert len(scanned.webhooks.requests) == 1


def test_a_late_second_verdict_does_not_change_the_first(scanned: Any, scanner_secret: str) -> None:
    file = scanned.upload(EICAR)["id"]
    scanned.passes(0.1)
    assert send_webhook(scanned, scanner_secret, {"file": file, "verdict": "clean"}).status_code == 204
    assert scanned.file(file)["state"] == "infected"


def test_a_verdict_for_a_file_that_is_not_there_yet_is_not_believed(scanned: Any, scanner_secret: str) -> None:
    file = scanned.call("POST", "/v1/uploads", json={"name": "a"}).json()["id"]
    assert send_webhook(scanned, scanner_secret, {"file": file, "verdict": "clean"}).status_code == 204
    assert scanned.file(file)["state"] == "expected"


@pytest.mark.parametrize("body", [{}, {"file": "f"}, {"file": "f", "verdict": "perhaps"}, {"file": 1, "verdict": "clean"}])
def test_a_webhook_without_a_verdict_is_refused(scanned: Any, scanner_secret: str, body: dict[str, object]) -> None:
    assert error_code(send_webhook(scanned, scanner_secret, body)) == (422, "invalid_verdict")


@pytest.mark.parametrize("forged", ["secret", "age", "header", "no scanner"])
def test_a_webhook_of_somebody_else_is_refused(start: Any, scanner_secret: str, forged: str) -> None:
    acme = start(providers=forged != "no scanner")
    body = {"file": "file_1", "verdict": "clean"}
    match forged:
        case "secret":
            reply = send_webhook(acme, "another", body)
        case "age":
            reply = send_webhook(acme, scanner_secret, body, time.time() - 301)
        case "header":
            reply = acme.call("POST", "/hooks/scan", token=None, json=body)
        case _:
            reply = send_webhook(acme, scanner_secret, body)
    assert error_code(reply) == (401, "invalid_signature")


def test_a_signature_is_of_one_body_one_secret_and_one_time() -> None:
    header = signature("s", b"body", 1000)
    assert is_signed("s", b"body", header, 1300)
    assert not is_signed("s", b"body", header, 1301)
    assert not is_signed("s", b"Body", header, 1000)
    assert not is_signed("t", b"body", header, 1000)
    assert not is_signed("s", b"body", header.replace("t=1000", "t=1001"), 1000)

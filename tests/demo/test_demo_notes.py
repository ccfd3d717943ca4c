"""Notes: written, collected page by page, deleted."""

from __future__ import annotations

from typing import Any

import pytest


def error_code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def write(acme: Any, text: str, **body: object) -> str:
    return str(acme.call("POST", "/v1/notes", json={"text": text, **body}).json()["id"])


def page(acme: Any, **query: object) -> Any:
    return acme.call("GET", "/v1/notes", params=query).json()


def test_a_note_can_be_written_read_and_deleted(acme: Any) -> None:
    reply = acme.call("POST", "/v1/notes", json={"text": "hello", "tag": "t"})
    assert reply.status_code == 201
    assert acme.call("GET", reply.headers["location"]).json() == reply.json()
    assert reply.json() == {"id": reply.json()["id"], "text": "hello", "tag": "t"}
    assert acme.call("DELETE", reply.headers["location"]).status_code == 204
    assert error_code(acme.call("DELETE", reply.headers["location"])) == (404, "not_found")


@pytest.mark.parametrize(("notes", "pages"), [(0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2]), (5, [2, 2, 1])])
def test_pages_have_every_note_once_and_the_last_has_no_next(acme: Any, notes: int, pages: list[int]) -> None:
    written = [write(acme, str(number)) for number in range(notes)]
    found = [page(acme, limit=2)]
    while "next" in found[-1]:
        found.append(page(acme, limit=2, cursor=found[-1]["next"]))
    assert [len(each["items"]) for each in found] == pages
    assert [item["id"] for each in found for item in each["items"]] == written


def test_deleting_what_was_read_skips_nothing(acme: Any) -> None:
    written = [write(acme, str(number)) for number in range(5)]
    first = page(acme, limit=2)
    for item in first["items"]:
        acme.call("DELETE", f"/v1/notes/{item['id']}")
    assert [item["id"] for item in page(acme, cursor=first["next"])["items"]] == written[2:]


def test_a_tag_shows_its_own_notes_only(acme: Any) -> None:
    mine = [write(acme, "x", tag="mine") for _ in range(3)]
    write(acme, "y", tag="yours")
    write(acme, "z")
    first = page(acme, tag="mine", limit=2)
    second = page(acme, tag="mine", limit=2, cursor=first["next"])
    assert [item["id"] for item in (*first["items"], *second["items"])] == mine
    assert "next" not in second
    assert page(acme, tag="nobody's") == {"items": []}


def test_the_same_key_is_the_same_note(acme: Any) -> None:
    for _ in range(2):
        acme.call("POST", "/v1/notes", json={"text": "x"}, headers={"Idempotency-Key": "k"})
    assert len(page(acme)["items"]) == 1


def test_another_account_sees_nothing(acme: Any, tokens: dict[str, str]) -> None:
    note = write(acme, "secret")
    assert acme.call("GET", "/v1/notes", token=tokens["admin_us"]).json() == {"items": []}
    for method in ("GET", "DELETE"):
        assert error_code(acme.call(method, f"/v1/notes/{note}", token=tokens["admin_us"])) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "code"),
    [({"limit": 0}, "invalid_limit"), ({"limit": 101}, "invalid_limit"), ({"limit": "many"}, "invalid_limit"),
     ({"cursor": "made up"}, "invalid_cursor"), ({"cursor": ""}, "invalid_cursor"), ({"cursor": "Zm9vOjE"}, "invalid_cursor"),
     ({"cursor": "ü"}, "invalid_cursor"), ({"cursor": "YWZ0ZXI6LTE"}, "invalid_cursor")],
)
def test_a_page_that_cannot_be_is_refused(acme: Any, query: dict[str, object], code: str) -> None:
    assert error_code(acme.call("GET", "/v1/notes", params=query)) == (422, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "invalid_text"), ({"text": ""}, "invalid_text"), ({"text": 1}, "invalid_text"),
     ({"text": "x" * 1001}, "invalid_text"), ({"text": "x", "tag": ""}, "invalid_tag"), ({"text": "x", "tag": 1}, "invalid_tag")],
)
def test_a_note_that_makes_no_sense_is_refused(acme: Any, body: dict[str, object], code: str) -> None:
    assert error_code(acme.call("POST", "/v1/notes", json=body)) == (422, code)

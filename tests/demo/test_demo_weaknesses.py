"""Every switch under every fault, as the tables of docs/reference/demo.md say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowprobe.demo.weaknesses import WEAKNESSES, UnknownWeakness, parse_weaknesses

REFERENCE = (Path(__file__).parents[2] / "docs/reference/demo.md").read_text("utf-8")
PAYMENTS = tuple(w.name for w in WEAKNESSES if w.name.startswith("payments-"))
SEARCH = tuple(w.name for w in WEAKNESSES if w.name.startswith("search-"))
SCANNER = tuple(w.name for w in WEAKNESSES if w.name.startswith("scanner-"))
GROUPS = {"payments-": PAYMENTS, "search-": SEARCH, "scanner-": SCANNER}
HANGS_S = 3600


def switches(column: str, prefix: str) -> tuple[str, ...]:
    named = {"healthy": (), "all": GROUPS[prefix]}
    return named.get(column, (prefix + column,))


def cells(heading: str, prefix: str) -> list[Any]:
    """One case for each cell of the first table under a heading: the switches, the fault, the cell."""
    section = REFERENCE.partition(f"### {heading}\n")[2].partition("\n#")[0]
    lines = re.findall(r"^\|.*\|$", section, re.MULTILINE)
    (_, *columns), _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return [
        pytest.param(switches(column, prefix), fault, text, id=f"{column} under {fault}")
        for fault, *texts in body
        for column, text in zip(columns, texts, strict=True)
    ]


INVITE_CELLS = cells("An invite, while payments misbehaves", "payments-")
SEARCH_CELLS = cells("The search tab, while the index misbehaves", "search-")
FILE_CELLS = cells("A file, while the scanner misbehaves", "scanner-")


def described(timed: Any, charges: int) -> str:
    plural = "charge" if charges == 1 else "charges"
    return f"{timed.reply.status_code}, {round(timed.seconds * 1000)} ms, {charges} {plural}"


def described_hits(timed: Any) -> str:
    if timed.seconds >= HANGS_S:
        return "hangs"
    source = f" {timed.reply.json()['source']}" if timed.reply.status_code == 200 else ""
    return f"{timed.reply.status_code}{source}, {round(timed.seconds * 1000)} ms"


@pytest.mark.parametrize(("on", "fault", "cell"), INVITE_CELLS)
def test_an_invite_ends_as_the_reference_says(start: Any, on: tuple[str, ...], fault: str, cell: str) -> None:
    acme = start(*on)
    acme.payments.suffer(fault)
    timed = acme.invite()
    assert described(timed, len(acme.charged())) == cell
    assert acme.bill()["seats"] == (3 if timed.reply.status_code in (502, 504) else 4)


@pytest.mark.parametrize(("on", "fault", "cell"), SEARCH_CELLS)
def test_the_search_tab_ends_as_the_reference_says(
    start: Any, on: tuple[str, ...], fault: str, cell: str
) -> None:
    acme = start(*on)
    acme.search.suffer(fault)
    assert described_hits(acme.find()) == cell


def upload_under(acme: Any, fault: str) -> Any:
    """What has become of a file that is looked at each second; the first word of a fault says what it happens to."""
    kind, _, fault = fault.partition(": ")
    fault, _, times = fault.partition(" × ")
    hop = {"none": acme.webhooks, "order": acme.scanner, "webhook": acme.webhooks}[kind]
    hop.suffer(httpx.Response(204) if fault == "lost" else fault or "none", times=int(times or 1000))
    file = acme.upload()["id"]
    for _ in range(5):
        acme.passes(1)
        found = acme.file(file)
    return found


def described_file(file: Any) -> str:
    return f"{file['state']}, {file['scans']} {'scan' if file['scans'] == 1 else 'scans'}"


@pytest.mark.parametrize(("on", "fault", "cell"), FILE_CELLS)
def test_a_file_ends_as_the_reference_says(start: Any, on: tuple[str, ...], fault: str, cell: str) -> None:
    assert described_file(upload_under(start(*on, providers=True), fault)) == cell


@pytest.mark.parametrize(("on", "fault", "cell"), FILE_CELLS)
def test_other_switches_change_nothing_for_a_file(start: Any, on: tuple[str, ...], fault: str, cell: str) -> None:
    assert described_file(upload_under(start(*on, *PAYMENTS, *SEARCH, providers=True), fault)) == cell


def test_a_file_is_asked_about_when_it_has_waited_for_a_second(start: Any) -> None:
    acme = start(providers=True)
    acme.webhooks.suffer(httpx.Response(204))
    file = acme.upload()["id"]
    acme.passes(0.9)
    assert acme.file(file)["state"] == "scanning"
    acme.passes(0.1)
    assert acme.file(file)["state"] == "clean"
    assert [request.method for request in acme.scanner.requests] == ["POST", "GET"]


@pytest.mark.parametrize("reply", [
    httpx.Response(503), httpx.Response(200, text="<html>"), httpx.Response(200, json=[]),
    httpx.Response(200, json={"verdict": None}), httpx.Response(200, json={"verdict": "perhaps"}),
])
def test_what_is_no_verdict_leaves_a_file_as_it_is(start: Any, reply: httpx.Response) -> None:
    acme = start(providers=True)
    acme.webhooks.suffer(httpx.Response(204))
    file = acme.upload()["id"]
    acme.passes(1)
    acme.scanner.suffer(reply)
    assert acme.file(file)["state"] == "scanning"


@pytest.mark.parametrize(("on", "fault", "cell"), INVITE_CELLS)
def test_other_switches_change_nothing_for_an_invite(
    start: Any, on: tuple[str, ...], fault: str, cell: str
) -> None:
    acme = start(*on, *SEARCH, *SCANNER)
    acme.payments.suffer(fault)
    assert described(acme.invite(), len(acme.charged())) == cell


@pytest.mark.parametrize(("on", "fault", "cell"), SEARCH_CELLS)
def test_other_switches_change_nothing_for_search(
    start: Any, on: tuple[str, ...], fault: str, cell: str
) -> None:
    acme = start(*on, *PAYMENTS, *SCANNER)
    acme.search.suffer(fault)
    assert described_hits(acme.find()) == cell


@pytest.mark.parametrize("name", [*PAYMENTS, *SEARCH, *SCANNER])
def test_each_switch_alone_differs_from_healthy_under_some_fault(name: str) -> None:
    table = {**dict.fromkeys(PAYMENTS, INVITE_CELLS), **dict.fromkeys(SCANNER, FILE_CELLS)}.get(name, SEARCH_CELLS)
    healthy = {fault: cell for on, fault, cell in (case.values for case in table) if on == ()}
    weak = {fault: cell for on, fault, cell in (case.values for case in table) if on == (name,)}
    assert weak["none"] == healthy["none"]
    assert weak != healthy


@pytest.mark.parametrize(("on", "charges"), [((), 1), (("payments-double-charge",), 2)])
def test_a_reply_lost_once_is_paid_twice_only_by_the_blind_retry(
    start: Any, on: tuple[str, ...], charges: int
) -> None:
    acme = start(*on)
    acme.payments.suffer("lost reply", times=1)
    assert acme.invite().reply.status_code == 201
    assert len(acme.charged()) == charges
    assert acme.bill()["total"] == 1200


def test_blind_retries_bear_new_references_and_no_key(start: Any) -> None:
    acme = start("payments-double-charge")
    acme.payments.suffer("lost reply", times=1)
    acme.invite()
    first, second = acme.payments.requests
    assert first.content != second.content
    assert "idempotency-key" not in first.headers


def test_healthy_retries_are_the_same_request_under_the_same_key(acme: Any) -> None:
    acme.payments.suffer("lost reply", times=1)
    acme.invite()
    first, second = acme.payments.requests
    assert first.content == second.content
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("fault", ["HTML 200", "truncated JSON"])
def test_a_trusted_200_shows_its_stack_trace_and_leaves_the_invite_behind(start: Any, fault: str) -> None:
    acme = start("payments-trusts-200")
    acme.payments.suffer(fault)
    reply = acme.invite().reply
    assert "Traceback (most recent call last)" in reply.text
    assert [item["payment"] for item in acme.call("GET", "/v1/teams/team_eu/invites").json()["items"]] == [
        "unknown"
    ]


def test_an_invite_that_was_left_behind_can_be_deleted_and_is_refunded(start: Any) -> None:
    acme = start("payments-trusts-200")
    acme.payments.suffer("truncated JSON", times=1)
    acme.invite()
    (left,) = acme.call("GET", "/v1/teams/team_eu/invites").json()["items"]
    assert acme.call("DELETE", f"/v1/invites/{left['id']}").status_code == 204
    assert [charge["refunded"] for charge in acme.charged()] == [True]


def test_a_deferred_invite_says_so(acme: Any) -> None:
    acme.payments.suffer("503")
    body = acme.invite().reply.json()
    assert body.pop("id").startswith("inv_")
    assert body == {
        "state": "pending",
        "email": "guest@example.test",
        "role": "member",
        "payment": "deferred",
    }


@pytest.mark.parametrize(
    ("on", "fault", "status"),
    [
        ((), "503", 204),
        ((), "hang", 204),
        (PAYMENTS, "503", 502),
        (PAYMENTS, "hang", 504),
        (PAYMENTS, "HTML 200", 500),
    ],
)
def test_deleting_follows_the_rules_of_inviting(
    start: Any, on: tuple[str, ...], fault: str, status: int
) -> None:
    acme = start(*on)
    invite = acme.invite().reply.json()
    acme.payments.suffer(fault)
    assert acme.call("DELETE", f"/v1/invites/{invite['id']}").status_code == status
    assert acme.bill()["seats"] == (3 if status == 204 else 4)


@pytest.mark.parametrize("on", [(), PAYMENTS])
def test_deleting_refunds_with_and_without_weaknesses(start: Any, on: tuple[str, ...]) -> None:
    acme = start(*on)
    invite = acme.invite().reply.json()
    acme.call("DELETE", f"/v1/invites/{invite['id']}")
    assert [charge["refunded"] for charge in acme.charged()] == [True]


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(302, headers={"location": "/login"}),
        httpx.Response(200, text='{"id": "ch_1", "status": "succeeded"}'),
        httpx.Response(200, json={"status": "succeeded"}),
        httpx.Response(200, json={"id": None, "status": "succeeded"}),
        httpx.Response(200, json={"id": "ch_1", "status": "on_the_moon"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, content=b"[" * 100_000, headers={"content-type": "application/json"}),
        httpx.Response(200, content=b"\xff", headers={"content-type": "application/json"}),
    ],
)
def test_healthy_payments_take_nothing_for_a_charge_that_is_none(acme: Any, reply: httpx.Response) -> None:
    acme.payments.suffer(reply)
    assert acme.invite().reply.status_code == 202


@pytest.mark.parametrize("body", [{"status": "succeeded"}, []])
def test_trusting_payments_crash_on_json_that_is_no_charge(start: Any, body: object) -> None:
    acme = start("payments-trusts-200")
    acme.payments.suffer(httpx.Response(200, json=body))
    assert acme.invite().reply.status_code == 500


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(302, headers={"location": "/login"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"hits": None}),
        httpx.Response(200, json={"hits": [7]}),
        httpx.Response(200, json={"hits": [{"id": "doc_01"}]}),
        httpx.Response(200, json={"hits": [{"id": 1, "kind": "person", "title": "Ada"}]}),
        httpx.Response(200, content=b"[" * 100_000),
    ],
)
def test_hits_that_are_none_are_not_shown(acme: Any, reply: httpx.Response) -> None:
    acme.search.suffer(reply)
    assert acme.find().reply.json()["source"] == "database"


def test_a_healthy_product_shows_no_stack_trace(acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowprobe.demo.search_api.documents_matching", None)
    acme.search.suffer("503")
    reply = acme.find().reply
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal")
    assert "Traceback" not in reply.text


def test_hits_of_the_database_are_those_of_the_index(acme: Any) -> None:
    healthy = acme.find("team").reply.json()
    acme.search.suffer("503")
    fallback = acme.find("team").reply.json()
    assert (healthy["source"], fallback["source"]) == ("index", "database")
    assert fallback["hits"] == healthy["hits"] != []


@pytest.mark.parametrize(("text", "names"), [("all", {weakness.name for weakness in WEAKNESSES}), ("none", set())])
def test_all_and_none_are_names_for_sets(text: str, names: set[str]) -> None:
    assert parse_weaknesses(text) == names


def test_names_stand_between_commas() -> None:
    assert parse_weaknesses("search-no-timeout, payments-trusts-200") == {
        "search-no-timeout",
        "payments-trusts-200",
    }


@pytest.mark.parametrize("text", ["search-slow", "all,search-no-timeout", "None"])
def test_an_unknown_name_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(
        UnknownWeakness, match="search-no-fallback, search-no-timeout, payments-short-timeout"
    ):
        parse_weaknesses(text)

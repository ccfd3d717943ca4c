"""The API of the product, with healthy providers."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.demo.state import seeded


def error_code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_health_needs_no_sign_in_and_names_the_switches(start: Any) -> None:
    reply = start("search-no-timeout").call("GET", "/health", token=None)
    assert reply.json() == {"status": "ok", "environment": "demo", "weaknesses": ["search-no-timeout"]}


def test_login_gives_the_token_of_a_user(acme: Any, tokens: dict[str, str]) -> None:
    body = {"email": "admin@acme.example", "password": tokens["admin"]}
    assert acme.call("POST", "/v1/login", token=None, json=body).json() == {"token": tokens["admin"]}


@pytest.mark.parametrize("email", ["operator@acme-teams.example", "nobody@acme.example", None])
def test_login_refuses_a_password_of_somebody_else(
    acme: Any, tokens: dict[str, str], email: str | None
) -> None:
    reply = acme.call("POST", "/v1/login", token=None, json={"email": email, "password": tokens["admin"]})
    assert error_code(reply) == (401, "invalid_credentials")


def test_me_tells_account_and_team(acme: Any) -> None:
    me = acme.call("GET", "/v1/me").json()
    assert (me["role"], me["account"], me["team"]) == ("admin", "acc_eu_pro", "team_eu")


def test_the_operator_is_staff_without_an_account(acme: Any, tokens: dict[str, str]) -> None:
    me = acme.call("GET", "/v1/me", token=tokens["operator"]).json()
    assert (me["role"], me["account"], me["team"]) == ("operator", None, None)
    assert error_code(acme.call("GET", "/v1/billing/summary", token=tokens["operator"])) == (403, "forbidden")


def test_a_test_gives_a_user_a_password_beside_the_own_one(acme: Any, tokens: dict[str, str]) -> None:
    path = "/test/users/admin@acme.example"
    assert acme.call("PUT", path, token=tokens["operator"], json={"password": "for-a-test"}).status_code == 200
    for password in ("for-a-test", tokens["admin"]):
        body = {"email": "admin@acme.example", "password": password}
        assert acme.call("POST", "/v1/login", token=None, json=body).json() == {"token": tokens["admin"]}
    others = {"email": "admin@globex.example", "password": "for-a-test"}
    assert error_code(acme.call("POST", "/v1/login", token=None, json=others)) == (401, "invalid_credentials")


@pytest.mark.parametrize(("who", "email", "password", "refused"), [
    ("admin", "admin@acme.example", "for-a-test", (403, "forbidden")),
    ("operator", "nobody@acme.example", "for-a-test", (404, "not_found")),
    ("operator", "admin@acme.example", "short", (422, "invalid_password")),
    ("operator", "admin@acme.example", None, (422, "invalid_password")),
])
def test_a_password_is_set_by_staff_for_a_user_who_is_there(
    acme: Any, tokens: dict[str, str], who: str, email: str, password: object, refused: tuple[int, str]
) -> None:
    reply = acme.call("PUT", f"/test/users/{email}", token=tokens[who], json={"password": password})
    assert error_code(reply) == refused


@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/me"),
        ("GET", "/v1/accounts/acc_eu_pro"),
        ("GET", "/v1/plans"),
        ("GET", "/v1/billing/summary"),
        ("POST", "/v1/teams/team_eu/invites"),
        ("GET", "/v1/teams/team_eu/invites"),
        ("GET", "/v1/invites/inv_1"),
        ("DELETE", "/v1/invites/inv_1"),
        ("GET", "/v1/search"),
        ("PUT", "/test/accounts/acc_eu_pro"),
        ("GET", "/test/accounts/acc_eu_pro"),
        ("PUT", "/v1/billing/plan"),
        ("POST", "/v1/payments"),
        ("GET", "/v1/payments"),
        ("GET", "/v1/payments/pay_1"),
        ("POST", "/v1/payments/pay_1/refund"),
        ("POST", "/v1/exports"),
        ("GET", "/v1/exports/exp_1"),
        ("DELETE", "/v1/exports/exp_1"),
        ("GET", "/v1/exports/exp_1/file"),
        ("POST", "/v1/uploads"),
        ("POST", "/v1/files"),
        ("GET", "/v1/files"),
        ("GET", "/v1/files/file_1"),
        ("GET", "/v1/files/file_1/content"),
        ("DELETE", "/v1/files/file_1"),
        ("POST", "/v1/notes"),
        ("GET", "/v1/notes"),
        ("GET", "/v1/notes/note_1"),
        ("DELETE", "/v1/notes/note_1"),
        ("GET", "/v1/regions/eu/summary"),
        ("GET", "/oauth/userinfo"),
    ],
)
def test_without_a_known_token_nothing_is_told(acme: Any, method: str, path: str, token: str | None) -> None:
    reply = acme.call(method, path, token=token)
    assert error_code(reply) == (401, "unauthorized")
    assert reply.headers["www-authenticate"] == ('Bearer error="invalid_token"' if token else "Bearer")


def test_an_admin_sees_the_own_account_only(acme: Any) -> None:
    assert acme.call("GET", "/v1/accounts/acc_eu_pro").json()["company"] == "Acme"
    assert error_code(acme.call("GET", "/v1/accounts/acc_us_basic")) == (403, "forbidden")
    assert error_code(acme.call("GET", "/v1/accounts/acc_none")) == (404, "not_found")


def test_staff_see_every_account(acme: Any, tokens: dict[str, str]) -> None:
    assert acme.call("GET", "/v1/accounts/acc_us_basic", token=tokens["operator"]).json()["seats"] == 12


def test_plans_have_prices(acme: Any) -> None:
    plans = acme.call("GET", "/v1/plans").json()["items"]
    assert [(plan["id"], plan["seat_price"], plan["currency"]) for plan in plans] == [
        ("basic", 600, "EUR"),
        ("pro", 1200, "EUR"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "/v1/nothing", (404, "not_found")), ("DELETE", "/v1/me", (405, "method_not_allowed"))],
)
def test_what_is_no_call_of_this_api_is_refused_in_its_words(
    acme: Any, method: str, path: str, expected: Any
) -> None:
    assert error_code(acme.call(method, path)) == expected


def test_an_invite_takes_a_seat_and_pays_for_it(acme: Any) -> None:
    reply = acme.invite().reply
    invite = reply.json()
    bill = acme.bill()
    assert reply.status_code == 201
    assert invite == {"id": invite["id"], "state": "pending", "email": "guest@example.test", "role": "member"}
    assert (bill["seats"], bill["total"], bill["currency"]) == (4, 1200, "EUR")
    assert [charge["id"] for charge in bill["charges"]] == [charge["id"] for charge in acme.charged()]


def test_a_deleted_invite_gives_back_seat_and_money(acme: Any) -> None:
    invite = acme.invite().reply.json()
    assert acme.call("DELETE", f"/v1/invites/{invite['id']}").status_code == 204
    assert (acme.bill()["seats"], acme.bill()["charges"]) == (3, [])
    assert [charge["refunded"] for charge in acme.charged()] == [True]
    assert error_code(acme.call("DELETE", f"/v1/invites/{invite['id']}")) == (404, "not_found")


def test_an_invite_can_be_read_alone_and_in_the_list(acme: Any) -> None:
    invite = acme.invite().reply.json()
    alone = acme.call("GET", f"/v1/invites/{invite['id']}").json()
    assert alone == {**invite, "team": "team_eu", "payment": "paid"}
    assert acme.call("GET", "/v1/teams/team_eu/invites").json() == {"items": [alone]}


def test_the_location_of_an_invite_is_where_it_can_be_read(acme: Any) -> None:
    reply = acme.invite().reply
    assert acme.call("GET", reply.headers["location"]).json()["id"] == reply.json()["id"]


def test_another_team_is_forbidden_and_no_team_is_not_found(acme: Any) -> None:
    body = {"email": "a@b.test"}
    assert error_code(acme.call("POST", "/v1/teams/team_us/invites", json=body)) == (403, "forbidden")
    assert error_code(acme.call("POST", "/v1/teams/team_xx/invites", json=body)) == (404, "not_found")


def test_an_invite_of_another_account_is_forbidden(acme: Any, tokens: dict[str, str]) -> None:
    body = {"email": "a@b.test"}
    theirs = acme.call("POST", "/v1/teams/team_us/invites", token=tokens["operator"], json=body).json()
    assert error_code(acme.call("GET", f"/v1/invites/{theirs['id']}")) == (403, "forbidden")


def test_the_same_address_twice_is_a_conflict(acme: Any) -> None:
    acme.invite()
    assert error_code(acme.invite().reply) == (409, "already_invited")
    assert len(acme.charged()) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_body"),
        (b"[]", "invalid_body"),
        (b"{", "invalid_body"),
        (b'{"email": "\\ud800@b.test"}', "invalid_body"),
        (b"[" * 100_000, "invalid_body"),
        (b"{}", "invalid_email"),
        (b'{"email": 7}', "invalid_email"),
        (b'{"email": "nobody"}', "invalid_email"),
        (b'{"email": "a@b.test", "role": "king"}', "invalid_role"),
        (b'{"email": "a@b.test", "role": ["member"]}', "invalid_role"),
    ],
)
def test_an_invite_that_makes_no_sense_is_refused(acme: Any, content: bytes, code: str) -> None:
    reply = acme.call("POST", "/v1/teams/team_eu/invites", content=content)
    assert error_code(reply) == (422, code)
    assert acme.payments.requests == []


@pytest.mark.parametrize("card", ["expired", "missing"])
def test_without_a_valid_card_nobody_is_invited(acme: Any, tokens: dict[str, str], card: str) -> None:
    acme.call("PUT", "/test/accounts/acc_eu_pro", token=tokens["operator"], json={"card": card})
    assert error_code(acme.invite().reply) == (402, f"card_{card}")
    assert (acme.bill()["seats"], acme.payments.requests) == (3, [])


def test_the_same_key_gives_the_same_invite(acme: Any) -> None:
    first = acme.invite(headers={"Idempotency-Key": "k1"}).reply
    again = acme.invite(headers={"Idempotency-Key": "k1"}).reply
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(acme.charged()) == 1


def test_a_key_with_another_body_is_refused(acme: Any) -> None:
    acme.invite(headers={"Idempotency-Key": "k1"})
    reply = acme.invite("other@example.test", headers={"Idempotency-Key": "k1"}).reply
    assert error_code(reply) == (422, "idempotency_key_reused")


def test_a_key_in_use_is_a_conflict(acme: Any) -> None:
    acme.payments.suffer("+500 ms before")
    call = ("POST", "/v1/teams/team_eu/invites")
    options = {"json": {"email": "a@b.test"}, "headers": {"Idempotency-Key": "k1"}}
    first, second = acme.at_once((*call, dict(options)), (*call, dict(options)))
    assert first.status_code == 201
    assert error_code(second) == (409, "in_progress")


def test_a_failed_invite_leaves_its_key_free(start: Any) -> None:
    acme = start("payments-double-charge")
    acme.payments.suffer("503", times=2)
    assert acme.invite(headers={"Idempotency-Key": "k1"}).reply.status_code == 502
    assert acme.invite(headers={"Idempotency-Key": "k1"}).reply.status_code == 201


def test_an_invite_cannot_be_deleted_while_its_payment_is_on_its_way(acme: Any) -> None:
    invite = acme.invite().reply.json()
    acme.payments.suffer("+500 ms before")
    delete = ("DELETE", f"/v1/invites/{invite['id']}")
    first, second = acme.at_once((*delete, {}), (*delete, {}))
    assert first.status_code == 204
    assert error_code(second) == (409, "in_progress")


def test_trace_headers_go_to_payments_and_not_to_search(acme: Any) -> None:
    trace = {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": "a=1",
        "baggage": "trial=1",
    }
    acme.invite(headers=trace)
    acme.call("GET", "/v1/search", params={"q": "team"}, headers=trace)
    (charge,), (query,) = acme.payments.requests, acme.search.requests
    assert {name: charge.headers.get(name) for name in trace} == trace
    assert not set(trace) & set(query.headers)


def test_search_finds_what_contains_every_word(acme: Any) -> None:
    found = acme.find("EUROPE engineering").reply.json()
    assert [hit["id"] for hit in found["hits"]] == ["doc_01", "doc_02"]
    assert (found["query"], found["source"]) == ("EUROPE engineering", "index")


def test_search_that_finds_nothing_is_an_empty_list(acme: Any) -> None:
    assert acme.find("zebra").reply.json()["hits"] == []


@pytest.mark.parametrize("params", [{}, {"q": " "}])
def test_search_needs_a_query(acme: Any, params: dict[str, str]) -> None:
    assert error_code(acme.call("GET", "/v1/search", params=params)) == (422, "missing_query")


def test_staff_put_an_account_into_a_state(acme: Any, tokens: dict[str, str]) -> None:
    acme.invite()
    state = {"seats": 7, "company": "Ärzte & Söhne 🏥", "card": "expired", "plan": "basic"}
    reply = acme.call("PUT", "/test/accounts/acc_eu_pro", token=tokens["operator"], json=state)
    assert reply.status_code == 200
    assert {name: reply.json()[name] for name in state} == state
    assert (acme.bill()["seats"], acme.bill()["charges"]) == (7, [])


def test_only_staff_may_put_an_account_into_a_state(acme: Any) -> None:
    assert error_code(acme.call("PUT", "/test/accounts/acc_eu_pro", json={"seats": 1})) == (403, "forbidden")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"seats": -1}, "invalid_seats"),
        ({"seats": True}, "invalid_seats"),
        ({"seats": 1.5}, "invalid_seats"),
        ({"seats": None}, "invalid_seats"),
        ({"company": "x" * 81}, "invalid_company"),
        ({"company": 7}, "invalid_company"),
        ({"card": "stolen"}, "invalid_card"),
        ({"plan": "gold"}, "invalid_plan"),
    ],
)
def test_a_state_that_cannot_be_is_refused_whole(
    acme: Any, tokens: dict[str, str], state: dict[str, object], code: str
) -> None:
    reply = acme.call(
        "PUT", "/test/accounts/acc_eu_pro", token=tokens["operator"], json={"seats": 9, **state}
    )
    assert error_code(reply) == (422, code)
    assert acme.bill()["seats"] == 3


def test_staff_look_at_the_state_of_an_account(acme: Any, tokens: dict[str, str]) -> None:
    found = acme.call("GET", "/test/accounts/acc_us_basic", token=tokens["operator"]).json()
    assert (found["seats"], found["company"], found["card"]) == (12, "Globex", "valid")
    assert error_code(acme.call("GET", "/test/accounts/acc_eu_pro")) == (403, "forbidden")
    nowhere = acme.call("GET", "/test/accounts/acc_none", token=tokens["operator"])
    assert error_code(nowhere) == (404, "not_found")


def test_the_billing_contact_changes_the_plan_and_the_admin_pays_it(acme: Any, tokens: dict[str, str]) -> None:
    changed = acme.call("PUT", "/v1/billing/plan", token=tokens["billing"], json={"plan": "basic"})
    assert (changed.status_code, changed.json()["plan"]) == (200, "basic")
    acme.invite()
    assert (acme.bill()["plan"], acme.bill()["total"]) == ("basic", 600)


@pytest.mark.parametrize("user", ["admin", "operator"])
def test_nobody_else_changes_the_plan(acme: Any, tokens: dict[str, str], user: str) -> None:
    reply = acme.call("PUT", "/v1/billing/plan", token=tokens[user], json={"plan": "basic"})
    assert error_code(reply) == (403, "forbidden")
    assert acme.bill()["plan"] == "pro"


def test_a_plan_that_there_is_not_is_refused(acme: Any, tokens: dict[str, str]) -> None:
    reply = acme.call("PUT", "/v1/billing/plan", token=tokens["billing"], json={"plan": "gold"})
    assert error_code(reply) == (422, "invalid_plan")


def test_the_billing_contact_may_look_and_not_invite(acme: Any, tokens: dict[str, str]) -> None:
    assert error_code(acme.invite(token=tokens["billing"]).reply) == (403, "forbidden")
    assert acme.call("GET", "/v1/me", token=tokens["billing"]).json()["role"] == "billing"
    assert acme.call("GET", "/v1/teams/team_eu/invites", token=tokens["billing"]).json() == {"items": []}


def test_an_invite_is_mailed_to_who_is_invited(start: Any) -> None:
    acme = start(providers=True)
    invite = acme.invite(headers={"baggage": "trial=1"}).reply.json()
    (mail,) = acme.mailed()
    assert (mail["to"], mail["subject"]) == ("guest@example.test", "Acme invites you")
    assert acme.call("GET", f"/v1/invites/{invite['id']}").json()["mail"] == "sent"
    assert acme.mail.requests[0].headers["baggage"] == "trial=1"


@pytest.mark.parametrize(("fault", "seconds"), [("503", 0), ("reset", 0), ("HTML 200", 0), ("hang", 0.5)])
def test_an_invite_whose_mail_fails_is_an_invite_all_the_same(start: Any, fault: str, seconds: float) -> None:
    acme = start(providers=True)
    acme.mail.suffer(fault)
    timed = acme.invite()
    invite = timed.reply.json()
    assert (timed.reply.status_code, round(timed.seconds, 2)) == (201, seconds)
    assert acme.call("GET", f"/v1/invites/{invite['id']}").json()["mail"] == "unsent"
    assert len(acme.mail.requests) == 1


def test_nobody_is_mailed_about_an_invite_that_was_refused(start: Any) -> None:
    acme = start("payments-double-charge", providers=True)
    acme.payments.suffer("503")
    assert acme.invite().reply.status_code == 502
    assert acme.mailed() == []


def test_the_summary_of_a_region_grows_with_it(acme: Any, tokens: dict[str, str]) -> None:
    eu = acme.call("GET", "/v1/regions/eu/summary").json()
    us = acme.call("GET", "/v1/regions/us/summary", token=tokens["admin_us"]).json()
    assert [(each["region"], each["accounts"], each["seats"], each["days"]) for each in (eu, us)] == [
        ("eu", 1, 3, 2000),
        ("us", 1, 12, 500),
    ]
    assert eu["calls"] > us["calls"] > 0
    assert eu == acme.call("GET", "/v1/regions/eu/summary", token=tokens["operator"]).json()


def test_another_region_is_forbidden_and_no_region_is_not_found(acme: Any) -> None:
    assert error_code(acme.call("GET", "/v1/regions/us/summary")) == (403, "forbidden")
    assert error_code(acme.call("GET", "/v1/regions/mars/summary")) == (404, "not_found")


def test_a_user_whose_token_is_not_set_is_not_there() -> None:
    state = seeded(token_admin="a", token_operator="o")
    assert [user.id for user in state.users] == ["usr_admin", "usr_operator"]
    assert state.user_with("") is None

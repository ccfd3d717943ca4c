"""Call sites without ids, and the templates of paths."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.faults.sites import call_site, path_matches


@pytest.mark.parametrize(("path", "site"), [
    ("/v1/charges", "/v1/charges"),
    ("/v1/charges/42?expand=1", "/v1/charges/*"),
    ("/v1/charges/ch_3Abc9z/refunds", "/v1/charges/*/refunds"),
    ("/teams/0b9c9f5e-7a3a-4a4e-9d0a-2b1f6c8d7e10/invites", "/teams/*/invites"),
    ("/objects/deadbeef01", "/objects/*"),
    ("/users/guest%2Ba@example.test", "/users/*"),
    ("/x/9f86d081884c7d659a2feaa0c55ad015-invite", "/x/*"),
    ("/v2/oauth2/token", "/v2/oauth2/token"),
    ("/api/v1.1/team-members", "/api/v1.1/team-members"),
    ("/inv_12", "/*"),
    ("/v1/customers/cus_WRevxdsHykoVBk", "/v1/customers/*"),
    ("/v1/list_subscriptions", "/v1/list_subscriptions"),
    ("/", "/"),
])
def test_a_site_has_no_ids_in_it(path: str, site: str) -> None:
    assert call_site("post", path) == f"POST {site}"


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(st.characters(exclude_characters="?", exclude_categories=["Cs"])))
def test_a_site_is_its_own_site(path: str) -> None:
    once = call_site("GET", path).partition(" ")[2]
    assert call_site("GET", once) == f"GET {once}"


@settings(deadline=None)  # a busy machine is no failure
@given(st.uuids(), st.integers(0))
def test_every_uuid_number_and_token_is_an_id(uuid: object, number: int) -> None:
    for segment in (str(uuid), str(number), f"cus_{number}"):
        assert call_site("GET", f"/v1/{segment}") == "GET /v1/*"


@pytest.mark.parametrize(("template", "path", "fits"), [
    ("/v1/charges", "/v1/charges", True),
    ("/v1/charges", "/v1/charges?x=1", True),
    ("/v1/charges", "/v1/charges/", False),
    ("/v1/charges/*", "/v1/charges/ch_1", True),
    ("/v1/charges/*", "/v1/charges", False),
    ("/v1/charges/*", "/v1/charges/ch_1/refunds", False),
    ("/v1/**", "/v1/charges/ch_1/refunds", True),
    ("/v1/**", "/v1", True),
    ("/v1/**", "/v2/charges", False),
    ("/v1/**/refunds", "/v1/a/b/refunds", True),
    ("/**", "/", True),
    ("/", "/", True),
    ("/a.b", "/aXb", False),
])
def test_a_star_is_one_segment_and_two_are_any(template: str, path: str, fits: bool) -> None:
    assert path_matches(template, path) is fits

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.urls import amiss, inside, normal, parted

TARGETS = {"api": "https://api.test/base", "auth": "http://auth.test:8080"}
PIECES = ["http", "HTTPS", "://", ":", "api.test", "API.test", "auth.test", "443", "08080", "/base", "/", "..", "%2e", "#f", "?q", "@", "\\", " ", "\n"]


@pytest.mark.parametrize(("url", "written"), [
    ("HTTPS://API.test:443/base/X?Q#f", "https://api.test/base/X?Q"), ("http://auth.test:08080/", "http://auth.test:8080/"),
    ("https://api.test:/base", "https://api.test/base"), ("http://[::FF]:80/x", "http://[::ff]/x"), ("https://u@api.test/", "https://u@api.test/"),
    ("http://auth.test:000/x", "http://auth.test:0/x"),
])
def test_the_normal_form(url: str, written: str) -> None:
    assert normal(url) == written


@pytest.mark.parametrize(("url", "found"), [
    ("https://api.test/base/v1", [("api", "/v1")]), ("https://api.test/base", [("api", "/")]), ("https://api.test/basement", []),
    ("http://auth.test:8080/x", [("auth", "/x")]), ("http://auth.test/x", []), ("https://api.test/base/../x", []), ("ftp://api.test/base", []),
])
def test_a_url_is_inside_of_a_target_or_not(url: str, found: list[tuple[str, str]]) -> None:
    assert list(inside(url, TARGETS)) == found


def test_why_a_url_is_not_read_alike() -> None:
    assert amiss("https://api.test/a") == ""
    assert "reads alike" in amiss("https://api.test/a#b")
    assert ". or .." in amiss("https://api.test/a/%2e%2e")


@given(st.lists(st.sampled_from(PIECES), min_size=2, max_size=9).map("".join))
def test_the_normal_form_is_its_own_and_never_another_place(url: str) -> None:
    assert normal(normal(url)) == normal(url)
    before = parted(url)
    if before is not None:
        assert parted(normal(url)) == before

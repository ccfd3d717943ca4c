"""The lists that ship can be sent: each text as JSON, each address to nobody."""

from __future__ import annotations

from email.headerregistry import Address

import pytest

from flowprobe.core.exploring.messy import EMAILS, FIRST_EMAILS, FIRST_TEXTS, TEXTS


def test_the_first_addresses_are_among_all() -> None:
    assert set(FIRST_EMAILS) < set(EMAILS)
    assert len(set(EMAILS)) == len(EMAILS)


def test_texts_are_different_and_can_be_sent() -> None:
    assert len(set(TEXTS)) == len(TEXTS)
    assert all("\0" not in text and text.encode() and len(text) <= 40 for text in TEXTS)
    assert set(FIRST_TEXTS) <= set(TEXTS)


@pytest.mark.parametrize("address", EMAILS)
def test_addresses_are_valid_and_nobodys(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assert Address(addr_spec=address).domain == domain if address.isascii() else local
    assert len(local) <= 64
    assert len(address) <= 254
    assert any(f".{domain.lower()}".endswith(f".{own}") for own in OWNED_BY_NOBODY)


OWNED_BY_NOBODY = ("example.com", "example", "example.net", "example.org")

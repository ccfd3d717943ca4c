import base64
import json
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowprobe.core.redact import REDACTED, Redactor

SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40)


@given(SECRETS, st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"), max_size=20))
def test_a_secret_leaves_in_no_usual_form(secret: str, before: str, after: str) -> None:
    assume(secret not in REDACTED)
    redactor = Redactor([secret])
    whole = before + secret + after
    for form in (whole, quote(whole, safe=""), json.dumps(whole), json.dumps(whole, ensure_ascii=False)):
        assert secret not in redactor(form)
        assert REDACTED in redactor(form)


@given(st.binary(max_size=9), st.text("abcdefghijklmnopqrstuvwxyz0123456789/+!:", min_size=8, max_size=40), st.binary(max_size=9))
def test_a_secret_inside_base64_is_found_at_every_alignment(before: bytes, secret: str, after: bytes) -> None:
    whole = before + secret.encode() + after
    redactor = Redactor([secret])
    assert REDACTED in redactor(base64.b64encode(whole).decode())
    assert REDACTED in redactor(base64.urlsafe_b64encode(whole).decode())


@given(st.lists(SECRETS, max_size=4), st.text(st.characters(), max_size=200))
def test_looking_at_blocks_first_changes_nothing(secrets: list[str], text: str) -> None:
    redactor = Redactor(secrets)
    slow = text
    for form in redactor._forms:
        slow = slow.replace(form, REDACTED)
    assert redactor(text) == slow


@given(st.text("ab", min_size=15, max_size=30), st.integers(0, 16))
def test_a_long_secret_is_found_at_every_offset(secret: str, offset: int) -> None:
    assert REDACTED in Redactor([secret])("." * offset + secret + "." * 9)


@given(st.integers(4, 22))
def test_a_secret_that_a_cut_left_the_start_of_is_gone_too(kept: int) -> None:
    secret = "sk_live_ABCDEFGHIJKLMNOP"
    assert Redactor([secret])(f"GET /n?t={secret[:kept]}…") == f"GET /n?t={REDACTED}…"


@pytest.mark.parametrize("secret", ['pa<ss&wo"rd', "a'b'c'd<"])
def test_a_secret_in_xml_is_found(secret: str) -> None:
    element = ElementTree.Element("a", {"b": f"x {secret} y"})
    element.text = f"x {secret} y"
    assert Redactor([secret])(ElementTree.tostring(element, encoding="unicode")).count(REDACTED) == 2


def test_without_the_secret_registered_it_would_appear() -> None:
    assert "s3cr3t-token" in Redactor()("Bearer s3cr3t-token")


def test_a_secret_that_is_part_of_another_does_not_leave_its_rest() -> None:
    assert Redactor(["token", "token-and-more"])("x token-and-more y") == f"x {REDACTED} y"


def test_a_secret_too_short_to_tell_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 4"):
        Redactor(["abc"])

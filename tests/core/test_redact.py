import base64
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowprobe.core.emit import KEPT_BODY, reply_event
from flowprobe.core.events import CallReplied
from flowprobe.core.redact import CUT, REDACTED, Redactor, cut_short, redacted
from flowprobe.core.wire import Reply

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
    hidden = [any(at <= i < at + len(form) for form in redactor._known.forms for at in _places(text, form)) for i in range(len(text))]
    shown = "".join(c for c, gone in zip(text, hidden, strict=True) if not gone)
    assert redactor(text).replace(REDACTED, "") == shown.replace(REDACTED, "")


def _places(text: str, form: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(form, at)]


def inner(text: str) -> str:
    """JSON's text without its quotes."""
    return text[1:-1]


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "quote": lambda s: quote(s, safe=""), "quote with slashes": quote, "quote_plus": quote_plus,
    "lower case escapes": lambda s: re.sub("%..", lambda found: found[0].lower(), quote(s, safe="")),
    "json": lambda s: inner(json.dumps(s)), "json with its own letters": lambda s: inner(json.dumps(s, ensure_ascii=False)),
    "json in json": lambda s: inner(json.dumps(inner(json.dumps(s)))),
    "json in json with its own letters": lambda s: inner(json.dumps(inner(json.dumps(s)), ensure_ascii=False)),
    "json three times": lambda s: inner(json.dumps(inner(json.dumps(inner(json.dumps(s)))))),
    "json with escaped slashes": lambda s: inner(json.dumps(s)).replace("/", "\\/"),
    "xml": escape, "xml attribute": lambda s: inner(quoteattr(s)), "json in xml": lambda s: escape(inner(json.dumps(s))),
    "json of .NET": lambda s: "".join(
        f"\\u{ord(c):04X}" if c in "<>&'\"+`" else inner(json.dumps(c, ensure_ascii=False)) for c in s),
    "json of Gson": lambda s: re.sub(
        "[<>&=']", lambda found: f"\\u{ord(found[0]):04x}", inner(json.dumps(s, ensure_ascii=False))),
    "html of .NET": lambda s: re.sub("['+`]", lambda found: f"&#x{ord(found[0]):X};", escape(s).replace('"', "&quot;")),
    "html of Mustache": lambda s: re.sub(
        "['/`=]", lambda found: f"&#x{ord(found[0]):X};", escape(s).replace('"', "&quot;")),
    "html with numbers for all signs": lambda s: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in s),
    "base64": lambda s: b64encode(s.encode()).decode(), "urlsafe": lambda s: urlsafe_b64encode(s.encode()).decode(),
    "without padding": lambda s: urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "hex": lambda s: s.encode().hex(),
    "misread": lambda s: s.encode().decode("latin-1"),
    "misread, as json": lambda s: inner(json.dumps(s.encode().decode("latin-1"))),
}
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=8, max_size=40)


@pytest.mark.parametrize("name", ENCODINGS)
@given(secret=PRINTABLE)
def test_of_no_encoding_a_letter_is_left(name: str, secret: str) -> None:
    form = ENCODINGS[name](secret)
    assert Redactor([secret])(f"\n{form}\n") == f"\n{REDACTED}\n"


@given(st.text("abc", min_size=6, max_size=12), st.text("abc", min_size=6, max_size=12), st.integers(1, 5))
def test_secrets_that_overlap_leave_nothing_of_either(one: str, other: str, shared: int) -> None:
    other = one[-shared:] + other
    assert Redactor([one, other])(f"({one}{other[shared:]})") == f"({REDACTED})"


def test_what_is_registered_while_others_redact_is_found_by_them_or_not_yet() -> None:
    redactor = Redactor()
    secrets = [f"secret-number-{n:06}-of-many" for n in range(50)]
    with ThreadPoolExecutor(4) as pool:
        seen = [pool.submit(redactor, secrets[0]) for _ in range(500)]
        for secret in secrets:
            redactor.register(secret)
    assert {each.result() for each in seen} <= {REDACTED, secrets[0]}
    assert {redactor(secret) for secret in secrets} == {REDACTED}


@given(st.text("ab", min_size=15, max_size=30), st.integers(0, 16))
def test_a_long_secret_is_found_at_every_offset(secret: str, offset: int) -> None:
    assert REDACTED in Redactor([secret])("." * offset + secret + "." * 9)

@pytest.mark.parametrize("lengths", [(22,), (23,), (30,), (31,), (39,), (39, 23), (23, 39), (60, 8, 31)])
def test_of_secrets_of_any_length_each_is_found_at_every_offset(lengths: tuple[int, ...]) -> None:
    secrets = [f"{number}kB3xYz-" * 9 for number in range(len(lengths))]
    secrets = [secret[:length] for secret, length in zip(secrets, lengths, strict=True)]
    redactor = Redactor(secrets)
    for secret in secrets:
        for offset in range(64):
            assert redactor("." * offset + secret + "." * (offset % 9)).strip(".") == REDACTED


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


@given(st.integers(4, 200), st.text("ab ", max_size=30))
def test_the_start_of_a_secret_before_a_cut_goes_too(longest: int, before: str) -> None:
    secret = "S3" + "cret-" * 50
    text = Redactor([secret])(cut_short(before + secret, longest))
    assert "S3cr" not in text
    assert len(cut_short(before, longest)) <= longest + len(CUT)


@pytest.mark.parametrize(("body", "truncated"), [
    (b"x" * (KEPT_BODY - 8) + b"s3cret-token-1", False), (b"s3cret-to", True), ("s3cret-toé".encode()[:-1], True),
    (b"x" * (KEPT_BODY - 8) + "s3cret-é-token".encode(), False),
])
def test_the_start_of_a_secret_at_the_end_of_a_body_that_was_cut_goes_too(body: bytes, truncated: bool) -> None:
    reply = Reply(call="c", status=200, headers=(), body=body, sent=0, first_byte=0, ended=0, truncated=truncated)
    event = reply_event(reply)
    assert isinstance(event, CallReplied)
    assert "s3cr" not in Redactor(["s3cret-token-1", "s3cret-é-token", "s3cret-toé"])(event.body)


@pytest.mark.parametrize("encode", [
    lambda s: quote(quote(s, safe=""), safe=""), lambda s: quote_plus(quote_plus(s)),
    lambda s: json.dumps(escape(s)), lambda s: json.dumps(escape(s)).replace("&", "\\u0026").replace("<", "\\u003c"),
    lambda s: json.dumps(escape(s, {'"': "&quot;", "'": "&#39;"})),
])
def test_what_is_encoded_twice_is_found(encode: Callable[[str], str]) -> None:
    secret = 'a&b<c>/d"e\'f-0123456789'
    assert REDACTED in Redactor([secret])(f"before {encode(secret)} after")


@given(SECRETS, st.lists(st.text(st.characters(codec="utf-8"), max_size=12) | st.integers(0, 20), max_size=30), st.integers(0, 5000))
def test_many_texts_are_redacted_as_each_of_them_is(secret: str, texts: list[str | int], padding: int) -> None:
    given = ["x" * padding, *(text if isinstance(text, str) else secret[:text] + CUT * (text % 3) + secret for text in texts)]
    redactor = Redactor([secret])
    assert list(redacted(redactor, given)) == [redactor(text) for text in given]


def test_a_secret_with_a_line_break_is_not_found_between_texts() -> None:
    assert list(redacted(Redactor(["one two\nthree four"]), ["one two", "three four"])) == ["one two", "three four"]

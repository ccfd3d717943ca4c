"""Each body as it stands on the wire, read back by parsers that are not ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.bodies import (
    Attachment,
    FileBody,
    FormBody,
    JsonBody,
    MultipartBody,
    Part,
    RequestBody,
    TextBody,
    encoded,
)
from flowprobe.core.resolve import Absent, WrongType
from flowprobe.core.wire import Body
from tests.scenes import text

BOUNDARY = "flowprobe-0000000100000001feedfeedfeedfeed"
PHOTO = Attachment("photo.png", bytes(range(256)), "image/png")
unicode = st.text(st.characters(exclude_categories=["Cs"]))
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | unicode,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(unicode, inner, max_size=4), max_leaves=10)


def sent(body: RequestBody | None, **names: Any) -> Body:
    return encoded(body, {"a": names}, boundary=BOUNDARY)


def form(**parts: Part) -> MultipartBody:
    return MultipartBody(parts)


def parts_of(body: Body) -> list[EmailMessage]:
    """What a parser of mails makes of a multipart body."""
    head = f"MIME-Version: 1.0\r\nContent-Type: {body.media_type}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body.content)
    assert message.is_multipart()
    assert message.defects == []
    return list(message.iter_parts())  # type: ignore[arg-type]


def raw_parts(body: Body) -> list[tuple[bytes, bytes]]:
    """Head and content of each part, by RFC 2046 (5.1): nothing is decoded."""
    boundary = body.media_type.partition("boundary=")[2].encode()
    start, *parts, end = (b"\r\n" + body.content).split(b"\r\n--" + boundary)
    assert (start, end) == (b"", b"--\r\n")
    return [tuple(part.removeprefix(b"\r\n").split(b"\r\n\r\n", 1)) for part in parts]  # type: ignore[misc]


# --- one kind of body after the other -------------------------------------------------------------


def test_nothing_is_no_body() -> None:
    assert sent(None) == Body()


@given(value=jsons)
def test_json_comes_back_as_it_was(value: Any) -> None:
    body = sent(JsonBody({"literal": value, "found": text("${a.b}")}), b=value)
    assert (json.loads(body.content), body.media_type) == ({"literal": value, "found": value}, "application/json")


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["\ud800"], float("inf"), float("nan"), [-float("inf")]])
def test_what_json_cannot_say_is_not_sent(value: Any) -> None:
    for body in (JsonBody(text("${a.b}")), form(a=Part(text("${a.b}"), as_json=True))):
        with pytest.raises(WrongType):
            sent(body, b=value)


@given(fields=st.dictionaries(unicode, unicode | st.lists(unicode, max_size=3)))
def test_a_form_comes_back_as_it_was(fields: Mapping[str, Any]) -> None:
    body = sent(FormBody(fields))
    wanted = [(key, item) for key, value in fields.items() for item in (value if isinstance(value, list) else [value])]
    assert parse_qsl(body.content.decode("ascii"), keep_blank_values=True) == wanted
    assert body.media_type == "application/x-www-form-urlencoded"


def test_a_list_that_is_looked_up_repeats_its_field() -> None:
    assert sent(FormBody({"id": text("${a.ids}"), "none": text("${a.none}")}), ids=[1, True, "x&y"], none=[]).content == b"id=1&id=true&id=x%26y"


@given(words=unicode)
def test_a_text_is_sent_as_it_is(words: str) -> None:
    body = sent(TextBody(text("${a.b}")), b=words)
    assert (body.content.decode(), body.media_type) == (words, "text/plain; charset=utf-8")


def test_a_file_is_sent_byte_for_byte() -> None:
    assert sent(FileBody(PHOTO)) == Body(PHOTO.content, "image/png")
    assert "\\xff" not in repr(FileBody(PHOTO)), "a photo has no place in a traceback"


@pytest.mark.parametrize("value", [{}, {"a": 1}, [1], None])
@pytest.mark.parametrize("body", [FormBody({"f": text("-${a.b}")}), TextBody(text("${a.b}")), form(f=Part(text("${a.b}")))])
def test_what_is_no_text_is_not_written_as_one(body: RequestBody, value: Any) -> None:
    with pytest.raises(WrongType):
        sent(body, b=value)


@pytest.mark.parametrize("body", [JsonBody(text("${a.b}")), FormBody({"f": text("${a.b}")}), TextBody(text("${a.b}")),
                                  form(f=Part(text("${a.b}"))), form(f=Part(attachment=PHOTO, filename=text("${a.b}")))])
def test_what_is_not_there_or_is_half_a_character_is_not_sent(body: RequestBody) -> None:
    with pytest.raises(Absent):
        sent(body)
    with pytest.raises(WrongType):
        sent(body, b="\ud800")


@pytest.mark.parametrize("body", [JsonBody({"\ud800": 1}), FormBody({"\ud800": 1}), MultipartBody({"\ud800": Part("x")})])
def test_a_name_that_is_half_a_character_is_not_sent(body: RequestBody) -> None:
    with pytest.raises(WrongType):
        sent(body)


# --- multipart ------------------------------------------------------------------------------------


def test_parts_say_what_they_are() -> None:
    body = sent(form(title=Part("A photo"), album=Part({"id": text("${a.id}")}, as_json=True), photo=Part(attachment=PHOTO),
                     note=Part(text("by ${a.id}"), filename="note.txt", media_type="text/markdown"),
                     renamed=Part(attachment=PHOTO, filename=text("${a.id}.gif"), media_type="image/gif")), id=3)
    title, album, photo, note, renamed = parts_of(body)
    assert [part.get_param("name", header="content-disposition") for part in (title, album, photo, note, renamed)] == [
        "title", "album", "photo", "note", "renamed"]
    assert [part.get_filename() for part in (title, album, photo, note, renamed)] == [None, None, "photo.png", "note.txt", "3.gif"]
    assert [part["content-type"] for part in (title, album, photo, note, renamed)] == [
        None, "application/json", "image/png", "text/markdown", "image/gif"]
    assert [content for _, content in raw_parts(body)] == [b"A photo", b'{"id":3}', PHOTO.content, b"by 3", PHOTO.content]


@given(parts=st.dictionaries(unicode, unicode | st.binary(), min_size=1, max_size=5))
def test_parts_come_back_as_they_were(parts: Mapping[str, str | bytes]) -> None:
    """Names and contents are anything, delimiters and headers included."""
    body = sent(MultipartBody({name: Part(value) if isinstance(value, str) else Part(attachment=Attachment(name, value, "a/b"))
                               for name, value in parts.items()}))
    found = raw_parts(body)
    assert [content for _, content in found] == [value.encode() if isinstance(value, str) else value for value in parts.values()]
    for name, (head, _) in zip(parts, found, strict=True):
        quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
        assert head.split(b"\r\n")[0].startswith(b'Content-Disposition: form-data; name="' + quoted + b'"')


@pytest.mark.parametrize("name", ['a"; filename="evil.sh', "a\r\nX-Evil: 1", "a\r\n\r\n--x", "naïve-日本", "\\"])
def test_a_name_cannot_leave_its_place(name: str) -> None:
    (part,) = parts_of(sent(MultipartBody({name: Part("x")})))
    assert set(part.keys()) == {"Content-Disposition"}
    assert part.get_filename() is None
    (part,) = parts_of(sent(form(f=Part("x", filename=text("${a.b}"))), b=name))
    assert set(part.keys()) == {"Content-Disposition"}


guesses = st.sampled_from([b"--" + BOUNDARY.encode(), b"\r\n--" + BOUNDARY.encode() + b"--\r\n", BOUNDARY.encode() + b"-1", b"-2", b"x", b"\r\n"])


@given(contents=st.lists(st.lists(guesses, max_size=6).map(b"".join), min_size=1, max_size=4))
def test_no_part_holds_the_boundary(contents: list[bytes]) -> None:
    """Whoever wrote a part may have guessed it: trace ids can be told beforehand."""
    body = sent(MultipartBody({f"p{number}": Part(attachment=Attachment("p", content, "a/b")) for number, content in enumerate(contents)}))
    assert [content for _, content in raw_parts(body)] == contents
    boundary = body.media_type.partition("boundary=")[2]
    assert body.content.count(b"--" + boundary.encode()) == len(contents) + 1
    assert len(boundary) <= 70, "RFC 2046, 5.1.1"


def test_the_same_parts_have_the_same_boundary() -> None:
    assert sent(form(a=Part("x"))) == sent(form(a=Part("x")))
    assert sent(form(a=Part("x"))).media_type == f"multipart/form-data; boundary={BOUNDARY}"

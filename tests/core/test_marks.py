"""The id of a trial is found however it is written, and no other is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.marks import SCANNED_BYTES, Marks, foreign_items

TRIAL, OTHER = "0a1b2c3d4e5f6789", "ffffeeeeddddcccc"
MANY = [TRIAL, OTHER, *(f"{n:016x}" for n in range(1000, 1060))]
TRIALS = st.text("0123456789abcdef", min_size=16, max_size=16)


def jwt(text: bytes) -> bytes:
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"none"}', text, b"signature")]
    return b"Bearer " + b".".join(parts)


def mime(text: bytes) -> bytes:
    part = base64.encodebytes(b"Dear customer, " * 7 + text).replace(b"\n", b"\r\n")
    return b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + part + b"--b--\r\n"


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: b'{"ref": "' + text + b'-invite"}',
    "capitals": bytes.upper,
    "a URL's escapes": lambda text: b"reference=" + b"".join(b"%%%02X" % sign for sign in text),
    "some escapes": lambda text: text.replace(b"0", b"%30"),
    "JSON's escapes": lambda text: b'"' + b"".join(b"\\u%04x" % sign for sign in text) + b'"',
    "base64": base64.b64encode,
    "a JWT": lambda text: jwt(json.dumps({"sub": text.decode(), "iat": 1}).encode()),
    "base64 in a form": lambda text: b"payload=" + quote(base64.b64encode(b"<xml>" + text + b"</xml>")).encode(),
    "multipart": lambda text: b'--b\r\nContent-Disposition: form-data; name="ref"\r\n\r\n' + text + b"\r\n--b--",
    "a MIME part": mime,
}


@pytest.mark.parametrize("known", [[TRIAL], [OTHER, TRIAL], MANY], ids=["one", "two", "many"])
@pytest.mark.parametrize("way", WAYS)
def test_an_id_is_found_however_it_is_written(way: str, known: list[str]) -> None:
    text = WAYS[way](TRIAL.encode())
    assert Marks(known).found(text) == {TRIAL}
    assert Marks([trial for trial in known if trial != TRIAL]).found(text) == frozenset()


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(TRIALS, min_size=1, max_size=20, unique=True), st.binary(max_size=40), st.binary(max_size=40), st.data())
def test_every_alignment_of_base64_is_searched(known: list[str], before: bytes, after: bytes, data: st.DataObject) -> None:
    trial = data.draw(st.sampled_from(known))
    encode = data.draw(st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))
    assert trial in Marks(known).found(b'{"blob": "' + encode(before + trial.encode() + after) + b'"}')


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(TRIALS, max_size=20, unique=True), st.binary(max_size=200))
def test_nothing_is_found_that_is_not_there(known: list[str], text: bytes) -> None:
    assert all(trial.encode() in text.lower() for trial in Marks(known).found(text))


@pytest.mark.parametrize("known", [[TRIAL], MANY], ids=["one", "many"])
def test_a_long_text_is_searched_whole(known: list[str]) -> None:
    padding = b"0123456789abcdef" * (SCANNED_BYTES // 16)
    assert Marks(known).found(padding + TRIAL.encode()) == {TRIAL}


def ours(text: bytes) -> bool:
    return TRIAL.encode() in text


@pytest.mark.parametrize(("body", "foreign"), [
    (f'[{{"ref": "{TRIAL}-1"}}, {{"ref": "somebody"}}]', True),
    (f'[{{"ref": "{TRIAL}-1"}}, {{"ref": "{TRIAL}-2"}}]', False),
    (f'{{"messages": [{{"to": "{TRIAL}@example.test"}}, {{"to": "someone@else.test"}}]}}', True),
    (f'{{"reference": "{TRIAL}", "items": [{{"sku": "a"}}, {{"sku": "b"}}]}}', False),
    (f'{{"to": ["{TRIAL}@example.test", "copy@example.test"]}}', False),
    (f'{{"ref": "{TRIAL}"}}\n{{"ref": "somebody"}}\n', True),
    (f'{{"ref": "{TRIAL}"}}\n{{"ref": "{TRIAL}"}}\n', False),
    (f"ref={TRIAL}&items[]=1", False),
    (f'[{{"ref": "{TRIAL}"', False),
    ("[" * 100_000, False),
    ('[{"ref": "somebody"}]', False),
    (f'"{TRIAL}"', False),
])
def test_a_batch_with_foreign_items_is_told_from_one_thing_with_parts(body: str, foreign: bool) -> None:
    assert foreign_items(body.encode(), ours) is foreign

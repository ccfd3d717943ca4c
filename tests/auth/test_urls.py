from urllib.parse import urlunsplit

import httpx
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.auth.urls import sent_parts

SEGMENT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/?#\\"), min_size=1, max_size=8).filter(
    lambda text: text.strip(".") != "")


@given(st.lists(SEGMENT, max_size=3), st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="#"), max_size=12))
def test_the_client_leaves_what_was_signed_as_it_is(segments: list[str], query: str) -> None:
    parts = sent_parts("http://acme.test/" + "/".join(segments) + (f"?{query}" if query else ""))
    sent = httpx.URL(urlunsplit(parts)).raw_path.decode()
    assert sent == parts.path + (f"?{parts.query}" if parts.query else "")


def test_an_escape_stays_and_a_lone_percent_is_escaped() -> None:
    assert sent_parts("http://acme.test/a%2Fb/100%?q=ä b").path == "/a%2Fb/100%25"
    assert sent_parts("http://acme.test?q=ä b")[2:4] == ("/", "q=%C3%A4%20b")

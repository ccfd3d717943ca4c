from hypothesis import given
from hypothesis import strategies as st

from flowprobe.report.visible import visible


@given(st.text(st.characters()))
def test_what_is_shown_is_one_line_without_anything_a_terminal_acts_on(text: str) -> None:
    shown = visible(text)
    assert not {"\x1b", "\n", "\r", "\x07", "\u202e", "\x9b"} & set(shown)
    shown.encode("utf-8")


@given(st.text(st.characters(categories=["L", "N"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text

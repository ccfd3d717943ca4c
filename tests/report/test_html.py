from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.report.html import Markup, document, element, escape
from flowprobe.report.visible import visible
from tests.report.pages import read


def test_text_stays_text() -> None:
    assert element("p", "<b>&", title='"\'') == '<p title="&quot;&#x27;">&lt;b&gt;&amp;</p>'


def test_what_was_made_here_goes_in_as_it_is() -> None:
    assert element("p", element("b", "x"), class_="a", aria_label="b") == '<p class="a" aria-label="b"><b>x</b></p>'


def test_an_attribute_may_be_there_or_not() -> None:
    assert element("details", open=True, hidden=False) == "<details open></details>"


def test_a_void_element_has_no_end() -> None:
    assert element("br") == "<br>"


def test_what_is_escaped_once_is_not_escaped_again() -> None:
    assert escape(escape("<")) == "&lt;"
    assert isinstance(escape("<"), Markup)


def test_a_page_forbids_itself_to_ask_anybody() -> None:
    page = read(document("a", "p { color: red }", element("p", "b")))
    (policy,) = [found["content"] for tag, found in page.elements if found.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


@given(st.text())
def test_any_text_comes_back_as_it_is_shown(text: str) -> None:
    page = read(document(text, "", element("p", text, title=text)))
    assert page.texts["p"] == ([visible(text)] if text else [])
    assert [found["title"] for tag, found in page.elements if tag == "p"] == [visible(text)]

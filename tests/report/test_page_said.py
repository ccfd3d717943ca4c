"""What the product says of itself, on the page: under its step, escaped, redacted and bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from flowprobe.core.evidence import fold
from flowprobe.core.telemetry import LogLine, Span, Telemetry
from flowprobe.core.verdict import Blame, Kind, Verdict
from flowprobe.report.model import Beside
from flowprobe.report.page_calls import waterfall
from flowprobe.report.page_said import ProductPage, said_mark
from tests.journals import Journal, ended, replied, sent, started, step_ended
from tests.report.pages import read

ONE, TWO = "1" * 32, "2" * 32
SPAN = Span(ONE, "a" * 16, "", "GET /pay", "shop", "server", 1000.0, 1000.5)
LINE = LogLine(ONE, SPAN.span, 1000.2, "WARN", "shop", "slow")
FAIL, PASS = Verdict(Kind.FAIL, Blame.PRODUCT, ()), Verdict(Kind.PASS, Blame.NONE, ())
HOSTILE = "</li></details>--><script>alert(1)</script>\u202e\x00<!--said"


def page(said: Mapping[str, tuple[Telemetry, ...]] | None, lines: tuple[str, ...] = (said_mark((ONE, TWO)),),
         verdict: Verdict = FAIL) -> str:
    told = ProductPage(None if said is None else lambda _: said, lambda text: text.replace("hush", "***"))
    return "\n".join(told.filled(started(), verdict, lines))


def test_what_was_said_stands_where_its_mark_was() -> None:
    text = page({TWO: (SPAN, LINE)}, ("<li>", said_mark((ONE, TWO)), "</li>"))
    assert re.fullmatch(r"<li>\n<details class=\"said\" open>.*</details>\n</li>", text, re.DOTALL)
    found = read(text)
    assert found.texts["summary"] == ["What the product says of itself, of call 2: 1 span, 1 log line"]
    assert found.texts["code"] == ["GET /pay"]
    assert "500 ms · shop" in found.texts["span"]
    assert found.texts["b"] == ["WARN"]


def test_a_step_of_which_nothing_was_said_has_nothing() -> None:
    assert page({}, ("<li>", said_mark((ONE,)), "</li>")) == "<li>\n</li>"


GRAFANA = {"Grafana <b>": "https://g.example/explore?trace=${trace}&x=\"'<"}


def linked(links: Mapping[str, str], verdict: Verdict = FAIL, calls: tuple[str, ...] = (ONE,)) -> str:
    told = ProductPage(lambda _: {}, str, links)
    return "\n".join(told.filled(started(), verdict, (said_mark(calls),)))


def test_a_call_of_a_trial_that_did_not_pass_is_linked_to_where_people_look() -> None:
    assert linked(GRAFANA) == (
        f'<p class="soft links">This call in <a href="https://g.example/explore?trace={ONE}&amp;x=&quot;&#x27;&lt;" '
        'rel="noreferrer noopener" target="_blank">Grafana &lt;b&gt;</a></p>')
    assert linked(GRAFANA, PASS) == ""


def test_each_of_several_calls_has_its_links_and_of_many_the_last_ones() -> None:
    assert re.findall(r">Call (\d) in <", linked(GRAFANA, calls=(ONE, TWO))) == ["1", "2"]
    assert re.findall(r">Call (\d) in <", linked(GRAFANA, calls=(ONE, TWO) * 4)) == ["4", "5", "6", "7", "8"]


@pytest.mark.parametrize("url", ["javascript:alert('${trace}')", "data:text/html,${trace}", "//x/${trace}"])
def test_what_does_not_lead_to_the_web_is_no_link(url: str) -> None:
    assert linked({"x": url}) == ""


def test_an_error_is_told_in_words() -> None:
    assert "500 ms · shop · error: gave up" in read(page({ONE: (replace(SPAN, status="error", said="gave up"),)})).texts["span"]


def test_bars_lie_in_the_call_and_a_child_is_indented() -> None:
    child = replace(SPAN, span="b" * 16, parent=SPAN.span, started=1000.25, ended=1000.5)
    text = page({ONE: (SPAN, child)})
    assert re.findall(r'class="span" style="left:([\d.]+)%;width:([\d.]+)%"', text) == [("0.00", "100.00"), ("50.00", "50.00")]
    assert re.findall(r"padding-left:(\d)rem", text) == ["0", "1"]


@pytest.mark.parametrize("said", [
    replace(SPAN, name=HOSTILE), replace(SPAN, service=HOSTILE), replace(SPAN, status="error", said=HOSTILE),
    replace(SPAN, attributes=((HOSTILE, HOSTILE),)), replace(LINE, text=HOSTILE), replace(LINE, severity=HOSTILE),
])
def test_no_text_of_the_product_is_more_than_text(said: Telemetry) -> None:
    text = page({ONE: (said,)})
    assert not re.search("<script|<!--|</li>|\x00|\u202e", text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("said", [
    replace(SPAN, name="<hush>"), replace(SPAN, service="hush"), replace(SPAN, status="error", said="hush"),
    replace(SPAN, attributes=(("hush", "hush"),)), replace(LINE, text="hush"), replace(LINE, severity="hush"),
])
def test_every_text_of_the_product_is_redacted(said: Telemetry) -> None:
    text = page({ONE: (said,)})
    assert "***" in text
    assert "hush" not in text


def test_a_call_shows_fifty_and_counts_the_rest() -> None:
    many = tuple(replace(SPAN, span=f"{number:016x}") for number in range(1, 61))
    text = page({ONE: many})
    assert text.count('class="row"') == 50
    assert "and 10 more spans, which telemetry/ beside this page has" in text


def test_trials_that_passed_have_a_bounded_room_on_the_page() -> None:
    many = tuple(replace(SPAN, span=f"{number:016x}") for number in range(1, 51))
    told = ProductPage(lambda _: {ONE: many}, str)
    marks = [said_mark((ONE,))] * 150
    assert sum(text.count('class="row"') for text in told.filled(started(), PASS, marks)) == 5_000
    assert "".join(told.filled(started(), FAIL, marks[:1])).count('class="row"') == 50


def test_a_step_keeps_a_place_only_where_somebody_listens() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), step_ended("two", "not-reached"), ended())
    [trial] = fold(journal.lines).trials
    deaf, hearing = "".join(waterfall(trial, Beside())), "".join(waterfall(trial, Beside(hears=True)))
    assert "<!--" not in deaf
    assert re.sub("<!--said [0-9a-f]{32}-->", "", hearing) == deaf != hearing

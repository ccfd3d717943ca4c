from __future__ import annotations

import shlex
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import CallReplied, CallSent
from flowprobe.core.redact import Redactor
from flowprobe.report.model import Beside, Carried
from flowprobe.report.page_bodies import curl_line, difference
from tests.report.pages import read

PLAIN = Beside()


def call(body: str = "", reply: str = '{"id": 1}', *, url: str = "http://a.test:1/x", method: str = "POST", persona: str = "pro-eu",
         headers: Mapping[str, str] | None = None, status: int = 201) -> Carried:
    sent = CallSent("t", "s", "c", 1, persona, method, url, headers or {}, body)
    return Carried(sent, CallReplied("c", status, 0.0, 0.1, 0.1, (("server", "x"), ("date", "now")), reply, len(reply)))


def shown(here: Carried, twin: Carried | None, beside: Beside = PLAIN) -> list[str]:
    return "".join(read(difference(here, twin, beside)).texts.get("pre", [])).splitlines()


def marked(here: Carried, twin: Carried | None) -> list[str]:
    return "".join(read(difference(here, twin, PLAIN)).texts.get("span", [])).splitlines()


def test_json_is_compared_member_by_member() -> None:
    lines = marked(call(reply='{"a":1,"b":2}'), call(reply='{"b": 2, "a": 3}', status=200))
    assert "-200" in lines
    assert "+201" in lines
    assert any(line.startswith('+  "a": 1') for line in lines)


def test_what_is_the_same_is_said_to_be_the_same() -> None:
    page = read(difference(call(), call(url="http://a.test:2/x"), PLAIN))
    assert page.texts["figcaption"] == [" as in the unfaulted trial"] * 2
    assert "date" not in page.text


def test_a_call_that_nothing_can_be_compared_with_is_shown_as_it_is() -> None:
    assert '  "id": 1' in shown(call(), None)
    assert "no reply" in shown(Carried(call().sent), None)
    assert "figcaption" not in read(difference(call(), None, PLAIN)).texts  # nothing beside its title


def test_a_run_that_passed_before_is_named_where_there_is_no_unfaulted_trial() -> None:
    page = read(difference(call(), call(status=200), PLAIN, "the run r1, in which it passed"))
    assert page.texts["figcaption"] == [" as in the run r1, in which it passed", " - the run r1, in which it passed, + this one"]


def test_a_long_body_is_cut_and_says_so() -> None:
    lines = shown(call(reply="\n".join("y" * 1000 for _ in range(500))), None)
    assert max(map(len, lines)) < 500
    assert any("more lines, which the journal has" in line for line in lines)


@given(st.text(), st.text())
def test_whatever_a_body_says_it_stays_text(mine: str, theirs: str) -> None:
    page = read(difference(call(reply=mine), call(reply=theirs), PLAIN))
    assert {tag for tag, _ in page.elements} <= {"figure", "figcaption", "strong", "pre", "span"}


def test_a_secret_is_taken_out_before_the_body_is_cut_up() -> None:
    beside = Beside(redact=Redactor(["s3cr3t\nof two lines"]))
    assert "two lines" not in "\n".join(shown(call(reply="a s3cr3t\nof two lines b"), None, beside))


def test_a_call_is_one_line_for_a_shell() -> None:
    line = curl_line(call('{"name": "it\'s"}', url="http://a.test/x?q=a b&c", headers={"content-type": "application/json", "traceparent": "00"}), PLAIN)
    assert shlex.split(line) == [
        "curl", "-i", "http://a.test/x?q=a b&c", "-H", "$AUTH_PRO_EU", "-H", "content-type: application/json", "--data-raw", '{"name": "it\'s"}']


def test_the_method_is_named_where_curl_would_take_another() -> None:
    assert "-X DELETE" in curl_line(call(method="DELETE"), PLAIN)
    assert "-X POST" in curl_line(call(), PLAIN)
    assert " -I " in curl_line(call(method="HEAD"), PLAIN)
    assert curl_line(call(method="GET", persona=""), PLAIN) == "curl -i http://a.test:1/x"


def test_no_secret_stands_in_it() -> None:
    beside = Beside(redact=Redactor(["s3cr3t-key"]))
    line = curl_line(call('{"key": "s3cr3t-key"}', url="http://a.test/?key=s3cr3t-key"), beside)
    assert "s3cr3t" not in line
    assert "?key=SECRET" in line


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_body_goes_through_a_shell_unharmed(body: str) -> None:
    words = shlex.split(curl_line(call(body), PLAIN))
    assert not body or (words[-1] if len(body) <= 4_000 else body) == body

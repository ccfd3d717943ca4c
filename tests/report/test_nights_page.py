from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.nights.model import Journey, Overview, Series, Trend, Trending
from flowprobe.report.nights_charts import panel, trend_words
from flowprobe.report.nights_page import nights_page
from flowprobe.report.nights_tables import followed
from tests.nights import FIND, NAMES, SENTENCE, cost, night, overview
from tests.report.pages import read

TEXT = nights_page(overview(), cost(), lambda night: f"../runs/{night.run}/report.html" if night.run else "")
PAGE = read(TEXT)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</style></title><script>console.error('in')</script>\"'><img src=x onerror=alert(1)>\u202e{{7*7}}"


def hostile_page() -> str:
    """A page in which every text that comes from elsewhere is this one."""
    told, text = overview(), HOSTILE
    journey, series = Journey(text, text, text), Series("step", text, text, text)
    return nights_page(replace(
        told, environment=text, nights=(*told.nights[:-1], replace(told.nights[-1], because=text, run=text)),
        attempts={NAMES[-1]: (replace(told.attempts[NAMES[-1]][1], journey=journey, sentence=text),)},
        trends=tuple(replace(each, series=series) for each in told.trends), readings={series: told.readings[FIND]},
        rates=tuple(replace(each, journey=journey, step=text) for each in told.rates),
        flakes=tuple(replace(each, journey=journey, until=text) for each in told.flakes),
        drifts=tuple(replace(each, scenario=text, step=text, path=text, before=(text,), now=(text,)) for each in told.drifts),
        alerts=tuple(replace(each, sentence=text, journeys=(text,), link="javascript:alert(1)") for each in told.alerts),
        marks=tuple(replace(each, subject=text, by=text, because=text) for each in told.marks)),
        cost(), lambda _night: "javascript:alert(1)")


def test_it_asks_nobody_for_anything() -> None:
    assert not re.search(r"(https?:)?//[a-z]|url\(|@import|javascript:", TEXT, re.IGNORECASE)
    assert not {tag for tag, _ in PAGE.elements} & {"script", "link", "img", "iframe", "object", "form", "base"}


def test_it_says_who_is_green_and_since_when_the_others_are_not() -> None:
    assert f"2 of 3 journeys came to their end; 1 did not, since {NAMES[30]}." in PAGE.texts["p"]
    since = [text for text in PAGE.texts["td"] if "since" in text or "always" in text]
    assert since == [f"not green since {NAMES[30]}", "always green", "always green"]
    assert any(SENTENCE in text for text in PAGE.texts["div"])


def test_the_newest_night_stands_first_and_each_links_to_the_page_of_its_run() -> None:
    heads = [text for text in PAGE.texts["th"] if re.fullmatch(r"\d\d-\d\d", text)]
    assert heads == [name[5:] for name in reversed(NAMES[-21:])]
    signs = [attributes for tag, attributes in PAGE.having("href") if tag == "a" and "sign" in attributes.get("class", "")]
    assert signs[0] == {"href": f"../runs/run-{NAMES[-1]}/report.html", "title": f"{NAMES[-1]}: fail",
                        "aria-label": f"{NAMES[-1]}: fail", "class": "sign bad"}


def test_the_newest_night_and_what_is_known_by_a_path_lead_to_the_page_of_their_run() -> None:
    told = overview()
    by_path = replace(told, alerts=tuple(replace(each, link="/srv/runs/report.html") for each in told.alerts))
    page = read(nights_page(by_path, None, lambda night: f"../runs/{night.run}/report.html"))
    run = f"../runs/run-{NAMES[-1]}/report.html"
    assert [attributes["href"] for tag, attributes in page.having("href") if tag == "a"][:2] == [run, run]
    assert "the run of this night" in page.texts["a"]


def test_only_alerts_that_are_open_are_told_and_those_that_page_come_first() -> None:
    told = [text for text in PAGE.texts["p"] if "find became slower" in text or SENTENCE in text or "resolve" in text]
    assert [text.strip() for text in told] == [SENTENCE, "find became slower"]


def test_where_all_is_still_learned_it_does_not_say_that_nothing_changed() -> None:
    told = overview()
    trends = tuple(replace(each, state=Trending.LEARNING) for each in told.trends)
    text = nights_page(replace(told, trends=trends))
    assert "Nobody knows yet what is usual" in text
    assert "Nothing became slower" not in text


def test_what_became_slower_stands_above_what_did_not() -> None:
    panels = re.findall(r'<li class="panel">.*?</li>', TEXT)
    assert [re.sub("<.*?>", "", each.split("</p>")[0]) for each in panels] == [
        "find Search · user=pro-eu", "└ index Search · user=pro-eu", "open Export · user=acme"]
    assert f"×1.50 of what it was, since {NAMES[32]}: 300 ms tonight, usually 200 ms (180 to 220 ms)" in TEXT
    assert "<summary>1 steady, 1 still learning</summary>" in TEXT


def test_what_it_would_have_cost_is_said_with_the_price() -> None:
    assert "3,400 calls in 102 journeys, over 34 nights" in TEXT
    assert "Monitors of Acme: 40.80 USD (12 USD for 1,000 calls), 34.97 USD a month." in TEXT


def test_flakes_drifts_rates_and_decisions_are_lists() -> None:
    assert "in quarantine until 2026-12-07: made and shown, and pages nobody" in TEXT
    assert "has another word" in TEXT
    assert "more often than usual (99.7% sure)" in TEXT
    assert "a larger index" in TEXT
    assert "frozen until 2026-11-09" in TEXT


def test_before_the_first_night_it_says_what_to_run() -> None:
    assert "run `flowprobe nightly`" in nights_page(Overview("new", (), {}))


@pytest.mark.parametrize("overview_of", [Overview("new", (night(NAMES[0]),), {}), replace(overview(), trends=(), flakes=())],
                         ids=["nothing made", "nothing judged"])
def test_what_is_not_there_leaves_no_heading(overview_of: Overview) -> None:
    page = read(nights_page(overview_of))
    assert "Latency" not in page.texts["h2"]
    assert "What fails and then passes" not in page.texts["h2"]


def test_the_dot_of_each_night_is_inside_the_picture_whatever_it_took() -> None:
    trend = Trend(FIND, Trending.STEADY, 3, 0.0, 0.0, 0.0, 0.0)
    for readings in ([("a", 0.0)], [("a", 0.0), ("b", 1e9)], [("a", 1e-9), ("b", 0.2), ("c", 0.2)]):
        drawn = panel(trend, readings)
        dots = re.findall(r"M([\d.]+) ([\d.]+)h0", drawn)
        assert len(dots) == len(readings)
        assert all(0 <= float(x) <= 240 and 0 <= float(y) <= 64 for x, y in dots)
    assert "<svg" not in panel(trend, [])


def test_a_factor_that_is_not_that_of_the_times_beside_it_says_what_was_taken_off() -> None:
    trend = Trend(FIND, Trending.CHANGED, 40, 0.024, 0.014, 0.04, 0.037, 1.89, NAMES[3])
    assert trend_words(trend).startswith("×1.89 of what it was, with what the controls did taken off, since")


def test_what_became_faster_is_said_as_that() -> None:
    trend = Trend(FIND, Trending.CHANGED, 40, 0.2, 0.18, 0.22, 0.1, 0.5, NAMES[3])
    assert "▼ faster" in panel(trend, [(NAMES[3], 0.1)])
    assert trend_words(trend).startswith("×0.50 of what it was")


@pytest.mark.parametrize(("href", "good"), [
    ("../runs/x/report.html", True), ("https://a.example/x", True), ("", False), ("javascript:alert(1)", False),
    ("data:text/html,x", False), ("//evil.example", False)])
def test_a_link_leads_to_a_page_and_runs_nothing(href: str, good: bool) -> None:
    assert followed(href) is good


def test_hostile_texts_stay_texts() -> None:
    page = read(hostile_page())
    assert not {tag for tag, _ in page.elements} & {"script", "img"}
    assert not [attributes for _, attributes in page.having("href") if "javascript" in attributes["href"]]
    assert "\u202e" not in page.text


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
def test_a_browser_opens_it_without_an_error_and_without_asking_anybody(tmp_path: Path) -> None:
    file = tmp_path / "nights.html"
    file.write_text(hostile_page())
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom",
         f"--user-data-dir={tmp_path / 'profile'}", file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    assert "Nights of" in done.stdout

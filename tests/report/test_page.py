from __future__ import annotations

import base64
import hashlib
import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import CallReplied, CleanupEnded, PlannedFault, RunStarted
from flowprobe.core.redact import Redactor
from flowprobe.core.telemetry import LogLine, Span
from flowprobe.report.model import Beside, RunReport
from flowprobe.report.page import run_page
from flowprobe.report.page_script import SCRIPT
from tests.journals import SLOW, TRIAL, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.report.pages import read
from tests.reports import report_of

BEGUN = RunStarted("5f", "0.1.0", 7, "demo", "scenarios")
OTHER, THIRD = "ffeeddccbbaa9988", "0011223344556677"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</style></title></details><script>console.error('in')</script>\"'><img src=http://127.0.0.1:9/x onerror=alert(1)>\u202e{{7*7}}"


def a_run() -> RunReport:
    return report_of(Journal().runner(
        BEGUN, started(), sent("one"), replied(), step_ended("one"), ended(), started("slow", SLOW, trial=OTHER),
        sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", "broken", finding(), trial=OTHER), ended(trial=OTHER),
        started("eased", trial=THIRD), sent("one", trial=THIRD), replied(trial=THIRD),
        step_ended("one", "degraded", finding(), because="under x", trial=THIRD), ended(trial=THIRD),
    ).proxy(exchange(trial=OTHER), injected(trial=OTHER)))


def hostile(text: str) -> RunReport:
    """A run in which every text that comes from elsewhere is this one."""
    fault = PlannedFault(text, text, text, text, text)
    begun = replace(started(text, fault), scenario=text, file=text, personas={text: text}, rerun=text, account={text: text},
                    imitates=text, survives=text)
    call = replace(sent("s"), step=text, url="http://acme.test/" + text, persona=text, body=text)
    reply = CallReplied(call.call, 500, 100.0, 0.01, 0.02, ((text, text),), text, len(text))
    seen = replace(finding("json", text, text), where=text, place=text)
    report = report_of(Journal().runner(
        begun, call, reply, replace(step_ended(text, "broken", seen), because=text), CleanupEnded(TRIAL, text, "failed", text), ended(),
    ).proxy(replace(exchange(), edge=text, path=text, error=text), replace(injected(), fault=text, edge=text, site=text, detail=text)), Beside(hears=True))
    said = (Span(call.call, "a" * 16, "", text, text, "server", 1.0, 2.0, "error", text, ((text, text),)),
            LogLine(call.call, "", 1.0, text, text, text))
    return replace(report, said=lambda _: {call.call: said}, notes=(text,), folder=Path(text.replace("\0", "")))


def page_text(report: RunReport) -> str:
    return "".join(run_page(report))


TEXT = page_text(a_run())
PAGE = read(TEXT)


def test_the_verdict_and_the_sentence_stand_at_the_top() -> None:
    assert "✗ fail" in PAGE.texts["p"]
    lead = next(text for text in PAGE.texts["p"] if text.startswith("'A journey' for pro-eu fails: step 'one'"))
    assert lead.endswith("; without the fault it was answered 200 in 50 ms.")
    assert TEXT.index("step &#x27;one&#x27;") < TEXT.index("Journeys and fault plans")


def test_every_trial_is_linked_from_the_table_and_only_the_first_that_failed_is_open() -> None:
    trials = [attributes for tag, attributes in PAGE.elements if tag == "details" and "trial" in attributes.get("class", "")]
    assert [each["data-kind"] for each in trials] == ["pass", "fail", "degraded"]
    assert ["open" in each for each in trials] == [False, True, False]
    ids = {attributes["id"] for _, attributes in PAGE.having("id")}
    links = [attributes["href"] for _, attributes in PAGE.having("href")]
    assert {f"#{each['data-anchor']}" for each in trials} <= set(links)
    assert {link.removeprefix("#") for link in links} <= ids


def test_plans_that_journeys_share_are_a_table_and_those_of_one_alone_a_list() -> None:
    assert "grid" in [attributes.get("class") for _, attributes in PAGE.elements]
    own = [event for number, name in enumerate("abcdefgh") for event in (
        replace(started(f"plan-{name}", trial=f"{number:016x}"), file=f"{name}.yaml"), ended(trial=f"{number:016x}"))]
    page = read(page_text(report_of(Journal().runner(BEGUN, *own))))
    assert "chips" in [attributes.get("class") for _, attributes in page.elements]


def test_a_journey_is_one_row_also_where_others_were_made_between_its_trials() -> None:
    made = [event for number, name in enumerate("aba") for event in (
        replace(started(trial=f"{number:016x}"), file=f"{name}.yaml"), ended(trial=f"{number:016x}"))]
    text = page_text(report_of(Journal().runner(BEGUN, *made)))
    table = re.search(r'<table class="grid">.*?</table>', text, re.DOTALL)
    assert table is not None
    assert (table[0].count('scope="row"'), table[0].count('class="chip ')) == (2, 3)


def test_an_anchor_is_there_once() -> None:
    ids = [attributes["id"] for _, attributes in PAGE.having("id")]
    assert len(ids) == len(set(ids))


def test_it_asks_nobody_for_anything() -> None:
    assert not {name for _, attributes in PAGE.elements for name in attributes} & {"src", "srcset", "action", "onclick", "onerror"}
    assert not {tag for tag, _ in PAGE.elements} & {"link", "img", "iframe", "object", "form", "base"}
    assert all(attributes["href"].startswith("#") for _, attributes in PAGE.having("href"))
    assert not re.search(r"url\(|@import|javascript:|eval\(|fetch\(", TEXT)


def test_the_page_runs_its_own_script_and_no_other() -> None:
    (policy,) = [found["content"] for _, found in PAGE.elements if found.get("http-equiv")]
    script = TEXT.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert script == SCRIPT


def test_it_can_be_read_without_its_script() -> None:
    (finder,) = [attributes for tag, attributes in PAGE.elements if tag == "search"]
    assert "hidden" in finder
    assert "What happened" in PAGE.texts["h3"]


def test_an_empty_run_is_a_page_too() -> None:
    assert "no trials" in read(page_text(report_of(Journal().runner(BEGUN)))).text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_stands_in_a_run_the_page_keeps_its_form(text: str) -> None:
    page = read(page_text(hostile(f"x{text}")))
    plain = read(page_text(hostile("x")))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.text)


def test_secrets_are_taken_out_of_it_also_where_they_are_escaped() -> None:
    secret = 'c4n"qqz<&+1'
    text = page_text(replace(hostile(secret), redact=Redactor([secret])))
    assert not {"c4n", "qqz"} & set(re.findall("c4n|qqz", text))
    assert "«redacted»" in text
    assert SCRIPT in text


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """An address that writes down whoever comes."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/asked", paths
        server.shutdown()


def browsed(text: str, folder: Path, anchor: str = "", *options: str) -> tuple[str, str]:
    """The page as the browser has it, and what it said of it."""
    assert CHROMIUM is not None
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    shown = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
         f"--user-data-dir={folder / 'profile'}", *options, "--dump-dom", file.as_uri() + anchor],
        capture_output=True, text=True, timeout=120, check=False)
    return shown.stdout, shown.stderr


browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here to show the page")


@browser
def test_a_browser_runs_the_script_and_has_nothing_to_complain_of(tmp_path: Path) -> None:
    dom, said = browsed(TEXT, tmp_path, f"#t-{THIRD}")
    assert "CONSOLE" not in said, said
    assert "3 of 3 trials" in dom
    opened = [tag for tag in re.findall("<details[^>]*>", dom) if "trial" in tag and "open" in tag]
    assert [tag for tag in opened if THIRD in tag], "the trial that was linked to is not open"


@browser
def test_nothing_that_a_product_says_runs_or_is_asked_for(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    evil = f"{HOSTILE}<img src={address}><link rel=stylesheet href={address}><meta http-equiv=refresh content='0;url={address}'>"
    dom, said = browsed(page_text(hostile(evil)), tmp_path)
    assert "1 of 1 trials" in dom
    assert "CONSOLE" not in said, said
    assert paths == []


@browser
@pytest.mark.parametrize("width", [320, 360])
def test_on_a_telephone_nothing_stands_out_at_the_side(tmp_path: Path, width: int) -> None:
    """In a frame, for a window of Chromium is never as narrow."""
    long = "a-step-of-a-journey-with-a-name-that-does-not-end-where-a-telephone-ends"
    wide = report_of(Journal().runner(
        BEGUN, started(), sent(long), replied(), step_ended(long), ended(), started("slow", SLOW, trial=OTHER),
        sent(long, trial=OTHER), replied(trial=OTHER, seconds=1.0), step_ended(long, "broken", finding(), trial=OTHER),
        ended(trial=OTHER)).proxy(exchange(trial=OTHER), injected(trial=OTHER)))
    (tmp_path / "run.html").write_text(page_text(wide), encoding="utf-8")
    frame = (f"<iframe src=run.html style='width:{width}px;height:6000px;border:0'></iframe><script>onload = () => {{"
             "const inner = document.querySelector('iframe').contentDocument, all = inner.documentElement;"
             "const parts = [...inner.querySelectorAll('.charts *')].map(each => each.getBoundingClientRect().right);"
             "const out = parts.filter(right => right > all.clientWidth).length + all.scrollWidth - all.clientWidth;"
             "document.title = inner.querySelectorAll('.panel').length + ' ' + out }</script>")
    dom, said = browsed(frame, tmp_path, "", "--allow-file-access-from-files")
    assert "CONSOLE" not in said, said
    assert "<title>2 0</title>" in dom


@browser
def test_the_policy_stops_what_would_be_asked_for_all_the_same(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    """The positive control: markup that came in unescaped is still asked for by nobody, and the looking finds it."""
    address, paths = asked
    _, said = browsed(TEXT.replace("<main>", f"<main><img src={address}><script>console.error('in')</script>"), tmp_path)
    assert "Content Security Policy" in said
    assert paths == []
    policy = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
    browsed(policy.sub("", TEXT).replace("<main>", f"<main><img src={address}>"), tmp_path)
    assert paths

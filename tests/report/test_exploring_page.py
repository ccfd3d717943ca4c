from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.exploration import Exploration, Flaky, Found, Outcome, Patience, Pruned
from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.core.faults.status import Status
from flowprobe.report.exploring_page import exploration_page
from flowprobe.report.exploring_style import STYLE
from flowprobe.report.exploring_told import About, tell_case
from flowprobe.report.visible import visible
from tests.explorations import ABOUT, CASES, QUIET, SITES, WHOLE, Cell
from tests.report.pages import read

TEXT = exploration_page(WHOLE, CASES, ABOUT)
PAGE = read(TEXT)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "</style></title><script>console.error('in')</script>\"'><img src=x onerror=alert(1)>\u202e{{7*7}}"


def hostile_page(text: str) -> str:
    """A page in which every text that comes from elsewhere is this one."""
    site = Site(text, text, text, 2)
    fault = Placed(site, Status(500))
    broke = Break(text, text, text, text)
    tried = Try({text: text}, (fault,))
    found = Found((broke, broke), tried, Learned("fail", (broke,), because=text), tried, 1, 2, 3, (tried,))
    cells = tuple(Cell(site, text, outcome, text, 1, (fault,), text) for outcome in get_args(Outcome))
    about = About(text, text, text, 0, text, text, text, {text: "usual"}, text, text)
    case = tell_case(found, name=text, replay=text, defaults=about.defaults, file=Path(text.replace("\0", "")))
    whole = Exploration(
        "stopped", text, WHOLE.baseline, found=(found,), flaky=(Flaky(tried, (broke,), 1, 2),), cells=cells,
        revealed={site: (fault,)}, patience=(Patience(site, 1.0),), pruned=(Pruned(text, 1, (text,)),))
    return exploration_page(whole, (case,), about)


def test_it_asks_nobody_for_anything() -> None:
    assert not re.search(r"(https?:)?//[a-z]|url\(|@import|javascript:", TEXT, re.IGNORECASE)
    assert not {name for _, attributes in PAGE.elements for name in attributes} & {"src", "href", "srcset", "action"}
    assert not {tag for tag, _ in PAGE.elements} & {"script", "link", "img", "iframe", "object", "form", "base"}


def test_it_says_what_the_terminal_says() -> None:
    for case in CASES:
        assert case.sentence in PAGE.text
        assert case.replay in PAGE.text
        assert str(case.file) in PAGE.text
    for words in ("✗ 6 cases found", "seats = 0 (3 by default)", "breaks from 310 ms on, holds at 300 ms (payments)",
                  "it breaks now and then", "still waited after 10.0 s", "41 states tried, 6 refused", "88 of 92",
                  "52 of 60 pairs", "942 combinations left out", "at least 2 more kinds of outcome", "broke 1 of 4 times",
                  "Stopped before its end: the budget of 500 tries is used up.", "10 of 152 combinations",
                  "flowprobe explore scenarios/invite.yaml --resume", "seen only under status 500 on mail"):
        assert words in PAGE.text, words


def test_the_table_has_a_head_for_each_row_and_column_and_a_word_for_each_cell() -> None:
    scopes = [attributes["scope"] for tag, attributes in PAGE.elements if tag == "th"]
    assert scopes.count("rowgroup") == 5
    assert scopes.count("row") >= len(SITES)
    assert [text for text in PAGE.texts["span"] if text in KIND_NAMES] == [
        *(kind for kind in KIND_NAMES if kind not in ("h2", "webhook", "websocket")), "h2", "webhook", "websocket"]
    signs = [attributes for _, attributes in PAGE.having("aria-label") if attributes.get("role") == "img"]
    assert len(signs) == len(SITES) * len(KIND_NAMES)
    assert all(sign["title"] == sign["aria-label"] for sign in signs)
    assert ("lost_reply on payments POST /v1/charges in pay: broken: charged, and no invite: 500 instead of 201, "
            "only in the state seats=0 (2 tries)") in [sign["title"] for sign in signs]


def test_where_there_is_more_to_say_of_a_cell_a_key_comes_there() -> None:
    told = [attributes for _, attributes in PAGE.having("data-tip")]
    assert told
    assert all(each["tabindex"] == "0" and each["data-tip"] == each["title"] for each in told)


@given(st.text(min_size=1))
def test_texts_from_elsewhere_stay_texts(text: str) -> None:
    if not visible(text).strip():
        return
    page, usual = read(hostile_page(text)), read(hostile_page("x"))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in usual.elements]
    assert [sorted(found) for _, found in page.elements] == [sorted(found) for _, found in usual.elements]


def test_hostile_markup_is_shown() -> None:
    page = read(hostile_page(HOSTILE))
    assert not {tag for tag, _ in page.elements} & {"script", "img"}
    assert visible(HOSTILE) in page.text
    assert "\u202e" not in hostile_page(HOSTILE)


def test_a_small_one_has_no_empty_parts() -> None:
    page = read(exploration_page(QUIET, (), About("x")))
    assert page.texts["h2"] == ["Coverage", "States and pairs", "Not tried", "Left unseen"]
    assert "✓ no case found" in page.text


# --- what it looks like ---------------------------------------------------------------------------


def _palettes() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{([^}]*)\}", STYLE)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for block in blocks]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at:at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", _palettes(), ids=["light", "dark", "paper"])
def test_every_text_can_be_read_on_its_ground(palette: dict[str, str]) -> None:
    pairs = [(ink, ground) for ink in ("text", "soft", "link") for ground in ("page", "card")]
    pairs += [(mood, f"{mood}-tint") for mood in ("good", "warn", "bad", "odd")]
    for ink, ground in pairs:
        one, other = sorted((_luminance(palette[ink]), _luminance(palette[ground])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, f"{ink} on {ground}"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here to show the page")
@pytest.mark.parametrize("text", [TEXT, hostile_page(HOSTILE)], ids=["realistic", "hostile"])
def test_a_browser_has_nothing_to_complain_of(text: str, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    file = tmp_path / "page.html"
    file.write_text(text)
    shown = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=120, check=False)
    assert "<h2>Coverage</h2>" in shown.stdout
    assert "CONSOLE" not in shown.stderr, shown.stderr

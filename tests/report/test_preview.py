from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.report.preview import (
    Preview,
    PreviewCall,
    PreviewCleanup,
    PreviewGroup,
    PreviewTrial,
    preview_json,
    preview_lines,
)

CALL = PreviewCall("make", "admin", "pro-eu", "POST", "http://acme.test/things", True, "1 to 3", "* /** (flowprobe.yaml:3:5)",
                   "a.yaml:4:5", (PreviewCleanup("DELETE", "http://acme.test/things/${make.id}", "what its step captured"),))
GROUP = PreviewGroup("A journey", "a.yaml", {"admin": "pro-eu"}, (PreviewTrial("none"), PreviewTrial("slow", ("user latency 5ms",))), (CALL,))
PREVIEW = Preview("staging", "flowprobe.yaml:3:5", False, {"api": "http://acme.test"}, "", (), "run", (GROUP,), "4 to 12", "4 to 8",
                  {"calls": None, "writes": 20, "rate": None, "seconds": None}, (), (), ())


def shown(preview: Preview) -> list[str]:
    return ["".join(span.text for span in line) for line in preview_lines(preview)]


def test_a_call_has_its_persona_its_kind_and_its_cleanup() -> None:
    lines = shown(PREVIEW)
    at = lines.index("  make         POST http://acme.test/things")
    assert lines[at + 1:at + 5] == [
        "               as admin (pro-eu) · write · 1 to 3 times", "               allowed by * /** (flowprobe.yaml:3:5)",
        "               then DELETE http://acme.test/things/${make.id}", "                 cleanup, allowed by what its step captured"]
    assert "2 trials · 4 to 12 calls · 4 to 8 writes of 20" in lines


@given(st.lists(st.text("abc déf/:", min_size=1, max_size=60), min_size=1, max_size=5))
def test_no_word_of_a_refusal_is_lost_or_cut_and_lines_end_at_80(refusals: list[str]) -> None:
    lines = shown(replace(PREVIEW, refusals=tuple(refusals)))
    assert "  ".join(lines).split().count("refused:") == len(refusals)
    assert [word for text in refusals for word in text.split()] == [
        word for line in lines[lines.index(f"  host {'api'}: http://acme.test") + 1:-2] for word in line.split() if word != "refused:"]
    assert max(map(len, lines)) <= 80


def test_a_profile_says_what_it_imitates_and_what_survives_it() -> None:
    slow = PreviewTrial("slow", ("user latency 5ms",), "A network that is slow " * 5, "The journey ends")
    lines = shown(replace(PREVIEW, groups=(replace(GROUP, trials=(slow,)),)))
    at = lines.index("  trial 1: slow · user latency 5ms")
    assert lines[at + 1].startswith("    imitates: A network that is slow A network")
    assert (lines[at + 2].startswith("    "), lines[at + 3]) == (True, "    survives: The journey ends")


def test_machines_are_told_the_exit_code() -> None:
    assert preview_json(PREVIEW)["exit_code"] == 0
    assert preview_json(replace(PREVIEW, refusals=("no",)))["exit_code"] == 5

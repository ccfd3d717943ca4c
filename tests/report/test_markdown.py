import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import TrialSkipped
from flowprobe.core.redact import Redactor
from flowprobe.report.markdown import as_far_as, markdown_text
from tests.journals import SLOW, Journal, ended, finding, replied, sent, started, step_ended
from tests.reports import report_of

OTHER = "ffeeddccbbaa9988"


def failing(said: str = "612 ms") -> Journal:
    return Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", "x", said)), ended())


def test_it_has_the_verdict_a_table_the_sentence_and_the_command() -> None:
    journal = failing().runner(started("slow", SLOW, trial=OTHER), TrialSkipped(OTHER, "nothing to compare with", "baseline"))
    text = "".join(markdown_text(report_of(journal)))
    assert text.startswith("## FlowProbe: ✗ fail\n")
    assert re.search(r"^\| ✗ \| A journey \| admin pro-eu \| none \| fail \| \d+ ms \|$", text, re.MULTILINE)
    assert "| ? | A journey | admin pro-eu | slow | inconclusive (baseline) |" in text.replace("\\", "")
    assert "```text\n'A journey' for pro-eu fails: step 'one'" in text
    assert "```sh\nflowprobe run …\n```" in text
    assert text.count("###") == 1


def test_names_are_escaped_and_stay_in_their_cell() -> None:
    journal = Journal().runner(replace(started(), scenario="a|b <img> *c* @team\n# d"), sent("one"), replied(), step_ended("one"), ended())
    row = "".join(markdown_text(report_of(journal))).split("\n")[4]
    assert row.startswith("| ✓ | a\\|b \\<img\\> \\*c\\* \\@team \\# d | admin pro-eu |")


@given(st.text(st.characters()) | st.text(st.sampled_from("`~\n|<>#")))
def test_nothing_that_a_reply_says_ends_the_fence_that_it_stands_in(said: str) -> None:
    text = "".join(markdown_text(report_of(failing(said))))
    text.encode("utf-8", "strict")
    lines, fence = text.split("\n"), ""
    outside = []
    for line in lines:
        mark = re.match("`{3,}", line)
        if not fence and mark:
            fence = mark[0]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence
    assert [line for line in outside if line.startswith("#")] == ["## FlowProbe: ✗ fail", "### ✗ A journey · none"]


def test_a_secret_is_in_no_part_of_it() -> None:
    report = replace(report_of(failing("s3cr3t|x-token")), redact=Redactor(["s3cr3t|x-token"]))
    assert "s3cr3t" not in "".join(markdown_text(report))


def test_what_has_no_room_is_said_to_be_elsewhere() -> None:
    assert "".join(as_far_as(["aa", "éé", "b"], 6, "The rest is there.")) == "aaéé\nThe rest is there.\n"
    assert "".join(as_far_as(["aa", "éé", "b"], 7, "The rest is there.")) == "aaééb"

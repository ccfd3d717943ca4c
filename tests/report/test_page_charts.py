from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import PlannedFault, TrialStarted
from flowprobe.core.evidence import RunEvidence, fold
from flowprobe.core.times import Spent, Times
from flowprobe.core.verdict import Blame, Kind, Verdict
from flowprobe.report.page_charts import charts
from tests.journals import SLOW, Journal, ended, started
from tests.report.pages import read

PLAIN = Times((Spent("look", 0.1), Spent("pay", 0.2)), (Spent("payments", 0.1),))
HELD = Times((Spent("look", 0.1), Spent("pay", 0.8, 0.6)), (Spent("payments", 0.7, 0.6),))


def drawn(plans: Sequence[tuple[str, Times, Kind]], *faults: PlannedFault) -> str:
    """The pictures of a journey: its first plan has no faults, unless some are given."""
    begun = [started(plan, *(faults or ((SLOW,) if number else ())), trial=f"{number:016x}")
             for number, (plan, _, _) in enumerate(plans)]
    run = evidence_of(begun)
    verdicts = {each.trial: Verdict(kind, Blame.NONE, ()) for each, (_, _, kind) in zip(begun, plans, strict=True)}
    return "".join(charts(run.trials, (times for _, times, _ in plans), verdicts))


def evidence_of(begun: Sequence[TrialStarted]) -> RunEvidence:
    return fold(Journal().runner(*(event for each in begun for event in (each, ended(trial=each.trial)))).lines)


def panels(text: str) -> list[str]:
    return re.findall(r'<li class="panel">.*?</ul></li>', text)


def names(text: str) -> list[str]:
    return [re.sub("<.*?>", "", each).split()[1] for each in re.findall("<a .*?</a>", text)]


def widths(panel: str, style: str) -> list[float]:
    return [float(width) for width in re.findall(rf'class="{style}" style="(?:left:[\d.]+%;)?width:([\d.]+)%', panel)]


def test_each_plan_is_a_panel_with_its_numbers_as_text_and_a_link_to_its_trial() -> None:
    page = read(drawn([("none", PLAIN, Kind.PASS), ("slow", HELD, Kind.FAIL)]))
    assert [attributes["href"] for _, attributes in page.having("href")] == ["#t-0000000000000000", "#t-0000000000000001"]
    assert page.texts["a"] == ["✓ none", "✗ slow"]
    told = [text.strip() for text in page.texts["span"] if text.strip()]
    assert told == ["without faults", "look", "100 ms", "pay", "200 ms", "└ payments", "100 ms",
                    "look", "100 ms", "pay", "800 ms, 600 ms injected", "└ payments", "700 ms, 600 ms injected"]


def test_every_panel_has_the_same_scale_and_the_same_rows() -> None:
    one, other = panels(drawn([("none", replace(PLAIN, steps=PLAIN.steps[:1]), Kind.PASS), ("slow", HELD, Kind.FAIL)]))
    assert "no call" in one
    assert [each.count("<li>") for each in (one, other)] == [3, 3]
    assert widths(one, "ours") == [12.5]
    assert widths(other, "ours") == [12.5, 100.0]
    assert widths(other, "injected") == [75.0, 75.0]


def test_a_line_shows_where_each_ended_without_faults() -> None:
    one, other = panels(drawn([("none", PLAIN, Kind.PASS), ("slow", HELD, Kind.FAIL)]))
    assert "before" not in one
    assert re.findall(r'class="before" style="left:([\d.]+)%', other) == ["12.50", "25.00", "12.50"]
    assert "before" not in "".join(panels(drawn([("a", PLAIN, Kind.PASS), ("b", HELD, Kind.PASS)], SLOW)))


def test_the_bars_are_for_the_eye_alone() -> None:
    tracks = [attributes for _, attributes in read(drawn([("none", PLAIN, Kind.PASS), ("slow", HELD, Kind.FAIL)])).elements
              if attributes.get("class") == "track"]
    assert len(tracks) == 7
    assert all(each["aria-hidden"] == "true" for each in tracks)


def test_one_plan_alone_or_no_time_at_all_is_no_picture_and_what_they_took_is_gone_through() -> None:
    assert drawn([("none", PLAIN, Kind.PASS)]) == ""
    assert drawn([("none", Times(), Kind.PASS), ("slow", Times(), Kind.FAIL)]) == ""
    begun = [started()]
    rest = iter([PLAIN])
    assert list(charts(evidence_of(begun).trials, rest, {begun[0].trial: Verdict(Kind.PASS, Blame.NONE, ())})) == []
    assert list(rest) == []


def test_of_many_plans_those_that_did_not_pass_come_first_and_the_rest_is_a_number() -> None:
    kinds = {7: Kind.DEGRADED, 18: Kind.FAIL, 19: Kind.INCONCLUSIVE}
    text = drawn([(f"p{number}", PLAIN, kinds.get(number, Kind.PASS)) for number in range(20)])
    assert names(text) == ["p0", "p7", "p18", "p19", *(f"p{number}" for number in (1, 2, 3, 4, 5, 6, 8, 9))]
    assert "Not drawn: 8 more plans." in text
    assert names(drawn([(f"p{number}", PLAIN, kinds.get(number, Kind.PASS)) for number in range(9)])) == [f"p{n}" for n in range(9)]


def test_of_many_steps_the_longest_are_drawn_in_their_order() -> None:
    long = Times(tuple(Spent(f"s{number}", number / 10) for number in range(20)))
    text = drawn([("none", PLAIN, Kind.PASS), ("slow", long, Kind.PASS)])
    assert re.findall(r'"what">(.*?)<', panels(text)[1]) == [*(f"s{number}" for number in range(8, 20)), "└ payments"]
    assert "Not drawn: 10 shorter steps or providers." in text
    assert "Not drawn: 1 shorter step or provider." in drawn([("none", PLAIN, Kind.PASS), ("slow", Times(long.steps[:11]), Kind.PASS)])


def test_of_a_plan_that_was_run_several_times_the_median_is_drawn_and_the_worst_is_linked() -> None:
    three = [Times((Spent("pay", seconds),)) for seconds in (0.1, 5.0, 0.3)]
    text = drawn([("none", PLAIN, Kind.PASS), *(("slow", times, kind) for times, kind in zip(
        three, (Kind.PASS, Kind.FAIL, Kind.PASS), strict=True))])
    assert "300 ms" in panels(text)[1]
    assert 'href="#t-0000000000000002">✗ slow' in panels(text)[1]
    assert "the median" in text


@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.floats(1e-6, 1e6), st.floats(0, 1)), max_size=3,
                         unique_by=lambda each: each[0]), min_size=2, max_size=14))
def test_no_bar_is_longer_than_its_track(taken: list[list[tuple[str, float, float]]]) -> None:
    text = drawn([(f"p{number}", Times(tuple(Spent(name, long, long * part) for name, long, part in each)), Kind.PASS)
                  for number, each in enumerate(taken)])
    for style in ("ours", "injected"):
        assert all(0 <= width <= 100 for width in widths(text, style))
    for left, width in re.findall(r"left:([\d.]+)%;width:([\d.]+)%", text):
        assert float(left) + float(width) <= 100.02
    for left in re.findall(r'class="before" style="left:([\d.]+)%', "".join(panels(text))):
        assert float(left) <= 100


def test_a_name_that_may_not_be_seen_whole_is_also_its_title() -> None:
    long = Times((Spent("search-for-an-invoice", 1.0), Spent("pay", 1.0)))
    titles = [attributes["title"] for _, attributes in read(drawn([("none", long, Kind.PASS), ("b", long, Kind.PASS)])).having("title")]
    assert titles == ["search-for-an-invoice"] * 2

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flowprobe.core.nights.model import Alert, Attempt, Deed, Journey, Mark, Night, Severity, State
from flowprobe.core.verdict import Blame, Kind
from flowprobe.report.remembered import mark_line, night_lines, one_night_lines
from flowprobe.report.spans import Line

AT = 1772400000.0
PASSED = Night("staging", "2026-03-01", State.ENDED, AT, AT + 900, Kind.PASS, 0, "runs/a", "", 120, 3, 7, "0.1.0")
FAILED = replace(PASSED, name="2026-03-02", began=AT + 86400, ended=AT + 86500, verdict=Kind.FAIL, exit_code=1, journeys=1)
REFUSED = Night("staging", "2026-03-03", State.REFUSED, AT + 2 * 86400, because="a freeze")
SEARCH = Journey("Search", "user=pro-eu")
ATTEMPT = Attempt(SEARCH, 1, AT, 2.5, Kind.FAIL, Blame.PRODUCT, "sig", "find answered 500", "find", "", "t1")
ALERT = Alert("staging", "k", Severity.PAGE, Blame.PRODUCT, "find answered 500", ("Search",), "2026-03-02", "2026-03-02")
MARK = Mark("staging", Deed.QUARANTINE, "Search", "2026-03-02", "ann", "it wobbles", AT, "2026-03-16")


def text(lines: Iterable[Line]) -> list[str]:
    return ["".join(span.text for span in line).rstrip() for line in lines]


def styles(line: Line) -> set[str]:
    return {span.style for span in line}


def test_a_night_is_one_line() -> None:
    assert text(night_lines("staging", [PASSED, FAILED, REFUSED], alerts=1, hidden=4)) == [
        "staging  1 alert open",
        "  4 older: --all",
        "  2026-03-01  2026-03-01 21:20Z  pass (exit 0)  15 min 00 s  3 journeys, 120 calls",
        "  2026-03-02  2026-03-02 21:20Z  fail (exit 1)  1 min 40 s  1 journey, 120 calls".replace("  1 min", "   1 min"),
        "  2026-03-03  2026-03-03 21:20Z  refused                     0 journeys, 0 calls  a freeze",
    ]


def test_a_night_that_has_not_ended_is_never_shown_as_a_pass() -> None:
    for state in (State.RUNNING, State.CUT_OFF, State.REFUSED):
        _, line = night_lines("staging", [replace(PASSED, state=state)], alerts=0)
        assert str(state) in "".join(span.text for span in line)
        assert "good" not in styles(line)


def test_a_night_is_told_with_each_attempt_each_alert_and_each_decision() -> None:
    passed = replace(ATTEMPT, number=2, verdict=Kind.PASS, blame=Blame.NONE, sentence="")
    assert text(one_night_lines(FAILED, [ATTEMPT, passed], [ALERT, replace(ALERT, resolved="2026-03-03")], [MARK])) == [
        "staging 2026-03-02  fail (exit 1)  1 min 40 s  1 journey, 120 calls",
        "  run runs/a  seed 7  FlowProbe 0.1.0",
        "  fail          Search (user=pro-eu)  attempt 1  2.5 s",
        "    product: find answered 500  (trial t1)",
        "  pass          Search (user=pro-eu)  attempt 2  2.5 s",
        "page  find answered 500  open since 2026-03-02  Search",
        "page  find answered 500  resolved 2026-03-03  Search",
        "quarantine Search from 2026-03-02 on until 2026-03-16  ann, 2026-03-01 21:20Z: it wobbles",
    ]


def test_a_refused_night_says_why() -> None:
    assert text(one_night_lines(REFUSED, [], [], [])) == ["staging 2026-03-03  refused    0 journeys, 0 calls", "  a freeze"]


def test_what_a_product_said_acts_on_no_terminal() -> None:
    lines = [*one_night_lines(FAILED, [replace(ATTEMPT, sentence="\x1b[2Jgone")], [replace(ALERT, sentence="\x07")], []),
             mark_line(replace(MARK, because="\x1b[1m"))]
    assert not [line for line in text(lines) if not line.isprintable()]

"""Each trial has its own lines, and what is nobody's is counted once and seen by whoever was under way."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.events import Event, ExchangeEnded, LeaseEnded, Saturated, Stamped, TrialStarted
from flowprobe.journal.reader import Follower
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.lines import Lines
from tests.journals import ended, exchange, replied, sent, started
from tests.scenes import TRIAL

OTHER = "ffeeddccbbaa9988"
NOBODYS = exchange("x9", call=None, trial=None)


def stamped(event: Event, number: int = 0) -> Stamped:
    return Stamped("runner", number, float(number), 0.0, event)


def of(lines: tuple[Stamped | str, ...]) -> list[str]:
    return [line if isinstance(line, str) else type(line.event).__name__ for line in lines]


def lines(folder: Path, *events: Event) -> Lines:
    found = Lines(Follower(folder / "proxy.jsonl"))
    for event in events:
        found.add(stamped(event))
    return found


def proxy(folder: Path, *events: Event) -> JournalWriter:
    journal = JournalWriter(folder / "proxy.jsonl", "proxy")
    for event in events:
        journal.append(event)
    return journal


def test_two_trials_have_each_its_own_lines_however_they_are_mixed(tmp_path: Path) -> None:
    found = lines(tmp_path, started(), started(trial=OTHER), sent("one"), sent("one", trial=OTHER), replied(trial=OTHER),
                  replied(), ended(trial=OTHER))
    with proxy(tmp_path, exchange(), exchange("x2", trial=OTHER), LeaseEnded(OTHER, "expired")):
        assert of(found.of(TRIAL)) == ["TrialStarted", "CallSent", "CallReplied", "ExchangeEnded"]
        assert of(found.own(OTHER)) == ["TrialStarted", "CallSent", "CallReplied", "TrialEnded", "ExchangeEnded",
                                        "LeaseEnded"]
    mine = found.take(TRIAL)
    assert {line.event.trial for line in mine.own if isinstance(line.event, ExchangeEnded | TrialStarted)} == {TRIAL}
    assert mine.beside == ()


def test_what_is_nobodys_concerns_all_that_were_under_way_and_is_counted_once(tmp_path: Path) -> None:
    found = lines(tmp_path, started(), started(trial=OTHER))
    with proxy(tmp_path, NOBODYS, Saturated(0.3)):
        first, second = found.take(TRIAL), found.take(OTHER)
    assert of(first.beside) == of(first.new) == of(second.beside) == ["ExchangeEnded", "Saturated"]
    assert second.new == ()
    assert of(second.of_trial) == ["TrialStarted", "ExchangeEnded", "Saturated"]
    assert of(second.of_run) == ["TrialStarted"]
    assert found.rest().of_run == ()


def test_what_came_while_no_trial_was_under_way_is_for_the_first_that_is(tmp_path: Path) -> None:
    found = Lines(Follower(tmp_path / "proxy.jsonl"))
    with proxy(tmp_path, NOBODYS) as journal:
        found.add(stamped(Saturated(0.1)))
        found.add(stamped(started()))
        found.add(stamped(started(trial=OTHER)))
        assert of(found.take(TRIAL).beside) == ["Saturated", "ExchangeEnded"]
        assert of(found.take(OTHER).beside) == ["ExchangeEnded"]
        journal.append(NOBODYS)
    assert of(found.rest().new) == ["ExchangeEnded"]


def test_an_echo_of_a_trial_that_is_over_is_nobodys(tmp_path: Path) -> None:
    found = lines(tmp_path, started())
    found.take(TRIAL)
    found.add(stamped(started(trial=OTHER)))
    with proxy(tmp_path, exchange()):
        taken = found.take(OTHER)
    assert (of(taken.own), of(taken.beside)) == (["TrialStarted"], ["ExchangeEnded"])


def test_a_gap_in_the_journal_of_the_proxy_is_trouble_of_all_that_were_under_way(tmp_path: Path) -> None:
    found = lines(tmp_path, started(), started(trial=OTHER))
    (tmp_path / "proxy.jsonl").write_text("no line of ours\n")
    first, second = found.take(TRIAL), found.take(OTHER)
    assert first.beside == second.beside == first.new == ("the proxy's journal: a damaged line after number 0",)
    assert (first.of_trial, second.new) == (first.own, ())

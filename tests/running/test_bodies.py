from pathlib import Path

from flowprobe.core.events import Event
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.bodies import Bodies
from tests.journals import TRIAL, replied, sent, started

OTHER = "ffeeddccbbaa9988"


def written(folder: Path, *trials: tuple[str, tuple[Event, ...]]) -> Bodies:
    bodies = Bodies(folder / "runner.jsonl")
    with JournalWriter(folder / "runner.jsonl", "runner") as journal:
        for trial, events in trials:
            bodies.begin(trial)
            for event in events:
                journal.append(event)
    return bodies


def test_what_a_call_carried_is_read_back_by_its_id(tmp_path: Path) -> None:
    bodies = written(tmp_path, (TRIAL, (started(), sent("one"), replied(), sent("two", 2))))
    read = bodies(TRIAL, [sent("one").call, sent("two", 2).call])
    assert {carried.sent.step: carried.reply and carried.reply.body for carried in read.values()} == {"one": "{}", "two": None}
    assert bodies(TRIAL, ["nobody's"]) == {}
    assert bodies(TRIAL, ()) == {}


def test_nothing_is_read_of_another_trial(tmp_path: Path) -> None:
    bodies = written(tmp_path, (TRIAL, (started(), sent("one"))), (OTHER, (started(trial=OTHER), sent("one", trial=OTHER))))
    both = [sent("one").call, sent("one", trial=OTHER).call]
    assert [carried.sent.trial for carried in bodies(TRIAL, both).values()] == [TRIAL]
    assert [carried.sent.trial for carried in bodies(OTHER, both).values()] == [OTHER]
    assert bodies("unheard-of", both) == {}


def test_a_trial_that_another_began_beside_is_read_to_its_end(tmp_path: Path) -> None:
    bodies = Bodies(tmp_path / "runner.jsonl")
    with JournalWriter(tmp_path / "runner.jsonl", "runner") as journal:
        bodies.begin(TRIAL)
        journal.append(started())
        bodies.begin(OTHER)
        for event in (started(trial=OTHER), sent("one", trial=OTHER), sent("one")):
            journal.append(event)
        bodies.end(TRIAL)
        journal.append(sent("two", 2))  # nobody asks for what comes later
    both = [sent("one").call, sent("two", 2).call, sent("one", trial=OTHER).call]
    assert [carried.sent.step for carried in bodies(TRIAL, both[:2]).values()] == ["one"]
    assert [carried.sent.trial for carried in bodies(OTHER, both[2:]).values()] == [OTHER]


def test_a_journal_that_cannot_be_read_has_no_bodies(tmp_path: Path) -> None:
    bodies = Bodies(tmp_path / "nothing" / "runner.jsonl")
    bodies.begin(TRIAL)
    assert bodies(TRIAL, ["x"]) == {}


def test_a_line_of_which_the_redactor_left_no_json_is_passed_over(tmp_path: Path) -> None:
    bodies = written(tmp_path, (TRIAL, (started(), sent("one"))))
    with (tmp_path / "runner.jsonl").open("a") as file:
        file.write('{"v":1,"event":"CallSent"«redacted»\n')
    assert list(bodies(TRIAL, [sent("one").call]))

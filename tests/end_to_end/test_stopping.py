"""Ctrl-C in any phase: faults off, cleanup run, the journal whole, exit 130."""

from __future__ import annotations

import signal
import time

import pytest

from tests.end_to_end.conftest import Place, alive, wait_for

MAKE = """\
  - step: make
    call: POST /things?{takes}
    capture: {{id: $.id}}
    cleanup: DELETE /things/${{make.id}}
"""
HANG = "  - step: wait\n    call: GET /hang\n"


def whole(place: Place) -> bool:
    """Every stream ends in a whole line, without a gap in its numbers."""
    for writer in ("runner", "proxy"):
        numbers = [event["n"] for event in place.events(writer)]
        if numbers != list(range(1, len(numbers) + 1)):
            return False
    return (place.latest() / "journal" / "runner.jsonl").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_journey_cleans_up(place: Place, number: signal.Signals) -> None:
    place.workflow(MAKE.format(takes="0") + HANG)
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    place.wait_for_event("CallSent", step="wait")
    process.send_signal(number)
    result = place.finish(process, deadline_s=15)
    assert (result.code, result.json["interrupted"]) == (130, number.name), result.err
    assert place.notes.read_text() == "DELETE thing-1\n"
    assert result.trial()["cleanup"]["make"]["outcome"] == "gone"
    assert whole(place)


def test_a_stop_while_something_is_being_made_waits_for_its_id(place: Place) -> None:
    place.workflow(MAKE.format(takes="1") + HANG)
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    place.wait_for_event("CallSent", step="make")
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert result.code == 130, result.err
    assert place.notes.read_text() == "DELETE thing-1\n"


def test_what_was_being_made_for_too_long_is_unknown_and_exit_7(place: Place) -> None:
    place.workflow(MAKE.format(takes="30"))
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    place.wait_for_event("CallSent", step="make")
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert (result.code, result.trial()["cleanup"]["make"]["state"]) == (7, "unknown"), result.err


def test_a_stop_during_the_start_leaves_nothing_running(place: Place) -> None:
    place.workflow(HANG)
    process = place.start("run", "journey.yaml", "--env", "local", "--json")
    place.wait_for_event("RunStarted")
    wait_for(lambda: len(place.descendants(process)) >= 2, "something to be started")
    left = place.descendants(process)
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert result.code == 130, result.err
    wait_for(lambda: not any(alive(pid) for pid in left), "everything to be gone", deadline_s=8)
    assert whole(place)


def test_a_stop_does_not_wait_for_a_product_that_is_never_ready(place: Place) -> None:
    project = place.folder / "flowprobe.yaml"
    project.write_text(project.read_text().replace("ready: GET /health", "ready: GET /hang"))
    place.workflow(HANG)
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    wait_for(lambda: len(place.descendants(process)) >= 2, "the product to be started")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert (result.code, result.trial()["blame"]) == (130, "stopped"), result.err
    assert time.monotonic() - began < 10  # it would be asked for 20 s


def test_a_second_signal_during_cleanup_is_told_that_it_runs(place: Place) -> None:
    place.project(delete_takes=1.5)
    place.workflow(MAKE.format(takes="0") + HANG)
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    place.wait_for_event("CallSent", step="wait")
    process.send_signal(signal.SIGINT)
    place.wait_for_event("CallSent", phase="cleanup")
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert (result.code, "cleanup is still running" in result.err) == (130, True), result.err
    assert place.notes.read_text() == "DELETE thing-1\n"


def test_the_first_signal_during_cleanup_lets_its_call_end(place: Place) -> None:
    place.project(delete_takes=1.5)
    place.workflow(MAKE.format(takes="0"))
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    place.wait_for_event("CallSent", phase="cleanup")
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert (result.code, result.trial()["cleanup"]["make"]["outcome"]) == (130, "gone"), result.err
    assert place.notes.read_text() == "DELETE thing-1\n"


def test_a_third_signal_leaves_and_the_ledger_keeps_what_is_left(place: Place) -> None:
    place.project(delete_takes=30)
    place.workflow(MAKE.format(takes="0") + HANG)
    process = place.start("run", "journey.yaml", "--env", "bare", "--json")
    place.wait_for_event("CallSent", step="wait")
    process.send_signal(signal.SIGINT)
    place.wait_for_event("CallSent", phase="cleanup")
    process.send_signal(signal.SIGTERM)  # of another kind each: two of one kind may arrive as one
    process.send_signal(signal.SIGHUP)
    result = place.finish(process, deadline_s=15)
    assert (result.code, result.trial()["cleanup"]["make"]["state"]) == (7, "due"), result.err
    assert "thing-1" in (place.latest() / "ledger" / "runner.jsonl").read_text()
    listed = place.flowprobe("cleanup", "--dry-run")
    assert (listed.code, "DELETE http://127.0.0.1" in listed.out) == (0, True), listed.out
    assert "it went with the product that was started for that run" in listed.out


def test_a_stop_while_a_fault_hangs_takes_the_fault_off(place: Place) -> None:
    place.workflow("  - step: ask\n    call: GET /provider\n", more="faults: {hung: {shop: {hang: 60s}}}\n")
    process = place.start("run", "journey.yaml", "--env", "local", "--json")
    place.wait_for_event("FaultsArmed")
    place.wait_for_event("CallSent", step="ask")
    process.send_signal(signal.SIGINT)
    result = place.finish(process, deadline_s=15)
    assert (result.code, result.trial("hung")["verdict"]) == (130, "inconclusive"), result.err
    assert "FaultsDisarmed" in [event["event"] for event in place.events()]
    assert whole(place)

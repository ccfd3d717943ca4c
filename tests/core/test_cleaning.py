from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.cleaning import (
    LONGEST_ID,
    MOST_FOUND,
    Maker,
    Patience,
    Row,
    clean,
    gone_with_product,
    open_rows,
    settled,
)
from flowprobe.core.drive import Hands, drive
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Event, FoundBy
from flowprobe.core.steps import Find
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from tests.playbook import Playbook, call, emitted, no_reply, over, reply, waits
from tests.scenes import TRIAL, a_call, a_step, a_trial, text


def due(step: str, number: int) -> Row:
    return Row(TRIAL, step, number, "pro-eu", "due", "DELETE", f"http://acme.test/{step}/1")


def test_the_last_thing_made_goes_first() -> None:
    book = Playbook(clean((due("one", 1), due("two", 2)), budget=5))
    book << call("DELETE", "/two/1") >> reply(204)
    book << emitted(CleanupEnded, step="two", outcome="gone")
    book << call("DELETE", "/one/1") >> reply(204)
    book << emitted(CleanupEnded, step="one", outcome="gone") << over


def test_what_is_already_gone_is_gone() -> None:
    book = Playbook(clean((due("one", 1),), budget=5))
    book << call("DELETE", "/one/1") >> reply(404)
    book << emitted(CleanupEnded, outcome="gone") << over


def test_one_that_fails_is_tried_again_and_does_not_stop_the_others() -> None:
    book = Playbook(clean((due("one", 1), due("two", 2)), budget=5))
    book << call("DELETE", "/two/1") >> reply(500)
    book << call("DELETE", "/two/1") >> no_reply("timeout", "nothing in 5 s")
    book << emitted(CleanupEnded, step="two", outcome="failed",
                    detail="DELETE http://acme.test/two/1: nothing in 5 s")
    book << call("DELETE", "/one/1") >> reply(200)
    book << emitted(CleanupEnded, step="one", outcome="gone") << over


def test_a_cleanup_call_is_told_apart_from_its_step_by_its_trace_id() -> None:
    book = Playbook(clean((due("one", 1),), budget=5))
    book << call("DELETE", "/one/1")
    assert book.last.id == f"8000000100000001{TRIAL}"


def test_an_intent_without_an_outcome_is_unknown() -> None:
    rows = open_rows([CleanupPlanned(TRIAL, "one", 1, "pro-eu", "DELETE /one/${one.id}")])
    assert [(row.step, row.state) for row in rows] == [("one", "unknown")]


def test_what_is_gone_or_was_never_made_is_no_longer_open() -> None:
    events = [
        CleanupPlanned(TRIAL, "one", 1, "pro-eu", "…"), CleanupPlanned(TRIAL, "two", 2, "pro-eu", "…"),
        CleanupSettled(TRIAL, "one", 1, "pro-eu", "not-needed"),
        CleanupSettled(TRIAL, "two", 2, "pro-eu", "due", "DELETE", "http://acme.test/two"),
    ]
    assert [row.step for row in open_rows(events)] == ["two"]
    assert open_rows([*events, CleanupEnded(TRIAL, "two", "gone")]) == ()
    assert [row.step for row in open_rows([*events, CleanupEnded(TRIAL, "two", "failed")])] == ["two"]


def test_a_call_that_nobody_could_sign_has_made_nothing() -> None:
    step = a_step("make", "POST /things", cleanup="DELETE /things/1")
    assert step.cleanup is not None
    maker = Maker("make", 1, 1, "pro-eu/acc_1", step.cleanup, None)
    outcome = settled(a_trial(step), maker, NoReply("c", "auth", "it answered 401", 1.0, 1.0), {}, "make")
    assert (outcome.persona, outcome.state, outcome.detail) == ("pro-eu/acc_1", "not-needed", "the call never left")


# --- looking for it -------------------------------------------------------------------------------

FIND = FoundBy("GET", "http://acme.test/things", {"tag": TRIAL}, "$.items[*]", "id")


def to_find(find: FoundBy = FIND, *, pending: bool = False, round: int = 1) -> Row:
    return Row(TRIAL, "one", 1, "pro-eu", "to-find", "DELETE", "http://acme.test/things/found-id", round=round, find=find,
               pending=pending)


def listed(*ids: Any, tag: str = TRIAL) -> Any:
    return reply(200, {"items": [{"id": found, "tag": tag} for found in ids]})


def test_the_one_thing_that_fits_is_undone() -> None:
    book = Playbook(clean((to_find(),), budget=5))
    book << call("GET", "/things") >> reply(200, {"items": [{"id": "x", "tag": "other"}, {"id": "a", "tag": TRIAL}]})
    book << call("DELETE", "/things/a") >> reply(204)
    book << emitted(CleanupEnded, outcome="gone", detail="") << over


def test_of_several_that_fit_the_last_goes_first_and_each_is_told_apart() -> None:
    book = Playbook(clean((to_find(),), budget=5))
    book << call("GET", "/things") >> listed("a", "b", "a")
    book << call("DELETE", "/things/b") >> reply(500)
    book << call("DELETE", "/things/b") >> reply(500)
    book << call("DELETE", "/things/a") >> reply(204)
    book << emitted(CleanupEnded, outcome="failed", detail="DELETE http://acme.test/things/b: answered 500") << over


def test_what_is_not_there_is_looked_for_three_times() -> None:
    book = Playbook(clean((to_find(),), budget=5))
    book << call("GET", "/things") >> listed()
    book << waits(0.5) << call("GET", "/things") >> listed("x", tag="other")
    book << waits(1.5) << call("GET", "/things") >> listed()
    book << emitted(CleanupEnded, outcome="gone", detail="nothing was made: it was looked for and is not there") << over


def test_what_comes_late_is_found_by_a_later_look() -> None:
    book = Playbook(clean((to_find(),), budget=5))
    book << call("GET", "/things") >> reply(503)
    book << waits(0.5) << call("GET", "/things") >> listed("a")
    book << call("DELETE", "/things/a") >> reply(404)
    book << emitted(CleanupEnded, outcome="gone") << over


def test_nobody_waited_for_the_call_so_what_is_not_there_yet_is_not_assumed_away() -> None:
    row = to_find(pending=True)
    for late, outcome in ((False, "failed"), (True, "gone")):
        book = Playbook(clean((row,), budget=5, late=late))
        book << call("GET", "/things") >> listed()
        book << waits(0.5) << call("GET", "/things") >> listed()
        book << waits(1.5) << call("GET", "/things") >> listed()
        book << emitted(CleanupEnded, outcome=outcome) << over


@pytest.mark.parametrize(("answer", "said"), [
    (reply(503), "answered 503"),
    (reply(404), "answered that nothing is there"),
    (reply(302), "answered 302"),
    (reply(200, b"<html>"), "answered with a body that is not JSON"),
    (reply(200, {"error": "no"}), "answered without a list at $.items"),
    (reply(200, {"items": None}), "answered without a list at $.items"),
    (reply(200, {"items": [{"tag": TRIAL}]}), "answered an item without a usable `id`"),
    (reply(200, {"items": [{"tag": TRIAL, "id": None}]}), "answered an item without a usable `id`"),
    (reply(200, {"items": [{"tag": TRIAL, "id": ["a"]}]}), "answered an item without a usable `id`"),
    (reply(200, {"items": [{"tag": TRIAL, "id": "\ud800"}]}), "answered an item without a usable `id`"),
    (listed(True), "answered an item whose `id` is 'true'"),
    (listed(""), "answered an item whose `id` is ''"),
    (listed(".."), "answered an item whose `id` is '..'"),
    (listed("x" * (LONGEST_ID + 1)), f"answered an item whose `id` has {LONGEST_ID + 1} characters"),
    (listed(*range(MOST_FOUND + 1)), f"{MOST_FOUND + 1} things fit, more than one step makes: none was touched"),
    (listed(*range(100_000)), "100000 things fit, more than one step makes: none was touched"),
    (no_reply("timeout", "nothing in 5 s"), "nothing in 5 s"),
])
def test_a_list_that_does_not_tell_leaves_the_row_open(answer: Any, said: str) -> None:
    book = Playbook(clean((to_find(),), budget=5))
    book << call("GET", "/things") >> answer
    book << waits(0.5) << call("GET", "/things") >> answer
    book << waits(1.5) << call("GET", "/things") >> answer
    book << emitted(CleanupEnded, outcome="failed")
    assert book.last.event.detail.startswith(f"GET http://acme.test/things: {said}")
    book << over


def test_an_item_that_cannot_be_named_does_not_keep_the_others_from_going() -> None:
    book = Playbook(clean((to_find(),), budget=5))
    book << call("GET", "/things") >> listed("a", "..", 7)
    book << call("DELETE", "/things/7") >> reply(204)
    book << call("DELETE", "/things/a") >> reply(204)
    book << emitted(CleanupEnded, outcome="failed",
                    detail="GET http://acme.test/things: answered an item whose `id` is '..'") << over


@given(st.text(min_size=1, max_size=30))
def test_an_id_never_leaves_its_place_in_the_path(found: str) -> None:
    sent: list[Call] = []

    def send(made: Call) -> Outcome:
        sent.append(made)
        return (listed(found) if made.method == "GET" else reply(204))(made)

    drive(clean((to_find(),), budget=5), Hands(send=send, record=lambda _: None))
    for made in sent:
        if made.method == "DELETE":
            prefix, _, rest = made.url.partition("/things/")
            assert prefix == "http://acme.test"
            assert rest not in ("", ".", "..")
            assert not set(rest) & set("/?#\r\n \\")


def test_a_path_that_a_hostile_list_upsets_is_the_trouble_of_its_own_row() -> None:
    odd = FoundBy("GET", "http://acme.test/things", {"tag": TRIAL}, "$.items[?(@.n > 1)]", "id")
    rows = (due("other", 2), to_find(odd))
    book = Playbook(clean(rows, budget=5))
    hostile = reply(200, {"items": [{"n": {"a": []}}, None, 7, "x", [[]]]})
    book << call("GET", "/things") >> hostile << waits(0.5) << call("GET", "/things") >> hostile
    book << waits(1.5) << call("GET", "/things") >> hostile
    book << emitted(CleanupEnded, step="one")
    book << call("DELETE", "/other/1") >> reply(204) << emitted(CleanupEnded, step="other", outcome="gone") << over


def test_rounds_go_last_in_first_out() -> None:
    events: list[Event] = []
    for number in (1, 2, 3):
        events.append(CleanupPlanned(TRIAL, "one", 1, "pro-eu", "…", number))
        events.append(CleanupSettled(TRIAL, "one", 1, "pro-eu", "due", "DELETE", f"http://acme.test/{number}", "", number))
    book = Playbook(clean(open_rows(events), budget=5))
    calls = []
    for number in (3, 2, 1):
        book << call("DELETE", f"/{number}")
        calls.append(book.last.id)
        book >> reply(204)
        book << emitted(CleanupEnded, round=number)
    assert len(set(calls)) == 3
    book << over


def test_an_intent_with_a_find_is_pending_until_its_outcome_is_written() -> None:
    intent = CleanupPlanned(TRIAL, "one", 1, "pro-eu", "…", 1, "DELETE", "http://acme.test/things/found-id", FIND)
    (row,) = open_rows([intent])
    assert (row.state, row.pending, row.find) == ("to-find", True, FIND)
    (row,) = open_rows([intent, CleanupSettled(TRIAL, "one", 1, "pro-eu", "to-find", "DELETE", row.url)])
    assert (row.state, row.pending, row.find) == ("to-find", False, FIND)


@pytest.mark.parametrize(("reason", "pending"), [("stopped", True), ("timeout", False), ("closed", False)])
def test_only_a_call_that_we_ended_ourselves_is_pending(reason: Any, pending: bool) -> None:
    find = Find(a_call("GET /things"), {"tag": text("${trial.id}")}, "$.items[*]", "id")
    maker = Maker("one", 1, 1, "pro-eu", a_call("DELETE /things/${found.id}"), find)
    event = settled(a_trial(), maker, NoReply("c", reason, "", 1.0, 2.0), {"one": {}}, "one")
    assert (event.state, event.pending) == ("to-find", pending)


# --- how long it may take -------------------------------------------------------------------------


def test_a_product_that_hangs_does_not_hold_the_cleanup_for_ever() -> None:
    budgets: list[float] = []
    ended: list[tuple[str, str, str]] = []

    def send(made: Call) -> Outcome:
        budgets.append(made.budget)
        return NoReply(made.id, "timeout", "nothing", 100.0, 100.0 + made.budget)

    def record(event: Event) -> None:
        if isinstance(event, CleanupEnded):
            ended.append((event.step, event.outcome, event.detail))

    rows = tuple(due(f"s{number}", number) for number in range(1, 6))
    drive(clean(rows, budget=10, patience=Patience(25)), Hands(send=send, record=record))
    assert budgets == [10, 10, 5]
    assert [outcome for _, outcome, _ in ended] == ["failed"] * 5
    assert ended[-1] == ("s1", "failed", "not tried: 25 s were lost on other cleanup calls")


def test_calls_that_succeed_take_nothing_of_the_patience() -> None:
    patience = Patience(5)

    def send(made: Call) -> Outcome:
        return Reply(made.id, 204, (), b"", 100.0, 109.0, 109.0)

    ended: list[Event] = []
    rows = tuple(due(f"s{number}", number) for number in range(1, 6))
    drive(clean(rows, budget=10, patience=patience), Hands(send=send, record=ended.append))
    assert [event.outcome for event in ended if isinstance(event, CleanupEnded)] == ["gone"] * 5
    assert patience.left == 5


def test_whoever_leaves_leaves_the_rows_open() -> None:
    book = Playbook(clean((due("one", 1), due("two", 2)), budget=5))
    book << call("DELETE", "/two/1")
    book.stop()
    book << over


def test_a_redirect_is_no_word_about_the_thing() -> None:
    book = Playbook(clean((due("one", 1),), budget=5))
    book << call("DELETE", "/one/1") >> reply(302) << call("DELETE", "/one/1") >> reply(302)
    book << emitted(CleanupEnded, outcome="failed", detail="DELETE http://acme.test/one/1: answered 302") << over


def test_what_was_made_in_a_product_that_is_gone_is_closed_without_a_call() -> None:
    book = Playbook(gone_with_product((due("one", 1), to_find())))
    book << emitted(CleanupEnded, outcome="gone", detail="it went with the product that was started for that run")
    book << emitted(CleanupEnded, step="one", outcome="gone") << over
def test_each_call_of_a_cleanup_has_a_trace_id_of_its_own_however_much_is_found() -> None:
    find = FoundBy("GET", "http://acme.test/notes", {"tag": "x"}, "$.items[*]", "id")
    rows = [Row(TRIAL, "make", 1, "pro-eu", "to-find", "DELETE", "http://acme.test/notes/found-id", round=round_, find=find) for round_ in range(1, 11)]
    items = [{"id": f"n{number}", "tag": "x"} for number in range(40)]
    sent: list[Call] = []

    def send(call: Call) -> Outcome:
        sent.append(call)
        return reply(200, {"items": items} if call.method == "GET" else None)(call)

    drive(clean(rows, budget=5), Hands(send=send, record=lambda _: None))
    assert len({call.id for call in sent}) == len(sent) == 410

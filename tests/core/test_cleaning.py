from flowprobe.core.cleaning import Maker, Row, clean, open_rows, settled
from flowprobe.core.drive import Hands, drive
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, FoundBy
from flowprobe.core.wire import Call, NoReply, Outcome
from tests.playbook import Playbook, call, emitted, no_reply, over, reply
from tests.scenes import TRIAL, a_step, a_trial


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


def test_each_call_of_a_cleanup_has_a_trace_id_of_its_own_however_much_is_found() -> None:
    find = FoundBy("GET", "http://acme.test/notes", {"tag": "x"}, "$.items[*]", "id")
    rows = [Row(TRIAL, "make", 1, "pro-eu", "to-find", "DELETE", "http://acme.test/notes/found-id", round=round_, find=find) for round_ in (1, 2)]
    items = [{"id": f"n{number}", "tag": "x"} for number in range(400)]
    sent: list[Call] = []

    def send(call: Call) -> Outcome:
        sent.append(call)
        return reply(200, {"items": items} if call.method == "GET" else None)(call)

    drive(clean(rows, budget=5), Hands(send=send, record=lambda _: None))
    assert len({call.id for call in sent}) == len(sent) == 802

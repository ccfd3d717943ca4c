import pytest

from flowprobe.core.expect import judge, milliseconds, replaced
from flowprobe.core.parsed import Parsed
from flowprobe.core.scenario import Expect, Position
from flowprobe.core.wire import NoReply, Reply
from tests.scenes import HERE, a_step, text

STEP = a_step("one", "GET /one")


def reply(status: int = 200, body: bytes = b"{}", seconds: float = 0.1) -> Reply:
    return Reply("c", status, (), body, 1.0, 1.0, 1.0 + seconds)


def found(expect: Expect, answer: Reply) -> list[tuple[str, str]]:
    return [(f.kind, f.seen) for f in judge(STEP, expect, answer, {}, Parsed(answer))]


@pytest.mark.parametrize(("wanted", "status", "holds"), [
    (None, 200, True), (None, 302, True), (None, 400, False), (None, 500, False), ((201,), 201, True), ((201,), 200, False),
    ((404, 410), 410, True),
])
def test_a_status_holds_or_it_does_not(wanted: tuple[int, ...] | None, status: int, holds: bool) -> None:
    assert (found(Expect(status=wanted), reply(status)) == []) is holds


@pytest.mark.parametrize(("body", "said"), [
    (b'{"error": {"message": "card expired"}}', "card expired"), (b'{"error": "nope"}', "nope"),
    (b'{"error": "invalid_grant", "error_description": "the code was used before"}', "invalid_grant: the code was used before"),
    (b'{"detail": "gone"}', "gone"), (b"<html>", "402"), (b"[]", "402"),
])
def test_an_error_reply_is_quoted(body: bytes, said: str) -> None:
    assert said in found(Expect(), reply(402, body))[0][1]


def test_a_body_that_is_not_json_is_one_finding_and_says_how_it_begins() -> None:
    expect = Expect(json={"a": 1, "b": 2}, has_json=True)
    assert found(expect, reply(200, b"<html>captive portal</html>")) == [
        ("json", "a body that is not JSON: '<html>captive portal</html>'")]
    assert found(expect, reply(200, b"")) == [("json", "an empty body")]


@pytest.mark.parametrize("body", [b"[" * 100_000, b"NaN", b'{"a": Infinity}', b"\xff\xfe", b"{" * 5000])
def test_odd_json_is_a_finding_and_never_an_exception(body: bytes) -> None:
    assert found(Expect(json={"a": 1}, has_json=True), reply(200, body))[0][0] == "json"


def test_a_number_of_thousands_of_digits_is_survived() -> None:
    assert found(Expect(json={"a": {"$type": "string"}}, has_json=True), reply(200, b'{"a": ' + b"9" * 5000 + b"}")) == []


def test_within_is_the_time_from_the_first_byte_sent_to_the_last_one_read() -> None:
    assert found(Expect(within=0.4), reply(seconds=0.39)) == []
    assert found(Expect(within=0.4), reply(seconds=0.612)) == [("within", "612 ms")]


def test_a_finding_points_at_the_part_of_the_file_that_it_breaks() -> None:
    expect = Expect(within=0.1, position=HERE, positions={"within": Position("s.yaml", 9, 7)})
    answer = reply(500, seconds=1.0)
    assert [f.place for f in judge(STEP, expect, answer, {}, Parsed(answer))] == [str(HERE), "s.yaml:9:7"]


def test_a_promise_that_is_no_duration_is_said() -> None:
    expect = Expect(within=text("${admin.name}"))
    findings = judge(STEP, expect, reply(), {"admin": {"name": "x"}}, Parsed(reply()))
    assert [f.kind for f in findings] == ["value"]


def test_no_reply_says_how_long_it_took_and_why() -> None:
    finding, = judge(STEP, Expect(status=(201,)), NoReply("c", "timeout", "nothing came", 1.0, 4.0), {}, None)
    assert (finding.kind, finding.expected, finding.seen) == ("no-reply", "201", "no reply in time after 3.0 s (nothing came)")


def test_under_replaces_what_it_names_and_leaves_the_rest() -> None:
    ordinary = Expect(status=(201,), json={"a": 1}, has_json=True, within=0.8)
    both = replaced(ordinary, Expect(status=(202,)))
    assert (both.status, both.json, both.has_json, both.within) == ((202,), {"a": 1}, True, 0.8)
    assert replaced(ordinary, Expect(json=None, has_json=True)).json is None


@pytest.mark.parametrize(("seconds", "words"), [(0.0, "0 ms"), (0.0124, "12 ms"), (1.9, "1900 ms"), (2.44, "2.4 s")])
def test_durations_are_for_people(seconds: float, words: str) -> None:
    assert milliseconds(seconds) == words


def test_a_call_that_was_not_signed_says_why_and_not_how_long_it_took() -> None:
    finding, = judge(STEP, Expect(), NoReply("c", "auth", "POST http://a/token: it answered 401", 1.0, 4.0), {}, None)
    assert finding.seen == "the sign-in failed: POST http://a/token: it answered 401"

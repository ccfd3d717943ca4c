from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.rules import Identity
from flowprobe.core.scenario import Environment
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.errors import EnvironmentBroken, Refused
from flowprobe.running.identity import check_identity, probe_identity
from tests.scenes import HERE, a_call

TARGETS = {"api": "http://api.test/base/", "auth": "http://auth.test"}


def an_environment(**identity: Any) -> Environment:
    return Environment("production", HERE, TARGETS, identity=Identity(a_call("GET /health"), HERE, **identity))


def answering(status: int = 200, body: bytes = b'{"environment": "production"}', *, headers: tuple[tuple[str, str], ...] = ()) -> Any:
    return lambda call: Reply(call.id, status, headers, body, 0.0, 0.0, 0.0)


def checked(environment: Environment, send: Any) -> str:
    judged = probe_identity(environment, TARGETS, send)
    check_identity(environment, judged)
    assert judged is not None
    return judged.outcome


def test_the_right_answer_is_held() -> None:
    wanted = an_environment(json={"environment": "production"}, has_json=True, headers={"x-env": "prod"}, status=(200,))
    assert checked(wanted, answering(headers=(("x-env", "prod"),))) == "held"


@pytest.mark.parametrize(("send", "said"), [
    (answering(body=b'{"environment": "staging"}'), '$.environment: expected "production", saw "staging"'),
    (answering(404), "expected a status below 400, saw 404"),
    (answering(body=b"hello"), "expected JSON, saw a body that is not JSON"),
])
def test_somebody_else_is_refused_with_what_was_expected_and_seen(send: Any, said: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(an_environment(json={"environment": "production"}, has_json=True), send)
    assert said in str(refused.value)
    assert f"`identity`, {HERE}" in str(refused.value)
    assert refused.value.sent == "nothing was sent but the identity probe"


def test_a_status_and_a_header_prove_it_too() -> None:
    with pytest.raises(Refused, match="expected 204, saw 200; expected the header x-env: prod, saw none"):
        checked(an_environment(status=(204,), headers={"x-env": "prod"}), answering())


def test_nobody_at_all_is_the_environments() -> None:
    def silent(call: Call) -> Outcome:
        return NoReply(call.id, "connect", "There was no connection.", 0.0, 0.0)

    with pytest.raises(EnvironmentBroken, match="There was no connection"):
        checked(an_environment(), silent)


def test_the_probe_bears_no_credentials_and_goes_to_the_first_target() -> None:
    calls: list[Call] = []

    def send(call: Call) -> Outcome:
        calls.append(call)
        return Reply(call.id, 200, (), b"", 0.0, 0.0, 0.0)

    assert checked(an_environment(), send) == "held"
    (call,) = calls
    assert (call.method, call.url, call.persona) == ("GET", "http://api.test/base/health", "")
    assert set(call.headers) == {"traceparent", "baggage"}


def test_without_an_identity_nothing_is_asked() -> None:
    environment = Environment("staging", HERE, TARGETS)
    assert probe_identity(environment, TARGETS, answering()) is None
    check_identity(environment, None)


@pytest.mark.parametrize(("given", "taken"), [(3.0, 3.0), (30.0, 10.0)])
def test_the_probe_takes_no_longer_than_a_call_of_the_run_may(given: float, taken: float) -> None:
    asked: list[Call] = []

    def send(call: Call) -> Outcome:
        asked.append(call)
        return NoReply(call.id, "timeout", "", 0.0, 0.0)

    probe_identity(an_environment(), TARGETS, send, budget=given)
    assert [call.budget for call in asked] == [taken]

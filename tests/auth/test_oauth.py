import base64
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from flowprobe.auth.oauth import OAuthSigner, Surroundings, TokenSecrets
from flowprobe.auth.signer import SignInFailed
from flowprobe.core.auth import OAuth2, PasswordGrant, RefreshGrant
from flowprobe.core.events import SignedIn
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from tests.auth.calls import REFERENCE
from tests.auth.calls import a_call as _a_call
from tests.scenes import HERE
from tests.scenes import a_call as a_line

AUTH = OAuth2(a_line("POST /oauth/token"), "ci", client_secret=REFERENCE)
URL = "http://user:pw@auth.test/oauth/token?tenant=a"


def a_call() -> Call:
    return _a_call()


@dataclass
class Endpoint:
    """A token endpoint, a clock, and whoever else stands around a signer."""

    answer: Callable[[int, Call], tuple[int, Any]] = lambda number, _: (200, {"access_token": f"token-{number}", "expires_in": 100})
    now: float = 1000.0
    calls: list[Call] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    noted: list[SignedIn] = field(default_factory=list)

    def send(self, call: Call) -> Outcome:
        self.calls.append(call)
        status, body = self.answer(len(self.calls), call)
        if status == 0:
            return NoReply(call.id, "connect", str(body), self.now, self.now)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Reply(call.id, status, (), content, self.now, self.now, self.now + 0.25)

    def conceal(self, secret: str) -> None:
        if len(secret) < 4:
            raise ValueError("too short")
        self.hidden.append(secret)

    def signer(self, auth: OAuth2 = AUTH, known: TokenSecrets | None = None) -> OAuthSigner:
        around = Surroundings(lambda: URL, self.send, self.conceal, self.noted.append, lambda: self.now)
        return OAuthSigner(auth, known or TokenSecrets("s3cr3t&"), around, persona="pro-eu")

    def forms(self) -> list[dict[str, str]]:
        return [{name: values[0] for name, values in parse_qs(call.body.content.decode()).items()} for call in self.calls]


def bearer(signer: OAuthSigner) -> str:
    return signer.sign(a_call()).credentials["authorization"]


def test_the_first_call_asks_for_a_token_and_the_next_ones_do_not() -> None:
    endpoint = Endpoint()
    signer = endpoint.signer()
    assert [bearer(signer), bearer(signer)] == ["Bearer token-1", "Bearer token-1"]
    (asked,) = endpoint.calls
    assert (asked.method, asked.url, asked.persona, asked.budget) == ("POST", URL, "pro-eu", 10.0)
    assert endpoint.forms() == [{"grant_type": "client_credentials"}]
    assert base64.b64decode(asked.headers["authorization"][6:]) == b"ci:s3cr3t%26"


def test_a_client_may_name_itself_in_the_body() -> None:
    endpoint = Endpoint()
    bearer(endpoint.signer(replace(AUTH, client_in="body", scope=("a", "b"), extra={"audience": "https://x"})))
    assert endpoint.forms() == [{"grant_type": "client_credentials", "client_id": "ci", "client_secret": "s3cr3t&", "scope": "a b",
                                 "audience": "https://x"}]
    assert "authorization" not in endpoint.calls[0].headers


def test_a_client_without_a_secret_gives_its_id_alone() -> None:
    endpoint = Endpoint()
    bearer(endpoint.signer(replace(AUTH, client_secret=None), TokenSecrets()))
    assert endpoint.forms() == [{"grant_type": "client_credentials", "client_id": "ci"}]


@pytest.mark.parametrize(("lifetime", "still", "over"), [(100, 74.0, 76.0), (3600, 3569.0, 3571.0), (4, 2.9, 3.1)])
def test_a_token_is_renewed_before_it_expires(lifetime: int, still: float, over: float) -> None:
    endpoint = Endpoint(lambda number, _: (200, {"access_token": f"token-{number}", "expires_in": lifetime}))
    signer = endpoint.signer()
    first = bearer(signer)
    endpoint.now = 1000 + still
    assert bearer(signer) == first
    endpoint.now = 1000 + over
    assert bearer(signer) == "Bearer token-2"


def test_one_that_does_not_say_when_it_expires_is_kept_until_it_is_refused() -> None:
    endpoint = Endpoint(lambda number, _: (200, {"access_token": f"token-{number}"}))
    signer = endpoint.signer()
    signed = signer.sign(a_call())
    endpoint.now += 1e6
    assert bearer(signer) == "Bearer token-1"
    signer.answered(signed, 200)
    signer.answered(signed, 401)
    assert bearer(signer) == "Bearer token-2"


def test_a_second_token_that_is_refused_like_the_first_is_not_asked_for_again() -> None:
    endpoint = Endpoint()
    signer = endpoint.signer()
    for _ in range(10):
        signer.answered(signer.sign(a_call()), 401)
    assert len(endpoint.calls) == 2


def test_an_old_401_does_not_take_the_new_token_away() -> None:
    endpoint = Endpoint()
    signer = endpoint.signer()
    late = signer.sign(a_call())
    signer.answered(late, 401)
    assert bearer(signer) == "Bearer token-2"
    signer.answered(late, 401)
    assert (bearer(signer), len(endpoint.calls)) == ("Bearer token-2", 2)


def test_a_hundred_threads_make_one_token_call() -> None:
    everybody = threading.Barrier(100)
    held = threading.Event()

    def slow(number: int, _: Call) -> tuple[int, Any]:
        held.wait(10)
        return 200, {"access_token": f"token-{number}"}

    endpoint = Endpoint(slow)
    signer = endpoint.signer()

    def use() -> str:
        everybody.wait(30)
        return bearer(signer)

    with ThreadPoolExecutor(100) as pool:
        used = [pool.submit(use) for _ in range(100)]
        everybody_waits = threading.Timer(0.2, held.set)
        everybody_waits.start()
        assert {each.result() for each in used} == {"Bearer token-1"}
    assert len(endpoint.calls) == 1


def test_whoever_waits_for_a_failing_sign_in_is_told_so_without_asking_again() -> None:
    everybody = threading.Barrier(20)
    held = threading.Event()

    def failing(_: int, __: Call) -> tuple[int, Any]:
        held.wait(10)
        return 401, {"error": "invalid_client"}

    endpoint = Endpoint(failing)
    signer = endpoint.signer()

    def use() -> str:
        everybody.wait(30)
        try:
            return bearer(signer)
        except SignInFailed as failed:
            return str(failed)

    with ThreadPoolExecutor(20) as pool:
        used = [pool.submit(use) for _ in range(20)]
        threading.Timer(0.5, held.set).start()
        said = {each.result() for each in used}
    assert said == {"POST http://auth.test/oauth/token: it answered 401 (invalid_client)"}
    assert len(endpoint.calls) < 5


@pytest.mark.parametrize(("status", "body", "said"), [
    (0, "127.0.0.1:9 refused the connection.", "refused the connection"), (503, b"", "it answered 503"),
    (200, {"access_token": "abc"}, "too short"),
])
def test_a_sign_in_that_fails_is_said_and_tried_again_by_the_next_call(status: int, body: Any, said: str) -> None:
    endpoint = Endpoint(lambda number, _: (status, body) if number == 1 else (200, {"access_token": "token-2"}))
    signer = endpoint.signer()
    with pytest.raises(SignInFailed, match=said):
        bearer(signer)
    assert bearer(signer) == "Bearer token-2"
    assert [(note.outcome, said in note.detail) for note in endpoint.noted] == [("failed", True), ("signed-in", False)]


def test_a_token_is_hidden_before_anybody_is_told_of_it() -> None:
    endpoint = Endpoint(lambda *_: (200, {"access_token": "token-1", "refresh_token": "refresh-1", "id_token": "id-1"}))
    signer = endpoint.signer()
    bearer(signer)
    assert {"token-1", "refresh-1", "id-1"} <= set(endpoint.hidden)
    (note,) = endpoint.noted
    assert note == SignedIn("pro-eu", "client_credentials", "http://auth.test/oauth/token", "signed-in", 0.25)


def test_a_refresh_token_that_rotates_is_used_in_its_new_form() -> None:
    endpoint = Endpoint(lambda number, _: (200, {"access_token": f"token-{number}", "refresh_token": f"refresh-{number}", "expires_in": 100}))
    signer = endpoint.signer(replace(AUTH, grant=RefreshGrant(REFERENCE)), TokenSecrets("s3cr3t", "refresh-0"))
    for _ in range(3):
        bearer(signer)
        endpoint.now += 100
    assert [form["refresh_token"] for form in endpoint.forms()] == ["refresh-0", "refresh-1", "refresh-2"]


def test_one_that_does_not_rotate_is_used_again() -> None:
    endpoint = Endpoint()
    signer = endpoint.signer(replace(AUTH, grant=RefreshGrant(REFERENCE)), TokenSecrets("s3cr3t", "refresh-0"))
    bearer(signer)
    endpoint.now += 100
    bearer(signer)
    assert [form["refresh_token"] for form in endpoint.forms()] == ["refresh-0", "refresh-0"]


def test_a_password_is_given_once_where_the_reply_has_a_refresh_token_and_again_where_that_is_refused() -> None:
    def answer(number: int, call: Call) -> tuple[int, Any]:
        if b"refresh_token" in call.body.content and number == 3:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": f"token-{number}", "refresh_token": f"refresh-{number}", "expires_in": 100}

    endpoint = Endpoint(answer)
    signer = endpoint.signer(replace(AUTH, grant=PasswordGrant("acme", REFERENCE)), TokenSecrets("s3cr3t", "hunter22"))
    for _ in range(3):
        bearer(signer)
        endpoint.now += 100
    assert [form["grant_type"] for form in endpoint.forms()] == ["password", "refresh_token", "refresh_token", "password"]
    assert endpoint.forms()[0] == {"grant_type": "password", "username": "acme", "password": "hunter22"}


def test_a_step_that_says_who_it_is_needs_no_token() -> None:
    endpoint = Endpoint()
    stated = _a_call(headers={"authorization": "mine"})
    assert endpoint.signer().sign(stated) == stated
    assert not endpoint.calls


def test_what_breaks_in_the_middle_is_not_waited_for() -> None:
    def broken(number: int, _: Call) -> tuple[int, Any]:
        if number == 1:
            raise RuntimeError("a bug of ours")
        return 200, {"access_token": "token-2"}

    signer = Endpoint(broken).signer()
    with pytest.raises(RuntimeError):
        bearer(signer)
    assert bearer(signer) == "Bearer token-2"


def test_secrets_are_in_no_repr() -> None:
    assert "hunter22" not in repr(TokenSecrets("hunter22", "hunter22"))
    assert HERE.file

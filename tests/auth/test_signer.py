from flowprobe.auth.signer import NOBODY, with_headers
from tests.auth.calls import a_call


def test_a_persona_without_credentials_signs_nothing() -> None:
    assert NOBODY.sign(a_call()) == a_call()
    NOBODY.answered(a_call(), 401)


def test_headers_that_a_step_states_stand_whatever_their_case() -> None:
    call = with_headers(a_call(headers={"x-key": "mine"}), {"X-Key": "ours", "X-Other": "1"})
    assert (call.headers, call.credentials) == ({"x-key": "mine"}, {"X-Other": "1"})

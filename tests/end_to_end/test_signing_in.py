"""Personas that have to sign in, from the file to the product."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from flowprobe.product.ports import free_port, taken
from tests.end_to_end.conftest import Place, wait_for
from tests.end_to_end.guarded import PRODUCT, guard, journey

OAUTH = "  pro-eu: {auth: {oauth2: {token: POST /oauth/token, client_id: ci, client_secret: env:CLIENT}}}\n"
LOOK = "  - step: look\n    call: GET /echo\n"
THING = """\
  - step: make
    call: POST /things
    capture: {id: $.id}
    cleanup: DELETE /things/${make.id}
"""
POOL = """\
  pro-eu:
    auth: {bearer: env:ONE}
    accounts: [{account: acc_1}, {account: acc_2, auth: {api_key: {header: X-Key, value: env:TWO}}}]
"""
SECRETS = {"CLIENT": "cl1ent-s3cr3t", "ONE": "one-s3cr3t", "TWO": "two-s3cr3t"}


def test_one_token_serves_all_calls_and_trials_of_a_run_and_its_cleanup(place: Place) -> None:
    guard(place, OAUTH)
    journey(place, LOOK + THING)
    result = place.flowprobe("run", "journey.yaml", "--json", **SECRETS)
    assert result.code == 0, result.out + result.err
    notes = place.notes.read_text().splitlines()
    assert notes[0] == "token client_credentials"
    assert [note.startswith("DELETE thing-2 as Bearer issued-t0k3n-1-") for note in notes[1:]] == [True]
    (signed,) = [event for event in place.events() if event["event"] == "SignedIn"]
    assert (signed["persona"], signed["grant"], signed["outcome"]) == ("pro-eu", "client_credentials", "signed-in")
    assert signed["where"].endswith("/oauth/token")


def test_a_sign_in_that_fails_blames_the_account_set_up(place: Place) -> None:
    guard(place, OAUTH.replace("/oauth/token", "/oauth/broken"))
    journey(place, LOOK)
    result = place.flowprobe("run", "journey.yaml", "--json", **SECRETS)
    trial = result.trial()
    assert (result.code, trial["verdict"], trial["blame"]) == (3, "inconclusive", "account set-up"), result.err
    assert "the sign-in failed: POST http" in trial["reasons"][0]
    assert "it answered 401 (invalid_client)" in trial["reasons"][0]
    assert trial["cleanup"] == {}


def test_a_401_is_the_products_word(place: Place) -> None:
    guard(place, OAUTH)
    journey(place, "  - step: look\n    call: GET /refused\n")
    result = place.flowprobe("run", "journey.yaml", "--json", **SECRETS)
    assert (result.code, result.trial()["blame"]) == (1, "product")


def test_a_stop_ends_a_sign_in_that_hangs(place: Place) -> None:
    guard(place, OAUTH.replace("/oauth/token", "/oauth/hang"))
    journey(place, LOOK)
    process = place.start("run", "journey.yaml", "--json", **SECRETS)
    place.wait_for_event("CallSent", step="look")
    process.send_signal(signal.SIGINT)
    assert place.finish(process, deadline_s=8).code == 130


def test_two_personas_act_in_one_journey_each_with_its_own_cookies(place: Place) -> None:
    personas = OAUTH + "  staff: {auth: {api_key: {cookie: key, value: env:ONE}}}\n"
    guard(place, personas)
    steps = ("  - step: first\n    as: operator\n    call: GET /echo\n    expect: {json: {cookie: {$matches: '^key='}}}\n"
             "  - step: second\n    as: operator\n    call: GET /echo\n    expect: {json: {cookie: {$matches: '^key=.*; seen=yes$'}}}\n"
             "  - step: third\n    call: GET /echo\n    expect: {json: {cookie: ''}}\n")
    journey(place, steps, personas="{admin: pro-eu, operator: staff}")
    result = place.flowprobe("run", "journey.yaml", "--json", **SECRETS)
    assert result.code == 0, result.out + result.err


def test_a_command_needs_leave_to_run(place: Place) -> None:
    guard(place, "  pro-eu: {auth: {bearer: 'cmd:sh -c \"echo from-a-c0mmand\"'}}\n")
    journey(place, LOOK)
    refused = place.flowprobe("run", "journey.yaml")
    assert (refused.code, "--allow-exec" in refused.err, "flowprobe.yaml:11:27" in refused.err) == (2, True, True), refused.err
    assert place.flowprobe("check", "journey.yaml").code == 0
    allowed = place.flowprobe("run", "journey.yaml", "--allow-exec")
    assert allowed.code == 0, allowed.out + allowed.err


# --- accounts -------------------------------------------------------------------------------------


def test_a_trial_has_an_account_and_runs_beside_it_have_others(place: Place) -> None:
    guard(place, POOL)
    journey(place, "  - step: hold\n    call: GET /slow?30\n", name="slow.yaml")
    journey(place, "  - step: look\n    call: GET /${admin.account}\n    expect: {json: {echo: {head: {$contains: /acc_2}}}}\n", name="quick.yaml")
    slow = place.start("run", "slow.yaml", **SECRETS)
    place.wait_for_event("AccountsLeased", accounts={"pro-eu": "acc_1"})
    quick = place.flowprobe("run", "quick.yaml", "--json", **SECRETS)
    assert quick.code == 0, quick.out + quick.err
    assert quick.trial()["personas"] == {"admin": "pro-eu"}
    assert quick.trial()["steps"][0]["calls"][0]["persona"] == "pro-eu/acc_2"
    slow.send_signal(signal.SIGINT)
    assert place.finish(slow).code == 130


def test_where_all_are_taken_the_trial_waits_until_one_is_free(place: Place) -> None:
    guard(place, POOL.replace("{account: acc_1}, ", ""))
    journey(place, "  - step: hold\n    call: GET /slow?30\n", name="slow.yaml")
    journey(place, LOOK, name="quick.yaml")
    slow = place.start("run", "slow.yaml", **SECRETS)
    place.wait_for_event("AccountsLeased")
    first = place.latest().resolve()
    quick = place.start("run", "quick.yaml", "--json", **SECRETS)
    wait_for(lambda: place.latest().resolve() != first and any(e["event"] == "EnvironmentReady" for e in place.events()), "the second run to begin")
    assert quick.poll() is None
    assert not [event for event in place.events() if event["event"] == "TrialStarted"]
    slow.kill()
    place.finish(slow)
    assert place.finish(quick).code == 0


@pytest.fixture
def standing(place: Place) -> Iterator[int]:
    """A product that outlives its runner."""
    port = free_port()
    product = subprocess.Popen([sys.executable, str(PRODUCT)], env={**os.environ, "PORT": str(port), "NOTES": str(place.notes)})
    wait_for(lambda: taken("127.0.0.1", port), "the product to listen")
    yield port
    product.kill()
    product.wait()


def test_what_a_killed_runner_made_is_cleaned_up_as_the_account_that_made_it(place: Place, standing: int) -> None:
    guard(place, POOL.replace("{account: acc_1}, ", ""), port=standing)
    journey(place, THING + "  - step: hold\n    call: GET /slow?30\n")
    process = place.start("run", "journey.yaml", "--env", "standing", **SECRETS)
    place.wait_for_event("CallSent", step="hold")
    process.kill()
    place.finish(process)
    assert "as pro-eu/acc_2" in place.flowprobe("cleanup", "--dry-run", **SECRETS).out
    result = place.flowprobe("cleanup", **SECRETS)
    assert (result.code, "make: gone" in result.out) == (0, True), result.out + result.err
    assert place.notes.read_text().splitlines() == ["DELETE thing-1 as  two-s3cr3t"]

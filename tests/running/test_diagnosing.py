"""What is looked at around a failure: real hosts on loopback, and an engine that only says where they are."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowprobe.core.events import Diagnosed, TrialSkipped
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.rules import Identity
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.errors import ToolFailed
from flowprobe.http.trust import EVERYDAY
from flowprobe.running.diagnosing import Diagnosis
from tests.http.servers import OK, always, serving
from tests.journals import Journal, ended, finding, replied, sent, started, step_ended, unanswered
from tests.scenes import HERE, TRIAL, a_call


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class FakeEngine:
    def __init__(self, target: str, folder: Path, *, whoami: int | None = 200, answered: bool = True) -> None:
        self.targets, self.folder, self.answered, self.owned = {"api": target}, folder, answered, False
        self.environment: Any = SimpleNamespace(identity=None)
        self.trust, self.diagnose, self.proxy = EVERYDAY, None, ""
        self.whoami, self.asked, self.charged = whoami, list[Call](), 0

    def proxy_trouble(self) -> str:
        return self.proxy

    def charge_probe(self) -> None:
        self.charged += 1

    def probe(self, call: Call) -> Outcome:
        self.asked.append(call)
        if self.whoami is None:
            return NoReply(call.id, "auth", "no token", 0.0, 0.0)
        return Reply(call.id, self.whoami, (), b"", 0.0, 0.0, 0.0)


def a_failure(status: int = 500) -> TrialEvidence:
    journal = Journal().runner(started(), sent("one"), replied(status=status), step_ended("one", "broken", finding("status")))
    return fold(journal.runner(ended()).lines).trials[0]


def a_silence() -> TrialEvidence:
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", finding("no-reply")), ended())
    return fold(journal.lines).trials[0]


def a_skipped(because: str = "nobody says that this is 'production'") -> TrialEvidence:
    return fold(Journal().runner(started(), TrialSkipped(TRIAL, because, "environment")).lines).trials[0]


def looked(engine: FakeEngine, trial: TrialEvidence, **options: Any) -> Diagnosed:
    with Diagnosis(engine, **options) as diagnosis:  # type: ignore[arg-type]
        assert engine.diagnose == diagnosis.look
        found = diagnosis.look(trial)
    assert engine.diagnose is None
    return found


def test_the_target_and_the_controls_are_timed_apart(tmp_path: Path) -> None:
    with serving(always(OK)) as product, serving(always(OK)) as control:
        found = looked(FakeEngine(product.url(), tmp_path), a_failure(), controls={"near": control.url("/up")})
        assert not product.requests  # it names no call that could be made
        assert control.requests[0].startswith(b"GET /up ")
    assert (found.trial, found.blame, found.because) == (TRIAL, "", ())
    assert found.seen["control near"].startswith("answered 200 (name ")
    assert found.seen[f"target 127.0.0.1:{product.port}"].startswith("connected (name ")
    assert found.seen["proxy"] == "nothing is wrong with it"
    assert 0 < found.total_s < 30


def test_the_identity_call_is_the_one_that_is_made_without_credentials(tmp_path: Path) -> None:
    with serving(always(OK)) as product:
        engine = FakeEngine(product.url("/base/"), tmp_path)
        engine.environment.identity = Identity(a_call("GET /health"), HERE)
        looked(engine, a_failure())
        (request,) = product.requests
    assert request.startswith(b"GET /base/health ")
    assert b"authorization" not in request.lower()
    assert (engine.charged, engine.asked) == (1, [])


def test_a_proxy_that_does_not_answer_is_ours(tmp_path: Path) -> None:
    engine = FakeEngine(f"http://127.0.0.1:{closed_port()}", tmp_path)
    engine.proxy = "it did not answer"
    found = looked(engine, a_failure())
    assert (found.blame, found.because) == ("tool", ("our own proxy does not work: it did not answer",))


def test_a_product_that_refuses_and_had_answered_is_down(tmp_path: Path) -> None:
    port = closed_port()
    with serving(always(OK)) as control:
        engine = FakeEngine(f"http://127.0.0.1:{port}", tmp_path, answered=False)
        controls = {"near": control.url()}
        assert looked(engine, a_skipped(), controls=controls).blame == ""
        assert looked(engine, a_skipped(), controls=controls, answered=True).blame == "product"
        engine.owned = True
        assert looked(engine, a_skipped(), controls=controls, answered=True).blame == ""


def test_what_keeps_all_trials_from_being_made_is_looked_at_once(tmp_path: Path) -> None:
    with serving(always(OK)) as control, Diagnosis(
            FakeEngine(f"http://127.0.0.1:{closed_port()}", tmp_path), controls={"near": control.url()}) as diagnosis:  # type: ignore[arg-type]
        assert diagnosis.look(a_skipped()).because == diagnosis.look(a_skipped()).because
        assert control.connections == 1
        diagnosis.look(a_skipped("another reason"))
        assert control.connections == 2


@pytest.mark.parametrize(("whoami", "blame"), [(401, "account set-up"), (403, "account set-up"), (200, ""), (None, "")])
def test_the_persona_asks_who_it_is(tmp_path: Path, whoami: int | None, blame: str) -> None:
    with serving(always(OK)) as product:
        engine = FakeEngine(product.url("/base/"), tmp_path, whoami=whoami)
        found = looked(engine, a_failure(), whoami="/v1/me")
    (asked,) = engine.asked
    assert (asked.method, asked.url, asked.persona) == ("GET", product.url("/base/v1/me"), "pro-eu")
    assert (asked.trial, asked.step, asked.signed) == (TRIAL, "diagnosis", True)
    assert found.blame == blame


@pytest.mark.parametrize(("status", "blame"), [(401, "account set-up"), (403, "account set-up"), (404, ""), (500, "")])
def test_without_a_call_for_it_a_get_of_the_journey_that_was_refused_is_repeated(tmp_path: Path, status: int, blame: str) -> None:
    with serving(always(OK)) as product:
        engine = FakeEngine(product.url(), tmp_path, whoami=401)
        assert looked(engine, a_failure(status)).blame == blame
    assert [call.url for call in engine.asked] == (["http://acme.test/one"] if blame else [])


def test_a_tool_that_fails_while_it_looks_leaves_the_rest(tmp_path: Path) -> None:
    class Failing(FakeEngine):
        def probe(self, call: Call) -> Outcome:
            raise ToolFailed(f"no such thing: {call.url}")

    with serving(always(OK)) as product:
        found = looked(Failing(product.url(), tmp_path), a_failure(401))
    assert found.seen["not in time"] == "credentials"


def test_a_bug_of_ours_is_not_taken_for_a_silence(tmp_path: Path) -> None:
    class Failing(FakeEngine):
        def proxy_trouble(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        looked(Failing("http://127.0.0.1:1", tmp_path), a_silence())

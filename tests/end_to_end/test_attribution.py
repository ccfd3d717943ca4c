"""Two journeys at once among ten thousand calls, most of which are somebody else's: none of theirs is touched."""

from __future__ import annotations

import base64
import http.client
import json
import random
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core import tracing
from flowprobe.core.carriers import carriers
from flowprobe.core.evidence import fold
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, FaultPlan, Match, Position
from flowprobe.journal.reader import Follower
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

CALLS = 10_000
CALLERS = 4
TRIALS = {"a5a5000000000001": 503, "a5a5000000000002": 429}
"""Each trial and the status that all its GETs get."""


@dataclass(frozen=True)
class Request:
    """A request of somebody: `whose` is a trial, or '' for a stranger."""

    whose: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


Maker = Callable[[random.Random, str, list[str]], Request]


def by_header(name: str) -> Maker:
    def make(chance: random.Random, trial: str, _: list[str]) -> Request:
        call = tracing.call_id(trial, 1, chance.randrange(1, 9))
        return Request(trial, "GET", "/v1/charges", {name: carriers(call)[name]})

    return make


def by_url(chance: random.Random, trial: str, _: list[str]) -> Request:
    return Request(trial, "GET", f"/v1/search?q=guest%2B{trial}%40example.test&page={chance.randrange(9)}", {})


def by_token(_: random.Random, trial: str, __: list[str]) -> Request:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": f"team-{trial}"}).encode()).decode().rstrip("=")
    return Request(trial, "GET", "/v1/me", {"Authorization": f"Bearer eyJhbGciOiJub25lIn0.{claims}.x"})


def by_body(_: random.Random, trial: str, __: list[str]) -> Request:
    return Request(trial, "GET", "/v1/list", {}, json.dumps({"reference": f"{trial}-invite"}).encode())


def by_learned_id(chance: random.Random, trial: str, ids: list[str]) -> Request:
    return Request(trial, "GET", f"/v1/charges/{chance.choice(ids)}", {})


OURS: list[Maker] = [by_header("traceparent"), by_header("baggage"), by_header("x-request-id"), by_header("b3"), by_url,
                     by_token, by_body, by_learned_id]


def strangers(chance: random.Random) -> Request:
    """Somebody else's call, which looks as much like ours as it can."""
    other = f"{chance.getrandbits(64):016x}"
    near = next(iter(TRIALS))[:-1] + "f"
    call = tracing.call_id(other, 1, 1)
    kinds: list[Callable[[], Request]] = [
        lambda: Request("", "GET", "/v1/charges", {}),
        lambda: Request("", "GET", f"/v1/charges/ch_{other}{other[:8]}", carriers(call)),
        lambda: Request("", "GET", "/v1/search?q=" + near, {"traceparent": tracing.traceparent(tracing.call_id(near, 1, 1))}),
        lambda: Request("", "GET", f"/v1/things/{uuid.UUID(int=chance.getrandbits(128))}", {"X-Request-Id": call}),
        lambda: Request("", "POST", "/v1/charges", {}, json.dumps({"reference": other}).encode()),
        lambda: Request("", "GET", "/v1/batch", {}, json.dumps([{"ref": f"{trial}-1"} for trial in TRIALS]).encode()),
        lambda: Request("", "GET", "/v1/batch", {}, json.dumps([{"ref": next(iter(TRIALS))}, {"ref": other}]).encode()),
    ]
    return chance.choice(kinds)()


# --- what stands around it ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    program = Path(__file__).with_name("attribution_origin.py")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@contextmanager
def journeys(folder: Path, provider: str, **options: Any) -> Iterator[ProxyProcess]:
    """A proxy before the provider, for a product that we did not start, and two trials that fault every GET."""
    edge = EdgeSpec("payments", "reverse", provider)
    with ProxyProcess(run="r", edges=[edge], journal=folder / "proxy.jsonl", owned=False, minimum="learned",
                      **options) as proxy:
        proxy.ready()
        for trial, status in TRIALS.items():
            fault = Fault("payments", "payments", Status(status), Position("", 0, 0), Match(method=("GET",)))
            proxy.apply(lease=trial, trial=trial, plan=FaultPlan("busy", (fault,)), seed=1, ttl_s=60, steps={1: "pay"})
        yield proxy


class Caller:
    """One kept connection, and what came of each call."""

    def __init__(self, proxy: ProxyProcess) -> None:
        _, _, address = proxy.ready().edges["payments"].rpartition("/")
        self._connection = http.client.HTTPConnection(address, timeout=30)
        self.seen: Counter[tuple[str, int]] = Counter()

    def call(self, request: Request) -> bytes:
        self._connection.request(request.method, request.path, request.body, request.headers)
        reply = self._connection.getresponse()
        body = reply.read()
        self.seen[request.whose, reply.status] += 1
        return body

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def learn(caller: Caller, trial: str) -> list[str]:
    """Some things that a trial makes; from now on their ids are its own."""
    marks = {"traceparent": tracing.traceparent(tracing.call_id(trial, 1, 1))}
    made = [caller.call(Request(trial, "POST", "/v1/charges", marks)) for _ in range(5)]
    return [str(json.loads(reply)["id"]) for reply in made]


def drive(proxy: ProxyProcess, calls: int) -> Counter[tuple[str, int]]:
    """Everybody at once: a fifth of the calls are the two trials'."""
    with Caller(proxy) as first:
        ids = {trial: learn(first, trial) for trial in TRIALS}

    def work(number: int) -> Counter[tuple[str, int]]:
        chance = random.Random(number)
        with Caller(proxy) as caller:
            for count in range(calls // CALLERS):
                trial = chance.choice(list(TRIALS))
                caller.call(chance.choice(OURS)(chance, trial, ids[trial]) if count % 5 == 0 else strangers(chance))
        return caller.seen

    with ThreadPoolExecutor(CALLERS) as pool:
        return sum(pool.map(work, range(CALLERS)), Counter())


def test_of_ten_thousand_calls_only_the_two_journeys_own_are_faulted(tmp_path: Path, provider: str) -> None:
    with journeys(tmp_path, provider) as proxy:
        seen = drive(proxy, CALLS)
    assert sum(seen.values()) == CALLS
    assert {(whose, status) for whose, status in seen if not whose} == {("", 200)}, "a stranger was faulted"
    for trial, status in TRIALS.items():
        assert {answer for whose, answer in seen if whose == trial} == {status}, "a call of ours was missed, or mixed up"
    evidence = fold(Follower(tmp_path / "proxy.jsonl").new(), whole=False)
    assert evidence.collateral == 0
    assert evidence.unattributed >= seen["", 200]


def test_with_attribution_off_strangers_are_faulted(tmp_path: Path, provider: str) -> None:
    """The positive control of the zero above."""
    with journeys(tmp_path, provider, attribution=False) as proxy:
        seen = drive(proxy, 200)
    assert sum(count for (whose, status), count in seen.items() if not whose and status != 200) > 0
    evidence = fold(Follower(tmp_path / "proxy.jsonl").new(), whole=False)
    assert evidence.collateral > 0
    assert "fell on calls that were not ours" in evidence.trouble[0]

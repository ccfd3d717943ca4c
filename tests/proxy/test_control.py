"""Control over a socket: who is let in, whose leases are whose, and that nobody can harm anybody else."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest

from flowprobe.core.events import ExchangeEnded, LeaseApplied, LeaseEnded, ProxyStarted
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.status import Status
from flowprobe.errors import ToolFailed
from flowprobe.journal.reader import read_stream
from flowprobe.proxy.addresses import Address
from flowprobe.proxy.attached import AttachedProxy, Key
from flowprobe.proxy.control_certificate import make_certificate
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.proofs import fresh, proof
from flowprobe.proxy.protocol import ControlSpec
from tests.proxy.rig import BODY, Origin, Rig, fault, marks, new_trial, plan, run_proxy, until

TOKEN = "the-token-of-these-tests"


@dataclass
class Standing:
    """A proxy with a socket, and those who control it over that."""

    rig: Rig
    folder: Path

    @property
    def address(self) -> Address:
        return Address.parse(self.rig.ready.control)

    @contextmanager
    def attached(
        self, *, token: str = TOKEN, journal: Path | None = None, address: str = "", name: str = "a test",
    ) -> Iterator[AttachedProxy]:
        where = Address.parse(address) if address else self.address
        with AttachedProxy(where, Key(token, self.rig.ready.fingerprint), name=name, journal=journal) as proxy:
            yield proxy

    def raw(self) -> tuple[socket.socket, BinaryIO]:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(self.address.path)
        return connection, connection.makefile("rb")

    def code(self, trial: str) -> int:
        with self.rig.client() as client:
            return client.get("/v1/x", headers=marks(trial)).status_code


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("standing")
    with run_proxy(folder, origin, control=ControlSpec(f"unix:{folder}/control", TOKEN)) as rig:
        yield Standing(rig, folder)


@pytest.fixture
def standing(shared: Standing) -> Iterator[Standing]:
    yield shared
    assert shared.rig.proxy.alive
    with shared.attached() as proxy:
        assert proxy.ready(5).mitmproxy == shared.rig.ready.mitmproxy
        assert proxy.status()["hook_failures"] == 0


# --- who is let in ---


def test_a_socket_in_the_file_system_is_its_owners_alone(standing: Standing) -> None:
    assert stat.S_IMODE(os.stat(standing.address.path).st_mode) == 0o600


def test_a_wrong_token_is_refused_in_words(standing: Standing) -> None:
    with standing.attached(token="not-that-one") as proxy, pytest.raises(ToolFailed, match="the token is not that") as failed:
        proxy.ready(5)
    assert "not-that-one" not in str(failed.value)


def test_the_token_crosses_the_connection_in_neither_direction(standing: Standing) -> None:
    connection, lines = standing.raw()
    with connection, lines:
        said = [lines.readline()]
        theirs, ours = json.loads(said[0])["nonce"], fresh()
        shown = proof(TOKEN, of="client", theirs=theirs, ours=ours)
        connection.sendall(json.dumps({"hello": {"nonce": ours, "proof": shown, "name": "raw"}}).encode() + b"\n")
        said.append(lines.readline())
    assert json.loads(said[1])["proof"] == proof(TOKEN, of="proxy", theirs=ours, ours=theirs)
    assert not any(TOKEN.encode() in line or b"PRIVATE" in line for line in said)


def test_a_hello_that_was_overheard_opens_nothing(standing: Standing) -> None:
    connection, lines = standing.raw()
    theirs, ours = json.loads(lines.readline())["nonce"], fresh()
    shown = proof(TOKEN, of="client", theirs=theirs, ours=ours)
    hello = json.dumps({"hello": {"nonce": ours, "proof": shown, "name": "raw"}}).encode() + b"\n"
    connection.sendall(hello)
    assert "ready" in json.loads(lines.readline())
    connection.close()
    again, lines = standing.raw()
    with again, lines:
        lines.readline()
        again.sendall(hello)
        assert "failed" in json.loads(lines.readline())


def test_an_impostor_learns_nothing_and_is_found_out(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def impostor(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b'{"nonce": "00"}\n')
            heard.append(lines.readline())
            connection.sendall(b'{"ready": {}, "proof": "guessed", "proxy": "x", "mono": 1, "number": 0, "ca": ""}\n')

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        thread = threading.Thread(target=impostor, args=(server,))
        thread.start()
        attached = AttachedProxy(Address(path=str(tmp_path / "s")), Key(TOKEN), name="t")
        with attached as proxy, pytest.raises(ToolFailed, match="it is not our proxy"):
            proxy.ready(5)
        thread.join()
    assert TOKEN.encode() not in heard[0]


def test_nobody_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    attached = AttachedProxy(Address(path=str(tmp_path / "none")), Key(TOKEN), name="t")
    with attached as proxy, pytest.raises(ToolFailed, match="start one with `flowprobe proxy run`"):
        proxy.ready(5)


def test_a_second_proxy_does_not_take_the_socket_of_the_first(standing: Standing, tmp_path: Path, origin: Origin) -> None:
    taken = ControlSpec(str(standing.address), TOKEN)
    with pytest.raises(ToolFailed, match="another proxy takes orders"), run_proxy(tmp_path, origin, control=taken):
        pass
    assert standing.code(new_trial()) == 200


def test_a_socket_that_was_left_over_is_taken_and_goes_at_the_end(tmp_path: Path, origin: Origin) -> None:
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / "s"))
    spec = ControlSpec(f"unix:{tmp_path}/s", TOKEN)
    with run_proxy(tmp_path, origin, control=spec) as rig, Standing(rig, tmp_path).attached() as proxy:
        assert proxy.ready(5).edges == rig.ready.edges
    assert not (tmp_path / "s").exists()


# --- TCP and TLS ---


def test_on_loopback_it_speaks_plainly_over_tcp(tmp_path: Path, origin: Origin) -> None:
    with run_proxy(tmp_path, origin, control=ControlSpec("127.0.0.1:0", TOKEN)) as rig:
        assert rig.ready.fingerprint == ""
        with Standing(rig, tmp_path).attached() as proxy:
            assert proxy.status()["version"]


def test_beyond_loopback_it_shows_a_certificate_that_is_known_by_its_fingerprint(tmp_path: Path, origin: Origin) -> None:
    with run_proxy(tmp_path, origin, control=ControlSpec("0.0.0.0:0", TOKEN)) as rig:
        standing = Standing(rig, tmp_path)
        near = f"127.0.0.1:{standing.address.port}"
        with standing.attached(address=near) as proxy:
            assert proxy.status()["version"]
        rig.ready = type(rig.ready)(**{**{name: getattr(rig.ready, name) for name in rig.ready.__slots__}, "fingerprint": "00"})
        with standing.attached(address=near) as proxy, pytest.raises(ToolFailed, match="another certificate"):
            proxy.ready(5)
        with socket.create_connection(("127.0.0.1", standing.address.port), 5) as plain:
            plain.sendall(b'{"hello": {}}\n')
            answer = plain.recv(100)
        assert b"nonce" not in answer


def test_a_certificate_of_its_own_may_be_given(tmp_path: Path, origin: Origin) -> None:
    cert, key = make_certificate(tmp_path)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (tmp_path / "p").mkdir()
    with run_proxy(tmp_path / "p", origin, control=ControlSpec("127.0.0.1:0", TOKEN, str(cert), str(key))) as rig:
        port = Address.parse(rig.ready.control).port
        context = ssl.create_default_context(cafile=str(cert))
        context.check_hostname = False
        with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as secured:
            assert b"nonce" in secured.recv(100)


def test_a_certificate_that_is_none_stops_the_start(tmp_path: Path, origin: Origin) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    spec = ControlSpec("127.0.0.1:0", TOKEN, str(tmp_path / "x.pem"), str(tmp_path / "x.pem"))
    with pytest.raises(ToolFailed, match="cannot be used"), run_proxy(tmp_path, origin, control=spec):
        pass


# --- leases ---


def test_a_fault_holds_for_as_long_as_its_connection(standing: Standing, trial: str) -> None:
    with standing.attached() as proxy:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        assert standing.code(trial) == 503
        proxy._closing = True
        proxy._hang_up()  # no word of farewell
        until(lambda: standing.code(trial) == 200, within=8)  # a lease that nobody renews lives for 10 s


def test_who_attaches_can_probe_for_as_long_as_its_connection(standing: Standing, trial: str, tmp_path: Path) -> None:
    def asked(whose: str) -> list[dict[str, str]]:
        assert standing.code(whose) == 200
        return [dict(x.carriers) for x in standing.rig.exchanges(whose)]

    with standing.attached(journal=tmp_path / "proxy.jsonl") as proxy:
        proxy.apply(lease=trial, trial=trial, plan=plan(), seed=1, probing=True)
        assert asked(trial) == [{"traceparent": "survived"}]
        proxy.drain(trial, timeout_s=5)
        copy = [s.event for s in read_stream(tmp_path / "proxy.jsonl").stamped]
        assert [x.carriers for x in copy if isinstance(x, ExchangeEnded)] == [{"traceparent": "survived"}]
        proxy._closing = True
        proxy._hang_up()  # no word of farewell
        until(lambda: not standing.rig.proxy.status()["leases"], within=2)
    assert asked(trial) == [{"traceparent": "survived"}, {}]


def test_a_lease_is_renewed_and_ends_at_its_ceiling(standing: Standing, trial: str) -> None:
    with standing.attached() as proxy:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1, ttl_s=2.0, ceiling_s=3.0)
        until(lambda: proxy.ended.get(trial) == "ceiling")
        assert standing.code(trial) == 200


def test_whoever_does_not_hold_a_lease_can_neither_release_nor_replace_it(standing: Standing, trial: str) -> None:
    with standing.attached() as one, standing.attached() as other:
        one.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        with pytest.raises(ToolFailed, match="is held by a test"):
            other.release(trial)
        with pytest.raises(ToolFailed, match="is held by a test"):
            other.apply(lease=trial, trial=trial, plan=plan(), seed=1)
        with pytest.raises(ToolFailed, match="is held by the lease"):
            other.apply(lease="other", trial=trial, plan=plan(), seed=1)
        other._ask("renew", leases=[trial])
        assert standing.code(trial) == 503
        one.release(trial)
        assert standing.code(trial) == 200


@pytest.mark.parametrize("terms", [{"ttl_s": 61.0}, {"ttl_s": 0.0}, {"ceiling_s": 3601.0}, {"ceiling_s": -1.0}])
def test_nobody_gets_a_lease_without_an_end(standing: Standing, trial: str, terms: dict[str, float]) -> None:
    with standing.attached() as proxy, pytest.raises(ToolFailed, match="at most 60 s"):
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1, **terms)


def test_only_the_parent_may_fault_every_call(standing: Standing, trial: str) -> None:
    with standing.attached() as proxy, pytest.raises(ToolFailed, match="only who started this proxy"):
        proxy.apply(lease="all", trial="all", plan=plan(fault(Status(503))), seed=1, unscoped=True)
    parent = standing.rig.proxy
    parent.apply(lease="all", trial="all", plan=plan(fault(Status(503))), seed=1, unscoped=True)
    with httpx.Client(base_url=standing.rig.ready.edges["payments"], trust_env=False) as client:
        assert client.get("/v1/x").status_code == 503
        with standing.attached() as proxy:
            proxy.apply(lease=trial, trial=trial, plan=plan(), seed=1)
            assert client.get("/v1/x", headers=marks(trial)).status_code == 200  # a trial has its own faults alone
        parent.release("all")
        assert client.get("/v1/x").status_code == 200
    assert [receipt.ordinal for receipt in standing.rig.receipts("")] == [1]


# --- what it tells ---


def test_status_and_faults_say_what_is_in_force(standing: Standing, trial: str) -> None:
    with standing.attached() as proxy, standing.attached() as other:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        before = other.status()
        assert [standing.code(trial), standing.code(trial)] == [503, 503]
        (seen,) = other.faults()
        status = other.status()
    assert (seen["edge"], seen["kind"], seen["injections"], seen["trial"]) == ("payments", "status 503", 2, trial)
    (lease,) = status["leases"]
    assert (lease["holder"], lease["faults"]) == ("a test", 1)
    assert 0 < lease["left_s"] <= 10 < lease["ceiling_left_s"] <= 300
    assert status["calls"]["payments"] - before["calls"].get("payments", 0) == 2
    assert status["edges"] == standing.rig.ready.edges
    assert status["controllers"] == 2


# --- the journal ---


def test_the_journal_comes_over_the_connection_whole(standing: Standing, trial: str, tmp_path: Path) -> None:
    journal, stranger = tmp_path / "j" / "proxy.jsonl", new_trial()
    with standing.attached(journal=journal) as proxy, standing.attached() as other:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        other.apply(lease=stranger, trial=stranger, plan=plan(fault(Status(429))), seed=1)
        assert (standing.code(trial), standing.code(stranger), standing.code(new_trial())) == (503, 429, 200)
        other.release(stranger)
        proxy.release(trial)
        proxy.drain(trial, timeout_s=5)
        stream = read_stream(journal)
    assert (stream.gaps, stream.torn) == ((), False)
    events = [stamped.event for stamped in stream.stamped]
    assert isinstance(events[0], ProxyStarted)
    assert [e.lease for e in events if isinstance(e, LeaseApplied | LeaseEnded)] == [trial, trial]
    assert [e.trial for e in events if isinstance(e, ExchangeEnded)] == [trial, None]
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


def test_a_lost_connection_is_made_anew_and_misses_no_line(standing: Standing, trial: str, tmp_path: Path) -> None:
    journal = tmp_path / "proxy.jsonl"
    with standing.attached(journal=journal) as proxy:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        assert standing.code(trial) == 503
        assert proxy._socket is not None
        proxy._socket.shutdown(socket.SHUT_RDWR)
        until(lambda: standing.code(trial) == 200)
        until(lambda: proxy.ended.get(trial) == "lost")
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(429))), seed=1)
        assert (proxy.alive, standing.code(trial)) == (True, 429)
        proxy.drain(trial, timeout_s=5)
        stream = read_stream(journal)
    assert stream.gaps == ()
    assert [s.event.reason for s in stream.stamped if isinstance(s.event, LeaseEnded)] == ["lost"]
    codes = [s.event.status for s in stream.stamped if isinstance(s.event, ExchangeEnded)]
    assert (codes[0], codes[-1]) == (503, 429)


def test_a_line_that_never_came_leaves_a_gap(standing: Standing, trial: str, tmp_path: Path) -> None:
    """The positive control of the two tests above."""
    journal = tmp_path / "proxy.jsonl"
    with standing.attached(journal=journal) as proxy:
        proxy.ready(5)
        proxy.apply(lease=trial, trial=trial, plan=plan(), seed=1)
        proxy.drain(trial, timeout_s=5)
        assert proxy._copy is not None
        proxy._copy.last -= 2  # as if two lines more were to come before the next
        proxy._copy.take({"v": 1, "w": "proxy", "n": proxy._copy.last + 3, "mono": 1.0, "wall": 1.0, "event": "Saturated", "lag_s": 1.0})
    assert read_stream(journal).gaps != ()


def test_a_proxy_that_ends_is_noticed(tmp_path: Path, origin: Origin) -> None:
    spec = ControlSpec(f"unix:{tmp_path}/s", TOKEN)
    with run_proxy(tmp_path, origin, control=spec) as rig, Standing(rig, tmp_path).attached() as proxy:
        proxy.ready(5)
        rig.proxy.close()
        assert proxy.lost.wait(15)
        assert "nobody takes orders" in proxy.reason


# --- those who misbehave ---


def _greeted(standing: Standing) -> tuple[socket.socket, BinaryIO]:
    connection, lines = standing.raw()
    theirs, ours = json.loads(lines.readline())["nonce"], fresh()
    shown = proof(TOKEN, of="client", theirs=theirs, ours=ours)
    connection.sendall(json.dumps({"hello": {"nonce": ours, "proof": shown, "name": "raw"}}).encode() + b"\n")
    lines.readline()
    return connection, lines


@pytest.mark.parametrize(("said", "answer"), [
    (b"\x00\xff\n", "not JSON"), (b"[1]\n", "not a mapping"), (b'"x"\n', "not a mapping"), (b"[" * 100_000 + b"\n", "not JSON"),
    (b"{" + b" " * (1 << 21) + b"}\n", "longer than 1 MiB"), (b'{"op": "x"}\n', "no operation 'x'"),
    (b'{"id": 1, "op": "apply"}\n', "KeyError"), (b'{"id": 1, "op": "follow"}\n', "needs the number"),
    (b'{"id": 1, "op": "renew", "leases": 1}\n', "TypeError"), (b'{"id": [], "op": ["halt"]}\n', "no operation"),
])
def test_nonsense_is_answered_and_harms_nobody(standing: Standing, trial: str, said: bytes, answer: str) -> None:
    with standing.attached() as proxy:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        connection, lines = _greeted(standing)
        with connection, lines:
            try:
                connection.sendall(said)
                heard = lines.readline()
            except OSError:
                heard = b"longer than 1 MiB"  # it was cut off while it was still talking
        assert answer.encode() in heard
        assert standing.code(trial) == 503


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"{}\n", b'{"hello": 1}\n', b'{"hello": {"nonce": "x", "proof": 5, "name": "n"}}\n'])
def test_strangers_get_nothing(standing: Standing, said: bytes) -> None:
    connection, lines = standing.raw()
    with connection, lines:
        assert b"nonce" in lines.readline()
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        assert b"ready" not in lines.read()


def test_a_crowd_of_silent_strangers_does_not_keep_anybody_out(standing: Standing) -> None:
    crowd = [standing.raw() for _ in range(60)]
    with standing.attached() as proxy:
        assert proxy.status()["version"]
    for connection, lines in crowd:
        lines.close()
        connection.close()


def test_one_that_does_not_read_loses_its_connection_and_nobody_else_does(standing: Standing, trial: str) -> None:
    with standing.attached() as proxy:
        proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
        deaf, lines = _greeted(standing)
        with deaf, lines:
            deaf.settimeout(0.5)
            with pytest.raises(OSError):  # at some time it is cut, or nothing more is taken from it
                deaf.sendall(b'{"id": 1, "op": "status"}\n' * 200_000)
        assert standing.code(trial) == 503
        assert proxy.status()["halted"] == []


def test_many_at_once_are_served(standing: Standing) -> None:
    def one(_: int) -> int:
        mine = new_trial()
        with standing.attached() as proxy:
            proxy.apply(lease=mine, trial=mine, plan=plan(fault(Status(503))), seed=1)
            return standing.code(mine)

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(one, range(24))) == [503] * 24


# --- halt ---


def test_halt_ends_everything_at_once_and_who_was_there_puts_nothing_on_again(tmp_path: Path, origin: Origin, trial: str) -> None:
    with run_proxy(tmp_path, origin, control=ControlSpec(f"unix:{tmp_path}/s", TOKEN)) as rig:
        standing = Standing(rig, tmp_path)
        with standing.attached() as proxy, standing.attached() as other, rig.client() as client, ThreadPoolExecutor(4) as pool:
            proxy.apply(lease=trial, trial=trial, plan=plan(fault(Hang(60))), seed=1)
            held = [pool.submit(client.get, "/v1/x", headers=marks(trial)) for _ in range(4)]
            until(lambda: other.status()["under_way"] == 4)
            halted = other.halt()
            for call in held:
                with pytest.raises(httpx.RemoteProtocolError):
                    call.result(5)
            assert (halted["leases"], halted["held"], halted["still_held"]) == (1, 4, 0)
            assert halted["quiet_s"] < 2
            until(lambda: proxy.ended.get(trial) == "halted")
            with pytest.raises(ToolFailed, match="it was halted"):
                proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1)
            proxy.apply(lease=trial, trial=trial, plan=plan(), seed=1)
            assert client.get("/v1/x", headers=marks(trial)).content == BODY
            with standing.attached(name="another, later") as later:  # that is somebody's decision of now
                later.apply(lease="l", trial=new_trial(), plan=plan(fault(Status(503))), seed=1)
    assert next(e.reason for e in rig.events() if isinstance(e, LeaseEnded) and e.lease == trial) == "halted"


# --- listeners beyond loopback ---


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> Iterator[Rig]:
    edges = (
        EdgeSpec("payments", "reverse", origin.url, listen=("0.0.0.0", 0)),
        EdgeSpec("mail", "forward", hosts={"http://mail.example": origin.url}, listen=("0.0.0.0", 0)),
    )
    with run_proxy(tmp_path_factory.mktemp("offered"), origin, edges=edges, product_token="door") as rig:
        yield rig


def _port(url: str) -> str:
    return url.rpartition(":")[2]


@pytest.mark.parametrize("path", ["/v1/x", "/", "/doo/v1/x", "/doors/v1/x", "//door/v1/x", "/DOOR/v1/x", "/v1/door/x"])
def test_a_base_url_without_the_token_is_refused(offered: Rig, origin: Origin, path: str) -> None:
    origin.calls.clear()
    assert httpx.get(f"http://127.0.0.1:{_port(offered.ready.edges['payments'])}{path}", trust_env=False).status_code == 403
    assert origin.calls == []


def test_a_base_url_with_the_token_goes_on_without_it(offered: Rig, origin: Origin) -> None:
    origin.calls.clear()
    with httpx.Client(base_url=f"http://127.0.0.1:{_port(offered.ready.edges['payments'])}/door", trust_env=False) as client:
        for _ in range(2):  # each request of a connection shows it
            assert client.get("/v1/x?a=1").content == BODY
        assert client.get(f"http://127.0.0.1:{_port(offered.ready.edges['payments'])}/v1/x").status_code == 403
    assert [call.path for call in origin.calls] == ["/v1/x?a=1", "/v1/x?a=1"]
    assert "door" not in offered.journal.read_text()


@pytest.mark.parametrize(("credentials", "code"), [("", 407), ("flowprobe:wrong@", 407), ("flowprobe:door@", 200)])
def test_a_proxy_beyond_loopback_wants_its_password(offered: Rig, credentials: str, code: int) -> None:
    proxy = f"http://{credentials}127.0.0.1:{_port(offered.ready.edges['mail'])}"
    assert httpx.get("http://mail.example/v1/x", proxy=proxy, trust_env=False).status_code == code


# --- time ---

JUMP = """
import os, time
_wall, _at = time.time, {at!r}
time.time = lambda: _wall() + ({seconds} if os.path.exists(_at) else 0)
"""


@pytest.mark.parametrize("seconds", [-31_536_000, 31_536_000])
def test_a_jump_of_the_clock_neither_ends_a_lease_nor_keeps_it(
    seconds: int, tmp_path: Path, origin: Origin, trial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases go by the monotonic clock; the wall clock is only written into the journal."""
    jump = tmp_path / "jump"
    (tmp_path / "sitecustomize.py").write_text(JUMP.format(at=str(jump), seconds=seconds))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with run_proxy(tmp_path, origin, control=ControlSpec(f"unix:{tmp_path}/s", TOKEN)) as rig:
        standing = Standing(rig, tmp_path)
        with standing.attached() as proxy:
            proxy.apply(lease=trial, trial=trial, plan=plan(fault(Status(503))), seed=1, ttl_s=1.0)
            assert standing.code(trial) == 503
            jump.touch()
            before = proxy.status()["uptime_s"]
            until(lambda: proxy.status()["uptime_s"] > before + 1.5)  # longer than a lease lives without renewal
            assert standing.code(trial) == 503
            proxy._leases.clear()  # nobody renews it any more
            began = proxy.status()["uptime_s"]
            until(lambda: standing.code(trial) == 200)
            assert proxy.status()["uptime_s"] - began < 8
    walls = [stamped.wall for stamped in read_stream(rig.journal).stamped]
    assert max(walls) - min(walls) > 31_000_000  # the clock did jump


def test_what_is_decided_is_decided_by_one_set_of_rules(standing: Standing, trial: str) -> None:
    """`apply` replaces a lease's rules as one: no call ever falls under a part of each."""
    both = plan(fault(Status(503), id="a"), fault(Status(429), id="b", edge="dead"))
    with standing.attached() as proxy, standing.rig.client() as client:
        for number in range(30):
            harm = both if number % 2 else plan(fault(Status(418)))
            proxy.apply(lease=trial, trial=trial, plan=harm, seed=1)
            assert client.get("/v1/x", headers=marks(trial)).status_code == (503 if number % 2 else 418)
            assert {each["kind"] for each in proxy.faults()} == ({"status 503", "status 429"} if number % 2 else {"status 418"})

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowprobe.auth.pool import Pools
from flowprobe.core.accounts import Account
from flowprobe.core.scenario import Persona
from flowprobe.errors import EnvironmentBroken
from tests.architecture.source import ROOT
from tests.scenes import HERE


def a_persona(*accounts: str, name: str = "pro-eu") -> Persona:
    return Persona(name, HERE, {"plan": "pro"}, accounts=tuple(Account(each, HERE, {"team": f"t-{each}"}) for each in accounts))


def pools(folder: Path, *, environment: str = "staging") -> Pools:
    return Pools(folder, environment, time.monotonic, lambda _: None, lambda: False)


def test_a_trial_gets_the_first_account_that_is_free(tmp_path: Path) -> None:
    persona = a_persona("acc_1", "acc_2")
    first = pools(tmp_path).lease([persona], patience=0)
    second = pools(tmp_path).lease([persona], patience=0)
    assert [held.personas["pro-eu"].identity for held in (first, second)] == ["pro-eu/acc_1", "pro-eu/acc_2"]
    assert first.personas["pro-eu"].fields == {"plan": "pro", "team": "t-acc_1", "account": "acc_1"}


def test_where_none_is_free_it_is_said_who_holds_them(tmp_path: Path) -> None:
    held = pools(tmp_path).lease([a_persona("acc_1")], patience=0)
    with pytest.raises(EnvironmentBroken, match="'pro-eu' was free on 'staging' for 0 s: acc_1 is held by this process"):
        pools(tmp_path).lease([a_persona("acc_1")], patience=0)
    held.release()
    held.release()
    assert pools(tmp_path).lease([a_persona("acc_1")], patience=0).personas


def test_another_environment_and_another_persona_have_accounts_of_their_own(tmp_path: Path) -> None:
    held = [pools(tmp_path).lease([a_persona("acc_1")], patience=0),
            pools(tmp_path, environment="local").lease([a_persona("acc_1")], patience=0),
            pools(tmp_path).lease([a_persona("acc_1", name="staff")], patience=0)]
    assert all(lease.personas for lease in held)


def test_one_that_cannot_have_all_keeps_none(tmp_path: Path) -> None:
    busy = pools(tmp_path).lease([a_persona("acc_9", name="staff")], patience=0)
    with pytest.raises(EnvironmentBroken):
        pools(tmp_path).lease([a_persona("acc_1"), a_persona("acc_9", name="staff")], patience=0)
    busy.release()
    assert pools(tmp_path).lease([a_persona("acc_1")], patience=0).personas


def test_a_persona_of_two_roles_has_one_account_and_one_without_a_pool_needs_none(tmp_path: Path) -> None:
    persona, plain = a_persona("acc_1"), Persona("free", HERE)
    held = pools(tmp_path / "leases").lease([persona, persona, plain], patience=0)
    assert held.personas["free"] is plain
    assert len(held.files) == 1


def test_a_stop_ends_the_waiting(tmp_path: Path) -> None:
    pools(tmp_path).lease([a_persona("acc_1")], patience=0)
    stopping = Pools(tmp_path, "staging", time.monotonic, lambda _: None, lambda: True)
    with pytest.raises(EnvironmentBroken):
        stopping.lease([a_persona("acc_1")], patience=3600)


def test_trials_at_once_never_share_an_account(tmp_path: Path) -> None:
    persona = a_persona("acc_1", "acc_2", "acc_3")
    using: set[str] = set()

    def trial(_: int) -> bool:
        held = Pools(tmp_path, "staging", time.monotonic, lambda _: time.sleep(0.001), lambda: False).lease([persona], patience=30)
        name = held.personas["pro-eu"].leased
        alone = name not in using
        using.add(name)
        time.sleep(0.001)
        using.discard(name)
        held.release()
        return alone

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(trial, range(120)))


HOLDER = """
import sys, time
from pathlib import Path
from flowprobe.auth.pool import Pools
from flowprobe.core.accounts import Account
from flowprobe.core.scenario import Persona, Position
here = Position("a", 1, 1)
persona = Persona("pro-eu", here, accounts=(Account("acc_1", here),))
held = Pools(Path(sys.argv[1]), "staging", time.monotonic, time.sleep, lambda: False).lease([persona], patience=0)
print("held", flush=True)
time.sleep(3600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_process_that_is_killed_gives_its_accounts_back(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(EnvironmentBroken, match=f"acc_1 is held by process {holder.pid}"):
        pools(tmp_path).lease([a_persona("acc_1")], patience=0)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert pools(tmp_path).lease([a_persona("acc_1")], patience=5).personas

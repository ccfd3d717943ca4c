"""The product never outlives its runner, however the runner goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.product.programs import FORKS, IGNORES_TERM, SLEEPS, alive, read_ids, until

ROOT = Path(__file__).parents[2]
GONE_S = 20.0

RUNNER = """
import sys, time
from pathlib import Path
from flowprobe.product import Product
from tests.product.programs import python, spec
code, folder = sys.argv[1], Path(sys.argv[2])
product = Product()
product.start([spec(python(code, folder / "ids"), folder)])
print(product._children[0].pid, product._children[0]._guardian.pid, flush=True)
{then}
"""


@contextmanager
def runner(code: str, folder: Path, then: str = "time.sleep(600)") -> Iterator[tuple[int, int, int]]:
    """A runner with one product: the ids of the runner, the product and the guardian."""
    process = subprocess.Popen([sys.executable, "-c", RUNNER.format(then=then), code, str(folder)], cwd=ROOT,
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    with process:
        product, guardian = map(int, process.stdout.readline().split())
        try:
            yield process.pid, product, guardian
        finally:
            process.kill()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_the_product_ends_with_its_runner(tmp_path: Path, ending: signal.Signals) -> None:
    with runner(SLEEPS, tmp_path) as (pid, product, guardian):
        os.kill(pid, ending)
        until(lambda: not alive(product) and not alive(guardian), seconds=GONE_S)


def test_also_when_it_ignores_term(tmp_path: Path) -> None:
    with runner(IGNORES_TERM, tmp_path) as (pid, product, _):
        until((tmp_path / "ids").exists)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(product), seconds=GONE_S)


def test_also_with_grandchildren_that_ignore_term(tmp_path: Path) -> None:
    with runner(FORKS, tmp_path) as (pid, product, _):
        everyone = [product, *read_ids(tmp_path / "ids")]
        os.kill(pid, signal.SIGKILL)
        expected = everyone if sys.platform == "linux" else everyone[:2]
        until(lambda: not any(alive(one) for one in expected), seconds=GONE_S)


@pytest.mark.parametrize("then", ["", "raise SystemExit(3)", "import os; os._exit(1)"])
def test_also_when_the_runner_forgets_to_stop_it(tmp_path: Path, then: str) -> None:
    with runner(SLEEPS, tmp_path, then) as (_, product, guardian):
        until(lambda: not alive(product) and not alive(guardian), seconds=GONE_S)


def test_ctrl_c_reaches_only_the_runner(tmp_path: Path) -> None:
    """A terminal sends it to the runner's whole process group: cleanup may still need the product."""
    then = """
import signal
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
print("ready", flush=True)
while True: time.sleep(1)"""
    command = [sys.executable, "-c", RUNNER.format(then=then), SLEEPS, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    with process:
        product, guardian = map(int, process.stdout.readline().split())
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert alive(product)
        assert alive(guardian)
        process.kill()
    until(lambda: not alive(product), seconds=GONE_S)


def test_a_guardian_that_is_told_to_end_ends_the_product(tmp_path: Path) -> None:
    with runner(SLEEPS, tmp_path) as (_, product, guardian):
        os.kill(guardian, signal.SIGTERM)
        until(lambda: not alive(product), seconds=GONE_S)


def test_the_guardian_imports_nothing_of_ours() -> None:
    path = ROOT / "flowprobe" / "product" / "guardian.py"
    code = f"import sys; exec(open({str(path)!r}).read(), {{'__name__': 'g'}}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True,
                          timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert not {"flowprobe", "subprocess", "asyncio", "typing", "http", "socket", "ctypes"} & loaded

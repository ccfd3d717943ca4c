"""Real processes: started, awaited, watched and ended."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowprobe.errors import EnvironmentBroken
from flowprobe.product import Product, free_port
from tests.product.programs import (
    FORKS,
    IGNORES_TERM,
    SERVES,
    SLEEPS,
    alive,
    python,
    read_ids,
    spec,
    until,
)


@pytest.fixture
def product() -> Iterator[Product]:
    with Product() as made:
        yield made


def pids(product: Product) -> list[int]:
    return [child.pid for child in product._children if child.pid is not None]


def ready_on(port: int, path: str = "/health") -> str:
    return f"http://127.0.0.1:{port}{path}"


# --- start ----------------------------------------------------------------------------------------


def test_it_is_ready_when_it_answers_2xx(product: Product, tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    product.start(spec(python(SERVES, port, 204), tmp_path, name=f"acme-{port}", ready=ready_on(port))
                  for port in ports)
    for port in ports:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert product.lost() is None
    assert len(pids(product)) == 2


def test_without_ready_it_only_has_to_run(product: Product, tmp_path: Path) -> None:
    product.start([spec(python(SLEEPS), tmp_path)])
    assert alive(pids(product)[0])


def test_the_method_and_folder_are_those_of_the_spec(product: Product, tmp_path: Path) -> None:
    port = free_port()
    code = SERVES.replace("do_HEAD = do_GET", "do_HEAD = do_GET; del do_GET") + "\n"
    product.start([spec(python("import os; open('here', 'w').close()\n" + code, port, 200), tmp_path,
                        ready=ready_on(port), ready_method="head", folder=tmp_path)])
    assert (tmp_path / "here").exists()


# --- a start that fails ---------------------------------------------------------------------------


def broken(product: Product, *specs: object) -> str:
    with pytest.raises(EnvironmentBroken) as raised:
        product.start(specs)  # type: ignore[arg-type]
    assert product._children == []
    return str(raised.value)


def test_it_ends_before_it_is_ready(product: Product, tmp_path: Path) -> None:
    code = "import sys; print(*range(30), sep='\\n'); print('\\x1b[31mno database'); sys.exit(3)"
    message = broken(product, spec(python(code), tmp_path, ready=ready_on(free_port())))
    assert message.startswith("acme ended with exit status 3 before it was ready.\n  command: ")
    assert message.endswith("\n    28\n    29\n    ·[31mno database")
    assert "\n    11\n" in message
    assert "\n    10\n" not in message


def test_it_is_killed_before_it_is_ready(product: Product, tmp_path: Path) -> None:
    code = "import os; os.kill(os.getpid(), 9)"
    message = broken(product, spec(python(code), tmp_path, ready=ready_on(free_port())))
    assert message.startswith("acme was ended by SIGKILL before it was ready.")
    assert message.endswith("acme.log is empty.")


def test_it_is_never_ready(product: Product, tmp_path: Path) -> None:
    port = free_port()
    unready = spec(python(SERVES, port, 503), tmp_path, ready=ready_on(port), ready_within=1.5)
    message = broken(product, unready)
    assert message.startswith(
        f"acme was not ready within 1.5 s: its last answer was 503 to GET {ready_on(port)}.\n")
    assert "listening" in message


def test_it_never_answers(product: Product, tmp_path: Path) -> None:
    message = broken(product, spec(python(SLEEPS), tmp_path, ready=ready_on(free_port()), ready_within=0.3))
    assert "was not ready within 0.3 s: it never answered to GET http://127.0.0.1:" in message


def test_an_answer_that_drips_does_not_make_it_wait(product: Product, tmp_path: Path) -> None:
    port = free_port()
    drips = """
import socket, sys, time
connection, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
while True:
    connection.sendall(b"H"); time.sleep(0.05)
"""
    began = time.monotonic()
    broken(product, spec(python(drips, port), tmp_path, ready=ready_on(port), ready_within=1.0))
    assert time.monotonic() - began < 5


def test_its_port_is_taken(product: Product, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = broken(product, spec(python(SERVES, port, 200), tmp_path, ready=ready_on(port)))
    assert message == (f"acme cannot be started: something else already listens on 127.0.0.1:{port}. "
                       "Stop it, or let FlowProbe choose the port (port 0).")


@pytest.mark.parametrize("command", [("no-such-program-anywhere",), ("/",)])
def test_its_command_cannot_be_run(product: Product, tmp_path: Path, command: tuple[str, ...]) -> None:
    message = broken(product, spec(command, tmp_path))
    assert re.match(r"acme could not be started: (no such file or directory|permission denied)\.\n", message)


def test_its_folder_does_not_exist(product: Product, tmp_path: Path) -> None:
    assert "could not be started" in broken(product, spec(python(SLEEPS), tmp_path, folder=tmp_path / "no"))


@pytest.mark.parametrize("url", ["/health", "ftp://127.0.0.1/", "http://", "http://a:x/"])
def test_it_cannot_be_asked(product: Product, tmp_path: Path, url: str) -> None:
    assert "cannot be asked whether it is ready" in broken(product, spec(python(SLEEPS), tmp_path, ready=url))


def test_an_empty_command(product: Product, tmp_path: Path) -> None:
    assert broken(product, spec((), tmp_path)) == "acme has an empty command."


def test_what_was_started_before_is_ended(product: Product, tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    announces = f"import os; open({str(ids)!r}, 'w').write(str(os.getpid())); {SLEEPS}"
    fails = f"import os, sys, time\nwhile not os.path.exists({str(ids)!r}): time.sleep(0.01)\nsys.exit(1)"
    broken(product, spec(python(announces), tmp_path, name="mail"),
           spec(python(fails), tmp_path, ready=ready_on(free_port())))
    assert not alive(read_ids(ids)[0])


# --- what it may know -----------------------------------------------------------------------------


def test_it_inherits_what_it_needs_and_no_secret(
    product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACME_TOKEN": "s3cret", "HTTPS_PROXY": "http://p", "LC_ALL": "C.UTF-8",
                        "PYTHONHASHSEED": "7", "HOME": "/somewhere"}.items():
        monkeypatch.setenv(name, value)
    seen = tmp_path / "seen"
    code = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
    product.start([spec(("python", "-c", code, str(seen)), tmp_path, env={"PAYMENTS_URL": "http://e"})])
    child = product._children[0]
    assert child.ended(wait=20)
    env = json.loads(seen.read_text())
    assert "s3cret" not in str(env)
    assert "HTTPS_PROXY" not in env
    assert (env["LC_ALL"], env["PYTHONHASHSEED"], env["HOME"]) == ("C.UTF-8", "7", "/somewhere")
    assert env["PAYMENTS_URL"] == "http://e"
    assert env["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)


def test_it_holds_no_pipe_of_ours(product: Product, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = "import os, sys; open(sys.argv[1], 'w').write(' '.join(os.listdir('/proc/self/fd')))"
    product.start([spec(python(code, seen), tmp_path)])
    assert product._children[0].ended(wait=20)
    assert set(seen.read_text().split()) <= {"0", "1", "2", "3", "4"}  # those two are the file and the list


# --- watch and stop -------------------------------------------------------------------------------


def test_a_lost_process_is_told(product: Product, tmp_path: Path) -> None:
    product.start([spec(python(SLEEPS), tmp_path, name="mail"), spec(python(SLEEPS), tmp_path)])
    os.kill(pids(product)[1], signal.SIGKILL)
    until(product.lost)
    assert product.lost() == f"acme was ended by SIGKILL; its log is {tmp_path / 'logs' / 'acme.log'}."


def test_a_lost_guardian_is_told_and_its_process_is_ended(product: Product, tmp_path: Path) -> None:
    product.start([spec(python(SLEEPS), tmp_path)])
    pid = pids(product)[0]
    product._children[0]._guardian.kill()
    until(product.lost)
    assert "acme lost its guardian" in str(product.lost())
    product.stop()
    until(lambda: not alive(pid))


def test_stop_ends_the_last_one_first_and_only_once(product: Product, tmp_path: Path) -> None:
    notes = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
open(sys.argv[1] + sys.argv[2], "w").close()
time.sleep(600)
"""
    order = tmp_path / "order"
    product.start(spec(python(notes, order, name), tmp_path, name=name) for name in "abc")
    until(lambda: all((tmp_path / f"order{name}").exists() for name in "abc"))
    product.stop()
    product.stop()
    assert order.read_text() == "cba"
    assert product.lost() is None


def test_a_process_that_ignores_term_is_killed(product: Product, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    product.start([spec(python(IGNORES_TERM, ready), tmp_path)])
    until(ready.exists)
    pid = pids(product)[0]
    began = time.monotonic()
    product.stop()
    assert time.monotonic() - began < 5
    assert not alive(pid)


def test_grandchildren_end_with_it(product: Product, tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    product.start([spec(python(FORKS, ids), tmp_path)])
    grandchildren = read_ids(ids)
    product.stop()
    assert [alive(pid) for pid in grandchildren] == [False, sys.platform != "linux"]


def test_grandchildren_end_when_only_their_parent_ended(product: Product, tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    product.start([spec(python(FORKS, ids), tmp_path)])
    grandchildren = read_ids(ids)
    os.kill(pids(product)[0], signal.SIGKILL)
    until(lambda: not alive(grandchildren[0]), seconds=5)


# --- ports ----------------------------------------------------------------------------------------


def test_a_free_port_is_never_given_twice() -> None:
    given: list[int] = []
    threads = [threading.Thread(target=lambda: given.extend(free_port() for _ in range(50)))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == 200

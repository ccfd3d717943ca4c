"""How long `halt` takes, while the proxy is saturated and a fault hangs: from the wish to the end of the call that hung.

Two processes call without a pause, each on twelve connections. In each try somebody attaches and puts a hang into force,
a call falls into it, and somebody else attaches and halts. Exit 1 where the 99th percentile is two seconds or more.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from proxy_load import Caller, origin, request

from flowprobe.core.events import Saturated
from flowprobe.core.faults.hang import Hang
from flowprobe.core.scenario import Fault, FaultPlan, Match, Position
from flowprobe.journal.reader import Follower
from flowprobe.proxy.addresses import Address
from flowprobe.proxy.attached import AttachedProxy, Key
from flowprobe.proxy.process import EdgeSpec, ProxyProcess
from flowprobe.proxy.protocol import ControlSpec

TARGET_S = 2.0
TOKEN = "halt"
PLAN = FaultPlan("bench", (Fault("payments", "payments", Hang(60), Position("", 0, 0), Match(path="/v1/refunds")),))


def _press(port: int) -> None:
    threads = [threading.Thread(target=_endless, args=(Caller(port),)) for _ in range(12)]
    for thread in threads:
        thread.start()


def _endless(caller: Caller) -> None:
    while True:
        caller.call()


@contextmanager
def saturated(port: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    pressing = [context.Process(target=_press, args=(port,), daemon=True) for _ in range(2)]
    for process in pressing:
        process.start()
    try:
        yield
    finally:
        for process in pressing:
            process.kill()
            process.join()


def one(address: Address, port: int, number: int) -> float:
    """Seconds of one halt."""
    trial = f"{0x4A17000000000000 + number:016x}"
    with AttachedProxy(address, Key(TOKEN), name=f"run {number}") as run:
        run.apply(lease=trial, trial=trial, plan=PLAN, seed=1)
        with socket.create_connection(("127.0.0.1", port), timeout=30) as hung:
            hung.sendall(request("/v1/refunds", trial))
            while not run.faults()[0]["injections"]:
                time.sleep(0.01)
            began = time.monotonic()
            with AttachedProxy(address, Key(TOKEN), name=f"person {number}") as person:
                person.halt()
            while hung.recv(65536):
                pass
            return time.monotonic() - began


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tries", type=int, default=200)
    options.add_argument("--quick", action="store_true", help="20 tries")
    chosen = options.parse_args()
    tries = 20 if chosen.quick else chosen.tries
    with origin() as port, tempfile.TemporaryDirectory() as folder:
        edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{port}")]
        journal, control = Path(folder) / "proxy.jsonl", ControlSpec(f"unix:{folder}/control", TOKEN)
        with ProxyProcess(run="bench", edges=edges, journal=journal, owned=False, control=control) as proxy:
            ready = proxy.ready()
            through, address = int(ready.edges["payments"].rpartition(":")[2]), Address.parse(control.address)
            with saturated(through):
                took = sorted(one(address, through, number) for number in range(tries))
        busy = sum(isinstance(stamped.event, Saturated) for stamped in Follower(journal).new())
    p99 = took[math.ceil(0.99 * tries) - 1]
    print(f"halt: p50 {median(took):.3f} s, p99 {p99:.3f} s, at most {took[-1]:.3f} s in {tries} tries "
          f"(target {TARGET_S:g} s; the proxy said {busy} times that it was late)")
    return int(p99 >= TARGET_S)


if __name__ == "__main__":
    sys.exit(main())

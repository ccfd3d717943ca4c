"""What `flowprobe doctor` looks at: each part of this machine that a run needs, tried for real."""

from __future__ import annotations

import http.server
import os
import platform
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Fault, FaultPlan, Position
from flowprobe.core.tracing import call_id, traceparent
from flowprobe.core.wire import Call, NoReply
from flowprobe.errors import FlowProbeError
from flowprobe.http.driver import Driver
from flowprobe.product.ports import free_port
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.process import ProxyProcess
from flowprobe.proxy.protocol import Ready

__all__ = ["Finding", "checkup"]

DELAY_S = 0.2
_TRIAL = "d0c7042d0c7042d0"


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is good, warn or bad; `advice` says what to do about the last two."""

    part: str
    state: str
    text: str
    advice: str = ""


def checkup() -> Iterator[Finding]:
    """Each part as soon as it has been looked at."""
    yield _python()
    yield _mitmproxy()
    yield _guarded("ports", _ports)
    yield from _proxy()


def _python() -> Finding:
    text = f"{platform.python_version()} at {sys.executable}"
    if (3, 11) <= sys.version_info < (3, 15):
        return Finding("python", "good", text)
    return Finding("python", "bad", text, "FlowProbe needs Python 3.11 to 3.14")


def _mitmproxy() -> Finding:
    try:
        found = version("mitmproxy")
    except PackageNotFoundError:
        return Finding("mitmproxy", "bad", "not installed", "install flowprobe again, with its dependencies")
    if found.startswith("11."):
        return Finding("mitmproxy", "warn", f"{found}, the line for Python 3.11",
                       "it works, and listens on loopback only; Python 3.12 and newer get the maintained 12.x line")
    return Finding("mitmproxy", "good", found)


def _ports() -> Finding:
    return Finding("ports", "good", f"loopback is ours to listen on (127.0.0.1:{free_port()} is free)")


def _guarded(part: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (OSError, FlowProbeError) as error:
        return Finding(part, "bad", str(error), "see the message; a firewall or a sandbox may be in the way")


def _proxy() -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="flowprobe-doctor-") as folder, _origin() as origin:
        edges = (EdgeSpec("provider", "reverse", upstream=origin), EdgeSpec("user", "forward", hosts={origin: None}))
        proxy = ProxyProcess(run="doctor", edges=edges, journal=Path(folder) / "proxy.jsonl", owned=True)
        began = time.monotonic()
        try:
            proxy.start()
            ready = proxy.ready()
            yield Finding("proxy", "good", f"started in {time.monotonic() - began:.1f} s; its own cost is "
                          f"{ready.own_cost_s * 1000:.1f} ms a call and comes off every delay")
            yield _authority(ready)
            yield _round_trip(proxy, ready)
        except FlowProbeError as error:
            yield Finding("proxy", "bad", str(error), "nothing can be injected until this works")
        finally:
            proxy.close()


def _authority(ready: Ready) -> Finding:
    """Our certificates are made for each run, in a folder that only its owner can open."""
    path = Path(ready.ca_cert or "")
    mode = os.stat(path.parent).st_mode & 0o777
    ssl.create_default_context(cafile=str(path))
    if mode != 0o700:
        return Finding("certificates", "bad", f"{path.parent} has mode {mode:o}", "it has to be 700")
    return Finding("certificates", "good", "made for this run alone, in a private folder that is removed at its end")


def _round_trip(proxy: ProxyProcess, ready: Ready) -> Finding:
    place = Position("doctor", 1, 1)
    plan = FaultPlan("doctor", (Fault("provider", "provider", Latency(DELAY_S), place),))
    proxy.apply(lease="doctor", trial=_TRIAL, plan=plan, seed=1)
    took = _asked(ready.edges["provider"])
    if took is None:
        return Finding("round trip", "bad", "a call through the proxy was not answered", "is a firewall in the way?")
    if took < DELAY_S * 0.9:
        return Finding("round trip", "bad", f"a call asked to take {DELAY_S * 1000:.0f} ms took {took * 1000:.0f} ms",
                       "the fault was not injected; please report this")
    return Finding("round trip", "good", f"a fault of {DELAY_S * 1000:.0f} ms made a call take {took * 1000:.0f} ms")


def _asked(url: str) -> float | None:
    driver = Driver()
    call = call_id(_TRIAL, 1, 1)
    try:
        headers = {"traceparent": traceparent(call)}
        outcome = driver.send(Call(call, _TRIAL, "doctor", "doctor", "GET", url + "/", headers, budget=10))
    finally:
        driver.close()
    return None if isinstance(outcome, NoReply) else outcome.seconds


class _Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: standard error is the doctor's."""


@contextmanager
def _origin() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()

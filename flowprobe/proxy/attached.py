"""The runner's end of a proxy that somebody else started: control over its socket, and a copy of its journal.

What the proxy writes comes over the connection, line by line. Our copy has the lines that may be ours, numbered from 1;
a line that never came leaves its gap in the numbers. A connection that is lost is made anew for a few seconds, and
asks for what came after the last line; the leases that hung on it are gone all the same.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import select
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Literal

from flowprobe.core.attribution import Rung
from flowprobe.core.events import ProxyStarted
from flowprobe.core.scenario import FaultPlan
from flowprobe.errors import NotAdmitted, ToolFailed
from flowprobe.journal.writer import JournalWriter
from flowprobe.proxy.addresses import Address
from flowprobe.proxy.controller import Controller, Drained, settle
from flowprobe.proxy.proofs import agrees, fresh, proof

__all__ = ["AttachedProxy", "Key"]

_CONNECT_S = 5.0
_AGAIN_S = 5.0
"""How long a lost connection is made anew."""
_PAUSE_S = 0.1
_SILENT_S = 1.0
"""A proxy speaks first: one that says nothing for so long may wait for TLS."""
_NEEDS_FINGERPRINT = ("speaks TLS and needs the fingerprint that it printed at its start, in "
                      "FLOWPROBE_PROXY_FINGERPRINT or on the second line of the token")
_LATE_S = 5.0
"""How long lines of the journal may be under way after the answer that speaks of them."""
_LINE_BYTES = 64 << 20
_SAME_CLOCK_S = 0.25
_STAMPS = ("mono", "started", "ended", "at")


@dataclass(frozen=True, slots=True)
class Key:
    """What a proxy wants to be shown, and what it has to show: its token, and the SHA-256 of its certificate ('' where
    it has none, or one that the roots of this machine vouch for)."""

    token: str = field(repr=False)
    fingerprint: str = ""


class AttachedProxy(Controller):
    """A proxy at an address. `journal` None leaves its journal where it is: for those who only look."""

    def __init__(self, address: Address, key: Key, *, name: str, journal: Path | None = None) -> None:
        super().__init__()
        self._address, self._key, self._name = address, key, name
        self._copy = _Copy(journal) if journal else None
        self._private = tempfile.TemporaryDirectory(prefix="flowprobe-attached-")
        self._socket: socket.socket | None = None
        self._lines: BinaryIO | None = None
        self._proxy = ""
        self._connected = threading.Event()
        self._threads: list[threading.Thread] = []

    # --- life ---

    @property
    def alive(self) -> bool:
        return bool(self._threads) and not self.lost.is_set()

    def start(self) -> None:
        """Connect and listen, in threads; `ready` tells how that went."""
        for work in (self._serve, self._renew):
            thread = threading.Thread(target=work, name=f"attached {work.__name__.strip('_')}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Let go of what we hold, wait for the last lines of the journal, and leave the proxy to itself."""
        if not self._closing:
            with contextlib.suppress(ToolFailed):
                for lease in list(self._leases):
                    self.release(lease)
                if self._copy and self.alive and self._ready.done():
                    self._copy.wait(self.status()["number"], _LATE_S)
        self._closing = True
        self._hang_up()
        self._gone("closed")
        for thread in self._threads:
            thread.join(_AGAIN_S)
        if self._copy:
            self._copy.close()
        self._private.cleanup()

    def __enter__(self) -> AttachedProxy:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def apply(self, *, lease: str, trial: str, plan: FaultPlan, seed: int, ttl_s: float = 10.0,
              ceiling_s: float = 300.0, steps: Mapping[int, str] | None = None,
              customers: Mapping[str, Iterable[str]] | None = None, minimum: Rung | Literal[""] = "",
              unscoped: bool = False, probing: bool = False) -> None:
        if self._copy:
            self._copy.ours |= {lease, trial}
        super().apply(lease=lease, trial=trial, plan=plan, seed=seed, ttl_s=ttl_s, ceiling_s=ceiling_s, steps=steps,
                      customers=customers, minimum=minimum, unscoped=unscoped, probing=probing)

    def drain(self, trial: str, *, timeout_s: float) -> Drained:
        """Wait until nothing of a trial is under way in the proxy, and what it wrote about it is in our copy."""
        drained = super().drain(trial, timeout_s=timeout_s)
        if self._copy and not self._copy.wait(drained.sequence, _LATE_S):
            raise ToolFailed(f"the journal of the proxy did not come up to number {drained.sequence} within "
                             f"{_LATE_S:g} s")
        return drained

    # --- the connection ---

    def _serve(self) -> None:
        """Listen until we close, or until the proxy cannot be reached any more."""
        try:
            self._connect()
            while not self._closing:
                self._listen()
                self._reconnect()
        except (OSError, ValueError, ToolFailed) as error:
            if isinstance(error, NotAdmitted):
                settle(self._ready, error)
            self._gone("closed" if self._closing else self._why(error))
        finally:
            self._disconnect()

    def _why(self, error: Exception) -> str:
        if isinstance(error, ToolFailed):
            return str(error)
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"nobody takes orders at {self._address}: {said}; start one with `flowprobe proxy run`"

    def _connect(self) -> None:
        connection = self._dial()
        lines = connection.makefile("rb")
        try:
            greeting = self._greet(connection, lines)
            if self._proxy and greeting["proxy"] != self._proxy:
                raise ToolFailed(f"another proxy has taken the place of ours at {self._address}")
            connection.settimeout(None)
        except BaseException:
            lines.close()
            connection.close()
            raise
        with self._lock:  # not before: an order must not come before the hello
            self._socket, self._lines = connection, lines
        self._begin(greeting)

    def _dial(self) -> socket.socket:
        address = self._address
        if address.path:
            return _dial_path(address.path)
        connection = socket.create_connection((address.host, address.port), _CONNECT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not address.near or self._key.fingerprint:
            return self._secured(connection)
        if not select.select([connection], [], [], _SILENT_S)[0] and _speaks_tls(address):
            connection.close()
            raise NotAdmitted(f"the proxy at {address} {_NEEDS_FINGERPRINT}")
        return connection

    def _secured(self, connection: socket.socket) -> ssl.SSLSocket:
        """Over TLS: with the certificate that we know, else with one that belongs to the host."""
        wanted = self._key.fingerprint
        context = ssl.create_default_context()
        if wanted:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            secured = context.wrap_socket(connection, server_hostname=self._address.host)
        except ssl.SSLError as error:
            connection.close()
            raise self._not_secured(error) from error
        shown = sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
        if wanted and not hmac.compare_digest(shown, wanted):
            secured.close()
            raise NotAdmitted(f"the proxy at {self._address} shows another certificate than the one that we know")
        return secured

    def _not_secured(self, error: ssl.SSLError) -> ToolFailed:
        if isinstance(error, ssl.SSLCertVerificationError):
            return NotAdmitted(f"the proxy at {self._address} {_NEEDS_FINGERPRINT} ({error.verify_message})")
        return ToolFailed(f"what takes orders at {self._address} does not speak TLS with us ({error.reason})")

    def _greet(self, connection: socket.socket, lines: BinaryIO) -> dict[str, Any]:
        ours, token = fresh(), self._key.token
        theirs = str(_read(lines).get("nonce"))
        shown = proof(token, of="client", theirs=theirs, ours=ours)
        connection.sendall(_encoded({"hello": {"nonce": ours, "proof": shown, "name": self._name}}))
        greeting = _read(lines)
        if greeting.get("token") is False:
            raise NotAdmitted(f"the proxy at {self._address} refused the token: {greeting['failed']}")
        if "failed" in greeting:
            raise ToolFailed(f"the proxy at {self._address} refused: {greeting['failed']}")
        if not agrees(greeting.get("proof"), proof(token, of="proxy", theirs=ours, ours=theirs)):
            raise ToolFailed(f"what takes orders at {self._address} does not know the token: it is not our proxy")
        return greeting

    def _begin(self, greeting: dict[str, Any]) -> None:
        """Know what was said, and go on with the journal where we stopped."""
        greeting["ready"]["ca_cert"] = self._certificate(greeting["ca"])
        self._proxy = greeting["proxy"]
        if self._copy:
            self._copy.begin(greeting["number"], greeting["ready"])
            self._copy.ahead_s = _apart(greeting["mono"])
            with self._lock:
                self._write(_encoded({"id": 0, "op": "follow", "after": self._copy.last}))
        self._connected.set()
        self._heard(greeting)

    def _certificate(self, pem: str) -> str | None:
        if not pem:
            return None
        path = Path(self._private.name) / "ca.pem"
        path.write_text(pem)
        return str(path)

    def _listen(self) -> None:
        assert self._lines is not None, "we have connected"
        with contextlib.suppress(OSError, ValueError):
            while True:
                self._heard(_read(self._lines))

    def _heard(self, line: Mapping[str, Any]) -> None:
        match line:
            case {"journal": dict(entry)}:
                if self._copy:
                    self._copy.take(entry)
            case _:
                super()._heard(line)

    def _reconnect(self) -> None:
        """Raises what the last try came to."""
        self._disconnect()
        self._unanswered(ToolFailed("the connection to the proxy was lost"))
        with self._lock:
            self.ended |= dict.fromkeys(self._leases, "lost")
            self._leases.clear()
        deadline = time.monotonic() + _AGAIN_S
        while not self._closing:
            try:
                return self._connect()
            except (OSError, ValueError):
                if time.monotonic() > deadline:
                    raise
                self._renew_now.wait(_PAUSE_S)
        return None

    def _hang_up(self) -> None:
        """From any thread: whoever reads from the connection finds its end."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _disconnect(self) -> None:
        """From the thread that reads."""
        self._connected.clear()
        self._hang_up()
        for each in (self._lines, self._socket):
            if each is not None:
                each.close()

    def _send(self, data: Mapping[str, Any]) -> None:
        """An order waits for a connection that is being made anew."""
        if not self._connected.wait(_AGAIN_S):
            raise ToolFailed(f"the proxy is gone: {self.reason or 'the connection to it was lost'}")
        super()._send(data)

    def _write(self, line: bytes) -> None:
        if self._socket is None:
            raise OSError("not connected")
        self._socket.sendall(line)


def _speaks_tls(address: Address) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((address.host, address.port), _CONNECT_S) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


def _dial_path(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_CONNECT_S)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _read(lines: BinaryIO) -> dict[str, Any]:
    line = lines.readline(_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise ConnectionError("the connection was closed")
    data = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError("that is no proxy of ours")
    return data


def _encoded(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def _apart(mono: float) -> float:
    """What has to be added to the proxy's monotonic clock to have ours: nothing on one machine, where both are the same
    and only the way of the line lies between them."""
    apart = time.monotonic() - mono
    return apart if abs(apart) > _SAME_CLOCK_S else 0.0


class _Copy:
    """The lines of a proxy's journal that may be ours, in a file of this run. `last` is the proxy's number of the last
    line that came, whether or not we kept it; `ours` are the ids of our trials and leases; `ahead_s` is how far our
    clock is ahead of the proxy's."""

    def __init__(self, path: Path) -> None:
        self.last = -1
        self._path = path
        self._fd = -1
        self._number = 0
        self.ours: frozenset[str] = frozenset()
        self.ahead_s = 0.0
        self._came = threading.Condition()

    def begin(self, number: int, ready: Mapping[str, Any]) -> None:
        """Start the file with what a proxy says of itself; at a second beginning everything goes on as it was."""
        if self.last >= 0:
            return
        with JournalWriter(self._path, "proxy") as writer:
            self._number = writer.append(ProxyStarted(ready["mitmproxy"], ready["python"], ready["edges"]))
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self.last = number

    def take(self, entry: dict[str, Any]) -> None:
        """Keep a line, under a number of ours; what is missing before it is missing in our numbers too."""
        missing = entry["n"] - self.last - 1
        if missing < 0:
            return  # it came before the connection was lost
        self._number += missing
        if self._concerns_us(entry):
            self._number += 1
            stamps = {name: entry[name] + self.ahead_s for name in _STAMPS if self.ahead_s and name in entry}
            self._keep({**entry, **stamps, "n": self._number})
        with self._came:
            self.last = entry["n"]
            self._came.notify_all()

    def _concerns_us(self, entry: Mapping[str, Any]) -> bool:
        """Everything but what belongs to a trial, or a lease, of somebody else."""
        whose = entry.get("lease") if entry["event"] == "LeaseEnded" else entry.get("trial")
        return not whose or whose in self.ours

    def _keep(self, entry: Mapping[str, Any]) -> None:
        line = _encoded(entry)
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError as error:
            raise ToolFailed(f"cannot write the journal {self._path}: {error.strerror}") from error

    def wait(self, number: int, seconds: float) -> bool:
        """Until the line with a number of the proxy's has come."""
        with self._came:
            return self._came.wait_for(lambda: self.last >= number, seconds)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

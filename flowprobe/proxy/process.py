"""The runner's end of a proxy of its own: start it, control it over its pipe, and end it. Thread-safe."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from flowprobe.core.activity import LINGER_S
from flowprobe.core.attribution import Rung
from flowprobe.errors import ToolFailed
from flowprobe.proxy.controller import Controller, Drained
from flowprobe.proxy.edges import EdgeSpec, listeners
from flowprobe.proxy.protocol import ControlSpec, Ready, Settings, to_plain

__all__ = ["INTERPRETER_VARIABLE", "Drained", "EdgeSpec", "ProxyProcess", "Ready"]

INTERPRETER_VARIABLE = "FLOWPROBE_PROXY_PYTHON"
_GOODBYE_S = 3.0
_LAST_WORDS_S = 1.0
_STDERR_LINES = 40


class ProxyProcess(Controller):
    """One proxy, in a process of its own.

    `start` returns at once, since the child imports for a second or two; `ready` waits for it. `owned` says
    that FlowProbe started the product: a call without any mark is then the only active trial's. With `control` others
    may control it too; `product_token` lets listeners be beyond loopback.
    """

    def __init__(
        self,
        *,
        run: str,
        edges: Sequence[EdgeSpec],
        journal: Path,
        owned: bool,
        injector: bool = True,
        upstream_ca: Path | None = None,
        fail_in: str = "",
        control: ControlSpec | None = None,
        product_token: str = "",
        minimum: Rung = "window",
        attribution: bool = True,
        linger_s: float = LINGER_S,
    ) -> None:
        super().__init__()
        # What is wrong with the edges is said here, not by the child.
        listeners(edges, offered=bool(product_token))
        self._settings = Settings(
            run=run, edges=tuple(edges), journal=str(journal), token=secrets.token_urlsafe(24),
            owned=owned, injector=injector, upstream_ca=str(upstream_ca) if upstream_ca else None, fail_in=fail_in,
            control=control, product_token=product_token,
            minimum=minimum, attribution=attribution, linger_s=linger_s,
        )
        self._child: subprocess.Popen[bytes] | None = None
        self._all_said = threading.Event()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._threads: list[threading.Thread] = []

    # --- life ---

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None and not self.lost.is_set()

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    def start(self) -> None:
        """Start the child, and return at once."""
        python = os.environ.get(INTERPRETER_VARIABLE) or sys.executable
        try:
            self._child = subprocess.Popen(
                # -P: the folder that we are called in must not put its own modules before ours.
                [python, "-P", "-m", "flowprobe.proxy"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(),
                process_group=0,  # Ctrl-C in a terminal goes to the whole group, and the proxy serves cleanup too
            )
        except OSError as error:
            raise ToolFailed(f"cannot start the proxy with {python}: {error.strerror}") from error
        for work in (self._listen, self._listen_to_errors, self._renew):
            thread = threading.Thread(target=work, name=f"proxy {work.__name__.strip('_')}", daemon=True)
            self._threads.append(thread)
            thread.start()
        with contextlib.suppress(ToolFailed):  # a child that is gone at once is told by `ready`
            self._send(to_plain(self._settings))

    def close(self) -> None:
        """Stop the child: politely, and after three seconds by force. Closing twice is harmless."""
        child = self._child
        if child is None:
            return
        self._closing = True
        self._renew_now.set()
        if self.alive and self._ready.done():
            with contextlib.suppress(ToolFailed):
                self._ask("stop", timeout_s=_GOODBYE_S)
        with self._lock, contextlib.suppress(OSError):
            _stream(child.stdin).close()
        _end(child)
        self._gone("closed")
        for thread in self._threads:
            thread.join(_GOODBYE_S)
        for stream in (child.stdout, child.stderr):
            _stream(stream).close()

    def __enter__(self) -> ProxyProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the pipe ---

    def _write(self, line: bytes) -> None:
        stdin = _stream(self._child.stdin if self._child else None)
        stdin.write(line)
        stdin.flush()

    def _listen(self) -> None:
        for line in _stream(self._child.stdout if self._child else None):
            with contextlib.suppress(ValueError):
                self._heard(json.loads(line))
        if self._child:
            self._child.wait()
        self._all_said.wait(_LAST_WORDS_S)
        self._gone("closed" if self._closing else f"its process ended{self._said()}")

    def _listen_to_errors(self) -> None:
        for line in _stream(self._child.stderr if self._child else None):
            self._stderr.append(line.decode("utf-8", "replace").rstrip())
        self._all_said.set()

    def _said(self) -> str:
        return "; it said:\n" + "\n".join(self._stderr) if self._stderr else ""


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ToolFailed("the proxy was not started")
    return stream


def _end(child: subprocess.Popen[bytes]) -> None:
    for stronger in (child.terminate, child.kill):
        try:
            child.wait(_GOODBYE_S)
            return
        except subprocess.TimeoutExpired:
            stronger()
    child.wait()


def _environment() -> dict[str, str]:
    """Ours, so that the child finds the same FlowProbe wherever that was imported from."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}

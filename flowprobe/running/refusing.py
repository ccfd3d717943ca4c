"""`refuse` on the user edge: our own client refuses a call to itself, before anything is sent.

Nobody else could do it honestly: the client has connected already when the proxy hears of it. So the receipt is the
runner's, and every part of `match` and `when` can be kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from flowprobe.core.decide import Counters, Injection, Seen, decide
from flowprobe.core.events import Event, ExchangeEnded, Injected
from flowprobe.core.faults.asked import Asked
from flowprobe.core.faults.kinds import kind_name
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.trial import Trial
from flowprobe.core.wire import Call, NoReply, Outcome

__all__ = ["Refusing"]

_USER = "user"
_DETAIL = "The fault plan refused the connection."


class Refusing:
    """The refusals of one trial, while they are on. Thread-safe: branches of a `parallel` call at once."""

    def __init__(self, trial: Trial, record: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self._trial = trial
        self._faults = tuple(
            fault for fault in trial.plan.faults if fault.edge == _USER and isinstance(fault.kind, Refuse))
        self._record = record
        self._clock = clock
        self._counters = Counters()
        self._lock = threading.Lock()
        self._armed_at: float | None = None

    def arm(self) -> None:
        self._armed_at = self._clock()

    def disarm(self) -> None:
        self._armed_at = None

    def around(self, send: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
        """`send`, but for the calls that are refused."""
        return (lambda call: self._refused(call) or send(call)) if self._faults else send

    def _refused(self, call: Call) -> NoReply | None:
        parts = urlsplit(call.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        with self._lock:
            if self._armed_at is None:
                return None
            now = self._clock()
            injections = decide(self._faults, self._seen(call, path), self._counters,
                                seed=self._trial.seed, armed_s=now - self._armed_at)
            number = sum(self._counters.injections.values())
        if not injections:
            return None
        self._write(call, injections[0], parts.hostname or "", parts.path, f"r{number}", now)
        return NoReply(call.id, "connect", _DETAIL, sent=now, ended=now)

    def _seen(self, call: Call, path: str) -> Seen:
        headers = [(name.encode("latin-1", "replace"), value.encode()) for name, value in call.headers.items()]
        if call.body.media_type:
            headers.append((b"content-type", call.body.media_type.encode()))
        return Seen(_USER, call.method, path, call.step, Asked(path, headers, call.body.content))

    def _write(self, call: Call, injection: Injection, host: str, path: str, exchange: str, now: float) -> None:
        fault, trial = injection.fault, self._trial.id
        self._record(ExchangeEnded(
            exchange=exchange, edge=_USER, method=call.method, host=host, path=path, site=injection.site, trial=trial,
            call=call.id, evidence="runner", started=now, ended=now, status=None, upstream_status=None,
            error="refused by a fault",
        ))
        self._record(Injected(
            exchange=exchange, trial=trial, fault=fault.id, kind=kind_name(fault.kind), edge=_USER,
            site=injection.site, ordinal=injection.ordinal, at=now, detail="refused by our own client",
        ))

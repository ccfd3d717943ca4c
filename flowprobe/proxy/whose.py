"""Whose call is it, as the proxy can tell: what the core knows of marks, ids, customers and windows, held together for
one proxy, and the minimum of evidence below which nothing is injected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from flowprobe.core.activity import Activity
from flowprobe.core.attribution import AMBIGUOUS, NOBODY, Attribution, Rung, Signs, attribute, enough
from flowprobe.core.carriers import CARRIERS, carried
from flowprobe.core.clues import Clue, Customer, ExclusiveWindow, OwnListener, ProxyUser, seen_customers
from flowprobe.core.learning import Learned
from flowprobe.core.marks import SCANNED_BYTES, Marks, foreign_items
from flowprobe.core.rules import is_write
from flowprobe.proxy.edges import USER
from flowprobe.proxy.exchange import Exchange, Shown
from flowprobe.proxy.inflated import inflated
from flowprobe.proxy.ladder import Ladder
from flowprobe.proxy.leases import Lease, Leases

__all__ = ["Whose"]

_ALWAYS = ("baggage", "tracestate")
_TEACHING: Rung = "learned"
"""So much evidence a write needs for its reply to teach ids."""


class Whose:
    """Answers for one proxy whose a request is, and whether it may be faulted."""

    def __init__(self, ladder: Ladder, leases: Leases, clock: Callable[[], float]) -> None:
        self.ladder = ladder
        self.leases = leases
        self._clock = clock
        self.activity = Activity(clock(), grace=ladder.grace_s)
        self._learned = Learned()
        self._marks = Marks(())

    def settled(self, trial: str) -> None:
        """Nothing of a trial is expected any more."""
        self.activity.forget(trial)
        self._learned.drop((trial,))

    # --- the head of a request ---

    def look(self, edge: str, target: bytes, host: str, headers: Mapping[bytes, bytes], values: Iterable[bytes],
             user: str = "") -> Shown:
        """What a head shows; `values` are those of all its headers, repeated ones too. On the user edge our own call
        says itself whose it is; what it carries may be anybody's."""
        if edge == USER:
            trace = headers.get(b"traceparent")
            return Shown(carried({b"traceparent": trace} if trace else {}))
        shown = Shown(carried(headers), target, b"\n".join((target, *values)), user=user,
                      coding=headers.get(b"content-encoding", b"").decode("latin-1"))
        if self.leases.probing:
            shown.carriers = tuple(name for name in CARRIERS if name.encode() in headers)
            others = (value for name, value in headers.items() if name.decode("latin-1") not in CARRIERS)
            shown.others = b"\n".join(others)
        if clues := self.ladder.clues.get(edge):
            self._look_for_customers(shown, clues, headers, host)
        return shown

    def _look_for_customers(self, shown: Shown, clues: Sequence[Clue], headers: Mapping[bytes, bytes],
                            host: str) -> None:
        def find(name: str) -> str:
            return headers.get(name.encode(), b"").decode("latin-1")

        told = [clue for clue in clues if isinstance(clue, Customer) and clue.place in ("header", "query")]
        path = shown.target.decode("latin-1")
        shown.customers = seen_customers(clues, header=find, path=path, host=host)
        shown.names_customer = bool(seen_customers(told, header=find, path=path, host=host))

    def not_for_others(self, exchange: Exchange, headers: Mapping[bytes, bytes]) -> frozenset[str]:
        """The headers that a third party may not see as they are. What only a probe sends is among them where it is
        one's; a product may use these names itself."""
        found = {name for name in _ALWAYS if b"flowprobe" in headers.get(name.encode(), b"")}
        if probed := self.leases.probed:
            found |= {name for name, call in exchange.shown.carried if call.trial in probed}
        return frozenset(found)

    def _is_ours(self, trial: str) -> bool:
        return trial in self.leases.trials

    # --- the whole of it ---

    def of(self, exchange: Exchange, content: bytes) -> Attribution:
        """Whose a request is, by its head and as much of its body as is looked at."""
        shown, trials = exchange.shown, self.leases.trials
        if exchange.edge == USER:
            return attribute(Signs(shown.carried), trials)
        if trials != self._marks.trials:
            self._marks = Marks(trials)
        body = inflated(content, shown.coding)[:SCANNED_BYTES] if shown.coding else content[:SCANNED_BYTES]
        signs = self._signs(exchange.edge, shown, body)
        found = attribute(signs, trials)
        if found.evidence == "none":
            found = attribute(signs, trials, otherwise=self._otherwise(exchange.edge, shown))
        elif found.evidence in ("trial-id", "learned") and self._is_batch(found, exchange.edge, shown, body):
            return AMBIGUOUS
        if found.evidence == "none":
            self._strange(exchange.edge, shown, body)
        elif found.evidence == "window":
            exchange.collision = self.activity.collision(found.trial or "", exchange.edge, self._clock())
        return found

    def _signs(self, edge: str, shown: Shown, body: bytes) -> Signs:
        text = b"%b\n%b" % (shown.head, body) if body else shown.head
        marked = self._marks.found(text)
        learned: frozenset[str] = frozenset()
        if len(self._learned):
            learned = self._known_ids(b"%b\n%b" % (shown.target, body), marked, shown)
        customers = self._acting_as(edge, shown.customers)
        return Signs(shown.carried, marked, learned, customers, shown.names_customer and not customers)

    def _acting_as(self, edge: str, seen: frozenset[str]) -> frozenset[str]:
        """The trials that act as one of these customers."""
        if not seen:
            return seen
        return frozenset(each.trial for each in self.leases.in_force if seen & each.customers.get(edge, frozenset()))

    def _known_ids(self, text: bytes, marked: frozenset[str], shown: Shown) -> frozenset[str]:
        """The trials whose ids stand in a text. An id of another trial than the one whose mark it bears is everybody's
        from now on; where that other one is still running, the call may be about its things too."""
        learned = self._learned.whose(text)
        sure = marked | {call.trial for _, call in shown.carried if self._is_ours(call.trial)}
        others = learned - sure
        if not sure or not others:
            return learned
        self._learned.saw(next(iter(sure)), text)
        return learned if any(self.leases.holds(trial) for trial in others) else learned & sure

    def _otherwise(self, edge: str, shown: Shown) -> Attribution:
        """Whose a call is that nothing on it speaks for."""
        clues = self.ladder.clues.get(edge, ())
        if not self.ladder.owned and not clues:
            return NOBODY
        now = self._clock()
        sole = self.leases.sole(now)
        if sole is None:
            return NOBODY
        if self.ladder.owned:
            return Attribution(sole, "owned")
        for clue in clues:
            match clue:
                case ProxyUser(name=name) if shown.user == name:
                    return Attribution(sole, "proxy-user")
                case OwnListener():
                    return Attribution(sole, "listener")
                case ExclusiveWindow() if self.activity.in_window(sole, now):
                    return Attribution(sole, "window")
                case _:
                    continue
        return NOBODY

    def _is_batch(self, found: Attribution, edge: str, shown: Shown, body: bytes) -> bool:
        """Whether other people's things are in the same body. A product of ours has none."""
        if not body or self._otherwise(edge, shown).evidence == "owned":
            return False

        def is_ours(text: bytes) -> bool:
            return found.trial in self._marks.found(text) | self._learned.whose(text)

        return not is_ours(shown.head) and foreign_items(body, is_ours)

    def _strange(self, edge: str, shown: Shown, body: bytes) -> None:
        if not self.ladder.owned:
            self._learned.saw(None, b"%b\n%b" % (shown.target, body))
        if edge in self.ladder.exclusive:
            self.activity.stranger(edge, self._clock())

    # --- whether it may be faulted ---

    def spared(self, exchange: Exchange, lease: Lease | None) -> str:
        """Why a call on an edge that somebody faults is left alone; '' where it may be faulted, or nobody wants to."""
        whose = exchange.whose
        if self.ladder.off or exchange.edge == USER or (lease is not None and lease.unscoped):
            return ""
        if whose.trial is None:
            why = "ambiguous" if whose.evidence == "ambiguous" else "unattributed"
            return why if self.leases.faulted(exchange.edge) else ""
        if lease is None or not lease.on(exchange.edge):
            return ""
        for minimum in (self.ladder.minimum, lease.minimum):
            if minimum and not enough(whose.evidence, minimum):
                return f"below {minimum}"
        caused = self.activity.may_be_caused(whose.trial, self._clock(), linger=self.ladder.linger_s)
        return "" if caused or whose.evidence != "owned" else "background"

    def lease(self, exchange: Exchange) -> Lease | None:
        """The lease whose faults are for this exchange."""
        now = self._clock()
        if self.ladder.off and exchange.edge != USER:
            return next((lease for lease in self.leases.in_force if lease.on(exchange.edge)), None)
        return self.leases.over(exchange.whose.trial, now)

    # --- replies ---

    def wants_reply(self, exchange: Exchange) -> bool:
        """Whether something can be learned or forgotten from a reply: not where everything is one trial's anyway."""
        return exchange.edge != USER and not (self.ladder.owned and self.leases.sole(self._clock()) is not None)

    def replied(self, exchange: Exchange, reply: bytes, coding: str, request: bytes) -> None:
        """What the provider itself answered. The reply to a write of a trial teaches the ids of what was made."""
        text = inflated(reply, coding)[:SCANNED_BYTES] if coding else reply[:SCANNED_BYTES]
        trial = exchange.whose.trial
        if exchange.whose.evidence == "ambiguous" or (trial is None and self.ladder.owned):
            return
        self._learned.saw(trial, text)
        made = is_write(exchange.method) and 200 <= (exchange.upstream_status or 0) < 300
        if trial is not None and made and enough(exchange.whose.evidence, _TEACHING):
            known = inflated(request, exchange.shown.coding) if exchange.shown.coding else request
            self._learned.learn(trial, text, b"%b\n%b" % (exchange.shown.target, known))

    # --- probes ---

    def came_through(self, exchange: Exchange, content: bytes) -> dict[str, str]:
        """What came through of a probe: each of our carriers that is there, as `survived` or `changed`. Nothing is said
        of a call that is no probe's: what others send is their own affair."""
        if exchange.whose.trial not in self.leases.probed:
            return {}
        shown = exchange.shown
        ours = {name for name, call in shown.carried if self._is_ours(call.trial)}
        found = {name: "survived" if name in ours else "changed" for name in shown.carriers}
        body = inflated(content, shown.coding) if shown.coding else content
        if self._marks.found(b"\n".join((shown.target, shown.others, body[:SCANNED_BYTES]))):
            found["trial-id"] = "survived"
        return found

"""What every client has to see of each kind: the cases of `test_clients.py`, as a file writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from flowprobe.core.faults.fault import Fault, When
from flowprobe.core.faults.kinds import kind_name
from flowprobe.files.scenarios import load_profile
from tests.proxy.rig import BODY

__all__ = ["CASES", "EDGES", "ELSEWHERE", "FORWARD", "HOOKS", "REVERSE", "Case", "cases_of"]

REVERSE, FORWARD, HOOKS = "payments", "mail", "payments.webhooks"
EDGES = {
    REVERSE: "On a reverse edge, HTTP/1.1", FORWARD: "On a forward edge, over HTTPS",
    HOOKS: "As the provider, on the edge of its webhooks",
}

PATIENCE_S = 0.6
"""What a client has where it is to lose it."""

Sees = Literal["reply", "head", "cut", "nothing", "silence"]


@dataclass(frozen=True)
class Case:
    """One kind as it is written, and what is true of it for every client.

    `sees`: a whole `reply` of `status` and `length`; a `head` of that status, whatever the client makes of the rest; a
    head and then its end (`cut`), after `length` bytes of the body; `nothing` but an end; or `silence`, until it loses
    patience. `ends` is how that is on the wire (FIN, RST, or '' where the connection stays). `asked` is how often the
    provider was, `before` how many calls are made first, `seconds` how long it takes at least; a `hurried` client
    loses patience early. What is `alone` needs a product that FlowProbe started, and its only trial. `clients` None: all.
    """

    written: str
    sees: Sees = "reply"
    status: int = 200
    length: int | None = None
    ends: str = ""
    asked: int = 1
    path: str = "/v1/charges"
    method: str = "POST"
    before: int = 0
    seconds: float = 0.0
    header: tuple[str, str] | None = None
    hurried: bool = False
    alone: bool = False
    clients: tuple[str, ...] | None = None
    edges: tuple[str, ...] = (REVERSE, FORWARD)

    @property
    def patience_s(self) -> float:
        return PATIENCE_S if self.hurried or self.sees == "silence" else 20.0

    def fault(self, edge: str) -> Fault:
        """As the proxy gets it, read by the reader of files."""
        (fault,) = load_profile(Path("case.yaml"), text=(
            "flowprobe: 1\nprofile: case\nimitates: a bad day\nsurvives: all of it\n"
            f"faults: {{{edge}: {{{self.written}}}}}\n"
        )).faults
        return fault

    def never(self, edge: str) -> Fault:
        """The same at probability 0, which no file may say."""
        fault = self.fault(edge)
        return Fault(fault.id, edge, fault.kind, fault.position, fault.match, When(probability=0.0))

    @cached_property
    def kind(self) -> str:
        return kind_name(self.fault(self.edges[0]).kind)


HALF = len(BODY) // 2

CASES: tuple[Case, ...] = (
    Case("latency: 300ms", length=len(BODY), seconds=0.29),
    Case("latency: {fixed: 300ms, at: headers}", length=len(BODY), seconds=0.29),
    Case("latency: {fixed: 300ms, mode: at-least}", length=len(BODY), seconds=0.29),
    Case("latency: {fixed: 30ms, at: chunks, chunk: 100B}", length=len(BODY), seconds=0.29),
    Case("bandwidth: {down: 3KB/s}", length=len(BODY), seconds=0.29),
    Case("status: 503", status=503, asked=0),
    Case("status: {code: 429, headers: {Retry-After: '2'}, body: {error: busy}}", status=429, length=16, asked=0,
         header=("retry-after", "2")),
    Case("status: {recipe: stripe/card-declined}", status=402, asked=0, header=("content-type", "application/json")),
    Case("status: {code: 429, quota: {calls: 1, per: 60s}}", status=429, asked=1, before=1,
         header=("x-ratelimit-remaining", "0")),
    Case("reset: request", "nothing", asked=0, ends="RST"),
    Case("reset: headers", "cut", length=0, ends="RST"),
    Case("reset: {bytes: 300}", "cut", length=300, ends="RST"),
    Case("close: request", "nothing", asked=0, ends="FIN"),
    Case("close: headers", "cut", length=0, ends="FIN"),
    Case("close: {bytes: 300}", "cut", length=300, ends="FIN"),
    Case("hang: 30s", "silence", asked=0, seconds=PATIENCE_S - 0.05),
    Case("hang: 300ms", "nothing", asked=0, ends="FIN", seconds=0.29),
    Case("hang: {ceiling: 30s, at: headers}", "silence", seconds=PATIENCE_S - 0.05),
    Case("body: empty", length=0),
    Case("body: html"),
    Case("body: truncate", "cut", length=HALF, ends="FIN"),
    Case("body: {truncate: {keep: 50, length: right}}", length=HALF),
    Case("body: {malform: trailing-comma}", path="/document"),
    Case("body: {oversize: 100KB}", length=100_000),
    Case("body: {content_type: text/html}", length=len(BODY), header=("content-type", "text/html")),
    Case("body: {charset: utf-16}", "head", header=("content-type", "application/json; charset=utf-16")),
    Case("body: {encoding: gzip}", "head", hurried=True, header=("content-encoding", "gzip")),
    Case("field: {path: $.user.email, drop: true}", path="/document"),
    Case("lost_reply: close", "nothing", ends="FIN"),
    Case("lost_reply: reset", "nothing", ends="RST"),
    Case("lost_reply: {ends: hang, ceiling: 30s}", "silence", seconds=PATIENCE_S - 0.05),
    Case("duplicate: 2", length=len(BODY), asked=2),
    Case("stale: true", path="/count", before=1),
    Case("redirect_loop: 307", "head", status=307, asked=0),
    Case("error_envelope: graphql", asked=0),
    Case("expired_token: true", status=401, asked=0),
    Case("refuse: true", "nothing", asked=0, ends="refused", alone=True, edges=(REVERSE,)),
    Case("tls: handshake", "nothing", asked=0, alone=True, edges=(FORWARD,)),
    Case("tls: expired", "nothing", asked=0, alone=True, edges=(FORWARD,)),
    Case("tls: wrong_host", "nothing", asked=0, alone=True, edges=(FORWARD,)),
    Case("tls: unknown_ca", "nothing", asked=0, alone=True, edges=(FORWARD,)),
    Case("tls: {slow: 300ms}", length=len(BODY), seconds=0.29, alone=True, edges=(FORWARD,)),
    Case("h2: {rst_stream: ENHANCE_YOUR_CALM}", "nothing", asked=0, edges=(FORWARD,), clients=("curl",)),
    Case("h2: {goaway: {after: 1}}", length=len(BODY), edges=(FORWARD,), clients=("curl",)),
    Case("webhook: {delay: 300ms}", length=0, edges=(HOOKS,), alone=True),
    Case("webhook: {duplicate: 2}", length=len(BODY), asked=2, edges=(HOOKS,), alone=True),
    Case("webhook: {drop: true}", length=0, asked=0, edges=(HOOKS,), alone=True),
)

ELSEWHERE = {"websocket": "test_lines_seen.py"}
"""Kinds of which these clients cannot tell, as they come; and the test that does."""


def cases_of(client: str, edge: str) -> Iterable[Case]:
    return (case for case in CASES if edge in case.edges and (case.clients is None or client in case.clients))



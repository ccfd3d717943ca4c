"""The journal's vocabulary: frozen facts, in the order in which they happened.

Verdict, report, history and control room are folds over these. Each process writes its own stream; a line
also bears the writer, a sequence number and two clocks, which the journal adds (`flowprobe.journal`).
Durations are in seconds (`_s`); instants are seconds of the writer's monotonic clock.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any, TypeAlias

from flowprobe.core.findings import Finding
from flowprobe.core.plain import Plain, plain

__all__ = [
    "SCHEMA_VERSION",
    "AccountsLeased",
    "CallReplied",
    "CallSent",
    "CallUnanswered",
    "CleanupEnded",
    "CleanupPlanned",
    "CleanupSettled",
    "Diagnosed",
    "EnvironmentReady",
    "Event",
    "ExchangeEnded",
    "FaultsArmed",
    "FaultsDisarmed",
    "FaultsPassed",
    "FoundBy",
    "Halted",
    "HookFailed",
    "IdentityJudged",
    "Injected",
    "Interrupted",
    "InvariantJudged",
    "LeaseApplied",
    "LeaseEnded",
    "LedgerOpened",
    "PlannedFault",
    "ProcessEnded",
    "ProxyStarted",
    "RunEnded",
    "RunStarted",
    "Saturated",
    "SendsJudged",
    "SignedIn",
    "Stamped",
    "StepEnded",
    "ToolFailure",
    "TrialEnded",
    "TrialSkipped",
    "TrialStarted",
    "from_json",
    "members",
    "to_json",
    "without_body",
]

SCHEMA_VERSION = 1


# --- written by the runner ------------------------------------------------------------------------


@plain
class RunStarted(Plain):
    run: str
    version: str
    seed: int
    environment: str
    command: str


@plain
class EnvironmentReady(Plain):
    """The product that we started has answered that it is ready: from now on silence is its own."""


@plain
class IdentityJudged(Plain):
    """The target was asked who it is before anything else was sent. `outcome` is held, broken or silent."""

    method: str
    url: str
    outcome: str
    detail: str = ""


@plain
class Halted(Plain):
    """A guard of the environment ended the run: `kind` is refused (a call that is not allowed, and was not sent),
    budget or window. `trial` is the one that was being walked."""

    trial: str
    kind: str
    because: str


@plain
class ProcessEnded(Plain):
    """A process that we started has ended by itself while a trial was walked. `stand_in`: it is not the product."""

    trial: str
    process: str
    how: str
    stand_in: bool


@plain
class PlannedFault(Plain):
    """One fault of a plan, as evidence needs it: `described` is what a person reads ("latency 500ms"), `when` which of
    the calls it means ("probability 0.1"), '' for all. `among`: it is one of several, of which a call suffers the one
    that its draw names."""

    id: str
    edge: str
    kind: str
    described: str
    when: str = ""
    among: bool = False


@plain
class TrialStarted(Plain):
    """`personas` maps a role to the persona; `rerun` is the command that runs just this trial again. `imitates` and
    `survives` are what the fault profile says of itself, `tags` those of the scenario; `explains` is the trial whose
    cause this one was made to find, `repeats` the one that this one only measures again."""

    trial: str
    scenario: str
    file: str
    personas: Mapping[str, str]
    plan: str
    seed: int
    rerun: str
    faults: tuple[PlannedFault, ...] = ()
    account: Mapping[str, Any] = field(default_factory=dict)
    imitates: str = ""
    survives: str = ""
    tags: tuple[str, ...] = ()
    explains: str = ""
    repeats: str = ""


@plain
class AccountsLeased(Plain):
    """What the trial holds until its cleanup is done: `accounts` maps a persona to the account of its pool."""

    trial: str
    accounts: Mapping[str, str]


@plain
class SignedIn(Plain):
    """A token was asked for at `where`: `grant` is that of OAuth2, `outcome` signed-in or failed (`detail` says why).
    The token itself is in no journal."""

    persona: str
    grant: str
    where: str
    outcome: str
    total_s: float
    detail: str = ""


@plain
class FaultsArmed(Plain):
    trial: str
    lease: str


@plain
class FaultsDisarmed(Plain):
    trial: str
    lease: str


@plain
class CallSent(Plain):
    trial: str
    step: str
    call: str
    attempt: int
    persona: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: str = ""
    phase: str = "workflow"


@plain
class CallReplied(Plain):
    """`at` is when the first byte was sent; the body is text, capped, redacted. `redirects` are the URLs that were
    followed, in order: the reply is that of the last one."""

    call: str
    status: int
    at: float
    first_byte_s: float
    total_s: float
    headers: tuple[tuple[str, str], ...]
    body: str
    body_bytes: int
    truncated: bool = False
    redirects: tuple[str, ...] = ()


@plain
class CallUnanswered(Plain):
    call: str
    reason: str
    detail: str
    at: float
    total_s: float
    status: int | None = None
    redirects: tuple[str, ...] = ()


@plain
class StepEnded(Plain):
    """`outcome` is held, degraded (`because` names what allowed it), broken, skipped or not-reached (`because` says
    why), or, of a call of `given`, refused: the product would not have this account state, and may. Of a `parallel`
    that held, `because` names who was walked at the same time."""

    trial: str
    step: str
    outcome: str
    findings: tuple[Finding, ...] = ()
    because: str = ""
    captured: Mapping[str, Any] = field(default_factory=dict)
    phase: str = "workflow"


@plain
class TrialEnded(Plain):
    """`how` is finished, stopped, set-up-failed (a call of `given` was not answered as it should be) or set-up-refused
    (it was refused, as its `refuses` says that it may be)."""

    trial: str
    how: str


@plain
class LedgerOpened(Plain):
    """The first row of a run's ledger: where the things were made, and which file knows the personas. `started`: in a
    product that was started for this run, and is gone with it."""

    run: str
    environment: str
    project: str
    started: bool = False


@plain
class FoundBy(Plain):
    """How a thing is found again: the call that lists, and the items (a JSONPath) of its reply that fit `where`;
    `field` of one is its id."""

    method: str
    url: str
    where: Mapping[str, Any]
    items: str
    field: str


@plain
class CleanupPlanned(Plain):
    """The intent, durable before the call that makes something is sent. `described` is the call as the file
    writes it, `number` the step's, `round` says which of its rounds. With `find`, `method` and `url` are the call that
    undoes it, in which the id stands as `found-id`."""

    trial: str
    step: str
    number: int
    persona: str
    described: str
    round: int = 1
    method: str = ""
    url: str = ""
    find: FoundBy | None = None


@plain
class CleanupSettled(Plain):
    """What the step's outcome means for its cleanup: `state` is due (with the resolved call), to-find (it has to be
    looked for first), not-needed (the product refused, or nothing was sent) or unknown (something may be there, and we
    cannot name it). `pending`: we ended the call ourselves, and what it makes may still come into being."""

    trial: str
    step: str
    number: int
    persona: str
    state: str
    method: str = ""
    url: str = ""
    detail: str = ""
    round: int = 1
    pending: bool = False


@plain
class CleanupEnded(Plain):
    """`outcome` is gone or failed."""

    trial: str
    step: str
    outcome: str
    detail: str = ""
    round: int = 1


@plain
class SendsJudged(Plain):
    """What `sends` promised of a step, held against the provider calls that were seen. `outcome` is held,
    degraded or broken. `unseen` are the promises that nobody could look at: of edges that do not pass our proxy;
    `unsure` those that may be kept or not: calls passed of which nothing told whose they were."""

    trial: str
    step: str
    outcome: str
    findings: tuple[Finding, ...] = ()
    because: str = ""
    unseen: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


@plain
class InvariantJudged(Plain):
    """What is promised of the whole journey, held against what was seen of it and what the probes then showed.
    `promise` is always or never. `outcome` is held, broken (`because` says what made it apply), unsure (`because` says
    why it may be either, and `blame` who has to look) or unseen (nobody could look: the calls do not pass our
    proxy)."""

    trial: str
    promise: str
    name: str
    outcome: str
    findings: tuple[Finding, ...] = ()
    because: str = ""
    blame: str = ""


@plain
class TrialSkipped(Plain):
    """A trial that was not walked, and why: `blame` is baseline, stopped, tool or environment."""

    trial: str
    because: str
    blame: str


@plain
class Diagnosed(Plain):
    """What was looked at right after a trial failed, within `total_s`: `seen` has each of them by its name, in words.
    `blame` is that of the verdict which it speaks for (`because` says why), '' where it speaks for none."""

    trial: str
    blame: str
    because: tuple[str, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    total_s: float = 0.0


@plain
class Interrupted(Plain):
    signal: str


@plain
class ToolFailure(Plain):
    """A part of ours failed: `part` is proxy, journal, product or runner."""

    part: str
    detail: str
    trial: str = ""


@plain
class RunEnded(Plain):
    run: str


# --- written by the proxy -------------------------------------------------------------------------


@plain
class ProxyStarted(Plain):
    """`edges` maps an edge to the URL of its listener; `attribution` is the least evidence that an injection needs."""

    mitmproxy: str
    python: str
    edges: Mapping[str, str]
    attribution: str = ""


@plain
class LeaseApplied(Plain):
    lease: str
    trial: str
    plan: str
    rules_version: int
    ttl_s: float
    ceiling_s: float


@plain
class LeaseEnded(Plain):
    """`reason` is released, expired (not renewed in time), ceiling, halted, or lost (its controller went away)."""

    lease: str
    reason: str


@plain
class ExchangeEnded(Plain):
    """One request seen on an edge, whether or not anything was injected.

    `trial` and `call` are None where they are not known; `evidence` says how they were found: the header with the trace
    id (traceparent, baggage, …), trial-id, learned (an id that the provider gave), credentials (the customer),
    listener or proxy-user (an instance of its own), window, owned (we started the product, one trial is active),
    runner (a call of ours, which our own client refused), ambiguous (it bears the marks of two trials, or only some
    items of a batch do) or none. `spared` says why no fault fell on it though some were for its edge: unattributed,
    ambiguous, background, or below and the minimum. `carriers` are, in a probe alone, the names of ours that came
    through, survived or changed. An edge `undeclared` is a host that nobody declared: passed untouched, only
    counted. `status` is what the caller was given (None: no answer); `upstream_status` what the provider said
    (None: it was not asked, or did not answer). `key` is the idempotency key's digest, `body` that of the body (''
    for none); `retry_after_s` is for how long the answer asked its caller to wait (RFC 9110, 10.2.3), in seconds.
    `protocol` is what the caller speaks with us: HTTP/1.1, HTTP/2.0, or '' where it made no request. A connection
    on which a fault fell before any request is one of the method CONNECT.
    """

    exchange: str
    edge: str
    method: str
    host: str
    path: str
    site: str
    trial: str | None
    call: str | None
    evidence: str
    started: float
    ended: float
    status: int | None
    upstream_status: int | None
    error: str = ""
    request_bytes: int = 0
    reply_bytes: int = 0
    key: str = ""
    body: str = ""
    retry_after_s: float | None = None
    protocol: str = ""
    spared: str = ""
    carriers: Mapping[str, str] = field(default_factory=dict)


@plain
class Injected(Plain):
    """The receipt of one injection. Delays in seconds: what was asked, how long we slept, what came of it.

    `ordinal` counts from 1 by trial, step and call site. `gave_up_s` is when the caller went away, where it did
    before we let go. `depends_on` says what decided beside the seed and the ordinal: time, order, both, or nothing.
    `moved` is how many bytes went over a line that was slow.
    `evidence` is by what the call was known to be the trial's, `collision` the chance that it was not, where a window
    was all there was.
    """

    exchange: str
    trial: str
    fault: str
    kind: str
    edge: str
    site: str
    ordinal: int
    at: float
    asked_s: float = 0.0
    slept_s: float = 0.0
    realised_s: float = 0.0
    gave_up_s: float | None = None
    detail: str = ""
    depends_on: str = ""
    moved: int = 0
    evidence: str = ""
    collision: float | None = None


@plain
class FaultsPassed(Plain):
    """The calls that the faults of a lease passed by: how many, by the fault's id and the reason."""

    lease: str
    trial: str
    passed: Mapping[str, Mapping[str, int]]


@plain
class HookFailed(Plain):
    """Our code failed in a hook of the proxy: nothing was injected into that exchange."""

    hook: str
    detail: str
    exchange: str = ""
    trial: str | None = None


@plain
class Saturated(Plain):
    """The proxy's event loop was late by this much: delays of that time are not to be trusted."""

    lag_s: float


Event: TypeAlias = (
    RunStarted | TrialStarted | FaultsArmed | FaultsDisarmed | CallSent | CallReplied | CallUnanswered | StepEnded
    | TrialEnded | TrialSkipped | SendsJudged | InvariantJudged | LedgerOpened | CleanupPlanned | CleanupSettled
    | CleanupEnded | Interrupted | EnvironmentReady | IdentityJudged | Halted | ProcessEnded | ToolFailure | RunEnded
    | AccountsLeased | SignedIn | Diagnosed
    | ProxyStarted | LeaseApplied | LeaseEnded | ExchangeEnded | Injected | FaultsPassed | HookFailed | Saturated
)


@plain
class Stamped(Plain):
    """One line of a journal: who wrote it, as which number of its stream (from 1), and when."""

    writer: str
    number: int
    mono: float
    wall: float
    event: Event


_NO_HEADERS: Mapping[str, str] = {}
_NOTHING: Mapping[str, Any] = {}


def without_body(event: Event) -> Event:
    """The same, lighter: without what only the journal has to have of a call. The body of an error stays, for the
    oracles look into it. Written out, for each call passes here: `dataclasses.replace` takes several times as long."""
    match event:
        case CallSent():
            return CallSent(event.trial, event.step, event.call, event.attempt, event.persona, event.method, event.url,
                            _NO_HEADERS, "", event.phase)
        case CallReplied():
            body = event.body if event.status >= 400 else ""
            return CallReplied(event.call, event.status, event.at, event.first_byte_s, event.total_s, (), body,
                               event.body_bytes, event.truncated, event.redirects)
        case StepEnded():
            return StepEnded(event.trial, event.step, event.outcome, event.findings, event.because, _NOTHING,
                             event.phase)
        case _:
            return event


# --- to and from JSON -----------------------------------------------------------------------------

_BY_NAME: dict[str, type[Any]] = {cls.__name__: cls for cls in typing.get_args(Event)}
_NAMES: dict[type[Any], tuple[str, ...]] = {}


def to_json(event: Event) -> dict[str, Any]:
    """The event as JSON values; `event` is its name."""
    return {"event": type(event).__name__, **{name: _value(item) for name, item in members(event).items()}}


def members(value: Any) -> dict[str, Any]:
    """The parts of an event, or of a value inside one, as they are: what an encoder's `default` needs."""
    cls = type(value)
    names = _NAMES.get(cls)
    if names is None:
        names = _NAMES[cls] = tuple(f.name for f in fields(cls))
    return {name: getattr(value, name) for name in names}


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    if is_dataclass(value):
        return {name: _value(item) for name, item in members(value).items()}
    return value


def from_json(data: Mapping[str, Any]) -> Event | None:
    """The event of a line, or None for one that this version does not know (a newer writer's).

    Unknown keys of a known event are left out for the same reason.
    """
    cls = _BY_NAME.get(data.get("event", ""))
    return None if cls is None else typing.cast(Event, _build(cls, data))


_HINTS: dict[type[Any], dict[str, Any]] = {}


def _hints(cls: type[Any]) -> dict[str, Any]:
    """What its parts are; to work that out takes longer than everything else about a line."""
    found = _HINTS.get(cls)
    if found is None:
        found = _HINTS[cls] = typing.get_type_hints(cls)
    return found


def _build(cls: type[Any], data: Mapping[str, Any]) -> Any:
    hints = _hints(cls)
    return cls(**{f.name: _read(hints[f.name], data[f.name]) for f in fields(cls) if f.name in data})


def _read(hint: Any, value: Any) -> Any:
    if isinstance(value, list) and typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(_read(inner, item) for item in value)
    if isinstance(value, dict) and isinstance(hint, type) and is_dataclass(hint):
        return _build(hint, value)
    if isinstance(hint, types.UnionType) and isinstance(value, list):
        return tuple(value)
    if isinstance(hint, types.UnionType) and isinstance(value, dict):
        return _read(next((part for part in typing.get_args(hint) if is_dataclass(part)), hint), value)
    return value

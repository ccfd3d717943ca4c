"""The one scenario model: every input compiles to these frozen values, and nothing after them knows the file.

Values (`Value`) are JSON values in which a string may be a `Template`: text with `${...}` in it, parsed
when the file is loaded and resolved, once, when the step is reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from flowprobe.core.faults.kinds import Kind

__all__ = [
    "Arithmetic", "Bearer", "CallTemplate", "Capture", "CaptureSource", "Constant", "Environment", "Expect",
    "Expression", "Fault", "FaultPlan", "Limit", "Lookup", "Match", "Persona", "Poll", "Position",
    "Project", "Provider", "Retry", "Scenario", "SecretRef", "Sends", "Start", "Step", "Template",
    "Text", "Under", "Value", "When",
]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


# --- values ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lookup:
    """A dotted path over declared names: `invite.id` is ('invite', 'id')."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, or a duration in seconds (`seconds=True`) that can be added to a time."""

    value: int | float
    seconds: bool = False

    def __str__(self) -> str:
        return f"{self.value}s" if self.seconds else str(self.value)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left operator right`, where the operator is one of + - *."""

    operator: str
    left: Expression
    right: Expression

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


Expression: TypeAlias = Lookup | Constant | Arithmetic


@dataclass(frozen=True, slots=True)
class Template:
    """Text with look-ups. A single part that is an expression keeps the type of what it finds."""

    parts: tuple[str | Expression, ...]
    position: Position

    def __str__(self) -> str:
        return "".join(p.replace("${", "$${") if isinstance(p, str) else "${" + str(p) + "}" for p in self.parts)


Text: TypeAlias = str | Template
Value: TypeAlias = "bool | int | float | str | Template | Sequence[Value] | Mapping[str, Value] | None"


# --- steps ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallTemplate:
    """`METHOD target:/path`. `target` is None for the environment's only (or first) one.

    `path` starts with '/' (the query may stand in it); a Template where it has look-ups.
    """

    method: str
    path: Text
    position: Position
    target: str | None = None


@dataclass(frozen=True, slots=True)
class CaptureSource:
    """Where a capture looks: `kind` is json, header, cookie, regex or status; `path` the JSONPath, name or
    pattern ('' for status)."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Capture:
    """`name` becomes `${step.name}`."""

    name: str
    source: CaptureSource
    position: Position
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Sends:
    """What the product must have sent to `provider` because of this step: `METHOD path-template` times `calls`.

    `calls` is an expected-shape value (a number, or a mapping of one matcher), see `core.expect`.
    """

    provider: str
    method: str
    path: str
    calls: Value
    position: Position


@dataclass(frozen=True, slots=True)
class Expect:
    """What a reply must satisfy. None means "not said".

    `status` is a tuple of allowed codes; where it is None a reply below 400 is expected.
    `json` is an expected shape (literals, `$` matchers, `$.paths`), `exactly` refuses further properties.
    `within` is in seconds, or a Template that yields a duration.
    `patience` is for `under` alone: how long a poll may then take, in seconds.
    """

    status: tuple[int, ...] | None = None
    json: Value = None
    has_json: bool = False
    exactly: bool = False
    within: float | Template | None = None
    sends: tuple[Sends, ...] = ()
    patience: float | None = None
    position: Position | None = None
    positions: Mapping[str, Position] = field(default_factory=dict)

    @property
    def named(self) -> frozenset[str]:
        """The parts that the file states."""
        parts = {"status": self.status is not None, "json": self.has_json, "within": self.within is not None,
                 "sends": bool(self.sends)}
        return frozenset(name for name, stated in parts.items() if stated)


@dataclass(frozen=True, slots=True)
class Poll:
    """Call again every `every` seconds until the reply is as `until` says, for at most `patience` seconds; `fail_if`
    ends it at once. A condition is an expectation without a say about what it does not name."""

    until: Expect
    every: float
    patience: float
    position: Position
    fail_if: Expect | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Call again, at most `times` times, where transport failed: `on` holds `connect`, `no-reply` and status
    codes. The pause doubles from `backoff` seconds; Retry-After is obeyed."""

    on: tuple[str | int, ...]
    times: int = 2
    backoff: float = 0.2
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One named link of the workflow. `role` None means the scenario's first role.

    `check` is judged like `expect`, and the journey goes on. `when` maps a dotted path to a shape: where one does
    not fit, the step is skipped. `timeout` is the total budget of each of its calls in seconds, `redirects` how many
    redirects each of them may follow.
    """

    name: str
    call: CallTemplate
    position: Position
    role: str | None = None
    query: Mapping[str, Value] = field(default_factory=dict)
    headers: Mapping[str, Text] = field(default_factory=dict)
    json: Value = None
    has_json: bool = False
    expect: Expect = field(default_factory=Expect)
    captures: tuple[Capture, ...] = ()
    cleanup: CallTemplate | None = None
    check: Expect = field(default_factory=Expect)
    poll: Poll | None = None
    retry: Retry | None = None
    when: Mapping[str, Value] = field(default_factory=dict)
    timeout: float | None = None
    redirects: int = 0


# --- faults ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Match:
    """Which calls of the edge a fault falls on; None and empty mean every one. `path` is a path template:
    `/v1/charges/*` (one segment), `/v1/**` (any rest)."""

    method: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class When:
    """Which of the matching calls suffer: counted by trial, step and call site.

    `after` calls pass first, then every `every`-th, of those the first `first`, each with `probability`.
    """

    probability: float = 1.0
    first: int | None = None
    every: int = 1
    after: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """The blast radius of one fault: injections and seconds since it was armed; enforced in the proxy."""

    injections: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of harm on one edge (`user` or a provider's name). `id` is unique in its plan: `payments`,
    or `payments[1]` for the second one of a list."""

    id: str
    edge: str
    kind: Kind
    position: Position
    match: Match = Match()
    when: When = When()
    limit: Limit = Limit()


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What one trial is to suffer. The unfaulted twin has the plan named `none`, without faults."""

    name: str
    faults: tuple[Fault, ...]
    position: Position | None = None
    imitates: str = ""


@dataclass(frozen=True, slots=True)
class Under:
    """What is still promised while degraded: `key` is a plan's name, a provider, or `provider/kind`; `steps`
    maps a step's name to the expectation whose named parts replace the ordinary ones."""

    key: str
    steps: Mapping[str, Expect]
    position: Position


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `personas` maps a role to the names of personas, one trial each; the first role acts where a
    step names none. `positions` says where the rest stands: `personas.admin`."""

    name: str
    file: str
    position: Position
    personas: Mapping[str, tuple[str, ...]]
    workflow: tuple[Step, ...]
    tags: tuple[str, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    under: tuple[Under, ...] = ()
    positions: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)


# --- personas and environments --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A secret by reference, never by value: `env:NAME`, `file:PATH`, or `mint:NAME` (made anew for each run
    and handed to a product that we start)."""

    scheme: str
    name: str
    position: Position

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer <secret>` on every call of the persona."""

    token: SecretRef


@dataclass(frozen=True, slots=True)
class Persona:
    """A key-account user. `fields` are what `${role.name}` finds: plan, region, account, anything."""

    name: str
    position: Position
    fields: Mapping[str, Value] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    budget: Mapping[str, float] = field(default_factory=dict)
    auth: Bearer | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A third party of the product. `url` is what the product believes, `upstream` where it really goes.

    `edge` is `reverse` (the product is given our listener's URL) or `forward` (the product uses us as its
    proxy and trusts our CA). `listen` fixes our listener as host:port.
    """

    name: str
    url: str
    position: Position
    upstream: str | None = None
    edge: str = "reverse"
    listen: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A process that we start: its command and variables may look up `${edges.NAME.url}`,
    `${target.port}`, `${upstreams.NAME.port}` and `${mint.NAME}`; `ready` is polled until it answers 2xx."""

    command: tuple[Text, ...]
    position: Position
    env: Mapping[str, Text] = field(default_factory=dict)
    ready: CallTemplate | None = None
    ready_within: float = 20.0


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom our calls to the targets believe: the roots of the system, and beside them the PEM file `ca`, a path from
    the folder of the file. `verify` False believes anybody: for targets on loopback, and labs."""

    position: Position
    verify: bool = True
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a run may go. `targets` maps a name to a base URL; the first is the default. `personas` None
    means all of the project. `http2` offers HTTP/2 to the targets; `lab` says that nothing here is worth protecting.
    """

    name: str
    position: Position
    targets: Mapping[str, str]
    start: tuple[Start, ...] = ()
    providers: Mapping[str, Provider] = field(default_factory=dict)
    personas: tuple[str, ...] | None = None
    http2: bool = False
    tls: Tls | None = None
    lab: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """The `flowprobe.yaml` found upwards. `default` names the environment used without `--env`."""

    file: str
    environments: Mapping[str, Environment]
    personas: Mapping[str, Persona]
    default: str | None = None

"""The one scenario model: every input compiles to these frozen values, and nothing after them knows the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from flowprobe.core.account import AccountField, ChosenOddity, Constraint
from flowprobe.core.faults.fault import Fault, FaultPlan, Limit, Match, When
from flowprobe.core.plain import Plain, plain
from flowprobe.core.rules import AllowRule, Budget, FaultRule, Given, Identity
from flowprobe.core.statements import Invariant, Probe
from flowprobe.core.steps import (
    CallTemplate,
    Capture,
    CaptureSource,
    ContractTerms,
    Each,
    Expect,
    Find,
    Item,
    Parallel,
    Poll,
    Repeat,
    Retry,
    Samples,
    Sends,
    SignIn,
    Step,
    Use,
    steps_of,
)
from flowprobe.core.values import Arithmetic, Constant, Expression, Lookup, Position, Template, Text, Value
from flowprobe.core.windows import Freeze, Window

if TYPE_CHECKING:
    from flowprobe.core.accounts import Account
    from flowprobe.core.auth import Auth, Certificate
    from flowprobe.core.clues import Clue
    from flowprobe.core.nights.recipients import Recipient
    from flowprobe.core.nights.settings import Nightly
    from flowprobe.core.telemetry import ProductSide

__all__ = [
    "GUEST", "Arithmetic", "CallTemplate", "Capture", "CaptureSource", "Constant", "ContractTerms", "Each",
    "Environment", "Expect", "Expression", "Fault", "FaultPlan", "FileRef", "Find", "Input", "Item", "Limit", "Lookup",
    "Match", "Parallel", "Persona", "Poll", "Position", "Project", "Provider", "Repeat", "Retry", "Samples", "Scenario",
    "SecretRef", "Selector", "Sends", "SignIn", "Start", "Step", "Template", "Under", "Use", "Value", "When",
    "webhook_edge",
]

GUEST = "guest"
"""The role of somebody who has not signed in."""


def webhook_edge(provider: str) -> str:
    """The edge between a provider that calls back and the product."""
    return f"{provider}.webhooks"


@plain
class Under(Plain):
    """What is still promised while degraded: `key` is a plan's name, a provider, or `provider/kind`; `steps`
    maps a step's name to the expectation whose named parts replace the ordinary ones."""

    key: str
    steps: Mapping[str, Expect]
    position: Position


@plain
class Selector(Plain):
    """Personas by what they are: every label of `labels`, and the same value in each of `fields`."""

    labels: tuple[str, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)


@plain
class Input(Plain):
    """What a scenario that is used by another is given: `required` where it has no `default`."""

    required: bool = True
    default: Value = None


@plain
class Scenario(Plain):
    """One file. `personas` maps a role to the names of personas, one trial each; the first role acts where a
    step names none; `selectors` has the roles that name no persona but say what one is like. `account` is the state
    that the journey starts from, `given` the calls that bring it about; `constraints` hold between its fields, and
    `oddities` are the odd accounts to be tried (None: every one of the catalogue that fits). `timeout` is how long the
    workflow may take, in seconds. `invariants` are promised of the whole journey, whatever the plan, and `probes` are
    what some of them look at. `positions` says where the rest stands: `personas.admin`."""

    name: str
    file: str
    position: Position
    personas: Mapping[str, tuple[str, ...]]
    workflow: tuple[Item, ...]
    tags: tuple[str, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    under: tuple[Under, ...] = ()
    positions: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)
    account: Mapping[str, AccountField] = field(default_factory=dict)
    given: tuple[Step, ...] = ()
    timeout: float | None = None
    inputs: Mapping[str, Input] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    selectors: Mapping[str, Selector] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    oddities: tuple[ChosenOddity, ...] | None = None
    probes: tuple[Probe, ...] = ()
    invariants: tuple[Invariant, ...] = ()

    def steps(self) -> Iterator[tuple[str, Step]]:
        """Every step of the workflow that makes calls, with its whole name."""
        return steps_of(self.workflow)


# --- personas and environments --------------------------------------------------------------------


@plain
class SecretRef(Plain):
    """A secret by reference, never by value: `env:NAME`, `file:PATH`, `cmd:PROGRAM ARGUMENTS`, or `mint:NAME` (made
    anew for each run and handed to a product that we start)."""

    scheme: str
    name: str
    position: Position

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"


@plain
class FileRef(Plain):
    """A file that another one names, relative to that one's folder."""

    name: str
    position: Position


@plain
class Persona(Plain):
    """A key-account user. `fields` are what `${role.name}` finds: plan, region, account, anything. `accounts` is the
    pool of which a trial leases one; `leased` is its name once it does."""

    name: str
    position: Position
    fields: Mapping[str, Value] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    budget: Mapping[str, float] = field(default_factory=dict)
    auth: Auth | None = None
    certificate: Certificate | None = None
    accounts: tuple[Account, ...] = ()
    leased: str = ""

    @property
    def identity(self) -> str:
        """Whose calls they are: `pro-eu`, or `pro-eu/acc_1` with a leased account."""
        return f"{self.name}/{self.leased}" if self.leased else self.name


@plain
class Provider(Plain):
    """A third party of the product. `url` is what the product believes, `upstream` where it really goes.

    `edge` is `reverse` (the product is given our listener's URL) or `forward` (the product uses us as its
    proxy and trusts our CA). `listen` fixes our listener as host:port. `webhooks` names the target that the provider
    calls back: it is given `${edges.NAME.webhooks.url}`, our listener before that target. `attribute` says how
    its calls may be known without a mark of ours.
    """

    name: str
    url: str
    position: Position
    upstream: str | None = None
    edge: str = "reverse"
    listen: str | None = None
    webhooks: str | None = None
    attribute: tuple[Clue, ...] = ()


@plain
class Start(Plain):
    """A process that we start: its command and variables may look up `${edges.NAME.url}`,
    `${target.port}`, `${upstreams.NAME.port}` and `${mint.NAME}`; `ready` is polled until it answers 2xx."""

    command: tuple[Text, ...]
    position: Position
    env: Mapping[str, Text] = field(default_factory=dict)
    ready: CallTemplate | None = None
    ready_within: float = 20.0


@plain
class Tls(Plain):
    """Whom our calls to the targets believe: the roots of the system, and beside them the PEM file `ca`, a path from
    the folder of the file. `verify` False believes anybody: for targets on loopback, and labs."""

    position: Position
    verify: bool = True
    ca: str | None = None


@plain
class Environment(Plain):
    """Where a run may go, and what it may do there. `targets` maps a name to a base URL; the first is the default.
    `personas` None means all of the project. `http2` offers HTTP/2 to the targets; `lab` says that nothing here is
    worth protecting; `openapi` is the document that describes the product. `proxy` is where a proxy takes orders that
    somebody started beside the product: `HOST:PORT` or `unix:PATH`. `telemetry` is where what the product says of
    itself is taken from. `why`: what fails is taken apart; `alerts` are those who are told of its nights, `nightly` is
    what is made every night, `zone` the clock of nights. What is None here has a default that `core.policy` fills in;
    `places` says where each part stands."""

    name: str
    position: Position
    targets: Mapping[str, str]
    start: tuple[Start, ...] = ()
    providers: Mapping[str, Provider] = field(default_factory=dict)
    personas: tuple[str, ...] | None = None
    http2: bool = False
    tls: Tls | None = None
    lab: bool = False
    openapi: FileRef | None = None
    proxy: str | None = None
    production: bool = False
    identity: Identity | None = None
    given: Given | None = None
    allow: tuple[AllowRule, ...] | None = None
    faults: FaultRule | None = None
    budget: Budget | None = None
    windows: tuple[Window, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    explore: bool | None = None
    telemetry: ProductSide | None = None
    why: bool = False
    alerts: tuple[Recipient, ...] = ()
    nightly: Nightly | None = None
    zone: tzinfo = UTC
    places: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)


@plain
class Project(Plain):
    """The `flowprobe.yaml` found upwards. `default` names the environment used without `--env`; `places` says where
    the keys of the file stand."""

    file: str
    environments: Mapping[str, Environment]
    personas: Mapping[str, Persona]
    default: str | None = None
    places: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)

"""What a workflow is made of: steps with their calls, what is promised of the replies, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias

from flowprobe.core.bodies import RequestBody
from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Position, Template, Text, Value

__all__ = [
    "NO_CHECK", "BodyShape", "CallTemplate", "Capture", "CaptureSource", "ContractTerms", "Each", "Expect", "Find",
    "Item", "Parallel", "Poll", "Repeat", "Retry", "Samples", "Sends", "SignIn", "Step", "Use", "names_of", "steps_of",
]

_NOTHING: Mapping[str, Any] = {}
"""What a step does not say. It is one for all, for in a long scenario one for each of them is a tenth of everything."""


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@plain
class CallTemplate(Plain):
    """`METHOD target:/path`. `target` is None for the environment's only (or first) one.

    `path` starts with '/' (the query may stand in it); a Template where it has look-ups. One that starts with a
    look-up may bring a whole URL, whose origin has to be that of a target.
    """

    method: str
    path: Text
    position: Position
    target: str | None = None


@plain
class CaptureSource(Plain):
    """Where a capture looks: `kind` is json, header, cookie, regex or status; `path` the JSONPath, name or
    pattern ('' for status). `pattern` takes a part of the text that json, header or cookie found."""

    kind: str
    path: str
    pattern: str = ""


@plain
class Capture(Plain):
    """`name` becomes `${step.name}`. With `append` it is a list that grows with each round of the step."""

    name: str
    source: CaptureSource
    position: Position
    secret: bool = False
    append: bool = False
    has_default: bool = False
    default: Value = None


@plain
class Sends(Plain):
    """What the product must have sent to `provider` because of this step: `METHOD path-template` so many times; or,
    where `webhook`, what it must have received from it.

    `calls` and `effects` are expected-shape values (a number, or a mapping of one matcher), see `core.expect`; None
    is not said. An effect is a distinct idempotency key (else body) that was answered 2xx.
    """

    provider: str
    method: str
    path: str
    calls: Value
    position: Position
    effects: Value = None
    webhook: bool = False


@plain
class Samples(Plain):
    """`within` over `of` calls: the `percentile`-th of their times is at most `limit` seconds."""

    percentile: float
    limit: float | Template
    of: int

    @property
    def key(self) -> str:
        return "max" if self.percentile == 100 else f"p{self.percentile:g}"


@plain
class BodyShape(Plain):
    """The bytes of a reply: `length` is a shape of their number, `sha256` their digest in hex."""

    length: Value = None
    sha256: Text | None = None


@plain
class ContractTerms(Plain):
    """That call and reply must be as the environment's OpenAPI document says: of the operation with the id
    `operation`, or of the one that the call means. `declared` refuses properties that the document does not name."""

    operation: str | None = None
    declared: bool = False


@plain
class Expect(Plain):
    """What a reply must satisfy. None means "not said".

    `status` is a tuple of allowed codes; where it is None a reply below 400 is expected.
    `json` is an expected shape (literals, `$` matchers, `$.paths`), `exactly` refuses further properties; `headers`
    maps a header's name to the shape of its value, `text` is the shape of the whole text.
    `within` is in seconds, a Template that yields a duration, or a say about several calls.
    `patience` is for `under` alone: how long a poll may then take, in seconds. `never` names the oracles that must see
    nothing, `gives_up` is how long the product may wait for a provider that does not answer, in seconds.
    """

    status: tuple[int, ...] | None = None
    json: Value = None
    has_json: bool = False
    exactly: bool = False
    within: float | Template | Samples | None = None
    sends: tuple[Sends, ...] = ()
    patience: float | None = None
    position: Position | None = None
    positions: Mapping[str, Position] = field(default_factory=_nothing)
    headers: Mapping[str, Value] = field(default_factory=_nothing)
    text: Value = None
    body: BodyShape | None = None
    receives: tuple[Sends, ...] = ()
    contract: ContractTerms | None = None
    never: tuple[str, ...] = ()
    gives_up: float | None = None

    @property
    def named(self) -> frozenset[str]:
        """The parts that the file states."""
        parts = {"status": self.status is not None, "json": self.has_json, "within": self.within is not None,
                 "sends": bool(self.sends), "headers": bool(self.headers), "text": self.text is not None,
                 "body": self.body is not None, "receives": bool(self.receives),
                 "contract": self.contract is not None, "never": bool(self.never),
                 "gives_up": self.gives_up is not None}
        return frozenset(name for name, stated in parts.items() if stated)


NO_CHECK = Expect()


def _nothing_checked() -> Expect:
    """One for all, and never what a step expects: the two are told apart by which of them it is."""
    return NO_CHECK


@plain
class Poll(Plain):
    """Call again every `every` seconds until the reply is as `until` says, for at most `patience` seconds; `fail_if`
    ends it at once. A condition is an expectation without a say about what it does not name."""

    until: Expect
    every: float
    patience: float
    position: Position
    fail_if: Expect | None = None


@plain
class Retry(Plain):
    """Call again, at most `times` times, where transport failed: `on` holds `connect`, `no-reply` and status
    codes. The pause doubles from `backoff` seconds; Retry-After is obeyed."""

    on: tuple[str | int, ...]
    times: int = 2
    backoff: float = 0.2
    position: Position | None = None


@plain
class Each(Plain):
    """One round of the step for each item of `over`, a list; the item is `${name}` in it."""

    name: str
    over: Value
    position: Position


@plain
class Repeat(Plain):
    """Another round of the step as long as every path of `condition` fits its shape, at most `most` rounds."""

    condition: Mapping[str, Value]
    most: int
    position: Position


@plain
class SignIn(Plain):
    """From this step on the calls of `role` bear these headers: what a sign-in that is written as steps ends with."""

    role: str
    headers: Mapping[str, Text]
    position: Position


@plain
class Find(Plain):
    """How a thing is found again whose creation was never answered: `call` lists, the items are those of `items` (a
    JSONPath) that fit `where`, and `field` of an item is `${found.id}`."""

    call: CallTemplate
    where: Mapping[str, Value]
    items: str
    field: str


@plain
class Step(Plain):
    """One named link of the workflow. `role` None means the scenario's first role.

    `check` is judged like `expect`, and the journey goes on. `when` maps a dotted path to a shape: where one does
    not fit, the step is skipped. `timeout` is the total budget of each of its calls in seconds, `redirects` how many
    redirects each of them may follow. `refuses`: the statuses by which the product rightly refuses an account state,
    of a call of `given`.
    """

    name: str
    call: CallTemplate
    position: Position
    role: str | None = None
    query: Mapping[str, Value] = field(default_factory=_nothing)
    headers: Mapping[str, Text] = field(default_factory=_nothing)
    body: RequestBody | None = None
    expect: Expect = field(default_factory=Expect)
    captures: tuple[Capture, ...] = ()
    cleanup: CallTemplate | None = None
    find: Find | None = None
    check: Expect = field(default_factory=_nothing_checked)
    poll: Poll | None = None
    retry: Retry | None = None
    when: Mapping[str, Value] = field(default_factory=_nothing)
    timeout: float | None = None
    each: Each | None = None
    repeat: Repeat | None = None
    signs_in: tuple[SignIn, ...] = ()
    redirects: int = 0
    refuses: tuple[int, ...] = ()


@plain
class Use(Plain):
    """Another scenario's workflow as one step: it sees `inputs` and its own steps, and gives `outputs`, which become
    `${name.output}`. `roles` maps each of its roles to one of ours."""

    name: str
    position: Position
    file: str
    workflow: tuple[Item, ...]
    outputs: Mapping[str, Value]
    inputs: Mapping[str, Value] = field(default_factory=_nothing)
    roles: Mapping[str, str | None] = field(default_factory=_nothing)
    when: Mapping[str, Value] = field(default_factory=_nothing)


@plain
class Parallel(Plain):
    """Branches that are walked at the same time. Each sees what was captured before, not what the others capture."""

    name: str
    position: Position
    branches: tuple[tuple[Item, ...], ...]
    when: Mapping[str, Value] = field(default_factory=_nothing)


Item: TypeAlias = Step | Use | Parallel


def steps_of(items: Sequence[Item], prefix: str = "") -> Iterator[tuple[str, Step]]:
    """Every step that makes calls, with its whole name (`login/token` inside of the step `login`), in file order."""
    for item in items:
        match item:
            case Step():
                yield prefix + item.name, item
            case Use():
                yield from steps_of(item.workflow, f"{prefix}{item.name}/")
            case Parallel():
                for branch in item.branches:
                    yield from steps_of(branch, prefix)


def names_of(items: Sequence[Item], prefix: str = "") -> Iterator[str]:
    """The whole name of everything that ends, in the order in which it would: a part before its whole."""
    for item in items:
        match item:
            case Use():
                yield from names_of(item.workflow, f"{prefix}{item.name}/")
            case Parallel():
                for branch in item.branches:
                    yield from names_of(branch, prefix)
            case Step():
                pass
        yield prefix + item.name

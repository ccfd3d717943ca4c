"""The tables of a scenario and of a fault profile: every key, its shape, its sentence, an example.

This is the only place that knows the keys. The reader, the messages, the JSON Schema and (by a test) the
reference are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowprobe.core.faults.kinds import FIELDS, KIND_NAMES, Kind
from flowprobe.core.fields import (
    As,
    Boolean,
    CallLine,
    Duration,
    Entry,
    Field,
    Integer,
    Json,
    ListOf,
    MapOf,
    Name,
    Number,
    OneOf,
    Record,
    Text,
)
from flowprobe.core.scenario import (
    Capture,
    CaptureSource,
    Expect,
    Fault,
    FaultPlan,
    Limit,
    Match,
    Poll,
    Position,
    Retry,
    Scenario,
    Sends,
    Step,
    Under,
    When,
)
from flowprobe.files.calls import METHODS
from flowprobe.files.specials import (
    COUNT,
    HEADER_NAME,
    JSON_PATH,
    LOOKUP,
    REGEX,
    RETRY_ON,
    SEND_LINE,
    TRUE,
    UNDER_KEY,
    VERSION,
)

__all__ = ["CAPTURE", "CHECK", "CONDITION", "EXPECT", "FAULT", "PROFILE", "SCENARIO", "STEP", "UNDER_EXPECT"]

VERSION_FIELD = Field("flowprobe", VERSION, "The version of the format: 1.", required=True, example="1")


# --- expectations and captures --------------------------------------------------------------------


def _expect(*, status: tuple[int, ...] | None = None, sends: tuple[tuple[Sends, ...], ...] = (),
            **others: Any) -> Expect:
    return Expect(status=status, sends=tuple(one for group in sends for one in group),
                  has_json="json" in others,
                  **others)


def _sends(providers: tuple[Entry, ...]) -> tuple[tuple[Sends, ...], ...]:
    return tuple(tuple(_send(provider.key, line) for line in provider.value) for provider in providers)


def _send(provider: str, line: Entry) -> Sends:
    method, _, path = line.key.partition(" ")
    return Sends(provider, method, path, line.value, line.position)


def _captures(names: tuple[Entry, ...]) -> tuple[Capture, ...]:
    return tuple(Capture(entry.key, entry.value[0], entry.position, entry.value[1]) for entry in names)


def _source(*, secret: bool = False, **source: Any) -> tuple[CaptureSource, bool]:
    (kind, path), = source.items()
    return CaptureSource(kind, "" if path is True else path), secret


_STATUS = Field("status", ListOf(Integer(minimum=100, maximum=599), or_one=True, minimum=1),
                "The status that the reply must have, or a list of them; below 400 where it is not said.",
                example="201")
_JSON = Field("json", Json(matchers=True),
              "The shape of the reply's JSON: literals, `$` matchers and `$.paths`; objects may hold more.",
              example="{id: {$type: string}, state: pending}")
_EXACTLY = Field("exactly", Boolean(), "Refuse properties that `json` does not name.", example="true",
                 beside="json")
_WITHIN = Field("within", Duration(templated=True),
                "The longest time from the first byte sent to the last byte read.", example="800ms")
_SENDS = Field("sends",
               As(MapOf(MapOf(COUNT, key=SEND_LINE, noun="call", entries=True, minimum=1), noun="provider",
                                 entries=True), _sends),
               "What the product must have sent to each provider because of this step.",
               example='{mail: {POST /send: 1}}')

EXPECT = Record("expectation", _expect, (_STATUS, _JSON, _EXACTLY, _WITHIN, _SENDS),
                "What the reply must satisfy.", positioned=True, placed=True)

_ANY_STATUS = Field("status", ListOf(Integer(minimum=100, maximum=599), or_one=True, minimum=1),
                    "The status that the reply must have, or a list of them; any will do where it is not said.",
                    example="200")

CHECK = Record("check", _expect, (_ANY_STATUS, _JSON, _EXACTLY, _WITHIN),
               "What the reply must satisfy besides: the journey goes on, and has failed.",
               positioned=True, placed=True, filled=True)
CONDITION = Record("condition", _expect, (_ANY_STATUS, _JSON, _EXACTLY), "What the reply is like.",
                   positioned=True, placed=True, filled=True)

_PATIENCE = Field("poll.for", Duration(positive=True), "How long the step's poll may then take.", example="180s",
                  attribute="patience")

UNDER_EXPECT = Record("expectation under faults", _expect, (_STATUS, _JSON, _WITHIN, _SENDS, _PATIENCE),
                      "What is still promised: each key replaces the ordinary one, the others hold.",
                      positioned=True, placed=True)

_HEADER = Text(pattern=HEADER_NAME.schema["pattern"], described="a header name")

CAPTURE = Record("capture", _source, (
    Field("json", JSON_PATH, "A JSONPath into the reply.", example="$.items[0].id"),
    Field("header", _HEADER, "The name of a header of the reply.", example="Location"),
    Field("cookie", Text(), "The name of a cookie that the reply sets.", example="session"),
    Field("regex", REGEX, "A pattern in the reply's text; its first group, where it has one.",
          example="'id=([0-9]+)'"),
    Field("status", TRUE, "The status code itself.", example="true"),
    Field("secret", Boolean(), "Keep the value out of every report and journal.", example="true"),
), "Where a captured value comes from: exactly one source.",
    exactly_one=("json", "header", "cookie", "regex", "status"))

_CAPTURES = As(MapOf(OneOf(scalar=As(JSON_PATH, lambda path: (CaptureSource("json", path), False)),
                           mapping=CAPTURE),
                     noun="capture", entries=True), _captures)


# --- steps ----------------------------------------------------------------------------------------


def _step(**attributes: Any) -> Step:
    return Step(has_json="json" in attributes, **attributes)


def _poll(*, every: float = 1.0, **others: Any) -> Poll:
    return Poll(every=every, **others)


POLL = Record("poll", _poll, (
    Field("until", CONDITION, "What ends it: the reply is like this.", required=True,
          example="{json: {state: done}}"),
    Field("fail_if", CONDITION, "What ends it at once as a failure.", example="{json: {state: error}}"),
    Field("every", Duration(positive=True), "The pause between two calls, 1s where it is not said.", example="500ms"),
    Field("for", Duration(positive=True), "The longest time from the first call to the last reply.", required=True,
          example="30s", attribute="patience"),
), "Call again until the product's state is as it should be.", positioned=True)

RETRY = Record("retry", Retry, (
    Field("on", ListOf(RETRY_ON, or_one=True, minimum=1),
          "What is tried again: `connect`, `no-reply`, status codes from 400 to 599.", required=True,
          example="[no-reply, 503]"),
    Field("max", Integer(minimum=1, maximum=10), "How often it is tried again, 2 where it is not said.", example="3",
          attribute="times"),
    Field("backoff", Duration(), "The pause before the first of them, doubled each time; 200ms where it is not said.",
          example="200ms"),
), "Call again where transport failed.", positioned=True)


_QUERY_VALUE = OneOf(scalar=Json(), sequence=ListOf(OneOf(scalar=Json())))

STEP = Record("step", _step, (
    Field("step", Name(), "The step's name, unique in the file.", required=True, example="invite",
          attribute="name"),
    Field("call", CallLine(), "What is called: `METHOD /path`, or `METHOD target:/path` for another target.",
          required=True, example="POST /v1/teams/${admin.team}/invites"),
    Field("as", Name(), "The role that acts; the first one where it is not said.", example="admin",
          attribute="role"),
    Field("query", MapOf(_QUERY_VALUE, key=Text(), noun="query parameter"), "Query parameters; a list repeats one.",
          example="{page: 2, state: [open, paid]}"),
    Field("headers", MapOf(Text(templated=True, verbatim=True, blank=True), key=HEADER_NAME, noun="header"),
          "Headers of the request.", example='{Idempotency-Key: "${trial.id}-invite"}'),
    Field("json", Json(), "The request's body, sent as JSON.",
          example='{email: "guest+${trial.id}@example.test"}'),
    Field("expect", EXPECT, "What the reply must satisfy; the first finding ends the journey.",
          example="{status: 201, within: 800ms}"),
    Field("check", CHECK, "What the reply must satisfy besides; the journey goes on, and has failed.",
          example="{within: 300ms}"),
    Field("poll", POLL, "Call again until the product's state is as it should be; `expect` judges the last reply.",
          example="{until: {json: {state: done}}, for: 30s}"),
    Field("retry", RETRY, "Call again where transport failed; the step is then degraded at best.",
          example="{on: [no-reply, 503]}"),
    Field("when", MapOf(Json(matchers=True), key=LOOKUP, noun="condition", minimum=1),
          "Name -> shape: where a value does not fit, the step is skipped.", example="{before.seats: {$gt: 3}}"),
    Field("timeout", Duration(positive=True),
          "The longest time for each of its calls; that of the run where it is not said.", example="5s"),
    Field("redirects", Integer(minimum=0, maximum=10),
          "How many redirects each of its calls may follow; none where it is not said.", example="5"),
    Field("capture", _CAPTURES, "Values for later steps: `id` becomes `${invite.id}`.", example="{id: $.id}",
          attribute="captures"),
    Field("cleanup", CallLine(),
          "The call that undoes this step; it runs whatever happens, last in, first out.",
          example="DELETE /v1/invites/${invite.id}"),
), "One named link of the workflow.", positioned=True)


# --- faults ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Harm:
    """A fault that does not know its edge yet."""

    kind: Kind
    position: Position
    match: Match
    when: When
    limit: Limit


def _harm(*, position: Position, match: Match | None = None, when: When | None = None,
          limit: Limit | None = None, **kind: Kind) -> _Harm:
    (found,) = kind.values()
    return _Harm(found, position, match or Match(), when or When(), limit or Limit())


def _faults(edges: Mapping[str, tuple[_Harm, ...]]) -> tuple[Fault, ...]:
    return tuple(
        Fault(edge if index == 0 else f"{edge}[{index}]", edge, harm.kind, harm.position, harm.match,
              harm.when,
              harm.limit)
        for edge, harms in edges.items() for index, harm in enumerate(harms)
    )


_METHOD = Text(pattern="|".join(METHODS), described="a method in capitals")
_PATH = Text(pattern=r"/\S*", described="a path that starts with /")

FAULT = Record("fault", _harm, (
    *FIELDS,
    Field("match", Record("match", Match, (
        Field("method", _METHOD, "Only calls with this method.", example="POST"),
        Field("path", _PATH, "Only calls whose path fits: `*` is one segment, `**` any rest.",
              example="/v1/charges/*"),
    )), "Which calls of the edge the fault falls on; all of them where it is not said.",
    example="{method: POST}"),
    Field("when", Record("when", When, (
        Field("probability", Number(minimum=0, maximum=1), "How likely each one suffers.", example="0.5"),
        Field("first", Integer(minimum=1), "Only so many of them.", example="2"),
        Field("every", Integer(minimum=1), "Every n-th of them.", example="3"),
        Field("after", Integer(minimum=0), "So many pass before the first one suffers.", example="1"),
    )), "Which of those calls suffer, counted for each trial, step and call site.", example="{first: 2}"),
    Field("limit", Record("limit", Limit, (
        Field("injections", Integer(minimum=1), "At most so many in all.", example="100"),
        Field("seconds", Number(minimum=0.001), "For at most so many seconds since it was armed.",
              example="30"),
    )), "The blast radius; the proxy enforces it.", example="{injections: 100}"),
), "Exactly one kind of harm, with its parameters.", positioned=True, exactly_one=KIND_NAMES)

EDGES = As(MapOf(ListOf(FAULT, or_one=True, minimum=1), noun="edge", minimum=1), _faults)


def _plans(plans: tuple[Entry, ...]) -> tuple[FaultPlan, ...]:
    return tuple(FaultPlan(plan.key, plan.value, plan.position) for plan in plans)


def _unders(keys: tuple[Entry, ...]) -> tuple[Under, ...]:
    return tuple(Under(under.key, under.value, under.position) for under in keys)


# --- files ----------------------------------------------------------------------------------------


def _scenario(*, personas: tuple[Entry, ...], position: Position, **attributes: Any) -> Scenario:
    del attributes["flowprobe"]  # checked by its shape; nothing after us asks for it
    return Scenario(
        file=position.file, position=position, personas={role.key: role.value for role in personas},
        positions={f"personas.{role.key}": role.position for role in personas}, **attributes,
    )


SCENARIO = Record("scenario", _scenario, (
    VERSION_FIELD,
    Field("scenario", Text(), "The promise that this journey checks, as one sentence.", required=True,
          example="A European Pro account invites a teammate", attribute="name"),
    Field("tags", ListOf(Name(), or_one=True), "Words to choose scenarios by.", example="[nightly, billing]"),
    Field("personas", MapOf(ListOf(Name(), or_one=True, minimum=1), noun="role", minimum=1, entries=True),
          "Who acts: role -> persona, or a list of them, one trial each.", required=True,
          example="{admin: pro-eu, operator: staff}"),
    Field("workflow", ListOf(STEP, minimum=1), "The steps, in order.", required=True,
          example="[{step: read, call: GET /v1/seats}]"),
    Field("faults", As(MapOf(EDGES, noun="fault plan", entries=True), _plans),
          "Named fault plans: plan -> edge (`user` or a provider) -> a fault, or a list of them.",
          example="{slow-payments: {payments: {latency: 500ms}}}"),
    Field("under",
          As(MapOf(MapOf(UNDER_EXPECT, noun="step"), key=UNDER_KEY, noun="promise", entries=True), _unders),
          "What is still promised while degraded: plan, provider or provider/kind -> step -> expectation.",
          example="{mail-down: {invite: {status: 202}}}"),
), "One journey, who makes it, and the faults that it must survive.", positioned=True)


def _profile(*, profile: str, position: Position, faults: tuple[Fault, ...], imitates: str = "",
             **_: Any) -> FaultPlan:
    return FaultPlan(profile, faults, position, imitates)


PROFILE = Record("fault profile", _profile, (
    VERSION_FIELD,
    Field("profile", Name(), "The profile's name, as `--faults` takes it.", required=True,
          example="slow-payments"),
    Field("imitates", Text(), "The real degradation that this imitates, as one sentence.",
          example="A payment provider in a busy hour"),
    Field("survives", Text(), "What a sound product does under it, as one sentence.",
          example="Checkout ends within its budget"),
    Field("faults", EDGES, "Edge (`user` or a provider) -> a fault, or a list of them.", required=True,
          example="{payments: {latency: 500ms}}"),
), "A reusable fault plan.", positioned=True)

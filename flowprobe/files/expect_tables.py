"""The tables of what a reply must be like, and of what is kept of it."""

from __future__ import annotations

from typing import Any

from flowprobe.core.fields import (
    As,
    Boolean,
    Choice,
    Duration,
    Entry,
    Field,
    Integer,
    Json,
    ListOf,
    MapOf,
    OneOf,
    Record,
    Text,
)
from flowprobe.core.oracles import ORACLES
from flowprobe.core.steps import BodyShape, Capture, CaptureSource, ContractTerms, Expect, Samples, Sends
from flowprobe.files.specials import COUNT, HEADER_NAME, JSON_PATH, REGEX, SEND_LINE, SENT, TRUE

__all__ = ["CAPTURES", "CHECK", "CONDITION", "COUNTS", "EXPECT", "SHOWN", "UNDER_EXPECT"]


def _expect(*, status: tuple[int, ...] | None = None, sends: tuple[tuple[Sends, ...], ...] = (),
            receives: tuple[tuple[Sends, ...], ...] = (), **others: Any) -> Expect:
    return Expect(status=status, has_json="json" in others, sends=_flat(sends), receives=_flat(receives), **others)


def _flat(groups: tuple[tuple[Sends, ...], ...]) -> tuple[Sends, ...]:
    return tuple(one for group in groups for one in group)


def _sends(providers: tuple[Entry, ...]) -> tuple[tuple[Sends, ...], ...]:
    return tuple(tuple(_send(provider.key, line) for line in provider.value) for provider in providers)


def _receives(providers: tuple[Entry, ...]) -> tuple[tuple[Sends, ...], ...]:
    return tuple(tuple(_send(provider.key, line, webhook=True) for line in provider.value) for provider in providers)


def _send(provider: str, line: Entry, *, webhook: bool = False) -> Sends:
    method, _, path = line.key.partition(" ")
    calls, effects = line.value
    return Sends(provider, method, path, calls, line.position, effects, webhook)


_CODES = ListOf(Integer(minimum=100, maximum=599), or_one=True, minimum=1)
_STATUS = Field("status", _CODES, "The status that the reply must have, or a list of them; below 400 where it is not "
                "said.", example="201")
_ANY_STATUS = Field("status", _CODES, "The status that the reply must have, or a list of them; any will do where it is "
                    "not said.", example="200")
_JSON = Field("json", Json(matchers=True),
              "The shape of the reply's JSON: literals, `$` matchers and `$.paths`; objects may hold more.",
              example="{id: {$type: string}, state: pending}")
_EXACTLY = Field("exactly", Boolean(), "Refuse properties that `json` does not name.", example="true",
                 beside="json")
_SHAPE = OneOf(scalar=Text(templated=True, verbatim=True, blank=True, lines=True), mapping=Json(matchers=True))
_HEADER = Text(pattern=HEADER_NAME.schema["pattern"], described="a header name")
_HEADERS = Field("headers", MapOf(_SHAPE, key=_HEADER, noun="header", minimum=1),
                 "What headers of the reply must be: a text, or matchers.", example="{Content-Type: {$matches: json}}")
_TEXT = Field("text", _SHAPE, "What the whole text of the reply must be: a text, or matchers.",
              example="{$contains: done}")
_SHA256 = Text(pattern=r"[0-9a-f]{64}|\$\{[^{}]+\}", described="64 hex digits, or one look-up", templated=True)
_BODY = Field("body", Record("body", BodyShape, (
    Field("length", COUNT, "How many bytes it has.", example="{$gt: 0}"),
    Field("sha256", _SHA256, "Their SHA-256 digest.", example='"${export.sha256}"'),
), "The bytes of the reply.", filled=True), "What the bytes of the reply must be.", example="{length: {$gt: 0}}")


# --- times ----------------------------------------------------------------------------------------

_RANKS = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def _samples(*, of: int, **rank: Any) -> Samples:
    ((key, limit),) = rank.items()
    return Samples(_RANKS[key], limit, of)


_LONGEST = "The longest time of "
_SAMPLES = Record("say about several calls", _samples, (
    Field("p50", Duration(templated=True), _LONGEST + "half of them.", example="200ms"),
    Field("p90", Duration(templated=True), _LONGEST + "nine tenths of them.", example="300ms"),
    Field("p95", Duration(templated=True), _LONGEST + "95 of a hundred.", example="400ms"),
    Field("p99", Duration(templated=True), _LONGEST + "99 of a hundred.", example="600ms"),
    Field("max", Duration(templated=True), "The longest time of any of them.", example="1s"),
    Field("of", Integer(minimum=2, maximum=1000), "How many calls are made.", required=True, example="20"),
), "The call is made several times, and their times are judged together, by nearest rank.", exactly_one=tuple(_RANKS))
_TIME = "The longest time from the first byte sent to the last byte read"
_WITHIN = Field("within", Duration(templated=True), f"{_TIME}.", example="800ms")
_WITHIN_OR_SAMPLES = Field("within", OneOf(scalar=Duration(templated=True), mapping=_SAMPLES),
                           f"{_TIME}; or what several calls must take.", example="800ms")


# --- provider calls -------------------------------------------------------------------------------

_COUNTED = MapOf(MapOf(SENT, key=SEND_LINE, noun="call", entries=True, minimum=1), noun="provider", entries=True)
_SENDS = Field("sends", As(_COUNTED, _sends), "What the product must have sent to each provider because of this step: "
               "calls, or `calls` and `effects`.", example='{mail: {POST /send: 1}}')
_RECEIVES = Field("receives", As(_COUNTED, _receives), "The webhooks that each provider must have sent to the product "
                  "because of this step.", example='{scanner: {POST /hooks/scan: 1}}')

COUNTS = (_SENDS, _RECEIVES)
"""The fields that say how often."""


# --- the contract ---------------------------------------------------------------------------------


def _contract(*, operation: str | None = None, properties: str = "any") -> ContractTerms:
    return ContractTerms(operation, properties == "declared")


_CONTRACT = Field(
    "contract",
    OneOf(scalar=As(Choice(("openapi",)), lambda _: ContractTerms()), mapping=Record("contract", _contract, (
        Field("operation", Text(), "The operationId; the operation that the call means where it is not said.",
              example="inviteMember"),
        Field("properties", Choice(("declared", "any")),
              "`declared`: also refuse properties of the reply that the document does not name.", example="declared"),
    ), filled=True)),
    "Call and reply must be as the environment's OpenAPI document says.", example="openapi")


# --- oracles --------------------------------------------------------------------------------------

_NEVER = Field("never", OneOf(scalar=As(Choice(("any",)), lambda _: tuple(ORACLES)),
                              sequence=ListOf(Choice(tuple(ORACLES)), minimum=1)),
               "What the product must never do towards its providers: names of oracles, or `any` of them.",
               example="[duplicate-write, unkeyed-retry]")
_GIVES_UP = Field("gives_up", Duration(positive=True), "How long the product may wait for a provider that does not "
                  "answer; judged where a fault made one silent or slow.", example="2s")


# --- expectations ---------------------------------------------------------------------------------

EXPECT = Record("expectation", _expect, (_STATUS, _HEADERS, _JSON, _EXACTLY, _TEXT, _BODY, _WITHIN_OR_SAMPLES, _SENDS,
                                         _RECEIVES, _CONTRACT, _NEVER, _GIVES_UP),
                "What the reply must satisfy.", positioned=True, placed=True)
CHECK = Record("check", _expect, (_ANY_STATUS, _HEADERS, _JSON, _EXACTLY, _TEXT, _BODY, _WITHIN, _CONTRACT),
               "What the reply must satisfy besides: the journey goes on, and has failed.",
               positioned=True, placed=True, filled=True)
CONDITION = Record("condition", _expect, (_ANY_STATUS, _HEADERS, _JSON, _EXACTLY, _TEXT), "What the reply is like.",
                   positioned=True, placed=True, filled=True)
SHOWN = Record("probed reply", _expect, (_STATUS, _HEADERS, _JSON, _EXACTLY, _TEXT, _BODY),
               "What the probe's reply is like.", positioned=True, placed=True)
_PATIENCE = Field("poll.for", Duration(positive=True), "How long the step's poll may then take.", example="180s",
                  attribute="patience")
UNDER_EXPECT = Record("expectation under faults", _expect, (_STATUS, _HEADERS, _JSON, _TEXT, _BODY, _WITHIN, _SENDS,
                                                            _RECEIVES, _NEVER, _GIVES_UP, _PATIENCE),
                      "What is still promised: each key replaces the ordinary one, the others hold.",
                      positioned=True, placed=True)


# --- captures -------------------------------------------------------------------------------------


def _captures(names: tuple[Entry, ...]) -> tuple[Capture, ...]:
    return tuple(Capture(entry.key, position=entry.position, **entry.value) for entry in names)


def _capture(*, secret: bool = False, append: bool = False, **others: Any) -> dict[str, Any]:
    default = {"has_default": True, "default": others.pop("default")} if "default" in others else {}
    pattern = others.pop("regex") if len(others) > 1 else ""
    ((kind, path),) = others.items()
    source = CaptureSource(kind, "" if path is True else path, pattern)
    return {"source": source, "secret": secret, "append": append, **default}


CAPTURE = Record("capture", _capture, (
    Field("json", JSON_PATH, "A JSONPath into the reply.", example="$.items[0].id"),
    Field("header", _HEADER, "The name of a header of the reply.", example="Location"),
    Field("cookie", Text(), "The name of a cookie that the reply sets.", example="session"),
    Field("regex", REGEX, "A pattern in the reply's text, or in what `json`, `header` or `cookie` found; its first "
          "group, where it has one.", example="'id=([0-9]+)'"),
    Field("status", TRUE, "The status code itself.", example="true"),
    Field("default", Json(looked_up=True), "The value where the reply has none; without it, that is a finding.",
          example="0"),
    Field("append", Boolean(), "Gather the values of every round of the step in one list.", example="true"),
    Field("secret", Boolean(), "Keep the value out of every report and journal.", example="true"),
), "Where a captured value comes from: exactly one source.",
    exactly_one=("json", "header", "cookie", "regex", "status"), narrows={"regex": ("json", "header", "cookie")})

CAPTURES = As(MapOf(OneOf(scalar=As(JSON_PATH, lambda path: {"source": CaptureSource("json", path)}), mapping=CAPTURE),
                    noun="capture", entries=True), _captures)

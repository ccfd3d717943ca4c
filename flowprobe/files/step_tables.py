"""The tables of a workflow's steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flowprobe.core.bodies import Attachment, FileBody, FormBody, JsonBody, MultipartBody, Part, RequestBody, TextBody
from flowprobe.core.expressions import lookups
from flowprobe.core.fields import (
    As,
    CallLine,
    Duration,
    Entry,
    Field,
    Integer,
    Json,
    ListOf,
    MapOf,
    Name,
    OneOf,
    Record,
    Text,
)
from flowprobe.core.steps import CallTemplate, Find, Item, Parallel, Poll, Repeat, Retry, SignIn, Step, Use
from flowprobe.core.values import Position, Template
from flowprobe.files.expect_tables import CAPTURES, CHECK, CONDITION, EXPECT
from flowprobe.files.specials import ATTACHMENT, EACH, HEADER_NAME, ID_PATH, LOOKUP, RETRY_ON, USED

__all__ = ["BODIES", "GIVEN", "KINDS", "PROBE_FIELDS", "STEP", "WHEN"]

KINDS = ("call", "use", "parallel")
BODIES = ("json", "form", "multipart", "text", "file")
_CALL = CallLine(brought=True)
_HEADERS = MapOf(Text(templated=True, verbatim=True, blank=True), key=HEADER_NAME, noun="header")
_VALUE = OneOf(scalar=Json(verbatim=True), sequence=ListOf(OneOf(scalar=Json(verbatim=True))))


# --- transport and state --------------------------------------------------------------------------


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

REPEAT = Record("repeat", Repeat, (
    Field("while", MapOf(Json(matchers=True), key=LOOKUP, noun="condition", minimum=1),
          "Name -> shape: another round follows as long as every value fits.", required=True,
          example="{page.next: {$absent: false}}", attribute="condition"),
    Field("max", Integer(minimum=1, maximum=10_000), "The most rounds; more are a finding.", required=True,
          example="100", attribute="most"),
), "Further rounds of the step, as pages are read.", positioned=True)


# --- bodies ---------------------------------------------------------------------------------------


def _part(*, file: Attachment | None = None, text: Any = None, filename: Any = None, type: str | None = None,
          **json: Any) -> Part:
    return Part(json.get("json", text), file, "json" in json, filename, type)


PART = Record("part", _part, (
    Field("file", ATTACHMENT, "A file, from the folder of the scenario on.", example="files/photo.png"),
    Field("text", Text(templated=True, verbatim=True, blank=True, lines=True), "A text.", example="A photo"),
    Field("json", Json(), "A value, sent as JSON.", example="{album: 3}"),
    Field("filename", Text(templated=True), "The file name that the part bears.", example="photo.png"),
    Field("type", Text(pattern=r"[^\s;/]+/[^\s;/]+(; ?\S+)*", described="a media type"), "Its media type.",
          example="image/png"),
), "One part of a multipart body.", exactly_one=("file", "text", "json"))

_BODY_FIELDS = (
    Field("json", Json(), "The request's body, sent as JSON.", beside="call",
          example='{email: "guest+${trial.id}@example.test"}'),
    Field("form", MapOf(_VALUE, key=Text(), noun="form field"), "The request's body, as a form sends it.",
          beside="call", example="{grant_type: password}"),
    Field("multipart", MapOf(OneOf(scalar=As(Json(verbatim=True), Part), mapping=PART), key=Text(), noun="part",
                             minimum=1),
          "The request's body in parts: values, and files.", beside="call",
          example="{title: A photo, photo: {file: files/photo.png}}"),
    Field("text", Text(templated=True, blank=True, lines=True), "The request's body, as a text.", beside="call",
          example="hello"),
    Field("file", ATTACHMENT, "The request's body: the bytes of a file, from the folder of the scenario on.",
          beside="call", example="files/photo.png"),
)


def _body(attributes: dict[str, Any]) -> RequestBody | None:
    """Takes the body out of a step's attributes."""
    makers = {"json": JsonBody, "form": FormBody, "multipart": MultipartBody, "text": TextBody, "file": FileBody}
    for key, make in makers.items():
        if key in attributes:
            body: RequestBody = make(attributes.pop(key))
            return body
    return None


# --- cleanup and signing in -----------------------------------------------------------------------


def _find(*, call: CallTemplate, id: tuple[str, str], where: Mapping[str, Any]) -> Find:
    return Find(call, where, *id)


CLEANUP = Record("cleanup", lambda *, call, find: (call, find), (
    Field("call", _CALL, "The call that undoes this step, with `${found.id}` in its path.", required=True,
          example="DELETE /v1/invites/${found.id}"),
    Field("find", Record("find", _find, (
        Field("call", CallLine(), "The call that lists what is there.", required=True, example="GET /v1/invites"),
        Field("where", MapOf(Json(matchers=True), key=Text(), noun="member", minimum=1),
              "What an item must be like to be ours.", required=True,
              example='{email: "guest+${trial.id}@example.test"}'),
        Field("id", ID_PATH, "The path of the ids in the list.", required=True, example="$.items[*].id"),
    ), "How the thing is found again, where its creation was never answered."),
          "How the thing is found again, where its creation was never answered.", required=True,
          example='{call: GET /v1/invites, where: {tag: "${trial.id}"}, id: "$.items[*].id"}'),
), "How this step is undone, also where its reply was lost.")

SIGN_IN = Record("sign-in", lambda **how: how, (
    Field("bearer", Text(templated=True), "The token of `Authorization: Bearer`.", example='"${login.token}"'),
    Field("headers", _HEADERS, "The headers that sign the calls.", example='{X-Session: "${login.session}"}'),
), "What the calls of a role bear from here on.", exactly_one=("bearer", "headers"), positioned=True)


def _sign_ins(roles: tuple[Entry, ...]) -> tuple[SignIn, ...]:
    return tuple(_signed(entry.key, **entry.value) for entry in roles)


def _signed(role: str, *, position: Position, bearer: Any = None, headers: Mapping[str, Any] | None = None) -> SignIn:
    if headers is not None:
        return SignIn(role, headers, position)
    token = bearer if isinstance(bearer, Template) else Template((bearer,), position)
    return SignIn(role, {"Authorization": Template(("Bearer ", *token.parts), position)}, position)


# --- steps ----------------------------------------------------------------------------------------


def _item(**attributes: Any) -> Item:
    if "use" in attributes:
        return _use(**attributes)
    if "branches" in attributes:
        attributes.pop("role", None)  # `check_steps` has a message for it
        return Parallel(**attributes)
    return _step(**attributes)


def _step(*, name: str = "", cleanup: Any = None, signs_in: tuple[SignIn, ...] = (), **attributes: Any) -> Step:
    call, find = cleanup if isinstance(cleanup, tuple) else (cleanup, None)
    body = _body(attributes)
    step = Step(name, cleanup=call, find=find, signs_in=signs_in, body=body, **attributes)
    return replace(step, captures=_kept_secret(step)) if signs_in else step


def _kept_secret(step: Step) -> Any:
    """What a sign-in is made of is a secret, whether or not the file says so."""
    paths = {lookup.path for sign_in in step.signs_in for value in sign_in.headers.values()
             if isinstance(value, Template) for lookup in lookups(value)}
    return tuple(replace(item, secret=item.secret or (step.name, item.name) in paths) for item in step.captures)


def _use(*, name: str, use: Any, position: Position, role: str | None = None, when: Mapping[str, Any] | None = None,
         inputs: Mapping[str, Any] | None = None) -> Use:
    defaults = {key: given.default for key, given in use.inputs.items() if not given.required}
    first, *others = use.personas
    return Use(name, position, use.file, use.workflow, use.outputs, {**defaults, **(inputs or {})},
               {first: role, **{other: other for other in others}}, when or {})


_NAME = Field("step", Name(), "The step's name, unique in the file.", required=True, example="invite", attribute="name")
_CALL_FIELD = Field("call", _CALL, "What is called: `METHOD /path`, or `METHOD target:/path` for another target.",
                    example="POST /v1/teams/${admin.team}/invites")
WHEN = Field("when", MapOf(Json(matchers=True), key=LOOKUP, noun="condition", minimum=1),
              "Name -> shape: where a value does not fit, the step is skipped.", example="{before.seats: {$gt: 3}}")
_AS = Field("as", Name(), "The role that acts, or `guest`; the first one where it is not said.", example="admin",
            attribute="role")
_CALL_FIELDS = (
    Field("each", EACH, "One round for each item of a list, which is looked up by the name that stands here.",
          beside="call", example='{id: "${page.ids}"}'),
    Field("query", MapOf(_VALUE, key=Text(), noun="query parameter"), "Query parameters; a list repeats one.",
          beside="call", example="{page: 2, state: [open, paid]}"),
    Field("headers", _HEADERS, "Headers of the request.", beside="call",
          example='{Idempotency-Key: "${trial.id}-invite"}'),
    *_BODY_FIELDS,
    Field("retry", RETRY, "Call again where transport failed; the step is then degraded at best.", beside="call",
          example="{on: [no-reply, 503]}"),
    Field("poll", POLL, "Call again until the product's state is as it should be; `expect` judges the last reply.",
          beside="call", example="{until: {json: {state: done}}, for: 30s}"),
    Field("expect", EXPECT, "What the reply must satisfy; the first finding ends the journey.", beside="call",
          example="{status: 201, within: 800ms}"),
    Field("check", CHECK, "What the reply must satisfy besides; the journey goes on, and has failed.", beside="call",
          example="{within: 300ms}"),
    Field("repeat", REPEAT, "Further rounds as long as something holds.", beside="call",
          example="{while: {page.next: {$absent: false}}, max: 100}"),
    Field("timeout", Duration(positive=True),
          "The longest time for each of its calls; that of the run where it is not said.", beside="call", example="5s"),
    Field("redirects", Integer(minimum=0, maximum=10),
          "How many redirects each of its calls may follow; none where it is not said.", beside="call", example="5"),
    Field("capture", CAPTURES, "Values for later steps: `id` becomes `${invite.id}`.", beside="call",
          example="{id: $.id}", attribute="captures"),
    Field("signs_in", As(MapOf(SIGN_IN, noun="role", minimum=1, entries=True), _sign_ins),
          "The roles that are signed in from here on, and with what.", beside="call",
          example='{guest: {bearer: "${login.token}"}}'),
    Field("cleanup", OneOf(scalar=_CALL, mapping=CLEANUP),
          "The call that undoes this step; it runs whatever happens, last in, first out.", beside="call",
          example="DELETE /v1/invites/${invite.id}"),
)
_PROBED = ("query", "headers", "timeout")
PROBE_FIELDS = (replace(_CALL_FIELD, required=True, doc="What is called: GET or HEAD.", example="GET /v1/invites"), _AS,
                *(replace(field, beside=None) for field in _CALL_FIELDS if field.key in _PROBED))
_USE_FIELDS = (
    Field("use", USED, "Another scenario, from the folder of this one on, as one step.", example="sign-in.yaml"),
    Field("with", MapOf(Json(looked_up=True), noun="input"), "The inputs that it is given.", beside="use",
          example='{user: "${admin.user}"}', attribute="inputs"),
)

GIVEN = Record("call of `given`", _step, (
    replace(_NAME, required=False, doc="A name, where something looks up what the call captures."),
    replace(_CALL_FIELD, required=True), _AS, WHEN, *_CALL_FIELDS,
    Field("refuses", ListOf(Integer(minimum=400, maximum=499), or_one=True, minimum=1),
          "The statuses by which the product rightly refuses an account state: such a state is no bug.",
          example="[409, 422]"),
), "A call that puts the account into its state.", positioned=True, at_most_one=BODIES)

_BRANCH_STEP = Record("step of a branch", _item, (_NAME, _CALL_FIELD, *_USE_FIELDS, _AS, WHEN, *_CALL_FIELDS),
                      "One step of a branch.", positioned=True, exactly_one=KINDS[:2], at_most_one=BODIES)
_BRANCH = OneOf(mapping=As(_BRANCH_STEP, lambda step: (step,)), sequence=ListOf(_BRANCH_STEP, minimum=1))

STEP = Record("step", _item, (
    _NAME, _CALL_FIELD, *_USE_FIELDS,
    Field("parallel", ListOf(_BRANCH, minimum=2), "Branches that run at the same time: each a step, or a list of them.",
          example="[{step: a, call: GET /a}, {step: b, call: GET /b}]", attribute="branches"),
    _AS, WHEN, *_CALL_FIELDS,
), "One named link of the workflow: a call, another scenario, or branches.", positioned=True, exactly_one=KINDS,
    at_most_one=BODIES)

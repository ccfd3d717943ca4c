"""The tables of `flowprobe.yaml`: the environments that a run may go to, and the personas that act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, tzinfo
from typing import Any

from flowprobe.core.accounts import Account
from flowprobe.core.attribution import RUNGS, Rung
from flowprobe.core.auth import Auth, Certificate
from flowprobe.core.clues import Clue, Customer, ExclusiveWindow, OwnListener, ProxyUser
from flowprobe.core.fields import (
    As,
    Boolean,
    CallLine,
    Choice,
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
from flowprobe.core.rules import GIVENS, Budget, FaultRule, Identity, Rate
from flowprobe.core.scenario import Environment, Persona, Position, Project, Provider, Start, Tls
from flowprobe.core.telemetry import ProductSide
from flowprobe.core.windows import Freeze, Window
from flowprobe.files.alert_tables import ALERTS
from flowprobe.files.auth_tables import AUTH, CERTIFICATE
from flowprobe.files.nightly_tables import NIGHTLY
from flowprobe.files.reading_tables import LINKS, SOURCE
from flowprobe.files.specials import ALLOW, DATES, DAYS, FILE, HEADER_NAME, ZONE
from flowprobe.files.tables import VERSION_FIELD

__all__ = ["ACCOUNT", "BUDGET", "CLUE", "ENVIRONMENT", "FAULTS", "IDENTITY", "PERSONA", "PROJECT", "PROVIDER",
           "START", "TELEMETRY", "TLS", "WINDOW"]

_PORT = r":(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_URL = Text(pattern=rf"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?:{_PORT})?(?:/[^\s?#]*)?",
            described="a URL without query, user or fragment, with a port up to 65535")
_ADDRESS = Text(pattern=r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}", described="host:port")
_CONTROL = Text(pattern=r"unix:\S+|(?:[\w.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}", described="host:port or unix:PATH")
_VARIABLE = Text(pattern=r"[A-Za-z_][A-Za-z0-9_]*", described="the name of an environment variable")
_KEPT = Json(templated=False, looked_up=True)
_ACCOUNT_ID = Text(pattern=r"[^\s/]+", described="an id without spaces and slashes", verbatim=True)
_WORD = Text(templated=True, verbatim=True, blank=True, lines=True)


# --- personas -------------------------------------------------------------------------------------


def _persona(*, position: Position, rest: Mapping[str, Any], labels: tuple[str, ...] = (),
             budget: Mapping[str, float] | None = None, auth: Auth | None = None,
             certificate: Certificate | None = None, accounts: tuple[Account, ...] = (), **fields: Any) -> Any:
    return lambda name: Persona(name, position, {**fields, **rest}, labels, budget or {}, auth, certificate, accounts)


def _account(*, position: Position, rest: Mapping[str, Any], account: str, auth: Auth | None = None,
             certificate: Certificate | None = None) -> Account:
    return Account(account, position, rest, auth, certificate)


_AUTH_FIELDS = (
    Field("auth", AUTH, "How its calls are authorised.", example="{bearer: env:ACME_TOKEN}"),
    Field("certificate", CERTIFICATE, "The client certificate that its connections show.",
          example="{cert: file:client.pem, key: file:client.key}"),
)

ACCOUNT = Record("account", _account, (
    Field("account", _ACCOUNT_ID, "Its id, found by `${role.account}`; unique in the pool.", required=True,
          example="acc_1"),
    *_AUTH_FIELDS,
), "One account of a pool. Every other key stands in place of the persona's own.", positioned=True,
    rest=_KEPT)

PERSONA = Record("persona", _persona, (
    Field("plan", _KEPT, "The plan of the account.", example="pro"),
    Field("region", _KEPT, "The region of the account.", example="eu"),
    Field("account", _KEPT, "The account; with `accounts` it is that which a trial holds.",
          example="acc_1"),
    Field("labels", ListOf(Name(), or_one=True), "Words to choose personas by.", example="[key-account]"),
    Field("budget", MapOf(Duration(), noun="budget"),
          "Named durations that steps may take: `${admin.budget.invite}`.", example="{invite: 800ms}"),
    *_AUTH_FIELDS,
    Field("accounts", ListOf(ACCOUNT, minimum=1),
          "A pool of accounts: a trial holds one of them for itself until its cleanup is done.",
          example="[{account: acc_1}, {account: acc_2}]"),
), "A key-account user. Every other key is a field of yours, found by `${role.key}`.", positioned=True,
    rest=_KEPT)


# --- environments ---------------------------------------------------------------------------------


def _provider(*, position: Position, **attributes: Any) -> Any:
    return lambda name: Provider(name=name, position=position, **attributes)


def _named(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {entry.key: entry.value(entry.key) for entry in entries}


def _clue(*, customer: str | None = None, header: str | None = None, query: str | None = None,
          place: str | None = None, proxy_user: str | None = None, window: float | None = None) -> Clue:
    """A customer whose place is not said stands where credentials do."""
    if customer is not None:
        where = place or ("query" if query is not None else "header")
        return Customer(where, customer, "" if place else query or header or "Authorization")
    return ProxyUser(proxy_user) if proxy_user is not None else ExclusiveWindow(window or 0.0)


CLUE = Record("clue", _clue, (
    Field("customer", Name(), "The call is for the customer that this field of a persona of the trial names, or "
          "`sha256:` and its digest; in `Authorization` where no place is said.", example="stripe_account"),
    Field("header", HEADER_NAME, "The header in which the customer stands.", beside="customer",
          example="Stripe-Account"),
    Field("query", Text(verbatim=True), "The parameter of the query in which it stands.", beside="customer",
          example="account"),
    Field("in", Choice(("path", "host")), "A segment of the path is the customer, or a label of the host.",
          beside="customer", example="path", attribute="place"),
    Field("proxy_user", Text(pattern=r"[^\s:]+", described="a user name without spaces and colons", verbatim=True),
          "The user name under which an instance that serves nobody else uses our proxy.", example="canary"),
    Field("window", Duration(), "Nobody else calls this provider while a step of ours is in flight, and so long "
          "after.", example="2s"),
), "How a provider's calls are known without a mark of ours.", exactly_one=("customer", "proxy_user", "window"),
    at_most_one=("header", "query", "in"))
_LISTENER = As(Choice(("listener",)), lambda _: OwnListener())

PROVIDER = Record("provider", _provider, (
    Field("url", _URL, "What the product believes the provider's URL to be.", required=True,
          example="https://api.payments.example"),
    Field("upstream", _URL, "Where its calls really go: a stand-in; `url` where it is not said.",
          example="http://127.0.0.1:9025"),
    Field("edge", Choice(("reverse", "forward")),
          "`reverse`: the product is given our listener's URL; `forward`: we are its proxy, with our CA.",
          example="reverse"),
    Field("webhooks", Name(), "The target that it calls back; `${edges.NAME.webhooks.url}` is then our listener.",
          example="target"),
    Field("listen", _ADDRESS, "Fixes our listener; needed where we do not start the product.",
          example="127.0.0.1:9100"),
    Field("attribute", ListOf(OneOf(scalar=_LISTENER, mapping=CLUE), or_one=True, minimum=1),
          "How its calls are known without a mark of ours: `listener` where only an instance that serves nobody else "
          "is given our listener.", example="{customer: stripe_account, header: Stripe-Account}"),
), "A third party of the product.", positioned=True)

START = Record("start", Start, (
    Field("command", ListOf(_WORD, minimum=1), "The program and its arguments, without a shell.",
          required=True,
          example="[python, -m, acme]"),
    Field("env", MapOf(_WORD, key=_VARIABLE, noun="variable"), "Environment variables that it is given.",
          example='{PAYMENTS_URL: "${edges.payments.url}"}'),
    Field("ready", CallLine(absolute=True), "Polled until it answers 2xx.", example="GET /health"),
    Field("ready_within", Duration(), "How long that may take; 20s where it is not said.", example="20s"),
), "A process that we start, and end.", positioned=True)


TLS = Record("TLS setting", Tls, (
    Field("verify", Boolean(), "False believes anybody: only where every target is on loopback, or beside `lab: true`.",
          example="false"),
    Field("ca", Text(), "The PEM file of an authority that is believed beside the roots of the system; its path "
                        "starts in the folder of this file.", example="certs/lab-ca.pem"),
), "How the targets prove who they are.", positioned=True, exactly_one=("verify", "ca"))


def _listening(text: str) -> tuple[str, int]:
    """A port alone is one of loopback: who wants to be reached from elsewhere has to write it."""
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


_LISTEN = Text(pattern=rf"(?:[\w.-]+|\[[0-9a-fA-F:]+\]){_PORT}|{_PORT[1:]}", verbatim=True,
               described="a port up to 65535, or host:port")

TELEMETRY = Record("telemetry setting", ProductSide, (
    Field("otlp", As(_LISTEN, _listening), "Where we listen for the product's OTLP/HTTP exporter while a run goes on: "
          "a port of 127.0.0.1, or host:port; port 0 is any that is free, which `${telemetry.url}` tells.",
          example="4318"),
    Field("wait", Duration(), "How long after a trial that did not pass what is still on its way is waited for; 5s "
          "where it is not said.", example="5s"),
    Field("read", ListOf(SOURCE, or_one=True, minimum=1), "Where its spans and log lines are kept: asked, when the run "
          "ends, for the calls of trials that did not pass.", example="[{jaeger: http://127.0.0.1:16686}]"),
    Field("links", LINKS, "Where people look at a call, by name; `${trace}` is its trace id.",
          example='{Grafana: "https://grafana.example.com/explore?trace=${trace}"}'),
), "Where what the product says of itself is taken from.", positioned=True, filled=True)


# --- what an environment allows -------------------------------------------------------------------

_RATE = Text(pattern=r"(?:[1-9][0-9]*|[0-9]*\.[0-9]*[1-9][0-9]*)/[smh]", described="calls by s, m or h",
             verbatim=True)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_TIME = Text(pattern=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", described="a time of day")
_END = Text(pattern=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", described="a time of day, up to 24:00")


def _rate(text: str) -> Rate:
    calls, _, unit = text.partition("/")
    return Rate(float(calls), _SECONDS[unit], text)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _faults(*, user: bool | None = None, provider: bool | tuple[str, ...] | None = None,
            attribution: Rung | None = None) -> Any:
    """What is not said has the default of the environment that it is for."""
    return lambda production: FaultRule(
        True if user is None else user, (not production) if provider is None else provider, attribution)


def _identity(*, json: Any = None, headers: Mapping[str, str] | None = None, **attributes: Any) -> Identity:
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return Identity(json=json, has_json=json is not None, headers=lower, **attributes)


def _window(*, begin: int, end: int, days: tuple[tuple[int, ...], ...] = (tuple(range(7)),), zone: tzinfo | None = None,
            position: Position, what: str = "runs") -> Any:
    chosen = tuple(sorted({day for some in days for day in some}))
    return lambda otherwise: Window(chosen, begin, end, zone or otherwise, position, what == "faults")


FAULTS = Record("fault policy", _faults, (
    Field("user", Boolean(), "Whether our own calls may be faulted, on their way to the product.", example="true"),
    Field("provider", OneOf(scalar=Boolean(), sequence=ListOf(Name(), minimum=1)),
          "Whether the product's calls to its providers may be, or which providers; false in production where it is "
          "not said.", example="[payments]"),
    Field("attribution", Choice(RUNGS), "The least evidence that a provider's call is ours: weaker ones pass.",
          example="trace"),
), "On which edges faults may be injected.", filled=True)

BUDGET = Record("run budget", Budget, (
    Field("calls", Integer(minimum=1), "The most calls of one run, cleanup included.", example="2000"),
    Field("writes", Integer(minimum=0), "The most calls among them that may change something, cleanup included.",
          example="20"),
    Field("rate", As(_RATE, _rate), "The most calls in a time: /s, /m or /h.", example="5/s"),
    Field("seconds", Number(minimum=1), "How long a run may go on; no call begins after that.", example="600"),
), "How much one run may do.", filled=True)

IDENTITY = Record("identity", _identity, (
    Field("call", CallLine(), "What is asked before anything else is sent.", required=True, example="GET /health"),
    Field("status", ListOf(Integer(minimum=100, maximum=599), or_one=True, minimum=1),
          "The statuses that it may answer; any below 400 where it is not said.", example="200"),
    Field("json", Json(templated=False, matchers=True), "The shape of its body.", example="{environment: production}"),
    Field("headers", MapOf(Text(verbatim=True), key=HEADER_NAME, noun="header"), "Headers that it must have.",
          example="{X-Environment: production}"),
), "How the target proves that it is what this environment means.", positioned=True)

WINDOW = Record("window", _window, (
    Field("days", ListOf(DAYS, or_one=True, minimum=1), "Days of the week; every one where it is not said.",
          example="[mon-fri]"),
    Field("from", As(_TIME, _minutes), "When it opens.", required=True, example='"09:00"', attribute="begin"),
    Field("to", As(_END, _minutes), "When it closes: on the next day where that is not later.", required=True,
          example='"17:00"', attribute="end"),
    Field("zone", ZONE, "Whose clock; that of the environment where it is not said.", example="Europe/Berlin"),
    Field("for", Choice(("runs", "faults")), "`faults`: for trials under faults alone, inside the others.",
          example="faults", attribute="what"),
), "When something may run.", positioned=True)


# --- environments, whole --------------------------------------------------------------------------


def _environment(*, position: Position, positions: Mapping[str, Position], target: str | None = None,
                 targets: Mapping[str, str] | None = None, zone: tzinfo = UTC, windows: tuple[Any, ...] = (),
                 freeze: tuple[tuple[date, date], ...] = (), faults: Any = None, **attributes: Any) -> Any:
    """Windows and freezes are in the zone of the environment where they name none."""
    frozen = tuple(Freeze(first, last, zone, positions["freeze"]) for first, last in freeze)
    production = attributes.get("production", False)
    return lambda name: Environment(
        name=name, position=position, targets=targets or {"target": str(target)}, places=positions, freeze=frozen,
        windows=tuple(window(zone) for window in windows), faults=faults and faults(production), zone=zone,
        **attributes)


ENVIRONMENT = Record("environment", _environment, (
    Field("target", _URL, "The product's base URL; port 0 where we start it on a free one.",
          example="http://127.0.0.1:8000"),
    Field("targets", MapOf(_URL, noun="target", minimum=1),
          "Base URLs by name, where the product has several; the first is the default.",
          example="{api: http://127.0.0.1:8000, auth: http://127.0.0.1:8001}"),
    Field("start", ListOf(START, or_one=True), "What we start, in order, before the first call.",
          example="{command: [python, -m, acme], ready: GET /health}"),
    Field("providers", As(MapOf(PROVIDER, noun="provider", entries=True), _named),
          "The third parties of the product.",
          example="{payments: {url: https://api.payments.example}}"),
    Field("proxy", _CONTROL, "Where a proxy takes orders that stands beside a product which we do not start; the path "
          "of a socket starts in the folder of this file.", example="127.0.0.1:9099"),
    Field("personas", ListOf(Name(), or_one=True),
          "The personas that may act here; all where it is not said.",
          example="[pro-eu]"),
    Field("http2", Boolean(), "Offer HTTP/2 to the targets, where they have TLS.", example="true"),
    Field("tls", TLS, "Whom our calls to the targets believe; the roots of the system where it is not said.",
          example="{ca: certs/lab-ca.pem}"),
    Field("telemetry", TELEMETRY, "Where the product's own spans and log lines are taken from, to be shown under the "
          "step that caused them.", example="{otlp: 4318, wait: 5s}"),
    Field("lab", Boolean(), "Nothing here is worth protecting: `tls: {verify: false}` may be said of any host.",
          example="true"),
    Field("openapi", FILE, "The OpenAPI 3.0 or 3.1 document that describes the product: YAML or JSON, from the folder "
          "of this file.", example="spec/openapi.yaml"),
    Field("production", Boolean(), "Real customers are here: it has to be named, and what is not said below is small.",
          example="true"),
    Field("identity", IDENTITY, "What the target has to answer before anything else is sent.",
          example="{call: GET /health, json: {environment: production}}"),
    Field("given", Choice(GIVENS), "What happens to the state that a scenario starts from: it is made, only looked at, "
          "or left alone.", example="check"),
    Field("allow", ListOf(ALLOW, or_one=True), "The calls that may be made: methods and a path, in which `*` is one "
          "segment and `**` any number.", example="[GET /v1/**, POST /v1/teams/*/invites]"),
    Field("faults", FAULTS, "On which edges faults may be injected.", example="{user: true, provider: false}"),
    Field("explore", Boolean(), "Whether `flowprobe explore` may search account states and faults here; false in "
          "production where it is not said.", example="true"),
    Field("why", Boolean(), "Take what fails apart, as `run --why` does, until the smallest set of faults that breaks "
          "it is known.", example="true"),
    Field("alerts", ALERTS, "Who is told of what breaks from night to night.",
          example="[{slack: env:SLACK_WEBHOOK}, {pagerduty: env:PAGERDUTY_KEY, for: page}]"),
    Field("budget", BUDGET, "How much one run may do.", example="{calls: 2000, writes: 20, rate: 5/s, seconds: 600}"),
    Field("windows", ListOf(WINDOW, or_one=True, minimum=1), "When runs, or faults, are allowed; always where it is "
          "not said.", example='[{days: [mon-fri], from: "09:00", to: "17:00", zone: Europe/Berlin}]'),
    Field("freeze", ListOf(DATES, or_one=True, minimum=1), "Whole days on which nothing runs.",
          example="[2026-12-20..2027-01-04]"),
    Field("nightly", NIGHTLY, "What is made every night, and how it is judged.",
          example="{scenarios: journeys, samples: 20, attempts: {max: 3, over: 15m}}"),
    Field("zone", ZONE, "The time zone of windows, freezes and nights; UTC where it is not said.",
          example="Europe/Berlin"),
), "Where a run may go, and what it may do there.", positioned=True, placed=True, exactly_one=("target", "targets"))


# --- the file -------------------------------------------------------------------------------------


def _project(*, position: Position, positions: Mapping[str, Position], environments: dict[str, Environment],
             personas: Mapping[str, Persona] | None = None, default: str | None = None, **_: Any) -> Project:
    return Project(position.file, environments, personas or {}, default, positions)


PROJECT = Record("project", _project, (
    VERSION_FIELD,
    Field("environments", As(MapOf(ENVIRONMENT, noun="environment", minimum=1, entries=True), _named),
          "The environments, by name.", required=True, example="{local: {target: http://127.0.0.1:8000}}"),
    Field("personas", As(MapOf(PERSONA, noun="persona", entries=True), _named), "The personas, by name.",
          example="{pro-eu: {plan: pro, auth: {bearer: env:ACME_TOKEN}}}"),
    Field("default", Name(), "The environment used without `--env`; the first where it is not said.",
          example="local"),
), "The environments and personas of a project.", positioned=True, placed=True)

"""The tables of `flowprobe.yaml`: the environments that a run may go to, and the personas that act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core.accounts import Account
from flowprobe.core.auth import Auth, Certificate
from flowprobe.core.fields import (
    As,
    Boolean,
    CallLine,
    Choice,
    Duration,
    Entry,
    Field,
    Json,
    ListOf,
    MapOf,
    Name,
    Record,
    Text,
)
from flowprobe.core.scenario import Environment, Persona, Position, Project, Provider, Start, Tls
from flowprobe.files.auth_tables import AUTH, CERTIFICATE
from flowprobe.files.specials import FILE
from flowprobe.files.tables import VERSION_FIELD

__all__ = ["ACCOUNT", "ENVIRONMENT", "PERSONA", "PROJECT", "PROVIDER", "START", "TLS"]

_PORT = r":(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_URL = Text(pattern=rf"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?:{_PORT})?(?:/[^\s?#]*)?",
            described="a URL without query, user or fragment, with a port up to 65535")
_ADDRESS = Text(pattern=r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}", described="host:port")
_VARIABLE = Text(pattern=r"[A-Za-z_][A-Za-z0-9_]*", described="the name of an environment variable")
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
    rest=Json(templated=False))

PERSONA = Record("persona", _persona, (
    Field("plan", Json(templated=False), "The plan of the account.", example="pro"),
    Field("region", Json(templated=False), "The region of the account.", example="eu"),
    Field("account", Json(templated=False), "The account; with `accounts` it is that which a trial holds.",
          example="acc_1"),
    Field("labels", ListOf(Name(), or_one=True), "Words to choose personas by.", example="[key-account]"),
    Field("budget", MapOf(Duration(), noun="budget"),
          "Named durations that steps may take: `${admin.budget.invite}`.", example="{invite: 800ms}"),
    *_AUTH_FIELDS,
    Field("accounts", ListOf(ACCOUNT, minimum=1),
          "A pool of accounts: a trial holds one of them for itself until its cleanup is done.",
          example="[{account: acc_1}, {account: acc_2}]"),
), "A key-account user. Every other key is a field of yours, found by `${role.key}`.", positioned=True,
    rest=Json(templated=False))


# --- environments ---------------------------------------------------------------------------------


def _provider(*, position: Position, **attributes: Any) -> Any:
    return lambda name: Provider(name=name, position=position, **attributes)


def _named(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {entry.key: entry.value(entry.key) for entry in entries}


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


def _environment(*, position: Position, target: str | None = None, targets: Mapping[str, str] | None = None,
                 **attributes: Any) -> Any:
    return lambda name: Environment(name=name, position=position, targets=targets or {"target": str(target)},
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
    Field("personas", ListOf(Name(), or_one=True),
          "The personas that may act here; all where it is not said.",
          example="[pro-eu]"),
    Field("http2", Boolean(), "Offer HTTP/2 to the targets, where they have TLS.", example="true"),
    Field("tls", TLS, "Whom our calls to the targets believe; the roots of the system where it is not said.",
          example="{ca: certs/lab-ca.pem}"),
    Field("lab", Boolean(), "Nothing here is worth protecting: `tls: {verify: false}` may be said of any host.",
          example="true"),
    Field("openapi", FILE, "The OpenAPI 3.0 or 3.1 document that describes the product: YAML or JSON, from the folder "
          "of this file.", example="spec/openapi.yaml"),
), "Where a run may go.", positioned=True, exactly_one=("target", "targets"))


# --- the file -------------------------------------------------------------------------------------


def _project(*, position: Position, environments: dict[str, Environment],
             personas: Mapping[str, Persona] | None = None, default: str | None = None, **_: Any) -> Project:
    return Project(position.file, environments, personas or {}, default)


PROJECT = Record("project", _project, (
    VERSION_FIELD,
    Field("environments", As(MapOf(ENVIRONMENT, noun="environment", minimum=1, entries=True), _named),
          "The environments, by name.", required=True, example="{local: {target: http://127.0.0.1:8000}}"),
    Field("personas", As(MapOf(PERSONA, noun="persona", entries=True), _named), "The personas, by name.",
          example="{pro-eu: {plan: pro, auth: {bearer: env:ACME_TOKEN}}}"),
    Field("default", Name(), "The environment used without `--env`; the first where it is not said.",
          example="local"),
), "The environments and personas of a project.", positioned=True)

"""The names inside a project file: personas of an environment, the default one, and what a start may look
up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from flowprobe.core.expressions import spans
from flowprobe.core.fields import Record
from flowprobe.files.auth_names import check_persona
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.project_tables import ENVIRONMENT, PERSONA, PROJECT, PROVIDER, TELEMETRY
from flowprobe.files.scalars import Kind, kind_of

__all__ = ["check_project"]

RESERVED = ("user", "proxy", "ca")
_TARGET = re.compile(r"\S+ +([A-Za-z][\w-]*):/(?!/)", re.ASCII)


def check_project(root: Node, context: Context, _: object) -> None:
    """Check the names of a project; what a part that could not be read declares is not missed."""
    if not isinstance(root, Mapping):
        return
    told = _all_known(root, PROJECT) and isinstance(root.get("personas", Mapping()), Mapping)
    for name, environment in _pairs(root.get("environments")):
        _check_providers(name.value, environment, context)
        if told:
            _check_personas(environment, _keys(root.get("personas")), context)
        if isinstance(environment, Mapping) and _declares(environment):
            _check_lookups(environment, context)
            _check_ready(name.value, environment, context)
            _check_tls(environment, context)
            _check_proxy(environment, context)
            _check_policy(name.value, environment, context)
    if told:
        _check_clues(root.get("environments"), root.get("personas"), context)
    _check_default(root, context)
    for _, persona in _pairs(root.get("personas")):
        check_persona(persona, context)


def _all_known(node: Mapping, record: Record) -> bool:
    known = {field.key for field in record.fields}
    return all(key.value in known for key, _ in node.value)


def _declares(environment: Mapping) -> bool:
    """Whether an environment's targets and providers can be told."""
    parts = [environment.get(key, Mapping()) for key in ("targets", "providers")]
    return _all_known(environment, ENVIRONMENT) and all(isinstance(part, Mapping) for part in parts)


def _pairs(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return node.value if isinstance(node, Mapping) else ()


def _keys(node: Node | None) -> list[str]:
    return [key.value for key, _ in _pairs(node)]


def _get(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Mapping) else None


def _texts(node: Node | None) -> Iterator[Scalar]:
    """The strings of a list, or of one item that stands for it."""
    items = node.value if isinstance(node, Sequence) else [node]
    return (item for item in items if isinstance(item, Scalar) and kind_of(item) is Kind.TEXT)


def _check_personas(environment: Node, known: list[str], context: Context) -> None:
    for name in _texts(_get(environment, "personas")):
        if name.value not in known and not _reported(name, context):
            context.report("unknown-persona", name, name=name.value,
                           instead=_nearest(name.value, known, "persona"))


def _check_providers(name: str, environment: Node, context: Context) -> None:
    targets = _keys(_get(environment, "targets")) if _get(environment, "target") is None else ["target"]
    for key, provider in _pairs(_get(environment, "providers")):
        if key.value in RESERVED:
            context.report("name-taken", key, name=key.value, owner="FlowProbe itself")
        webhooks = _get(provider, "webhooks")
        strange = isinstance(webhooks, Scalar) and targets and webhooks.value not in targets
        if isinstance(webhooks, Scalar) and strange and not _reported(webhooks, context):
            context.report("unknown-target", webhooks, name=webhooks.value, environment=name,
                           instead=_nearest(webhooks.value, targets, "target"))


def _check_clues(environments: Node | None, personas: Node | None, context: Context) -> None:
    """A customer is a field of some persona, and only a client of our proxy has a user name."""
    known = [name for _, persona in _pairs(personas) for name in _fields(persona)]
    missed: set[str] = set()
    for provider, clue in _clues(environments):
        for name in _texts(_get(clue, "customer")):
            if name.value not in known and name.value not in missed and not _reported(name, context):
                missed.add(name.value)
                context.report("unknown-name", name, name=name.value, where=" in any persona", also="",
                               instead=_nearest(name.value, list(dict.fromkeys(known)), "field of a persona"))
        user = _get(clue, "proxy_user")
        if user is not None and not _may_forward(provider) and not _reported(user, context):
            context.report("needs-forward", user)


def _clues(environments: Node | None) -> Iterator[tuple[Node, Node]]:
    """Each clue of a provider, with the provider."""
    for _, environment in _pairs(environments):
        for _, provider in _pairs(_get(environment, "providers")):
            attribute = _get(provider, "attribute")
            items = attribute.value if isinstance(attribute, Sequence) else [attribute]
            yield from ((provider, item) for item in items if item is not None)


def _fields(persona: Node) -> Iterator[str]:
    """What a persona has for itself, and what its accounts have."""
    taken = {field.key for field in PERSONA.fields} - {"account", "plan", "region"}
    accounts = _get(persona, "accounts")
    for node in (persona, *(accounts.value if isinstance(accounts, Sequence) else ())):
        yield from (name for name in _keys(node) if name not in taken)


def _check_default(root: Mapping, context: Context) -> None:
    default, known = root.get("default"), _keys(root.get("environments"))
    if isinstance(default, Scalar) and known and default.value not in known and not _reported(default,
                                                                                              context):
        context.report("unknown-environment", default, name=default.value,
                       instead=_nearest(default.value, known, "environment"))


def _check_ready(name: str, environment: Mapping, context: Context) -> None:
    """`ready: GET auth:/health` needs a target of that name."""
    known = _keys(environment.get("targets")) if environment.get("target") is None else ["target"]
    start = environment.get("start")
    for item in start.value if isinstance(start, Sequence) else [start]:
        ready = _get(item, "ready") if isinstance(item, Mapping) else None
        found = re.match(r"[A-Z]+ +([A-Za-z][\w-]*):/(?!/)", ready.value) if isinstance(ready,
                                                                                        Scalar) else None
        if ready is not None and found is not None and known and found[1] not in known:
            context.report("unknown-target", ready, offset=found.start(1), width=len(found[1]), name=found[1],
                           environment=name, instead=_nearest(found[1], known, "target"))


def _check_tls(environment: Mapping, context: Context) -> None:
    """What is not verified has to be near, or called a lab."""
    verify, lab = _get(environment.get("tls"), "verify"), environment.get("lab")
    if not _says(verify, "false") or not (lab is None or _says(lab, "false")):
        return
    targets = environment.get("targets")
    urls = targets.value if isinstance(targets, Mapping) else [(None, environment.get("target"))]
    far = [host for _, url in urls if (host := _far(url))]
    if far:
        assert verify is not None, "what says something is there"
        context.report("unverified-tls", verify, hosts=listed(dict.fromkeys(far), last="and"))


def _check_proxy(environment: Mapping, context: Context) -> None:
    """A product that we start has a proxy that we start."""
    proxy = environment.get("proxy")
    if proxy is not None and environment.get("start") is not None and not _reported(proxy, context):
        context.report("proxy-beside-start", proxy)


def _says(node: Node | None, word: str) -> bool:
    return isinstance(node, Scalar) and node.plain and node.value == word


def _far(url: Node | None) -> str:
    """The host of a target, where it is not this machine."""
    try:
        host = urlsplit(url.value).hostname or "" if isinstance(url, Scalar) else ""
    except ValueError:
        return ""
    return "" if host in ("localhost", "::1") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) else host


def _check_policy(name: str, environment: Mapping, context: Context) -> None:
    """The targets that `allow` and `identity` name, and the providers of `faults`."""
    targets = _keys(environment.get("targets")) if environment.get("target") is None else ["target"]
    probe, controls = _get(environment.get("identity"), "call"), _controls(environment)
    for line in (*_texts(environment.get("allow")), *_texts(probe), *controls):
        found = _TARGET.match(line.value)
        if found is not None and targets and found[1] not in targets and not _reported(line, context):
            context.report("unknown-target", line, offset=found.start(1), width=len(found[1]), name=found[1],
                           environment=name, instead=_nearest(found[1], targets, "target"))
    _check_probe(probe, context, what="`identity`", because="what proves an identity")
    for control in controls:
        _check_probe(control, context, what="`controls`", because="what is only measured")
    providers = _keys(environment.get("providers"))
    named = _get(environment.get("faults"), "provider")
    for word in _texts(named) if isinstance(named, Sequence) else ():
        if word.value not in providers and not _reported(word, context):
            context.report("unknown-provider", word, name=word.value, environment=name,
                           instead=_nearest(word.value, providers, "provider"))


def _controls(environment: Mapping) -> list[Scalar]:
    found = _get(environment.get("nightly"), "controls")
    return [text for name in _keys(found) for text in _texts(_get(found, name))]


def _check_probe(call: Node | None, context: Context, *, what: str, because: str) -> None:
    """What proves who answers, or is measured beside the journeys, changes nothing, and is there before anything can be
    looked up."""
    if not isinstance(call, Scalar) or _reported(call, context):
        return
    if "${" in call.value:
        context.report("template-not-here", call, offset=call.value.index("${"), what=what)
    elif call.value.startswith(("POST ", "PUT ", "PATCH ", "DELETE ")):
        context.report("bad-call", call, what="`call`", reason=f"{because} changes nothing",
                       instead="write for example GET /health")


def _nearest(word: str, known: list[str], noun: str) -> str:
    return did_you_mean(word, known,
                        otherwise=f"write {listed(known)}" if known else f"this file has no {noun}")


def _reported(node: Node, context: Context) -> bool:
    """Whether a problem stands at this very place already."""
    line, column = context.place(node)
    return any((problem.line, problem.column) == (line, column) for problem in context.problems)


# --- what a start may look up ---------------------------------------------------------------------


def _check_lookups(environment: Node, context: Context) -> None:
    known = _lookups(environment)
    for _, node in context.templates:
        if environment.begins <= node.begins < environment.ends:
            _check_text(node, known, context)


def _check_text(node: Scalar, known: list[str], context: Context) -> None:
    for lookup, offset in spans(node.value):
        name = str(lookup)
        minted = lookup.path[0] == "mint" and len(lookup.path) == 2
        if name not in known and not minted:
            otherwise = f"write for example ${{{known[0]}}} or ${{target.port}}"
            context.report("unknown-name", node, offset=offset, width=len(name), name=name, where=" here",
                           also="",
                           instead=did_you_mean(name, known, otherwise=otherwise))


def _lookups(environment: Node) -> list[str]:
    """Every name that a `start` of this environment may look up, but for `mint.NAME`."""
    providers = _keys(_get(environment, "providers"))
    targets = _keys(_get(environment, "targets"))
    parts = ("url", "port")
    forward = any(_may_forward(node) for _, node in _pairs(_get(environment, "providers")))
    return [
        *(f"edges.{name}.url" for name in providers),
        *(f"edges.{key.value}.webhooks.url" for key, node in _pairs(_get(environment, "providers"))
          if _get(node, "webhooks") is not None),
        *(("edges.proxy.url", "edges.ca") if forward else ()),
        *(f"target.{part}" for part in parts),
        *(f"targets.{name}.{part}" for name in targets for part in parts),
        *(f"upstreams.{name}.{part}" for name in providers for part in parts),
        *(("telemetry.url",) if _may_listen(environment) else ()),
    ]


def _may_listen(environment: Node) -> bool:
    """Whether we listen for the product's exporter there, as far as its node tells."""
    telemetry = _get(environment, "telemetry")
    if telemetry is None:
        return not isinstance(environment, Mapping) or not _all_known(environment, ENVIRONMENT)
    told = isinstance(telemetry, Mapping) and _keys(telemetry) and _all_known(telemetry, TELEMETRY)
    return not told or _get(telemetry, "otlp") is not None


def _may_forward(provider: Node) -> bool:
    """Whether a provider's edge is a forward one, as far as its node tells."""
    if not isinstance(provider, Mapping) or not _all_known(provider, PROVIDER):
        return True
    edge = provider.get("edge")
    return edge is not None and not (isinstance(edge, Scalar) and edge.value == "reverse")

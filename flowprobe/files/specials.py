"""The shapes with a reader of their own, by name: texts that have a syntax which no table describes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowprobe.core.auth import SIGNED_PARTS
from flowprobe.core.expressions import parse
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.core.faults.redirect_loop import REDIRECT_CODE, REDIRECT_CODES
from flowprobe.core.faults.status import RECIPE
from flowprobe.core.fields import JSON_PATH, TRUE, Json, Special
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Each, FileRef, Lookup, SecretRef, Template
from flowprobe.errors import InvalidInput
from flowprobe.files.account_lines import code, constraint, json_schema, oddity
from flowprobe.files.attachments import Unusable, attachment, located
from flowprobe.files.calls import call_line, send_line
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Mapping as Mapping_
from flowprobe.files.nodes import Node, Scalar, Sequence
from flowprobe.files.policy_lines import allow_line, dates, days, zone
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.scalars import Kind, kind_of, number, seen
from flowprobe.files.values import count, json_path, reader, regex

__all__ = [
    "ALLOW",
    "ATTACHMENT",
    "CODE",
    "CONSTRAINT",
    "COUNT",
    "DATES",
    "DAYS",
    "EACH",
    "EDGE",
    "FILE",
    "HEADER_NAME",
    "HOOK",
    "HOOK_HEADERS",
    "ID_PATH",
    "JSON_PATH",
    "JSON_SCHEMA",
    "LOOKUP",
    "ODDITY",
    "REGEX",
    "RETRY_ON",
    "SECRET",
    "SECRET_FILE",
    "SEND_LINE",
    "SENT",
    "SIGNED_PART",
    "SPECIALS",
    "STORED_SECRET",
    "STORE_HEADERS",
    "TOKEN_LINE",
    "TRUE",
    "UNDER_KEY",
    "USED",
    "VERSION",
    "ZONE",
    "SpecialReader",
]


@plain
class SpecialReader(Plain):
    """`read` takes the node, the context and what messages call the value; `described` is what it takes."""

    read: Callable[[Node, Context, str], Any]
    described: str


VERSION = Special("version", {"const": 1})
FILE = Special("file", {"type": "string", "minLength": 1})
REGEX = Special("regex", {"type": "string", "format": "regex"})
SECRET = Special("secret", {"type": "string", "pattern": "^(env|file|cmd|mint):.+$"})
STORED_SECRET = Special("stored-secret", {"type": "string", "pattern": "^(env|file|cmd):.+$"})
HOOK = Special("hook", {"type": "string", "pattern": r"^(https?://[^\s@]+|(env|file|cmd):.+)$"})
SECRET_FILE = Special("secret-file", {"type": "string", "pattern": "^file:.+$"})
TOKEN_LINE = Special("token-line", {"type": "string", "pattern": r"^POST +\S"})
SIGNED_PART = Special("signed-part", {"anyOf": [{"enum": list(SIGNED_PARTS)},
                                                {"type": "string", "pattern": "^header:[A-Za-z0-9-]+$"}]})
HEADER_NAME = Special("header-name", {"type": "string", "pattern": r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"})
STORE_HEADERS = Special("store-headers", {"type": "object", "propertyNames": HEADER_NAME.schema,
                                          "additionalProperties": {"type": ["string", "number", "boolean"]}})
HOOK_HEADERS = Special("hook-headers", STORE_HEADERS.schema)
SEND_LINE = Special("send-line", {"type": "string", "pattern": "^[A-Z]+ /"})
UNDER_KEY = Special("under-key", {"type": "string", "pattern": r"^[A-Za-z][\w-]*(\.webhooks)?(/[a-z_]+)?$"})
LOOKUP = Special("look-up", {"type": "string", "pattern": r"^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$"})
RETRY_ON = Special("retry-on", {"anyOf": [{"enum": ["connect", "no-reply"]},
                                          {"type": "integer", "minimum": 400, "maximum": 599}]})
COUNT = Special("count", {"anyOf": [
    {"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"\$\{"},
    {"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": {"pattern": r"^\$"}},
]})
_METHOD = "(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
ALLOW = Special("allow", {"type": "string", "pattern": rf"^(\*|{_METHOD}(,{_METHOD})*)\s+([A-Za-z][\w-]*:)?/"})
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
DAYS = Special("days", {"type": "string", "pattern": f"^{_DAY}(-{_DAY})?$"})
DATES = Special("dates", {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(\.\.\d{4}-\d{2}-\d{2})?$"})
ZONE = Special("zone", {"type": "string", "minLength": 1})

SENT = Special("sent", {"anyOf": [*COUNT.schema["anyOf"][:2], {
    "type": "object", "minProperties": 1, "additionalProperties": True,
    "description": "One matcher of the number of calls, or `calls` and `effects`."}]})
ATTACHMENT = Special("attachment", {"type": "string", "minLength": 1})
USED = Special("used", {"type": "string", "minLength": 1})
ID_PATH = Special("id-path", {"type": "string", "pattern": r"^\$.*\.[\w-]+$"})
EACH = Special("each", {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {
    "anyOf": [{"type": "array"}, {"type": "string", "pattern": r"^\$\{.*\}$"}]}})
CODE = Special("code", {"type": "string", "pattern": r"^.+\.py:[A-Za-z_]\w*$"})
JSON_SCHEMA = Special("json-schema", {"type": ["object", "string"]})
_FIELDS = {"type": "object", "minProperties": 1, "propertyNames": {"pattern": r"^account\."},
           "additionalProperties": {"$ref": "#/$defs/shape"}}
CONSTRAINT = Special("constraint", {"anyOf": [_FIELDS, {
    "type": "object", "required": ["when", "then"], "additionalProperties": False, "properties": {
        "when": {**_FIELDS, "description": "Where all of these fit."},
        "then": {**_FIELDS, "description": "These must fit too."}}}]})
ODDITY = Special("oddity", {"anyOf": [
    {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]*$"},
    {"type": "object", "minProperties": 1, "additionalProperties": {"type": "object", "minProperties": 1}}]})
EDGE = Special("edge", {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9_-]*(\.webhooks)?$"})

_EDGE = re.compile(EDGE.schema["pattern"], re.ASCII)
_ID_PATH = re.compile(r"(\$.*)\.([\w-]+)")
_HEADER = re.compile(HEADER_NAME.schema["pattern"])
_UNDER = re.compile(UNDER_KEY.schema["pattern"], re.ASCII)
_SECRET = re.compile(r"(env|file|cmd|mint):(.+)")
_SIGNED_HEADER = re.compile(r"header:[A-Za-z0-9-]+")
_STORED = "write env:NAME, file:PATH or cmd:PROGRAM"
_HOOK = re.compile(r"https?://[^\s@/?#]+(?:[/?#][^\s@]*)?")
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KINDS = f"write one of {listed(KIND_NAMES)}"
_ONE_LOOKUP = re.compile(r"\$\{[^{}]+\}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RETRIED = ("connect", "no-reply")
_RETRIED_CODES = range(400, 600)
_RETRIED_HERE = "connect, no-reply or a status from 400 to 599"
_OURS = ("host", "content-length", "transfer-encoding", "connection")
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie")


def _version(node: Node, context: Context, what: str) -> Any:
    if isinstance(node, Scalar) and node.plain and node.value == "1":
        return 1
    return context.report("wrong-version", node, what=what, seen=seen(node))


def _true(node: Node, context: Context, what: str) -> Any:
    if isinstance(node, Scalar) and node.plain and node.value == "true":
        return True
    return context.wrong_type(node, what, "true", "true")


def _json_path(node: Node, context: Context, what: str) -> Any:
    text = context.plain_text(node, what, "a JSONPath", "$.id")
    return BAD if text is BAD else json_path(_scalar(node), context, what)


def _regex(node: Node, context: Context, what: str) -> Any:
    text = context.plain_text(node, what, "a regular expression", "'id=([0-9]+)'")
    return BAD if text is BAD else regex(_scalar(node), context, what)


def _file(node: Node, context: Context, what: str) -> Any:
    text = context.plain_text(node, what, "the path of a file", "spec/openapi.yaml")
    if text is BAD:
        return BAD
    if "${" in text:
        return context.report("template-not-here", node, offset=text.index("${"), what=what)
    return FileRef(text, context.position(node)) if text else context.report("empty", node, what=what)


def _secret(node: Node, context: Context, what: str, *, instead: str = "") -> Any:
    """A reference; the value that stands there instead of one is never shown."""
    found = _SECRET.fullmatch(node.value) if isinstance(node, Scalar) and kind_of(node) is Kind.TEXT else None
    if found is None or (found[1] in ("env", "mint") and not _SECRET_NAME.fullmatch(found[2])):
        if isinstance(node, Scalar) and node.value:
            context.hidden.append(node.value)
        return context.report("secret-by-value", node, what=what, instead=instead)
    return SecretRef(found[1], found[2], context.position(node))


def _stored_secret(node: Node, context: Context, what: str) -> Any:
    """One that somebody else knows too: a secret that is made for a run is known to nobody."""
    found = _secret(node, context, what, instead=_STORED)
    if found is BAD or found.scheme != "mint":
        return found
    return context.report("bad-text", node, what=what, wanted="a secret that is there before", seen="`mint:`",
                          instead=_STORED)


def _hook(node: Node, context: Context, what: str) -> Any:
    """A URL that is no secret, or a reference to one that is. A user in a URL is taken for a secret."""
    if isinstance(node, Scalar) and _HOOK.fullmatch(node.value):
        return node.value
    return _stored_secret(node, context, what)


def _secret_file(node: Node, context: Context, what: str) -> Any:
    found = _secret(node, context, what)
    if found is BAD or found.scheme == "file":
        return found
    return context.report("bad-text", node, what=what, wanted="a file", seen=f"`{found.scheme}:`",
                          instead="write file:PATH")


def _token_line(node: Node, context: Context, what: str) -> Any:
    """`POST target:/path` or `POST https://…`, without look-ups."""
    found = call_line(node, context, what, absolute=True)
    if found is BAD:
        return BAD
    if not isinstance(found.path, str):
        return context.report("template-not-here", node, offset=_scalar(node).value.index("${"), what=what)
    if "@" in found.path.partition("://")[2].partition("/")[0]:
        return context.report("bad-call", node, what=what, reason="its URL names a user",
                              instead="write client_id and client_secret beside it")
    if found.method != "POST":
        return context.report("bad-call", node, what=what, reason="a token is asked for with POST",
                              instead="write for example POST /oauth/token")
    return found


def _signed_part(node: Node, context: Context, what: str) -> Any:
    wanted = listed((*SIGNED_PARTS, "header:NAME"), quoted=False)
    text = context.plain_text(node, what, wanted, "timestamp")
    if text is BAD or text in SIGNED_PARTS or _SIGNED_HEADER.fullmatch(text):
        return text
    return context.report("unknown-word", node, what=what, seen=seen(node),
                          instead=did_you_mean(text, SIGNED_PARTS, otherwise=f"write {wanted}"))


def _header_name(node: Node, context: Context, what: str) -> Any:
    name = context.plain_text(node, what, "the name of a header", "X-Api-Key")
    if name is BAD:
        return BAD
    if not _HEADER.fullmatch(name):
        return context.report("bad-text", node, what=what, wanted="one word, without spaces", seen=seen(node),
                              instead="write for example Idempotency-Key")
    if name.lower() in _OURS:
        return context.report("refused-header", node, key=name)
    return name


def _store_headers(node: Node, context: Context, what: str) -> Any:
    """Headers that are no secret; of those that always are one, the value is never shown."""
    if not isinstance(node, Mapping_):
        return context.wrong_type(node, what, "a mapping", "{X-Scope-OrgID: acme}")
    found: dict[Any, Any] = {}
    for key, child in node.value:
        found[_header_name(key, context, "a header")] = _store_header(key.value, child, context)
    return BAD if BAD in found or BAD in found.values() else found


def _store_header(name: str, node: Node, context: Context) -> Any:
    if not isinstance(node, Scalar) or kind_of(node) is Kind.NULL:
        return context.wrong_type(node, f"`{name}`", "text", "acme")
    if name.lower() in _SECRET_HEADERS or _SECRET.fullmatch(node.value):
        context.hidden += [node.value] if node.value and not _SECRET.fullmatch(node.value) else []
        return context.report("secret-header", node, key=name)
    if "${" in node.value:
        return context.report("template-not-here", node, offset=node.value.index("${"), what=f"`{name}`")
    return node.value


def _hook_headers(node: Node, context: Context, what: str) -> Any:
    """Headers as they stand, or by reference; those that always hold a secret by reference alone."""
    if not isinstance(node, Mapping_):
        return context.wrong_type(node, what, "a mapping", "{Authorization: env:TOKEN}")
    found: dict[Any, Any] = {}
    for key, child in node.value:
        found[_header_name(key, context, "a header")] = _hook_header(key.value, child, context)
    return BAD if BAD in found or BAD in found.values() else found


def _hook_header(name: str, node: Node, context: Context) -> Any:
    if name.lower() in _SECRET_HEADERS or (isinstance(node, Scalar) and _SECRET.fullmatch(node.value)):
        return _stored_secret(node, context, f"`{name}`")
    return _store_header(name, node, context)


def _under_key(node: Node, context: Context, what: str) -> Any:
    text = _scalar(node).value
    if _UNDER.fullmatch(text):
        _, slash, kind = text.partition("/")
        if not slash or kind in KIND_NAMES:
            return text
        return context.report("unknown-word", node, offset=text.index("/") + 1, width=len(kind),
                              what="the fault kind",
                              seen=f"`{kind}`", instead=did_you_mean(kind, KIND_NAMES, otherwise=_KINDS))
    return context.report("bad-text", node, what=what, wanted="a fault plan, a provider or provider/kind",
                          seen=seen(node), instead="write for example payments/latency")


def _lookup(node: Node, context: Context, what: str) -> Any:
    """A dotted path over declared names, noted for whoever knows the names."""
    text = _scalar(node).value
    bare = text.removeprefix("${").removesuffix("}") if text.startswith("${") else text
    parsed = parse(f"${{{bare}}}", context.position(node))
    if not isinstance(parsed, Template) or not isinstance(parsed.parts[0], Lookup) or str(parsed) != f"${{{bare}}}":
        return context.report("bad-text", node, what=what, wanted="one name with its dots", seen=seen(node),
                              instead="write for example invite.id")
    if bare != text:
        return context.report("bad-text", node, what=what, wanted="one name with its dots, without ${ }",
                              seen=seen(node), instead=f"write {bare}")
    context.paths.append((parsed.parts[0], _scalar(node)))
    return text


def _retry_on(node: Node, context: Context, what: str) -> Any:
    if isinstance(node, Scalar) and kind_of(node) is Kind.NUMBER:
        code = number(node)
        if isinstance(code, int) and code in _RETRIED_CODES:
            return code
        return context.report("out-of-range", node, what=what, wanted=_RETRIED_HERE, seen=node.value)
    text = context.plain_text(node, what, _RETRIED_HERE, "503")
    if text is BAD or text in _RETRIED:
        return text
    return context.report("unknown-word", node, what=what, seen=seen(node),
                          instead=did_you_mean(text, _RETRIED, otherwise=f"write {_RETRIED_HERE}"))


def _sent(node: Node, context: Context, _: str) -> Any:
    """How often: (calls, effects), None for what is not said."""
    if not isinstance(node, Mapping_) or not node.value or node.value[0][0].value.startswith("$"):
        calls = count(node, context)
        return BAD if calls is BAD else (calls, None)
    found: dict[str, Any] = {}
    for key, child in node.value:
        if key.value not in ("calls", "effects"):
            return context.report("unknown-key", key, key=key.value, noun="a count",
                                  instead=did_you_mean(key.value, ("calls", "effects"),
                                                       otherwise="write `calls` or `effects`"))
        found[key.value] = count(child, context)
    return BAD if BAD in found.values() else (found.get("calls"), found.get("effects"))


def _attachment(node: Node, context: Context, what: str) -> Any:
    name = context.plain_text(node, what, "the path of a file", "files/photo.png")
    if name is BAD:
        return BAD
    try:
        if name not in context.attached:
            context.attached[name] = attachment(name, Path(context.file))
        return context.attached[name]
    except Unusable as unusable:
        return context.report(unusable.id, node, width=None, **unusable.words)


def _used(node: Node, context: Context, what: str) -> Any:
    """The scenario that a step uses, kept in the context for whoever checks its names."""
    name = context.plain_text(node, what, "the path of a scenario", "sign-in.yaml")
    if name is BAD:
        return BAD
    assert context.load is not None, "only a scenario can use another"
    try:
        scenario = context.load(located(name, Path(context.file)))
    except Unusable as unusable:
        return context.report(unusable.id, node, width=None, **unusable.words)
    except InvalidInput as invalid:
        context.problems += invalid.problems
        return BAD
    context.used[node.begins] = scenario
    return scenario


def _id_path(node: Node, context: Context, what: str) -> Any:
    """The items of a list and the name of their id: (JSONPath, field)."""
    path = _json_path(node, context, what)
    if path is BAD:
        return BAD
    found = _ID_PATH.fullmatch(path)
    if found is None:
        return context.report("bad-id-path", node, what=what, reason="its last part is the name of the id")
    return found[1], found[2]


_ITEMS = reader(Json(looked_up=True), "an item")


def _each(node: Node, context: Context, _: str) -> Any:
    """The name of an item and where its list comes from."""
    if not isinstance(node, Mapping_) or len(node.value) != 1:
        return context.report("one-each", node)
    key, child = node.value[0]
    is_list = isinstance(child, Sequence)
    if not is_list and not (isinstance(child, Scalar) and _ONE_LOOKUP.fullmatch(child.value)):
        return context.wrong_type(child, "the list of `each`", "a list, or one look-up", '"${page.ids}"')
    if not _NAME.fullmatch(key.value):
        return context.report("bad-name", key, what="the name of an item", seen=seen(key))
    over = _ITEMS(child, context)
    return BAD if over is BAD else Each(key.value, over, context.position(key))


def _edge(node: Node, context: Context, what: str) -> Any:
    if _EDGE.fullmatch(_scalar(node).value):
        return _scalar(node).value
    return context.report("bad-name", node, what=what, seen=seen(node))


def _recipe(node: Node, context: Context, what: str) -> Any:
    """The name of a recipe; the recipes themselves are read only where one is used."""
    from flowprobe.core.faults.recipes import RECIPES

    text = context.plain_text(node, what, "the name of a recipe", "stripe/card-declined")
    if text is BAD or text in RECIPES:
        return text
    known = [name for name in RECIPES if name.startswith(f"{text.partition('/')[0]}/")]
    providers = sorted({name.partition("/")[0] for name in RECIPES})
    otherwise = (f"write {listed(known, quoted=False)}" if known
                 else f"there are recipes of {listed(providers, last='and', quoted=False)}")
    return context.report("unknown-word", node, what=what, seen=seen(node),
                          instead=did_you_mean(text, RECIPES, otherwise=otherwise))


def _redirect_code(node: Node, context: Context, what: str) -> Any:
    value = number(node) if isinstance(node, Scalar) and kind_of(node) is Kind.NUMBER else None
    if value in REDIRECT_CODES:
        return value
    return context.report("unknown-word", node, what=what, seen=seen(node),
                          instead=f"write {listed(map(str, REDIRECT_CODES), quoted=False)}")


def _scalar(node: Node) -> Scalar:
    assert isinstance(node, Scalar)
    return node


SPECIALS: Mapping[str, SpecialReader] = {
    VERSION.name: SpecialReader(_version, "1"),
    TRUE.name: SpecialReader(_true, "true"),
    JSON_PATH.name: SpecialReader(_json_path, "a JSONPath"),
    FILE.name: SpecialReader(_file, "the path of a file"),
    REGEX.name: SpecialReader(_regex, "a regular expression"),
    SECRET.name: SpecialReader(_secret, "a reference to a secret"),
    SECRET_FILE.name: SpecialReader(_secret_file, "file:PATH"),
    TOKEN_LINE.name: SpecialReader(_token_line, "`POST /path`"),
    SIGNED_PART.name: SpecialReader(_signed_part, "a part of the call"),
    HEADER_NAME.name: SpecialReader(_header_name, "a header name"),
    STORED_SECRET.name: SpecialReader(_stored_secret, "a reference to a secret"),
    HOOK.name: SpecialReader(_hook, "a URL, or a reference to a secret"),
    HOOK_HEADERS.name: SpecialReader(_hook_headers, "headers"),
    STORE_HEADERS.name: SpecialReader(_store_headers, "headers"),
    SEND_LINE.name: SpecialReader(send_line, "`METHOD /path`"),
    UNDER_KEY.name: SpecialReader(_under_key, "a fault plan, a provider or provider/kind"),
    LOOKUP.name: SpecialReader(_lookup, "one name with its dots"),
    RETRY_ON.name: SpecialReader(_retry_on, _RETRIED_HERE),
    SENT.name: SpecialReader(_sent, "a whole number, one matcher, or `calls` and `effects`"),
    ATTACHMENT.name: SpecialReader(_attachment, "the path of a file"),
    USED.name: SpecialReader(_used, "the path of a scenario"),
    ID_PATH.name: SpecialReader(_id_path, "the path of the ids"),
    EACH.name: SpecialReader(_each, "a name with its list"),
    EDGE.name: SpecialReader(_edge, "an edge"),
    RECIPE.name: SpecialReader(_recipe, "the name of a recipe"),
    REDIRECT_CODE.name: SpecialReader(_redirect_code, "a status code that redirects"),
    ALLOW.name: SpecialReader(allow_line, "`METHODS /path`"),
    DAYS.name: SpecialReader(days, "a day, or days from-to"),
    DATES.name: SpecialReader(dates, "dates, from..to"),
    ZONE.name: SpecialReader(zone, "the name of a time zone"),
    CODE.name: SpecialReader(code, "`FILE.py:NAME`"),
    JSON_SCHEMA.name: SpecialReader(json_schema, "a JSON Schema, or the path of its file"),
    CONSTRAINT.name: SpecialReader(constraint, "fields with their shapes"),
    ODDITY.name: SpecialReader(oddity, "the name of an oddity"),
    COUNT.name: SpecialReader(lambda node, context, _: count(node, context), "a whole number or one matcher"),
}

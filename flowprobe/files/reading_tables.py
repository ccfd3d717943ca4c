"""The tables of what an environment says of the product's spans and log lines: where they are read, and links to where
people look at them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flowprobe.core.auth import ApiKey
from flowprobe.core.fields import Field, ListOf, MapOf, Record, Text, Wrong
from flowprobe.core.reading import TRACE, Access, FromCommand, FromFiles, FromJaeger, FromLoki, FromTempo, Source
from flowprobe.files.auth_tables import BASIC, BEARER
from flowprobe.files.specials import HEADER_NAME, SECRET, STORE_HEADERS

__all__ = ["LINKS", "SOURCE"]

_PORT = r":(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ORIGIN = rf"https?://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]$]+)(?:{_PORT})?"
_URL = Text(pattern=rf"{_ORIGIN}(?:/[^\s?#]*)?", described="a URL without query, user or fragment, with a port up to "
            "65535")
_LINK = Text(pattern=rf"(?=.*\$\{{trace\}}){_ORIGIN}[/?#](?:[^\s$]|\$(?!\{{)|\$\{{trace\}})*",
             described="an http or https URL with ${trace} behind its host", literal=True)
_WORD = Text(literal=True, lines=True)
_QUERY = f"'{{app=\"shop\"}} |= \"{TRACE}\"'"
_KINDS = ("jaeger", "tempo", "loki", "otlp-file", "cmd")
_LOOKUP = re.compile(r"\$\{([^}]*)\}")


def _source(*, position: Any, jaeger: str = "", tempo: str = "", loki: str = "", otlp_file: str = "",
            cmd: tuple[str, ...] = (), query: str = "", headers: Mapping[str, str] | None = None,
            auth: Any = None) -> Source:
    if cmd:
        return FromCommand(cmd, position)
    if otlp_file:
        return FromFiles(otlp_file, position)
    access = Access(jaeger or tempo or loki, headers or {}, auth)
    if loki:
        return FromLoki(access, query, position)
    return FromJaeger(access, position) if jaeger else FromTempo(access, position)


def _checked(given: Mapping[str, Any]) -> Wrong | None:
    """What no shape can see: what a store needs and a file has not, and where `${trace}` stands."""
    if "loki" in given and "query" not in given:
        words = {"noun": "a source in Loki", "key": "query", "instead": f"add query: {_QUERY}"}
        return Wrong("loki", "missing-key", words)
    here = next((key for key in ("otlp-file", "cmd") if key.replace("-", "_") in given), "")
    signed = next((key for key in ("headers", "auth") if here and key in given), "")
    if signed:
        return Wrong(signed, "not-beside", {"key": signed, "other": here, "instead": f"remove `{signed}`"})
    if "query" in given:
        return _traced("query", (given["query"],))
    return _traced("cmd", given["cmd"]) if "cmd" in given else None


def _traced(key: str, texts: Sequence[str]) -> Wrong | None:
    """Of texts in which `${trace}` alone is looked up, at least once."""
    for name in (found[1] for text in texts for found in _LOOKUP.finditer(text)):
        if name != "trace":
            return Wrong(key, "unknown-name", {"name": name, "where": " here", "also": "",
                                               "instead": f"write {TRACE}, which is the trace id of a call"})
    return None if any(TRACE in text for text in texts) else Wrong(key, "needs-trace", {"what": f"`{key}`"})


def _api_key(*, header: str, value: Any) -> ApiKey:
    return ApiKey("header", header, value)


def _the_one(**kinds: Any) -> Any:
    return next(iter(kinds.values()))


_API_KEY = Record("store key", _api_key, (
    Field("header", HEADER_NAME, "The header that takes the key.", required=True, example="X-Api-Key"),
    Field("value", SECRET, "The key, by reference.", required=True, example="env:STORE_KEY"),
), "A secret in a header.")

_AUTH = Record("store auth", _the_one, (
    Field("bearer", BEARER, "A token, by reference.", example="env:TEMPO_TOKEN"),
    Field("basic", BASIC, "A user and a password.", example="{user: \"123456\", password: env:GRAFANA_TOKEN}"),
    Field("api_key", _API_KEY, "A key in a header.", example="{header: X-Api-Key, value: env:STORE_KEY}"),
), "How a store is asked: exactly one kind.", exactly_one=("bearer", "basic", "api_key"))

SOURCE = Record("telemetry source", _source, (
    Field("jaeger", _URL, "Jaeger, by the URL of its query service: spans.", example="http://127.0.0.1:16686"),
    Field("tempo", _URL, "Grafana Tempo, by the URL of its HTTP API: spans.", example="http://127.0.0.1:3200"),
    Field("loki", _URL, "Grafana Loki, by its URL: log lines, found by `query`.", example="http://127.0.0.1:3100"),
    Field("otlp-file", Text(), "Files that a collector's file exporter writes, by a pattern from the folder of this "
          "file: spans and log lines.", example="traces/*.jsonl"),
    Field("cmd", ListOf(_WORD, minimum=1), "A command that prints log lines, without a shell; only with --allow-exec.",
          example='[journalctl, --grep, "${trace}"]'),
    Field("query", Text(literal=True, lines=True), "LogQL, in which `${trace}` is the trace id of a call.",
          beside="loki", example=_QUERY),
    Field("headers", STORE_HEADERS, "Headers that are no secret.",
          example="{X-Scope-OrgID: acme}"),
    Field("auth", _AUTH, "What the store wants to be shown.", example="{bearer: env:TEMPO_TOKEN}"),
), "A place where the product's spans or log lines are kept.", positioned=True, exactly_one=_KINDS, verify=_checked)

LINKS = MapOf(_LINK, noun="link", key=Text(pattern=r"[^\x00-\x1f\x7f]{1,40}",
                                          described="a name of at most 40 characters"))

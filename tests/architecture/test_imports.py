"""Where imports stand, and what they may name: the rules that import-linter has no contract for."""

from __future__ import annotations

import sys
import tomllib

from tests.architecture.source import ROOT, every_import

LATE = {
    ("flowprobe.auth.sigv4", "botocore.auth"): "an extra: only personas that sign for AWS need it",
    ("flowprobe.auth.sigv4", "botocore.awsrequest"): "the same",
    ("flowprobe.auth.sigv4", "botocore.credentials"): "the same",
    ("flowprobe.auth.token_reply", "oauthlib.oauth2"): "felt at the start, and only OAuth2 needs it",
    ("flowprobe.auth.token_reply", "oauthlib.oauth2.rfc6749.parameters"): "the same",
    ("flowprobe.core.expect", "flowprobe.core.contract"): "most journeys have no contract to judge by",
    ("flowprobe.core.faults.status", "flowprobe.core.faults.recipes"): "few faults name a recipe",
    ("flowprobe.core.json_schema", "jsonschema_rs"): "only where a schema is used, and it is felt at the start",
    ("flowprobe.core.jsonpath", "jsonpath_ng.ext.parser"): "most paths never need it, and it is felt at the start",
    ("flowprobe.files.specials", "flowprobe.core.faults.recipes"): "the same",
    ("flowprobe.files.account", "flowprobe.core.exploring.oddities"): "few scenarios list oddities",
    ("flowprobe.files.values", "flowprobe.files.matcher_schemas"): "only for the matcher $schema",
    ("flowprobe.core.patterns", "regex"): "most patterns are surely quick without it",
    ("flowprobe.files.policy_lines", "zoneinfo"): "only where a file names a time zone, and it reads the system's",
    ("flowprobe.history.opening", "flowprobe.history.postgres"): "an extra: only a history that is shared needs it",
    ("flowprobe.http.driver", "flowprobe.http.http2"): "h2 is felt at the start, and few environments ask for it",
    ("flowprobe.http.trust", "certifi"): "only where the system has no certificates of its own",
    ("flowprobe.notify.by_apprise", "apprise"): "an extra: only who names it as a recipient needs it",
    ("flowprobe.product.guardian", "ctypes"): "Linux alone has the call that it is for",
    ("flowprobe.proxy.__main__", "flowprobe.proxy.child"): "mitmproxy may be what cannot be imported: that is told",
    ("flowprobe.telemetry.otlp", "google.protobuf.json_format"): "few environments listen, and it is felt at the start",
    ("flowprobe.telemetry.otlp", "google.protobuf.message"): "the same",
    ("flowprobe.telemetry.otlp", "opentelemetry.proto.collector.logs.v1.logs_service_pb2"): "the same",
    ("flowprobe.telemetry.otlp", "opentelemetry.proto.collector.trace.v1.trace_service_pb2"): "the same",
    ("flowprobe.running.selection", "flowprobe.files.contracts"): "only where a scenario asks for the contract",
    ("flowprobe.running.authorities", "certifi"): "only for a provider edge of the kind `forward`",
}
"""Imports within a function, outside cli/ (where each command imports what it needs), each with its reason."""

THROUGH = {"anyio": "starlette", "certifi": "httpx", "cryptography": "mitmproxy", "google": "opentelemetry-proto", "h11": "httpx",
           "h2": "httpx", "httpcore": "httpx"}
"""Libraries that come with a declared one and are a part of its interface."""

MITMPROXY_FOR_ALL = {"mitmproxy.connection", "mitmproxy.http", "mitmproxy.proxy.layer", "mitmproxy.tls"}
"""What addons are given; everything else of mitmproxy is named in proxy/mitm.py alone."""


def test_an_import_within_a_function_has_a_reason() -> None:
    late = [each for each in every_import() if each.late and not each.module.startswith("flowprobe.cli.")]
    strange = [f"{each.module}:{each.line}: {each.imported}" for each in late
               if (each.module, each.imported) not in LATE]
    assert not strange
    assert not set(LATE) - {(each.module, each.imported) for each in late}


def test_every_library_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    declared = {_plain(line) for lines in (project["dependencies"], *extras) for line in lines}
    outside = {each.imported.split(".")[0] for each in every_import()} - set(sys.stdlib_module_names) - {"flowprobe"}
    names = {"yaml": "pyyaml", "jsonpath_ng": "jsonpath-ng", "jsonschema_rs": "jsonschema-rs",
             "opentelemetry": "opentelemetry-proto"}
    strange = {name for name in outside
               if names.get(name, name) not in declared and THROUGH.get(name) not in declared}
    assert not strange


def _plain(requirement: str) -> str:
    return requirement.partition(">")[0].partition("[")[0].strip().lower()


def test_mitmproxys_internals_are_named_in_one_module() -> None:
    strange = [f"{each.module}:{each.line}: {each.imported}" for each in every_import()
               if each.imported.split(".")[0] == "mitmproxy" and each.module != "flowprobe.proxy.mitm"
               and each.imported not in MITMPROXY_FOR_ALL]
    assert not strange

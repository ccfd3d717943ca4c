"""Core is pure: no clock, dice, files, environment, threads, sockets or logs; time and ids come in as arguments."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import Module, imports, modules

PURE = {
    "__future__", "array", "base64", "bisect", "collections", "collections.abc", "dataclasses", "datetime", "difflib", "enum", "fractions",
    "decimal", "functools", "hashlib", "html", "http.cookies", "itertools", "json", "math", "operator", "re", "statistics",
    "string", "types", "typing", "urllib.parse",
}
"""What core may have of the standard library. It grows by a decision; what opens, waits or rolls dice stays out."""

OUTSIDE = {("flowprobe.core.jsonpath", "jsonpath_ng"), ("flowprobe.core.patterns", "regex"), ("flowprobe.core.json_schema", "jsonschema_rs")}
IMPURE_NAMES = {"open", "input", "print", "__import__", "eval", "exec", "breakpoint"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
CORE = [module for module in modules() if module.package == "core"]


@pytest.mark.parametrize("module", CORE, ids=lambda module: module.name)
def test_core_imports_only_core_errors_and_the_pure_standard_library(module: Module) -> None:
    strange = [f"{module.path}:{each.line}: {each.imported}" for each in imports(module)
               if not _allowed(module.name, each.imported)]
    assert not strange


def _allowed(module: str, imported: str) -> bool:
    ours = imported == "flowprobe.errors" or f"{imported}.".startswith("flowprobe.core.")
    return ours or imported in PURE or (module, imported.split(".")[0]) in OUTSIDE


@pytest.mark.parametrize("module", CORE, ids=lambda module: module.name)
def test_core_calls_nothing_that_opens_prints_or_asks_the_time(module: Module) -> None:
    strange = [f"{module.path}:{node.lineno}: {ast.unparse(node.func)}" for node in ast.walk(module.tree)
               if isinstance(node, ast.Call) and _impure(node.func)]
    assert not strange


def _impure(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in IMPURE_NAMES
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            return (owner, attr) in CLOCKS
        case _:
            return False


@pytest.mark.parametrize(("source", "impure"), [
    ("open('x')", True), ("datetime.now()", True), ("date.today()", True), ("opened('x')", False), ("trial.now", False),
])
def test_the_rule_sees_what_it_forbids(source: str, impure: bool) -> None:
    tree = ast.parse(source)
    assert any(isinstance(node, ast.Call) and _impure(node.func) for node in ast.walk(tree)) is impure

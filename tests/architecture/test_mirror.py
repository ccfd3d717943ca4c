"""The tests mirror the source: whoever changes a module knows where its tests are."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, modules

FACES = {
    "demo": "as its clients see it: the API of the product, and of its providers",
    "files": "as text that comes in, and as the scenario or the problems that come out",
    "history": "as what is kept, in each of its stores, and read again",
    "http": "as calls to servers that do every kind of thing",
    "incident": "as files that come in, and as the recordings or the problems that come out",
    "product": "as processes that are started, ended, and orphaned",
    "proxy": "as a process with real connections on both sides",
}
"""Packages that are tested through their face: a test file for each of their modules would test its inside."""

POLICY = "tests/end_to_end/test_policy.py"
STANDING = "tests/end_to_end/test_standing.py"
WALK, RUNS, PAGES = "tests/core/test_walk.py", "tests/end_to_end/test_running.py", "tests/docs/test_commands.py"
PROBING = "tests/end_to_end/test_probing.py"
EXPLORING = "tests/end_to_end/test_exploring.py"
EXPLAINING = "tests/end_to_end/test_why.py"
REMEMBERING = "tests/end_to_end/test_remembering.py"
SHOWING = "tests/end_to_end/test_showing.py"
ELSEWHERE = {
    "flowprobe/cli/fitting.py": "tests/end_to_end/test_incident.py",
    "flowprobe/cli/incident.py": "tests/end_to_end/test_incident.py",
    "flowprobe/core/nights/history.py": "tests/history/test_stores.py",
    "flowprobe/cli/explaining.py": EXPLAINING,
    "flowprobe/running/run.py": RUNS,
    "flowprobe/cli/suites.py": "tests/end_to_end/test_suites.py",
    "flowprobe/running/exploring.py": EXPLORING,
    "flowprobe/cli/configuring.py": POLICY,
    "flowprobe/cli/planning.py": POLICY,
    "flowprobe/cli/probing.py": PROBING,
    "flowprobe/cli/demo.py": "tests/end_to_end/test_demo.py",
    "flowprobe/cli/doctor.py": PAGES,
    "flowprobe/cli/proxying.py": STANDING,
    "flowprobe/cli/recalling.py": REMEMBERING,
    "flowprobe/cli/remembering.py": REMEMBERING,
    "flowprobe/cli/running.py": RUNS,
    "flowprobe/cli/showing.py": SHOWING,
    "flowprobe/cli/following.py": SHOWING,
    "flowprobe/cli/standing.py": STANDING,
    "flowprobe/core/clock.py": "tests/core/test_journey.py",
    "flowprobe/core/contract_reply.py": "tests/core/test_contract.py",
    "flowprobe/core/contract_request.py": "tests/core/test_contract.py",
    "flowprobe/core/request.py": WALK,
    "flowprobe/running/authorities.py": STANDING,
    "flowprobe/running/branches.py": "tests/end_to_end/test_language.py",
    "flowprobe/running/checkup.py": PAGES,
    "flowprobe/running/places.py": RUNS,
    "flowprobe/running/probing.py": PROBING,
    "flowprobe/running/session.py": RUNS,
    "flowprobe/running/standing.py": STANDING,
}
"""Modules that another test exercises, and which. A line goes when the module gets tests of its own."""


def _has_logic(module: Module) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(module.tree))


@cache
def _imported_by(folder: str) -> frozenset[str]:
    """What the tests of a folder import."""
    found: set[str] = set()
    for file in (ROOT / "tests" / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return frozenset(found)


def _mirrored(module: Module) -> bool:
    """There is `tests/<package>/test_<module>*.py`, or a test of the same package that imports it, or one of the
    package as a whole where it is tested through its face."""
    folder = Path(*module.path.parts[1:-1])
    if module.package in FACES:
        return any((ROOT / "tests" / module.package).glob("test_*.py"))
    named = list((ROOT / "tests" / folder).glob(f"test_{module.path.stem.strip('_')}*.py"))
    return bool(named) or module.name in _imported_by(str(folder))


@pytest.mark.parametrize("module", [m for m in modules() if _has_logic(m)], ids=lambda module: module.name)
def test_a_module_with_logic_has_tests_that_can_be_found(module: Module) -> None:
    if str(module.path) in ELSEWHERE:
        assert (ROOT / ELSEWHERE[str(module.path)]).is_file()
    else:
        assert _mirrored(module), f"write tests/{'/'.join(module.path.parts[1:-1])}/test_{module.path.name}"


def test_the_list_of_exceptions_is_no_longer_than_it_has_to_be() -> None:
    known = {str(module.path): module for module in modules()}
    assert not [path for path in ELSEWHERE if path not in known or _mirrored(known[path])]

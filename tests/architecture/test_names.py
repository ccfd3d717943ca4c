"""One word for one idea, and no drawers."""

from __future__ import annotations

import ast
import re

from tests.architecture.source import ROOT, modules

DRAWERS = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|handlers?|stuff|base)(_|$)")
UNSAID = re.compile(r"\b(toxic|toxicity|blackhole|virtual user)\b", re.IGNORECASE)
"""What others say for our words: a fault, a hang, a persona."""


def test_no_module_is_a_drawer() -> None:
    parts = {part for module in modules() for part in module.name.split(".")}
    assert not [part for part in parts if DRAWERS.search(part)]


def test_no_class_is_a_manager_of_something() -> None:
    classes = [f"{module.path}:{node.lineno}: {node.name}" for module in modules() for node in ast.walk(module.tree)
               if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Utils?|Base)$", node.name)]
    assert not classes


def test_the_glossarys_words_are_used() -> None:
    texts = [module.path for module in modules()] + [
        path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))]
    strange = [f"{path}: {found.group()}" for path in texts for found in UNSAID.finditer((ROOT / path).read_text())]
    assert not strange


def test_a_package_file_re_exports_at_most() -> None:
    for module in modules():
        if module.path.name == "__init__.py":
            kinds = {type(node) for node in module.tree.body}
            assert kinds <= {ast.Expr, ast.Assign, ast.ImportFrom}, f"{module.path} does something"


def test_packages_that_the_proxy_process_loads_re_export_nothing() -> None:
    for name in ("flowprobe", "flowprobe.core", "flowprobe.core.faults", "flowprobe.journal", "flowprobe.proxy"):
        (module,) = [module for module in modules() if module.name == name]
        assert not [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

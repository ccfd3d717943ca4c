"""The source of FlowProbe as trees, for the rules of its shape."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """`name` is dotted; `path` is relative to the repository."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """`core` of `flowprobe.core.faults.body`; '' of a module at the top."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 2 or (ROOT / "flowprobe" / parts[-1]).is_dir() else ""


@dataclass(frozen=True)
class Import:
    """`late` is the function in which it stands, '' at the top of the module."""

    module: str
    imported: str
    late: str
    line: int


@cache
def modules() -> tuple[Module, ...]:
    paths = sorted((ROOT / "flowprobe").rglob("*.py"))
    return tuple(Module(_dotted(path), path.relative_to(ROOT), ast.parse(path.read_text())) for path in paths)


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: Module) -> Iterator[Import]:
    """Every import, those within functions too."""
    late = {id(inside): function.name for function in ast.walk(module.tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) for inside in ast.walk(function)}
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(module.name, alias.name, late.get(id(node), ""), node.lineno)
            case ast.ImportFrom(module=str() as origin, level=0):
                yield Import(module.name, origin, late.get(id(node), ""), node.lineno)
            case ast.ImportFrom():
                raise AssertionError(f"{module.path}:{node.lineno}: write out the whole name of what is imported")


def every_import() -> Iterator[Import]:
    for module in modules():
        yield from imports(module)

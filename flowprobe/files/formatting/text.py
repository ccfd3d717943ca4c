"""A text and its formatted form; and the proof, at each run, that nothing but its looks has changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowprobe.core.fields import Record
from flowprobe.errors import InvalidInput
from flowprobe.files.case_tables import CASE
from flowprobe.files.cases import load_case
from flowprobe.files.formatting.comments import find_comments
from flowprobe.files.formatting.layout import Layout, Value, arrange, kept_comments
from flowprobe.files.formatting.order import put_in_order
from flowprobe.files.formatting.printing import Unprintable, printed
from flowprobe.files.nodes import Mapping, Node, Scalar, compose
from flowprobe.files.problems import Source
from flowprobe.files.project import load_project
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.scalars import Kind, kind_of
from flowprobe.files.scenarios import PROJECT_FILE, load_profile, load_scenario
from flowprobe.files.tables import PROFILE, SCENARIO

__all__ = ["formatted", "laid_out"]


def formatted(path: Path, text: str) -> str:
    """The text of a file as it should be. Raises InvalidInput where it has mistakes, Unprintable where it is ours to
    leave alone."""
    text = text.removeprefix("\ufeff")
    load, record = _kind(path, text)
    load(path, text=text)
    return laid_out(str(path), text, record)


def laid_out(file: str, text: str, record: Record) -> str:
    """The text of a file that is read by the table `record`, formatted, whatever its names mean."""
    text = re.sub("\r\n?", "\n", text)
    document = compose(Source(file, text))
    layout = arrange(text, document.root)
    put_in_order(layout.root, record)
    found = printed(layout)
    _prove(text, document.root, layout, found)
    return found


def _kind(path: Path, text: str) -> tuple[Callable[..., Any], Record]:
    """Which file this is: by its name, else by its keys."""
    root = compose(Source(str(path), text)).root
    keys = {key.value for key, _ in root.value} if isinstance(root, Mapping) else set()
    if path.name == PROJECT_FILE or ("environments" in keys and "workflow" not in keys):
        return load_project, PROJECT
    if "case" in keys and "workflow" not in keys:
        return load_case, CASE
    return (load_profile, PROFILE) if "profile" in keys else (load_scenario, SCENARIO)


# --- the proof ------------------------------------------------------------------------------------


def _prove(text: str, root: Node, layout: Layout, found: str) -> None:
    """Raises Unprintable unless both texts hold the same values, and the same comments in their order."""
    try:
        again = compose(Source("formatted", found)).root
    except InvalidInput as error:
        raise Unprintable("formatting it would break it: it is left as it is") from error
    tree = _tree(again)
    if tree != _laid(layout.root) or _sorted(tree) != _sorted(_tree(root)):
        raise Unprintable("formatting it would change its values: it is left as it is")
    comments = [comment.text for comment in find_comments(found, again)]
    before = [comment.text for comment in find_comments(text, root)]
    if comments != list(kept_comments(layout)) or sorted(comments) != sorted(before):
        raise Unprintable("formatting it would change its comments: it is left as it is")


def _tree(node: Node) -> Any:
    """What a node means: the kind and the text of a scalar, pairs and items in their order."""
    if isinstance(node, Scalar):
        return kind_of(node), node.value
    if isinstance(node, Mapping):
        return tuple((key.value, _tree(value)) for key, value in node.value)
    return [_tree(item) for item in node.value]


def _laid(value: Value) -> Any:
    """The same of a layout."""
    if isinstance(value, Scalar):
        return kind_of(value), value.value
    if value.mapping:
        return tuple((entry.key.value, _laid(entry.value)) for entry in value.entries if entry.key is not None)
    return [_laid(entry.value) for entry in value.entries]


def _sorted(tree: Any) -> Any:
    """A tree in which the order of keys means nothing."""
    if isinstance(tree, list):
        return [_sorted(item) for item in tree]
    if tree and isinstance(tree, tuple) and not isinstance(tree[0], Kind):
        return tuple((key, _sorted(value)) for key, value in sorted(tree, key=lambda pair: str(pair[0])))
    return tree

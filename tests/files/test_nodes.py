from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence, compose
from flowprobe.files.problems import Source

TEXTS = st.text(st.sampled_from("ab 'é\"\\\n\t:#$"), max_size=8)
VALUES = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(bool), inner, max_size=3))


def nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Mapping():
            for key, value in node.value:
                yield from (*nodes(key), *nodes(value))
        case Sequence():
            for value in node.value:
                yield from nodes(value)


def marked(text: str) -> list[tuple[int, ...]]:
    """Where the same nodes are for PyYAML's own composer: line, column and index of both ends."""
    found: list[tuple[int, ...]] = []

    def go(node: yaml.Node) -> None:
        found.append((node.start_mark.line, node.start_mark.column, node.start_mark.index, node.end_mark.line,
                      node.end_mark.column, node.end_mark.index))
        for child in node.value if not isinstance(node, yaml.ScalarNode) else ():
            for part in child if isinstance(child, tuple) else (child,):
                go(part)

    go(yaml.compose(text, Loader=yaml.CSafeLoader))
    return found


def ours(text: str) -> list[tuple[int, ...]]:
    return [(n.start.line, n.start.column, n.start.index, n.end.line, n.end.column, n.end.index)
            for n in nodes(compose(Source("a.yaml", text)).root)]


@given(VALUES, st.sampled_from([None, "'", '"', "|", ">"]), st.booleans())
def test_every_node_begins_and_ends_where_it_stands(value: object, style: str | None, flow: bool) -> None:
    text = yaml.safe_dump(value, default_style=style, default_flow_style=flow, allow_unicode=True, width=20)
    assert ours(text) == marked(text)


@pytest.mark.parametrize("text", ["a\nb", "'a\n\n  b'", "- |+\n  a\n\n", "k: 'it''s'", 'k: "\\x41"', "{a: , b: ''}", "é: ü 'x'"])
def test_texts_that_do_not_stand_there_as_they_are_end_where_they_end(text: str) -> None:
    assert ours(text) == marked(text)


def test_equal_texts_are_kept_once() -> None:
    root = compose(Source("a.yaml", "- {a: b}\n- {a: b}\n")).root
    texts = [node for node in nodes(root) if isinstance(node, Scalar)]
    assert len({id(node.value) for node in texts}) == 2

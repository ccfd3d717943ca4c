"""Spans as a tree, whatever ids they bear."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.span_tree import tree
from flowprobe.core.telemetry import Span


def span(name: str, parent: str = "", started: float = 0.0) -> Span:
    return Span("t", name, parent, name, "", "", started, started + 1)


def shown(*spans: Span) -> list[str]:
    return ["  " * depth + each.name for depth, each in tree(spans)]


def test_each_span_stands_under_the_one_that_began_it_the_earliest_first() -> None:
    spans = span("c", "a", 3), span("a", "ours", 1), span("b", "a", 2), span("d", "b", 2.5), span("e", "ours", 0)
    assert shown(*spans) == ["e", "a", "  b", "    d", "  c"]


def test_a_ring_stands_at_the_top() -> None:
    assert shown(span("a", "b", 1), span("b", "a", 2), span("s", "s")) == ["s", "a", "  b"]


@given(st.lists(st.builds(span, st.sampled_from("abcdef"), st.sampled_from(["", *"abcdefg"]), st.floats(0, 9))))
def test_every_span_is_there_once_and_not_deeper_than_one_below_the_one_before(spans: list[Span]) -> None:
    found = tree(spans)
    assert sorted(each.span for _, each in found) == sorted({each.span for each in spans})
    depths = [depth for depth, _ in found]
    assert all(after <= before + 1 for before, after in zip([-1, *depths], depths, strict=False))

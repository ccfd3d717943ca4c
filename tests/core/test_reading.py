"""Links to where people look at a call."""

from __future__ import annotations

import pytest

from flowprobe.core.reading import Access, FromCommand, FromFiles, FromTempo, access_of, links_of
from flowprobe.core.scenario import Position

HERE = Position("flowprobe.yaml", 1, 1)


def test_each_template_is_a_link_for_each_trace() -> None:
    templates = {"Grafana": "https://g.example/explore?t=${trace}&u=${trace}", "Jaeger": "http://j/trace/${trace}"}
    assert list(links_of(templates, ("aa", "bb"))) == [
        ("Grafana", "https://g.example/explore?t=aa&u=aa"), ("Grafana", "https://g.example/explore?t=bb&u=bb"),
        ("Jaeger", "http://j/trace/aa"), ("Jaeger", "http://j/trace/bb")]


@pytest.mark.parametrize("template", ["javascript:alert('${trace}')", "//g.example/${trace}", "https:///${trace}",
                                      "https://[${trace}", "data:text/html,${trace}", "https://me@g.example/${trace}",
                                      " javascript:${trace}"])
def test_what_does_not_lead_to_the_web_is_no_link(template: str) -> None:
    assert list(links_of({"x": template}, ("aa",))) == []


def test_only_stores_are_asked_over_the_network() -> None:
    access = Access("http://t")
    assert access_of(FromTempo(access, HERE)) is access
    assert access_of(FromFiles("*.jsonl", HERE)) is None
    assert access_of(FromCommand(("x",), HERE)) is None

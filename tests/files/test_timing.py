"""How the kinds that are about time are written, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.distributions import Around, Lognormal, Normal, Pareto, Quantiles, Recorded, Uniform
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.files.scenarios import load_profile


def kind(text: str, folder: Path) -> Kind:
    """The kind of a profile with one fault."""
    path = folder / "profile.yaml"
    path.write_text(f"flowprobe: 1\nprofile: p\nimitates: a bad day\nsurvives: all of it\n"
                    f"faults: {{payments: {{{text}}}}}\n")
    (fault,) = load_profile(path).faults
    return fault.kind


@pytest.mark.parametrize(("text", "made"), [
    ("latency: 500ms", Latency(0.5)),
    ("latency: {fixed: 500ms}", Latency(0.5)),
    ("latency: {fixed: 500ms, jitter: 50ms}", Latency(Around(0.5, 0.05))),
    ("latency: {fixed: 500ms, jitter: 0ms}", Latency(0.5)),
    ("latency: {uniform: {min: 100ms, max: 1s}}", Latency(Uniform(0.1, 1))),
    ("latency: {normal: {mean: 200ms, sd: 50ms}}", Latency(Normal(0.2, 0.05))),
    ("latency: {lognormal: {p50: 120ms, p99: 2600ms}}", Latency(Lognormal(0.12, 2.6))),
    ("latency: {lognormal: {p50: 120ms, p90: 1s, cap: 5s}}", Latency(Lognormal(0.12, 1, 90, 5))),
    ("latency: {pareto: {min: 100ms, alpha: 1.5, cap: 30s}}", Latency(Pareto(0.1, 1.5, 30))),
    ("latency: {quantiles: {p99.9: 4s, p50: 120ms, p99: 2600ms, min: 80ms, cap: 5s}}",
     Latency(Quantiles(((50, 0.12), (99, 2.6), (99.9, 4)), 0.08, 5))),
    ("latency: {recorded: [120ms, 80ms]}", Latency(Recorded((0.12, 0.08)))),
    ("latency: {recorded: {values: [120ms, 80ms], order: as-recorded, cap: 1s}}",
     Latency(Recorded((0.12, 0.08), sampled=False, cap=1))),
    ("latency: {fixed: 1s, at: headers}", Latency(1, "headers")),
    ("latency: {fixed: 1s, mode: at-least}", Latency(1, "headers", at_least=True)),
    ("latency: {fixed: 1s, mode: at-least, at: headers}", Latency(1, "headers", at_least=True)),
    ("latency: {fixed: 20ms, at: chunks}", Latency(0.02, "chunks")),
    ("latency: {fixed: 20ms, at: chunks, chunk: 64B}", Latency(0.02, "chunks", piece=64)),
    ("bandwidth: 50KB/s", Bandwidth(50_000, 50_000)),
    ("bandwidth: 1.5 MiB/s", Bandwidth(1.5 * 1024**2, 1.5 * 1024**2)),
    ("bandwidth: {down: 400kbit/s}", Bandwidth(None, 50_000)),
    ("bandwidth: {up: 100B/s, down: 1Mbit/s, chunk: 1KB}", Bandwidth(100, 125_000, 1000)),
    ("hang: 30s", Hang(30)),
    ("hang: {ceiling: 30s}", Hang(30)),
    ("hang: {ceiling: 30s, at: headers}", Hang(30, "headers")),
    ("close: headers", Close("headers")),
    ("close: {at: headers}", Close("headers")),
    ("close: {bytes: 1000}", Close(After(1000))),
    ("reset: {bytes: 1}", Reset(After(1))),
])
def test_each_form_is_read(text: str, made: Kind, tmp_path: Path) -> None:
    assert kind(text, tmp_path) == made

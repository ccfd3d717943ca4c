"""What is told of a value is what a file would say: read again it is the same value, for every key of every fault."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core import fields as f
from flowprobe.core.distributions import Around, Uniform
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.fault import Fault, Limit, Match, When
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import FIELDS, KIND_NAMES, Kind, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.values import Position
from flowprobe.errors import InvalidInput
from flowprobe.files.fault_tables import EDGES
from flowprobe.files.reading import Reader, compile_shape
from flowprobe.files.scenarios import read_file
from flowprobe.files.telling import UNFIT, told
from tests.files.generated import Generator

HERE = Position("", 0, 0)


@cache
def reader() -> Reader:
    return compile_shape(EDGES, "`faults`")


def read(text: str) -> tuple[Fault, ...]:
    found = read_file(Path("a.yaml"), reader(), text=text)
    return tuple(replace(fault, position=HERE) for fault in found)


def by_chance(seeds: int) -> Iterator[tuple[Fault, ...]]:
    """Faults from files with keys of the tables by chance: those that the reader takes."""
    for seed in range(seeds):
        try:
            yield read(Generator(random.Random(seed), 0.0, 0.12).text(EDGES))
        except InvalidInput:
            continue


def test_every_fault_that_can_be_read_can_be_told_and_read_again() -> None:
    met = set()
    for faults in by_chance(4000):
        assert read(json.dumps(told(EDGES, faults))) == faults
        met |= {kind_name(fault.kind) for fault in faults}
    assert met == set(KIND_NAMES)


EXAMPLES = [
    *(f"{field.key}: {field.example}" for field in FIELDS),
    "latency: {lognormal: {p50: 120ms, p99: 2600ms, cap: 5s}, at: headers}",
    "latency: {quantiles: {min: 80ms, p50: 120ms, p99.9: 2s, cap: 5s}}",
    "latency: {recorded: {values: [120ms, 2s], order: as-recorded}}",
    "latency: {fixed: 500ms, jitter: 50ms, mode: at-least}",
    "latency: {fixed: 500ms, at: chunks, chunk: 64KB}",
    "body: {truncate: {}}",
    "body: {truncate: {keep: 10, length: right}}",
    "body: {oversize: 10MiB}",
    "field: {path: $.a, set: null}",
    "bandwidth: {up: 1.5MiB/s, chunk: 2KB}",
    "bandwidth: 400kbit/s",
    "status: {code: 429, retry_after: 2s, retry_after_as: date, quota: {calls: 10, per: 60s}}",
    "status: {recipe: stripe/card-declined, code: 500}",
    "close: {bytes: 1000}",
    "tls: {slow: 2s}",
    "h2: {goaway: {after: 10}}",
    "websocket: {close: 3}",
    "webhook: {drop: true, answer: 202}",
    "reset: request\n  match: {json: null}",
    "reset: request\n  limit: {share: 12.5%, seconds: 0.5}",
    "reset: request\n  when: {window: [{from: 2s}, {to: 1s}], ramp: {over: 30s, from: 0.5}, between: [2, 5]}",
    "reset: request\n  when: {flap: {up: 5, down: 2}, burst: {every: 10s, for: 1s}, ramp: {over: 10}}",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_what_the_reference_shows_is_told_and_read_again(text: str) -> None:
    faults = read(f"payments:\n  {text}")
    assert read(json.dumps(told(EDGES, faults))) == faults


@pytest.mark.parametrize(("kind", "text"), [
    (Status(503), "status: 503"),
    (Latency(3.06), "latency: 3.06s"),
    (Latency(0.25), "latency: 250ms"),
    (Latency(Around(0.5, 0.1)), "latency: {fixed: 500ms, jitter: 100ms}"),
    (Latency(Uniform(0.1, 2.0), at="headers"), "latency: {uniform: {min: 100ms, max: 2s}, at: headers}"),
    (Hang(30.0), "hang: 30s"),
    (Hang(30.0, "headers"), "hang: {ceiling: 30s, at: headers}"),
    (Reset("headers"), "reset: headers"),
    (LostReply("hang", 3.0), "lost_reply: {ends: hang, ceiling: 3s}"),
    (Body("html"), "body: html"),
])
def test_the_shortest_form_is_taken(kind: Kind, text: str) -> None:
    said = told(EDGES, (Fault("payments", "payments", kind, HERE),))
    assert said == {"payments": yaml.safe_load(text)}


def test_what_is_as_it_is_by_default_is_not_said() -> None:
    fault = Fault("mail", "mail", Status(503), HERE, Match(method=("POST",), calls=(2,)), When(first=1), Limit())
    assert told(EDGES, (fault,)) == {"mail": {"status": 503, "match": {"method": "POST", "call": 2}, "when": {"first": 1}}}


def test_faults_of_one_edge_stand_in_a_list_in_their_order() -> None:
    faults = tuple(Fault(id, edge, Status(code), HERE) for id, edge, code in (
        ("mail", "mail", 500), ("payments", "payments", 501), ("mail[1]", "mail", 502)))
    assert told(EDGES, faults) == {"mail": [{"status": 500}, {"status": 502}], "payments": {"status": 501}}


@given(st.floats(0.000001, 1e6))
def test_any_delay_is_told_exactly(seconds: float) -> None:
    (fault,) = read(json.dumps(told(EDGES, (Fault("a", "a", Latency(seconds), HERE),))))
    assert fault.kind == Latency(seconds)


@pytest.mark.parametrize(("shape", "value"), [
    (f.Integer(), True), (f.Integer(), 1.5), (f.Number(), "1"), (f.Boolean(), 1), (f.Text(), 1), (f.Duration(), "1s"),
    (f.Text(pattern="a+"), "b"), (f.Choice(("a",)), "b"), (f.ListOf(f.Integer()), 1), (f.ListOf(f.Integer()), ["a"]),
    (f.ListOf(f.Integer(), minimum=1), []), (f.MapOf(f.Integer()), [1]), (f.MapOf(f.Integer()), {"a": "b"}),
    (f.Json(), object()), (f.TRUE, False), (f.Record("status", Status, ()), Reset("request")),
])
def test_what_no_file_could_say_is_not_told(shape: f.Shape, value: Any) -> None:
    assert told(shape, value) is UNFIT

"""The types of scalars, and the shapes of the tables, each read from one small text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core import fields as f
from flowprobe.core.scenario import CallTemplate, Lookup, Template
from flowprobe.errors import Problem
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import compose
from flowprobe.files.problems import Source
from flowprobe.files.reading import compile_shape


def read(shape: f.Shape, text: str) -> tuple[Any, list[Problem]]:
    source = Source("a.yaml", text)
    context = Context(source)
    return compile_shape(shape, "`it`")(compose(source).root, context), context.problems


def value(shape: f.Shape, text: str) -> Any:
    found, problems = read(shape, text)
    assert problems == []
    return found


def refused(shape: f.Shape, text: str) -> str:
    found, (problem,) = read(shape, text)
    assert found is BAD
    return problem.id


@pytest.mark.parametrize(("text", "meant"), [
    ("null", None), ("~", None), ("true", True), ("false", False), ("0", 0), ("-12", -12), ("1.50", 1.5),
    ("2e3", 2000.0),
    ("-0.5e-1", -0.05)])
def test_plain_scalars_of_json(text: str, meant: object) -> None:
    found = value(f.Json(), text)
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize("text", [
    "00123456", "no", "on", "yes", "True", "NULL", "12:30", "1:30", "1_000", "0x10", "0o7", "010", "+1", ".5", "1.",
    ".inf", ".nan", "2026-11-22", "1e", "--1", "٣"])
def test_everything_else_is_text(text: str) -> None:
    assert value(f.Json(), text) == text


@pytest.mark.parametrize("text", ['"1"', "'true'", '""', "'null'", "|-\n 1"])
def test_what_is_quoted_is_text(text: str) -> None:
    assert isinstance(value(f.Json(), text), str)


def test_an_empty_value_is_null() -> None:
    assert value(f.Json(), "{a: , b: ''}") == {"a": None, "b": ""}


def test_keys_are_text_as_it_stands() -> None:
    assert value(f.Json(), "{1: a, true: b, null: c}") == {"1": "a", "true": "b", "null": "c"}


def test_a_template_knows_its_place() -> None:
    found = value(f.Json(), "\na: 'x ${b.c}'\n")["a"]
    assert isinstance(found, Template)
    assert (found.parts, str(found.position)) == (("x ", Lookup(("b", "c"))), "a.yaml:2:4")


def test_a_literal_value_is_not_searched_for_look_ups() -> None:
    assert value(f.Json(templated=False), "'${a'") == "${a"


@pytest.mark.parametrize(("text", "seconds"),
                         [("800ms", 0.8), ("2s", 2.0), ("1.5m", 90.0), ("2h", 7200.0), ("7d", 604800.0)])
def test_durations(text: str, seconds: float) -> None:
    assert value(f.Duration(), text) == seconds


@pytest.mark.parametrize(("text", "size"), [("64KB", 64_000), ("1MB", 10**6), ("10MiB", 10 * 2**20), ("512B", 512)])
def test_sizes(text: str, size: int) -> None:
    assert value(f.Size(), text) == size


@pytest.mark.parametrize(("shape", "text", "id"), [
    (f.Duration(), "2", "needs-unit"), (f.Duration(), "2 parsecs", "wrong-type"),
    (f.Duration(), "null", "wrong-type"),
    (f.Duration(), "[1s]", "wrong-type"), (f.Size(), "10", "needs-unit"), (f.Size(), "10s", "wrong-type"),
    (f.Duration(templated=True), "${a}s", "not-one-template"),
    (f.Duration(), "1" + "0" * 400 + "s", "number-too-large"),
    (f.Text(), "5", "wrong-type"), (f.Text(), "''", "empty"), (f.Text(), '"a\\nb"', "line-break"),
    (f.Text(), '"a\\0b"', "line-break"), (f.Text(), "${a}", "template-not-here"), (f.Name(), "é", "bad-name"),
    (f.Integer(), "1.5", "wrong-type"), (f.Integer(maximum=3), "4", "out-of-range"),
    (f.Boolean(), "yes", "wrong-type"),
    (f.Choice(("a", "b")), "c", "unknown-word"), (f.CallLine(), "GET ${a}", "bad-call"),
    (f.ListOf(f.Name(), minimum=1), "[]", "empty"), (f.OneOf(scalar=f.Name()), "[a]", "wrong-type")])
def test_what_does_not_fit_is_one_message(shape: f.Shape, text: str, id: str) -> None:
    assert refused(shape, text) == id


@pytest.mark.parametrize("text", ["1.10", "19.90", "1e3", "-0", "12345678901234567890.5", "1e-400", "1e400"])
def test_a_number_in_a_place_of_text_is_what_stands_there(text: str) -> None:
    assert value(f.Json(verbatim=True), text) == text


def test_what_is_no_number_is_read_as_ever_in_a_place_of_text() -> None:
    assert [value(f.Json(verbatim=True), text) for text in ("true", "a", "'1.10'")] == [True, "a", "1.10"]


@pytest.mark.parametrize("text", ["1.10", "19.90", "1e3", "-0", "{a: [1.50]}"])
def test_a_number_that_may_become_another_text_asks_for_quotes(text: str) -> None:
    found, (problem,) = read(f.Json(looked_up=True), text)
    assert (found, problem.id) == (BAD, "number-spelling")


def test_the_way_out_of_a_respelled_number_is_the_number_in_quotes() -> None:
    _, (problem,) = read(f.Json(looked_up=True), "1.10")
    assert (problem.found, problem.instead) == ("1.10 would be sent as 1.1 where it becomes text", 'quote it: "1.10"')


@pytest.mark.parametrize("text", ["1.1", "3", "-0.5", "'1.10'", "[0, {a: 12.25}]"])
def test_a_number_that_is_spelled_as_it_is_sent_is_kept(text: str) -> None:
    value(f.Json(looked_up=True), text)


@pytest.mark.parametrize("text", ["9007199254740993.0", "1e-400", "1e400", "-1e-999", "0.12345678901234567", "3e-324"])
def test_a_number_that_cannot_be_held_as_it_is_written_is_refused(text: str) -> None:
    assert refused(f.Json(), text) == "number-too-large"


@pytest.mark.parametrize("text", ["0.1", "123456789.123456", "0.1234567890123456", "1e22", "5e-324", "0e-999", "-0.00",
                                  "1.7976931348623157e308", "2.50e1", "9007199254740993"])
def test_a_number_that_can_be_held_is_taken(text: str) -> None:
    assert value(f.Json(), text) == float(text) or text.isdigit()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_a_double_is_written_as_can_be_held(number: float) -> None:
    assert value(f.Json(), repr(number).replace("+", "")) == number


def test_a_look_up_in_a_closed_value_is_a_problem() -> None:
    assert refused(f.Json(templated=False, closed=True), "[a, {b: 'x ${u.team}'}]") == "template-not-here"


def test_verbatim_text_takes_a_number_as_it_is_written() -> None:
    assert value(f.Text(verbatim=True), "8000") == "8000"


def test_text_of_a_folded_block_loses_its_last_line_break() -> None:
    assert value(f.Text(), ">\n a\n b\n") == "a b"


def test_one_item_stands_for_a_list() -> None:
    shape = f.ListOf(f.Name(), or_one=True)
    assert (value(shape, "a"), value(shape, "[a, b]")) == (("a",), ("a", "b"))


def test_the_entries_of_a_mapping_know_their_place() -> None:
    (entry,) = value(f.MapOf(f.Integer(), entries=True), "{a: 1}")
    assert (entry.key, entry.position.column, entry.value) == ("a", 2, 1)


@pytest.mark.parametrize(("line", "method", "target", "path"), [
    ("GET /a", "GET", None, "/a"), ("PUT auth:/a", "PUT", "auth", "/a"), ("GET   /a?b=1", "GET", None, "/a?b=1"),
    ("DELETE /a:b/c:/d", "DELETE", None, "/a:b/c:/d")])
def test_call_lines(line: str, method: str, target: str | None, path: str) -> None:
    found = value(f.CallLine(), line)
    assert isinstance(found, CallTemplate)
    assert (found.method, found.target, found.path) == (method, target, path)


def test_a_path_with_look_ups_is_a_template_at_its_own_place() -> None:
    path = value(f.CallLine(), "GET /a/${b.c + 1}/d").path
    assert (str(path), path.position.column) == ("/a/${b.c + 1}/d", 5)


@pytest.mark.parametrize("line", ["GET http://127.0.0.1:1/a", "GET ${upstreams.mail.url}/health", "GET /health"])
def test_some_places_take_a_whole_url(line: str) -> None:
    assert str(value(f.CallLine(absolute=True), line).path) == line.removeprefix("GET ")


@pytest.mark.parametrize("path", [
    "$", "$.a", "$.a.b[0]", "$['a b'].c", "$.items[*].id", "$..id", "$.*", "$.a[1:3]", "$.items[?(@.id == 'x]')].n",
    "$.a-b", "$..[0]"])
def test_plausible_paths(path: str) -> None:
    assert value(f.Json(matchers=True), f'{{"{path}": 1}}') == {path: 1}


@pytest.mark.parametrize(("text", "line", "column"), [
    ("a: '${x'", 1, 5), ('a: "\\t\\t ${x"', 1, 10), ("a: >\n  text\n  and ${x\n", 3, 7), ("a: ok ${b} ${x", 1, 12),
    ("a: 'it''s ${b} ${x'", 1, 16)])
def test_a_problem_inside_a_text_is_pointed_at_through_quotes_and_escapes(text: str, line: int, column: int) -> None:
    _, (problem,) = read(f.Json(), text)
    assert (problem.line, problem.column) == (line, column)

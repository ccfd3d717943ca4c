from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.expressions import Malformed, lookups, parse, spans
from flowprobe.core.scenario import Arithmetic, Constant, Expression, Lookup, Position, Template

HERE = Position("a.yaml", 3, 7)
A, B, C = Lookup(("a",)), Lookup(("b",)), Lookup(("c",))


def parts(text: str) -> tuple[str | Expression, ...]:
    found = parse(text, HERE)
    assert isinstance(found, Template)
    assert found.position == HERE
    return found.parts


def test_text_without_look_ups_stays_text() -> None:
    assert parse("a $ {b} }", HERE) == "a $ {b} }"


def test_a_dotted_path_is_one_look_up() -> None:
    assert parts("${invite.id}") == (Lookup(("invite", "id")),)


def test_text_stands_around_look_ups() -> None:
    assert parts("x${a}-${b}") == ("x", A, "-", B)


def test_two_dollars_escape_a_brace() -> None:
    assert parse("cost $${a}", HERE) == "cost ${a}"


def test_escaped_and_meant_ones_stand_together() -> None:
    assert parts("$${a} ${b}") == ("${a} ", B)


def test_names_may_hold_a_minus() -> None:
    assert parts("${buy-seat.id - 1}") == (Arithmetic("-", Lookup(("buy-seat", "id")), Constant(1)),)


def test_a_product_binds_more_than_a_sum() -> None:
    assert parts("${a + b * c}") == (Arithmetic("+", A, Arithmetic("*", B, C)),)


def test_operators_of_one_rank_go_from_the_left() -> None:
    assert parts("${a - b - c}") == (Arithmetic("-", Arithmetic("-", A, B), C),)


@pytest.mark.parametrize(("written", "seconds"), [
    ("1h", 3600), ("800ms", 0.8), ("7ms", 0.007), ("1.5m", 90), ("2d", 172800), ("3s", 3)])
def test_a_duration_is_a_constant_in_seconds(written: str, seconds: float) -> None:
    assert parts(f"${{now + {written}}}") == (Arithmetic("+", Lookup(("now",)), Constant(seconds, seconds=True)),)


def test_a_number_keeps_its_type() -> None:
    assert parts("${a * -2}${1.50}") == (Arithmetic("*", A, Constant(-2)), Constant(1.5))


@pytest.mark.parametrize(("text", "offset", "said"), [
    ("x ${a", 2, "never closed"), ("${}", 2, "nothing inside"), ("${a[0]}", 3, "no indexes"),
    ("${f(a)}", 3, "no functions"), ("${a b}", 4, "stands where"), ("${a +}", 5, "missing at the end"),
    ("${+ a}", 2, "where a value"), ("${1e999}", 2, "too large"), ("${now + 1x}", 8, "not a unit"),
    ("${1e308d}", 2, "too long"), ("${'a'}", 2, "not text"), ("${${a}}", 2, "another one"), ("${a.}", 3, "dot"),
    ("${a % b}", 4, "does not belong"), ("${-a}", 3, "where a value"), ("${a" + " + 1" * 60 + "}", 2, "operators"),
    ("${" + "a" * 2000 + "}", 2, "longer")])
def test_what_is_wrong_comes_with_its_offset(text: str, offset: int, said: str) -> None:
    found = parse(text, HERE)
    assert isinstance(found, Malformed)
    assert (found.offset, said in found.found) == (offset, True)


@pytest.mark.parametrize("text", ["${" + "a" * 500_000, "${" * 200_000, "${a}" * 100_000 + "${", "$" * 900_000])
def test_long_nonsense_is_refused_soon(text: str) -> None:
    assert isinstance(parse(text, HERE), Malformed | str)


names = st.from_regex(r"[A-Za-z_]([A-Za-z0-9_-]{0,5}[A-Za-z0-9_])?", fullmatch=True)
constants = (st.integers() | st.floats(allow_nan=False, allow_infinity=False)).map(Constant)
durations = st.integers(0, 10**6).map(lambda seconds: Constant(seconds, seconds=True))
operands = st.lists(names, min_size=1, max_size=3).map(lambda path: Lookup(tuple(path))) | constants | durations


def chain(operator: st.SearchStrategy[str], operand: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Operands joined from the left, as `str` writes them and `parse` reads them."""
    def join(first: Expression, rest: list[tuple[str, Expression]]) -> Expression:
        for sign, right in rest:
            first = Arithmetic(sign, first, right)
        return first
    return st.builds(join, operand, st.lists(st.tuples(operator, operand), max_size=3))


expressions = chain(st.sampled_from("+-"), chain(st.just("*"), operands))
literals = st.text(min_size=1).filter(lambda text: not text.endswith("$") and "$$" not in text)
templates = st.lists(expressions | literals, min_size=1, max_size=5).filter(
    lambda found: any(not isinstance(part, str) for part in found)
    and not any(isinstance(a, str) and isinstance(b, str) for a, b in pairwise(found)))


@given(templates)
def test_what_a_template_writes_reads_as_the_same_template(found: list[str | Expression]) -> None:
    template = Template(tuple(found), HERE)
    assert parse(str(template), HERE) == template


@given(st.text() | st.lists(st.sampled_from([*"ab.+-*1 ${}[]()'", "${", "$${", "1h", "1e9", "\n", "é",
                                             "٣"])).map("".join))
def test_any_text_is_read_or_explained(text: str) -> None:
    found = parse(text, HERE)
    if isinstance(found, Malformed):
        assert 0 <= found.offset <= len(text)
    elif isinstance(found, Template):
        assert parse(str(found), HERE) == found
        assert [lookup for lookup, _ in spans(text)] == list(lookups(found))
        assert all(text.startswith(str(lookup), offset) for lookup, offset in spans(text))

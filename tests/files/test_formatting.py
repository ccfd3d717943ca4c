"""Formatting: the style of the house, with every value and every comment kept, and twice is once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowprobe.core import fields as f
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.formatting import text as module
from flowprobe.files.formatting.layout import Layout
from flowprobe.files.formatting.printing import WIDTH, Unprintable
from flowprobe.files.formatting.text import formatted, laid_out
from flowprobe.files.nodes import read_text
from flowprobe.files.scenarios import scenario_files
from flowprobe.files.tables import SCENARIO
from tests.files.samples import GOOD, WRONG, problems_of, rendered

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*scenario_files([ROOT / "scenarios"]), ROOT / "scenarios/flowprobe.yaml", *ROOT.glob("proxies/profiles/*.yaml")])
SAMPLES = Path(__file__).parent / "formatting"
FREE = f.Record("anything", dict, (), rest=f.Json())


def shaped(text: str) -> str:
    """Formatted as a file whose keys have no order of their own."""
    found = laid_out("any.yaml", text, FREE)
    assert laid_out("any.yaml", found, FREE) == found
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_we_ship_is_formatted(path: Path) -> None:
    assert formatted(path, path.read_text()) == path.read_text()


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.name)
def test_twice_is_once(path: Path) -> None:
    once = formatted(path, path.read_text())
    assert formatted(path, once) == once


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.before.yaml")), ids=lambda path: path.name)
def test_a_file_with_comments_everywhere(path: Path) -> None:
    """Otherwise, after reading it: flowprobe fmt - < tests/files/formatting/NAME.before.yaml > …/NAME.after.yaml"""
    after = path.with_name(path.name.replace("before", "after")).read_text()
    assert formatted(path, path.read_text()) == after
    assert formatted(path, after) == after


@pytest.mark.parametrize(("before", "after"), [
    ("a:   1\nb:  {c: 1,d: [x,y]}", "a: 1\nb: {c: 1, d: [x, y]}\n"),
    ("a:\n- b\n- c:  1\n  d: 2\n", "a:\n  - b\n  - c: 1\n    d: 2\n"),
    ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
    ("\n\na: 1\n\n\n\nb: 2  \n\n\n", "a: 1\n\nb: 2\n"),
    ("---\na: 1\n...\n", "a: 1\n"),
    ("a:\r\n  b: 1\r\n", "a:\n  b: 1\n"),
    ("a:\n\n  - b\n\n\n  - c\n", "a:\n\n  - b\n\n  - c\n"),
    ("{a: 1, b: 2}", "{a: 1, b: 2}\n"),
    ("a: {\n  b: 1,\n\n  c: 2\n}\n", "a: {b: 1, c: 2}\n"),
    ("a: {}\nb: [ ]\n", "a: {}\nb: []\n"),
    ("a: [b: 1, {c, d: }]\n", "a: [{b: 1}, {c: , d: }]\n"),
    ("a:\n  -\n    - b\n    -   - c\n", "a:\n  - - b\n    - - c\n"),
    ("? a\n: 1\n", "a: 1\n"),
])
def test_indentation_blanks_and_blank_lines(before: str, after: str) -> None:
    assert shaped(before) == after


@pytest.mark.parametrize(("before", "after"), [
    ("'text'", "text"), ('"text"', "text"), ("'a: b'", '"a: b"'), ("'1'", '"1"'), ("'no'", '"no"'),
    ("'2030-01-01'", '"2030-01-01"'), ("'1e3'", '"1e3"'), ("'12:30'", '"12:30"'), ("''", '""'), ("'0o17'", '"0o17"'),
    ("'800ms'", "800ms"), ("' a'", '" a"'), ("'#a'", '"#a"'), ("'a #b'", '"a #b"'), ("'- a'", '"- a"'),
    ("'a\\d'", "a\\d"), ("'\\d: \"'", "'\\d: \"'"), ('"a\\tb"', '"a\\tb"'), ("'null'", '"null"'),
    ('"${a.b}"', '"${a.b}"'), ("'${a.b}'", '"${a.b}"'), ("GET /${a.b}", "GET /${a.b}"), ("[\"a, b\", 'a]', 'a']", '["a, b", "a]", a]'),
    ("'é'", "é"), ("'=' ", '"="'), ("1_000", "1_000"), ("00123", "00123"), ("~", "~"),
])
def test_quotes_stand_only_where_they_are_needed(before: str, after: str) -> None:
    assert shaped(f"a: {before}\n") == f"a: {after}\n"


def test_a_long_mapping_between_braces_becomes_a_block_and_a_block_never_goes_back() -> None:
    long = ", ".join(f"key{number}: value" for number in range(10))
    found = shaped(f"a: {{{long}}}\n")
    assert found.startswith("a:\n  key0: value\n")
    assert all(len(line) <= WIDTH for line in found.splitlines())
    assert shaped("a:\n  b: 1\n") == "a:\n  b: 1\n"


def test_the_keys_of_a_record_within_itself_have_their_order_too() -> None:
    account = "{roles: {optional: {lists: {max: 3, of: {integers: {max: 3, min: 0}}}}, default: null}}"
    text = f"flowprobe: 1\nscenario: A\npersonas: {{a: b}}\naccount: {account}\nworkflow: [{{step: one, call: GET /a}}]\n"
    assert formatted(Path("a.yaml"), text).splitlines()[3] == (
        "account: {roles: {default: null, optional: {lists: {of: {integers: {min: 0, max: 3}}, max: 3}}}}")


def test_just_the_part_that_is_too_long_is_broken() -> None:
    item = "{name: some text that is long, other: some more text of the same length, flag: true}"
    assert shaped(f"a: [{item}, {item}]\n") == f"a:\n  - {item}\n  - {item}\n"


@pytest.mark.parametrize(("before", "after"), [
    ("a: |\n     b\n       c\nd: 1\n", "a: |\n  b\n    c\nd: 1\n"),
    ("a: |+\n b\n\n\nd: 1\n", "a: |+\n  b\n\n\nd: 1\n"),
    ("a: >-  # why\n b\n c\n", "a: >-  # why\n  b\n  c\n"),
    ("a: |4\n     b\n", "a: |2\n   b\n"),
    ("a:\n  - |\n   b\n  - c\n", "a:\n  - |\n    b\n  - c\n"),
    ("a: |\n  b\n   \n\nc: 1\n", "a: |\n  b\n   \n\nc: 1\n"),
    ("a: |\n b", "a: |-\n  b\n"),
    ("a: b\n     c\n\n     d\ne: 1\n", "a: b\n  c\n\n  d\ne: 1\n"),
    ("a: 'b\n\n\n   c'\n", "a: 'b\n\n\n  c'\n"),
    ('a: "b \\\n      c"  # d\n', 'a: "b \\\n  c"  # d\n'),
    ("a: {b: 'c\n   d'}\n", "a:\n  b: 'c\n    d'\n"),
])
def test_texts_of_several_lines_keep_their_lines(before: str, after: str) -> None:
    assert shaped(before) == after


@pytest.mark.parametrize(("before", "after"), [
    ("# a\n\n\n# b\n\nc: 1\n# d", "# a\n\n# b\n\nc: 1\n# d\n"),
    ("a: 1 # b\n", "a: 1  # b\n"),
    ("a: 1          # b\n", "a: 1          # b\n"),
    ("a:\n- b\n# c\n- d\n# e\nf: 1\n", "a:\n  - b\n  # c\n  - d\n# e\nf: 1\n"),
    ("a:\n    b: 1\n    # c\n# d\ne: 1\n", "a:\n  b: 1\n  # c\n# d\ne: 1\n"),
    ("a: {b: 1, # c\n  d: 2}\n", "a:\n  b: 1  # c\n  d: 2\n"),
    ("a: [ # b\n c, # d\n # e\n] # f\n", "a:  # b\n  - c  # d\n  # e\n  # f\n"),
    ("a: # a\n  - # b\n    c: 1\n", "a:  # a\n  # b\n  - c: 1\n"),
    ("a:\n  # b: 1\nc: 1\n", "a:\n  # b: 1\nc: 1\n"),
    ("a: # b\n  1\n", "# b\na: 1\n"),
    ("a: [ # b\n]\n", "# b\na: []\n"),
    ("--- # a\nb: 1\n... # c\n", "# a\nb: 1\n# c\n"),
    ('a: "b" # c # d\n', 'a: b  # c # d\n'),
    ("a: 'b # c' # d\n", 'a: "b # c"  # d\n'),
])
def test_comments_stay_with_what_they_are_about(before: str, after: str) -> None:
    assert shaped(before) == after


def test_the_keys_of_a_step_stand_in_the_order_of_the_table_with_their_comments() -> None:
    text = ("flowprobe: 1\nscenario: A\npersonas: {b: x, a: x}\nworkflow:\n"
            "  # about the step\n  - call: GET /a  # the call\n    # about the name\n    step: one\n")
    assert formatted(Path("a.yaml"), text).partition("workflow:\n")[2] == (
        "  # about the step\n  # about the name\n  - step: one\n    call: GET /a  # the call\n")


def test_comments_above_the_first_key_stay_there() -> None:
    text = "# yaml-language-server: x\nscenario: A\nflowprobe: 1\npersonas: {a: x}\nworkflow: [{step: one, call: GET /a}]\n"
    assert formatted(Path("a.yaml"), text).startswith("# yaml-language-server: x\nflowprobe: 1\nscenario: A\n")


def test_free_keys_stay_as_they_are() -> None:
    text = "flowprobe: 1\nscenario: A\npersonas: {b: x, a: x}\nworkflow:\n  - step: one\n    call: GET /a\n"
    assert "personas: {b: x, a: x}" in formatted(Path("a.yaml"), text)


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.name)
def test_a_file_with_mistakes_has_those_of_check(path: Path) -> None:
    try:
        text = read_text(path)
    except InvalidInput:
        return
    once = _formatted_or_none(path, text)
    if once is None:
        assert rendered(_problems(lambda: formatted(path, text))) == rendered(problems_of(path))
    else:  # its mistake lies between files
        assert formatted(path, once) == once


def _problems(call: Callable[[], Any]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        call()
    return caught.value.problems


@pytest.mark.parametrize("damage", [
    lambda text: text.replace("GET /a", "GET /b"),
    lambda text: text.replace("# why", "# how"),
    lambda text: text.replace("# why", ""),
    lambda text: text + "# more\n",
    lambda text: text.replace("first: 1", 'first: "1"'),
    lambda text: text.replace("first: 1, second: 2", "second: 2, first: 1"),
])
def test_a_printer_that_changes_anything_is_found_out(monkeypatch: pytest.MonkeyPatch,
                                                      damage: Callable[[str], str]) -> None:
    right: Callable[[Layout], str] = module.printed
    monkeypatch.setattr(module, "printed", lambda layout: damage(right(layout)))
    with pytest.raises(Unprintable):
        laid_out("a.yaml", "a: GET /a  # why\nb: {first: 1, second: 2}\n", FREE)


def test_a_key_of_several_lines_is_left_alone() -> None:
    with pytest.raises(Unprintable, match="line 1 has a key"):
        laid_out("a.yaml", "? 'a\n\n  b'\n: 1\n", FREE)


# --- whatever stands in a file ----------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ["no", "1", "1e3", "${a.b}", "a: b", "- a", "#", "a #b", "'", '"', "\\", " a ", "a\nb", "a\n\nb\n", "", "~", "[", "{a}"])
keys = words.filter(lambda word: word and not set("\n\x85\u2028\u2029") & set(word))  # those with a line's end are left alone
values = st.recursive(words | st.integers() | st.booleans() | st.none(),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
                      max_leaves=20)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A mapping as another program would write it, with comments put behind and between its lines."""
    value = draw(st.dictionaries(keys, values, min_size=1, max_size=4))
    text: str = yaml.safe_dump(value, default_flow_style=draw(st.sampled_from([True, False, None])), width=draw(st.sampled_from([20, 1000])),
                               indent=draw(st.integers(2, 6)), allow_unicode=True, sort_keys=False)
    lines = text.splitlines(keepends=True)
    for number in draw(st.lists(st.integers(0, len(lines)), max_size=4)):
        lines.insert(number, draw(st.sampled_from(["# c\n", "  # d\n", "      #e\n", "\n", "\n\n", "    # f # g\n"])))
    assume(_is_yaml("".join(lines)))  # a comment within a plain text of several lines ends it
    return "".join(lines)


def _is_yaml(text: str) -> bool:
    try:
        yaml.compose(text)
    except yaml.YAMLError:
        return False
    return True


@pytest.mark.parametrize("text", ["{? '\u2028    ' : []}\n", "? 'a\u2029b'\n: 1\n", "? 'a\x85  b'\n: 1\n"])
def test_a_key_with_an_odd_end_of_line_is_left_alone(text: str) -> None:
    with pytest.raises(Unprintable):
        laid_out("any.yaml", text, FREE)


@settings(max_examples=300, deadline=None)
@given(text=files())
def test_any_file_is_formatted_once_and_for_all(text: str) -> None:
    found = laid_out("any.yaml", text, FREE)
    assert laid_out("any.yaml", found, FREE) == found
    assert found.endswith("\n")
    assert not found.startswith("\n")


@pytest.mark.parametrize("path", [*SHIPPED, *sorted(GOOD.glob("*.yaml"))], ids=lambda path: path.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_that_was_pulled_about_comes_out_the_same(path: Path, data: st.DataObject) -> None:
    """Comments and line breaks, put wherever a line may be broken, between braces too."""
    text = path.read_text()
    for _ in range(data.draw(st.integers(1, 6))):
        spots = [found.end() for found in re.finditer(r"[,{\[] ?|: |- |$", text, re.MULTILINE)]
        at, pad = data.draw(st.sampled_from(spots)), " " * data.draw(st.integers(0, 20))
        text = text[:at] + data.draw(st.sampled_from([" # x\n", "\n# y\n", "\n\n", "   \n", "\n  # z\n"])) + pad + text[at:]
    once = _formatted_or_none(path, text)
    if once is not None:
        assert formatted(path, once) == once


def _formatted_or_none(path: Path, text: str) -> str | None:
    try:
        return formatted(path, text)
    except InvalidInput:
        return None


def test_ten_thousand_lines_take_a_few_seconds() -> None:
    step = ('  - call: GET /a/%d  # the call\n    step: s%d\n    json: {a: "x", b: "${trial.id}", c: [1, 2]}\n'
            "    # about what it captures\n    capture: {id: $.id}\n")
    text = "flowprobe: 1\nscenario: A\npersonas: {a: x}\nworkflow:\n" + "".join(step % (n, n) for n in range(2000))
    before = time.process_time()
    found: Any = laid_out("long.yaml", text, SCENARIO)
    assert time.process_time() - before < 10
    assert found.count("# the call") == 2000

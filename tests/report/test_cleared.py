import json

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.redact import Redactor
from flowprobe.report.cleared import cleared_text, open_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3))


@given(VALUES)
def test_whatever_it_is_strict_readers_take_it(value: object) -> None:
    text = cleared_text(value, str)
    assert "\n" not in text
    json.loads(text.encode("utf-8", "strict"))


def test_a_secret_goes_from_texts_and_keys_and_takes_no_part_of_the_document_with_it() -> None:
    redact = Redactor(["1234", "null", "s3cr3t\"x"])
    found = json.loads(cleared_text({"1234": [1234, None, 'a s3cr3t"x b'], "b": ("null",)}, redact))
    assert found == {"«redacted»": [1234, None, "a «redacted» b"], "b": ["«redacted»"]}


def test_a_half_of_a_character_is_replaced() -> None:
    assert json.loads(cleared_text("a\ud800b\U0001f600", str)) == "a�b\U0001f600"


def test_a_record_is_opened_for_its_last_member() -> None:
    assert json.loads(open_text({"a": 1}, "rest", str) + "[]}") == {"a": 1, "rest": []}

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core import patterns
from flowprobe.core.capture import capture
from flowprobe.core.parsed import Parsed
from flowprobe.core.patterns import TooSlow, search
from flowprobe.core.scenario import Capture, CaptureSource
from flowprobe.core.shapes import compare
from flowprobe.core.wire import Reply
from tests.scenes import HERE

HANGS = [(r"^(a|aa)+$", "a" * 60 + "!"), (r"^(\w+\s?)*$", "word " * 12 + "!"), (r"a*a*a*a*a*a*b$", "a" * 2_000)]


@pytest.mark.parametrize(("pattern", "text"), HANGS)
def test_a_pattern_that_would_hang_is_told_or_given_up_in_time(pattern: str, text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(TooSlow):
        assert search(pattern, text) is None
    assert time.process_time() - began < 5 * patterns.LIMIT_S


def test_what_is_given_up_has_not_matched_and_says_so() -> None:
    (mismatch,) = compare({"$matches": HANGS[0][0]}, HANGS[0][1])
    assert mismatch.seen == "a text on which the pattern takes longer than 1 s"


def test_a_capture_that_is_given_up_finds_nothing() -> None:
    item = Capture("id", CaptureSource("regex", HANGS[0][0]), HERE)
    reply = Reply("c", 200, (), HANGS[0][1].encode(), 0.0, 0.1, 0.2)
    found, findings = capture((item,), Parsed(reply))
    assert (found, [finding.kind for finding in findings]) == ({}, ["capture"])


@given(text=st.text(alphabet="ab1_- \n", max_size=30),
       pattern=st.sampled_from([r"a+b", r"^inv_[0-9a-f]+$", r"(a|b)*1", r"(?P<n>a)(?=b)", r"\bb\w*", "", r"^a.b$", r"(a(b)?)+"]))
def test_both_matchers_find_the_same(pattern: str, text: str) -> None:
    ours, limited, theirs = search(pattern, text), patterns._limited(pattern, text), re.search(pattern, text)
    for found in (ours, limited):
        assert (found is None) == (theirs is None)
        if found is not None and theirs is not None:
            assert (found.group(0), found.groups()) == (theirs.group(0), theirs.groups())


def test_a_long_text_is_searched_under_the_limit_too() -> None:
    with pytest.raises(TooSlow):
        search(r"a+$", "a" * 400_000 + "!")

"""What docs/how-to/test-against-a-provider-sdk.md quotes is what stands in the files and what the run says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.real_provider.runs import Run

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "how-to" / "test-against-a-provider-sdk.md").read_text()
QUOTES = re.findall(r"```(?:yaml|python)\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_quotes_something() -> None:
    assert len(QUOTES) >= 5


@pytest.mark.parametrize("quote", QUOTES)
def test_each_quote_stands_in_a_file_as_it_is(quote: str) -> None:
    files = [HERE / name for name in ("product.py", "flowprobe.yaml", "checkout.yaml")]
    assert any(quote in file.read_text() for file in files)


@pytest.mark.slow
def test_the_reason_on_the_page_is_the_reason_of_the_run(run: Run) -> None:
    (reason,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    assert run.trial("lost-reply")["why"].startswith(reason.partition("; without the fault")[0])

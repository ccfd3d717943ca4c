"""Every whole file that a document shows is one that FlowProbe reads without a word against it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowprobe.files.cases import load_case
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import is_case, is_profile, load_profile, load_scenario
from tests.docs.documents import ROOT, documents

_BLOCK = re.compile(r"^```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_WHOLE = re.compile(r"^flowprobe: 1$", re.MULTILINE)
_PROJECT = re.compile(r"^environments:", re.MULTILINE)
_NAME = re.compile(r"# (\S+\.yaml)\n")
_SCENARIO_OF_A_CASE = re.compile(r"^scenario: \.\./(\S+)$", re.MULTILINE)


def _examples() -> Iterator[tuple[str, str]]:
    """Each with its place, but for those that a document shows to be wrong."""
    for document in documents():
        page = (ROOT / document).read_text()
        for block in _BLOCK.finditer(page):
            name = _NAME.match(block["text"])
            shown_wrong = name is not None and f"flowprobe check {name[1]} # exit 2" in page
            if _WHOLE.search(block["text"]) and not shown_wrong:
                yield f"{document}:{page.count(chr(10), 0, block.start('text')) + 1}", block["text"]


EXAMPLES = dict(_examples())


@pytest.mark.parametrize("place", EXAMPLES)
def test_a_whole_file_in_a_document_is_valid(place: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    file = tmp_path / "scenarios" / "shown.yaml"
    file.write_text(EXAMPLES[place])
    if is_case(file):
        for of in _SCENARIO_OF_A_CASE.findall(EXAMPLES[place]):
            (tmp_path / of).touch()
        assert load_case(file).name
    elif is_profile(file):
        load_profile(file)
    elif _PROJECT.search(EXAMPLES[place]):
        assert load_project(file).environments
    else:
        assert load_scenario(file).steps


def test_there_are_examples_of_each_kind_of_file() -> None:
    for key in ("scenario", "case", "profile", "environments"):
        assert any(re.search(rf"^{key}:", text, re.MULTILINE) for text in EXAMPLES.values()), key

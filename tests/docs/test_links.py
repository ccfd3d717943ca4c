"""Links between documents lead somewhere, and the index knows every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, documents

_LINK = re.compile(r"\[[^\]]+\]\((?!https?://|mailto:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text())


def _anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", _prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", documents(), ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    source = ROOT / document
    for link in _LINK.finditer(_prose(source)):
        goal = (source.parent / link["path"]).resolve() if link["path"] else source
        assert goal.exists(), f"{document} links to {link['path']}"
        if link["anchor"]:
            assert link["anchor"] in _anchors(goal), f"{document} links to {link[0]}"


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    missing = [path for path in (ROOT / "docs").rglob("*.md")
               if path.name != "README.md" and f"({path.relative_to(ROOT / 'docs')})" not in index]
    assert not missing


def test_messages_name_pages_that_exist() -> None:
    named = {found for path in (ROOT / "flowprobe").rglob("*.py")
             for found in re.findall(r"docs/[\w/.-]+\.md", path.read_text())}
    assert not [page for page in named if not (ROOT / page).is_file()]

"""What a how-to shows of a shipped scenario stands there, word for word."""

from __future__ import annotations

import re

import pytest

from tests.docs.documents import ROOT

PAGE = ROOT / "docs" / "how-to" / "write-the-harder-journeys.md"
EXCERPT = re.compile(r"\]\(\.\./\.\./(?P<file>scenarios/[\w./-]+\.yaml)\)|^```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def excerpts() -> list[tuple[str, str]]:
    """Each block with the file that was linked last before it."""
    found, file = [], ""
    for match in EXCERPT.finditer(PAGE.read_text()):
        file = match["file"] or file
        if match["text"]:
            found.append((file, match["text"]))
    return found


@pytest.mark.parametrize(("file", "text"), excerpts())
def test_an_excerpt_stands_in_its_file(file: str, text: str) -> None:
    assert text in (ROOT / file).read_text()


def test_every_harder_journey_is_shown() -> None:
    assert {file for file, _ in excerpts()} == {
        "scenarios/shared/sign-in.yaml",
        *(f"scenarios/{name}.yaml" for name in ("sign-in-and-invite", "export", "upload", "payment", "notes", "regions"))}

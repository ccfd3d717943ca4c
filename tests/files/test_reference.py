"""The reference speaks of every key, and its examples are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowprobe.core.exploring.oddities import CATALOGUE
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.core.shapes import MATCHERS, TYPES
from flowprobe.files.case_tables import CASE
from flowprobe.files.cases import load_case
from flowprobe.files.problems import MESSAGES
from flowprobe.files.project import load_project
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.scenarios import load_profile, load_scenario
from flowprobe.files.tables import PROFILE, SCENARIO
from tests.files.test_schema import fields

DOCS = Path(__file__).parents[2] / "docs/reference"
SCENARIO_PAGE = (DOCS / "scenario.md").read_text()
FAULTS_PAGE = (DOCS / "faults.md").read_text()
EXPLORE_PAGE = (DOCS / "explore.md").read_text()
ENVIRONMENT_PAGE = (DOCS / "environment.md").read_text()


@pytest.mark.parametrize("key", sorted({field.key for table in (SCENARIO, PROFILE) for field in fields(table)}))
def test_the_scenario_page_or_that_of_the_faults_has_every_key(key: str) -> None:
    assert f"`{key}`" in SCENARIO_PAGE + FAULTS_PAGE


@pytest.mark.parametrize("key", sorted({field.key for field in fields(CASE)} - {
    field.key for table in (SCENARIO, PROFILE) for field in fields(table)}))
def test_the_page_about_exploring_has_every_key_of_a_case(key: str) -> None:
    assert f"`{key}`" in EXPLORE_PAGE


@pytest.mark.parametrize("text", re.findall(r"```yaml\n((?:# .*\n)*flowprobe: 1\ncase: .*?)```", EXPLORE_PAGE, re.DOTALL))
def test_the_case_of_the_page_is_read(text: str) -> None:
    load_case(Path("tests/files/good/example.yaml"), text=text.replace("../checkout.yaml", "journey.yaml"))


@pytest.mark.parametrize("key", sorted({field.key for field in fields(PROJECT)}))
def test_the_environment_page_has_every_key(key: str) -> None:
    assert f"`{key}`" in ENVIRONMENT_PAGE


@pytest.mark.parametrize("word", [*MATCHERS, *KIND_NAMES, *TYPES])
def test_the_scenario_page_has_every_word(word: str) -> None:
    assert f"`{word}`" in SCENARIO_PAGE


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_scenario_page_has_every_oddity(name: str) -> None:
    assert f"| `{name}` | {CATALOGUE[name].what} |" in SCENARIO_PAGE


@pytest.mark.parametrize("id", MESSAGES)
def test_the_scenario_page_lists_every_problem(id: str) -> None:
    assert f"`{id}`" in SCENARIO_PAGE


@pytest.mark.parametrize("text",
                         re.findall(r"```yaml\n(flowprobe: 1\n.*?)```", SCENARIO_PAGE + ENVIRONMENT_PAGE, re.DOTALL))
def test_whole_examples_are_read(text: str) -> None:
    load = load_project if "\nenvironments:" in text else load_profile if "\nprofile:" in text else load_scenario
    load(Path("example.yaml"), text=text)

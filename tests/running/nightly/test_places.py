from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.nights.settings import Nightly
from flowprobe.core.scenario import Environment, Position
from flowprobe.running.nightly.places import history_at, open_at, scenarios_of
from flowprobe.running.settings import Settled


def an_environment(folder: Path, **said: object) -> Environment:
    place = Position(str(folder / "flowprobe.yaml"), 3, 3)
    return Environment("staging", place, {}, nightly=Nightly(place, **said))  # type: ignore[arg-type]


def test_the_history_lies_beside_the_project_where_nothing_else_is_said(tmp_path: Path) -> None:
    assert history_at(an_environment(tmp_path)) == str(tmp_path / ".flowprobe/history.db")
    assert history_at(an_environment(tmp_path, history="nights.db")) == str(tmp_path / "nights.db")
    assert history_at(an_environment(tmp_path, history="postgresql://db/nights")) == "postgresql://db/nights"


def test_what_is_asked_for_goes_before_what_the_file_says(tmp_path: Path) -> None:
    assert history_at(an_environment(tmp_path, history="nights.db"), Settled("mine.db", "--history")) == "mine.db"


def test_a_place_may_be_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTS_OF_ACME", "postgresql://db.example/nights")
    assert history_at(an_environment(tmp_path, history="env:NIGHTS_OF_ACME")) == "postgresql://db.example/nights"


def test_nights_are_made_of_what_the_environment_says_or_of_all_there_is(tmp_path: Path) -> None:
    assert scenarios_of(an_environment(tmp_path)) == (tmp_path,)
    assert scenarios_of(an_environment(tmp_path, scenarios=("a.yaml", "b"))) == (tmp_path / "a.yaml", tmp_path / "b")


def test_a_history_is_opened_where_it_is(tmp_path: Path) -> None:
    history = open_at(str(tmp_path / "nights.db"))
    assert history.environments() == ()
    history.close()

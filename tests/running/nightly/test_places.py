from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.nights.settings import Nightly
from flowprobe.core.scenario import Environment, Position
from flowprobe.errors import InvalidInput
from flowprobe.running.nightly.places import open_at, place_here, place_of, scenarios_of
from flowprobe.running.settings import Settled

URL = "postgresql://ann:hunter2@db/nights"
NOBODY: Settled[str | None] = Settled(None, "default")


def _flag(value: str) -> Settled[str | None]:
    return Settled(value, "--history")


def an_environment(folder: Path, **said: object) -> Environment:
    place = Position(str(folder / "flowprobe.yaml"), 3, 3)
    return Environment("staging", place, {}, nightly=Nightly(place, **said))  # type: ignore[arg-type]


def test_the_history_lies_beside_the_project_where_nothing_else_is_said(tmp_path: Path) -> None:
    assert place_of(environment=an_environment(tmp_path)) == str(tmp_path / ".flowprobe/history.db")
    assert place_of(environment=an_environment(tmp_path, history="nights.db")) == str(tmp_path / "nights.db")
    assert place_of(environment=an_environment(tmp_path, history="postgresql://db/nights")) == "postgresql://db/nights"


def test_what_is_asked_for_goes_before_what_the_file_says(tmp_path: Path) -> None:
    assert place_of(Settled("mine.db", "--history"), an_environment(tmp_path, history="nights.db")) == "mine.db"


def test_a_place_may_be_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTS_OF_ACME", "postgresql://db.example/nights")
    assert place_of(environment=an_environment(tmp_path, history="env:NIGHTS_OF_ACME")) == "postgresql://db.example/nights"


def test_nights_are_remembered_beside_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flowprobe.yaml").write_text("")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    assert place_of(NOBODY) == ".flowprobe/history.db"
    monkeypatch.chdir(tmp_path / "below")
    assert place_of(NOBODY) == str(tmp_path / ".flowprobe" / "history.db")


def test_a_place_may_be_named_by_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTORY_URL", URL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "url").write_text(f"{URL}\n")
    (tmp_path / "url").chmod(0o600)
    assert place_of(_flag("env:HISTORY_URL")) == place_of(_flag("file:url")) == URL


def test_a_reference_to_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HISTORY_URL", raising=False)
    with pytest.raises(InvalidInput, match="HISTORY_URL is not set"):
        place_of(_flag("env:HISTORY_URL"))


@pytest.mark.parametrize("url", [URL, "postgresql://db/nights?user=ann&password=hunter2", "postgres://ann:hun/ter2@db"])
def test_a_password_does_not_belong_in_a_command(url: str) -> None:
    with pytest.raises(InvalidInput, match="everybody on this machine can read the password") as failed:
        place_of(_flag(url))
    assert "hun" not in str(failed.value)
    assert place_of(Settled(url, "FLOWPROBE_HISTORY")) == url


@pytest.mark.parametrize("place", ["nights.db", "postgresql://ann@db:5432/nights", "postgresql://db/nights?host=/run"])
def test_a_place_without_a_password_is_taken_as_it_is(place: str) -> None:
    assert place_of(_flag(place)) == place


def test_nights_are_made_of_what_the_environment_says_or_of_all_there_is(tmp_path: Path) -> None:
    assert scenarios_of(an_environment(tmp_path)) == (tmp_path,)
    assert scenarios_of(an_environment(tmp_path, scenarios=("a.yaml", "b"))) == (tmp_path / "a.yaml", tmp_path / "b")


def test_a_history_is_opened_where_it_is(tmp_path: Path) -> None:
    history = open_at(str(tmp_path / "nights.db"))
    assert history.environments() == ()
    history.close()


# --- of a whole project ---------------------------------------------------------------------------


def _project(folder: Path, **histories: str) -> None:
    said = [f"  {name}:\n    target: http://127.0.0.1:9\n" + (f"    nightly: {{history: {place!r}}}\n" if place else "")
            for name, place in histories.items()]
    (folder / "flowprobe.yaml").write_text("flowprobe: 1\nenvironments:\n" + "".join(said))


def test_a_history_is_where_its_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _project(tmp_path, local="", staging="nights.db", production="env:NIGHTS_OF_ACME")
    monkeypatch.setenv("NIGHTS_OF_ACME", URL)
    assert place_here(NOBODY, "staging") == "nights.db"
    assert place_here(NOBODY, "production") == URL
    assert place_here(NOBODY, "local") == ".flowprobe/history.db"
    assert place_here(_flag("mine.db"), "staging") == "mine.db"
    with pytest.raises(InvalidInput, match="its environments remember their nights in different places"):
        place_here(NOBODY, None)


def test_where_all_that_have_nights_agree_nobody_has_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _project(tmp_path, local="", staging="nights.db", production="nights.db")
    assert place_here(NOBODY, None) == place_here(NOBODY, "of-last-year") == "nights.db"


def test_a_reference_of_the_file_starts_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text(URL)
    (tmp_path / "url").chmod(0o600)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert place_of(environment=an_environment(tmp_path, history="file:url")) == URL


def test_a_password_does_not_belong_in_the_file_either(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="everybody who reads the file can read the password") as failed:
        place_of(environment=an_environment(tmp_path, history="postgresql://db/nights?password=hunter2"))
    assert "hunter2" not in str(failed.value)

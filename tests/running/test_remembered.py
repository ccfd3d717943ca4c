from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from flowprobe.core.scenario import Project
from flowprobe.errors import ToolFailed
from flowprobe.running.remembered import history_of


def test_a_history_is_beside_the_file_of_its_project_or_where_one_says(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, asked = ModuleType("flowprobe.history.opening"), []
    store.open_history = asked.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flowprobe.history", ModuleType("flowprobe.history"))
    monkeypatch.setitem(sys.modules, "flowprobe.history.opening", store)
    project = Project(str(tmp_path / "flowprobe.yaml"), {}, {})
    history_of(project, None)
    history_of(project, "postgresql://nights.example/flowprobe")
    assert asked == [str(tmp_path / ".flowprobe" / "history.db"), "postgresql://nights.example/flowprobe"]


def test_a_history_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flowprobe.history", None)
    with pytest.raises(ToolFailed, match="no history can be read"):
        history_of(Project("flowprobe.yaml", {}, {}), None)

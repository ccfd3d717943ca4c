"""Hypothesis leaves nothing behind, and says nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import Phase, configuration
from hypothesis.internal.conjecture import providers

from flowprobe.explore.quiet import hushed, only_asking
from tests.architecture.source import ROOT

DRIVEN = """
from tests.explore.test_driving import driven, harmful
driven(harmful, examples=300)
"""


def test_no_folder_is_written_and_nothing_is_printed(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "temporary"), "CI": "true"}
    (tmp_path / "temporary").mkdir()
    done = subprocess.run([sys.executable, "-W", "error", "-c", DRIVEN], env=env, cwd=tmp_path, capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["temporary"]


def test_sources_are_not_read_for_constants_and_all_is_as_before_afterwards() -> None:
    before = providers.is_local_module_file, configuration.storage_directory("x").path
    with hushed():
        assert not providers.is_local_module_file(__file__)
        assert not providers.is_local_module_file(str(ROOT / "flowprobe" / "errors.py"))
        assert configuration.storage_directory("x").path != before[1]
    assert (providers.is_local_module_file, configuration.storage_directory("x").path) == before
    assert providers.is_local_module_file(str(ROOT / "flowprobe" / "errors.py"))


def test_shrinking_and_keeping_are_left_to_us() -> None:
    found = only_asking(7)
    assert (found.max_examples, found.phases, found.database) == (7, (Phase.generate, Phase.target), None)

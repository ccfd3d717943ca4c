from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.real_provider.packages import programs_of
from tests.end_to_end.real_provider.runs import Run, flowprobe_run

VISIT = Path(__file__).with_name("visit.yaml")


@pytest.fixture(scope="session")
def httpbin() -> Path:
    """The folder of a WSGI server that has httpbin to serve."""
    return programs_of("httpbin==0.10.2", "waitress==3.0.2")


@pytest.fixture(scope="session")
def run(httpbin: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The visit under each of its fault plans."""
    return flowprobe_run(VISIT, programs=httpbin, output=tmp_path_factory.mktemp("visit") / "run")


@pytest.fixture(scope="session")
def unfaulted(httpbin: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same visit in a run that plans no fault at all."""
    return flowprobe_run(VISIT, "--faults", "none", programs=httpbin, output=tmp_path_factory.mktemp("visit") / "run")

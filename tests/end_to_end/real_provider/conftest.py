from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.real_provider.packages import programs_of
from tests.end_to_end.real_provider.runs import Run, flowprobe_run


@pytest.fixture(scope="session")
def localstripe() -> Path:
    """The folder of the program `localstripe`: GPL-3, so it is run and never imported, shipped or depended on."""
    return programs_of("localstripe==1.15.10")


@pytest.fixture(scope="session")
def run(localstripe: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The checkout under each of its fault plans."""
    return flowprobe_run(Path(__file__).with_name("checkout.yaml"), programs=localstripe,
                         output=tmp_path_factory.mktemp("checkout") / "run")

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from flowprobe.http import Driver
from tests.http.servers import Authority, authority

MakeDriver = Callable[..., Driver]


@pytest.fixture
def make_driver() -> Iterator[MakeDriver]:
    """`Driver`, closed when the test ends."""
    with ExitStack() as made:
        yield lambda **options: made.enter_context(Driver(**options))


@pytest.fixture
def driver(make_driver: MakeDriver) -> Driver:
    return make_driver()


@pytest.fixture(scope="session")
def our_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("other"))


@pytest.fixture
def ca(our_authority: Authority) -> Path:
    return our_authority.ca

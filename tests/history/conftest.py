"""A PostgreSQL for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.history.server import Server, running, why_none


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Where one is installed it has to run: only where there is none, tests are skipped."""
    reason = why_none()
    if reason:
        pytest.skip(reason)
    with running() as started:
        yield started


@pytest.fixture
def postgres(server: Server) -> str:
    """The place of a history that was never opened."""
    return server.emptied()

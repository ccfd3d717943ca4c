from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.rig import Certificates, Origin, Rig, make_certificates, new_trial, run_proxy, serve_origin


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    with serve_origin() as served:
        yield served


@pytest.fixture(scope="session")
def tls_origin(certificates: Certificates) -> Iterator[Origin]:
    with serve_origin(certificates.server) as served:
        yield served


@pytest.fixture(scope="session")
def shared_rig(
    tmp_path_factory: pytest.TempPathFactory, origin: Origin, tls_origin: Origin, certificates: Certificates
) -> Iterator[Rig]:
    """One proxy for every test that can share it: each has a trial of its own."""
    folder: Path = tmp_path_factory.mktemp("proxy")
    with run_proxy(folder, origin, tls_origin=tls_origin, upstream_ca=certificates.ca) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: Rig) -> Iterator[Rig]:
    """The shared proxy, with an origin that has forgotten the other tests."""
    shared_rig.origin.calls.clear()
    shared_rig.origin.gate.clear()
    yield shared_rig
    shared_rig.origin.gate.set()
    assert shared_rig.proxy.alive
    assert shared_rig.gaps == []


@pytest.fixture
def trial() -> str:
    return new_trial()

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.scenario import Bearer, Project, SecretRef
from flowprobe.errors import InvalidInput
from flowprobe.files.project import find_project, load_project
from tests.files.samples import GOOD

MINIMAL = "flowprobe: 1\nenvironments: {local: {target: http://127.0.0.1:0}}\n"


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(GOOD / "flowprobe.yaml")


def test_environments(project: Project) -> None:
    assert project.default == "local"
    local, staging, lab, production = project.environments.values()
    assert list(local.targets) == ["api", "auth"]
    assert staging.targets == {"target": "https://api.acme.example"}
    assert (local.personas, staging.personas) == (("pro-eu", "staff"), None)
    assert (local.http2, local.tls, local.lab) == (False, None, False)
    assert staging.http2
    assert staging.tls is not None
    assert (staging.tls.verify, staging.tls.ca) == (True, "certs/lab-ca.pem")
    assert lab.tls is not None
    assert (lab.tls.verify, lab.tls.ca, lab.lab) == (False, None, True)
    assert (staging.production, production.production) == (False, True)


def test_providers_know_their_name(project: Project) -> None:
    payments, mail = project.environments["local"].providers.values()
    assert (payments.name, payments.edge, payments.listen, payments.upstream) == (
        "payments", "reverse", "127.0.0.1:9100", None)
    assert (mail.name, mail.edge) == ("mail", "forward")


def test_what_is_started(project: Project) -> None:
    stand_in, product = project.environments["local"].start
    assert stand_in.command == ("mail-stand-in", "--port", "8025")
    assert (str(stand_in.env["PORT"]), stand_in.env["RETRIES"]) == ("${upstreams.mail.port}", "3")
    assert stand_in.ready is not None
    assert str(stand_in.ready.path) == "${upstreams.mail.url}/health"
    assert product.ready is not None
    assert (product.ready.target, product.ready_within) == ("auth", 5.0)


def test_a_persona_keeps_what_is_its_own(project: Project) -> None:
    persona = project.personas["pro-eu"]
    assert persona.fields == {"plan": "pro", "region": "eu", "team": "t_1", "seats": 3,
                              "address": {"city": "Bonn", "lines": ["a", "b"]}}
    assert (persona.labels, persona.budget) == (("key-account",), {"read": 0.8, "invite": 2.0})
    assert isinstance(persona.auth, Bearer)
    assert str(persona.auth.token) == "mint:key"
    assert isinstance(persona.auth.token, SecretRef)


def test_one_process_stands_for_a_list() -> None:
    text = MINIMAL.replace("0}", "0, start: {command: [acme]}}")
    assert len(load_project(Path("flowprobe.yaml"), text=text).environments["local"].start) == 1


def test_a_secret_is_in_no_message() -> None:
    text = MINIMAL + "personas: {a: {auth: {bearer: sk_live_1234, lables: 1}, budget: {read: 5}}}\n"
    with pytest.raises(InvalidInput) as caught:
        load_project(Path("flowprobe.yaml"), text=text)
    assert len(caught.value.problems) == 3
    assert "sk_live" not in str(caught.value)


def test_a_project_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "flowprobe.yaml").write_text(MINIMAL)
    assert find_project(tmp_path / "a" / "b") == tmp_path.resolve() / "flowprobe.yaml"


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "flowprobe.yaml").write_text(MINIMAL)
    assert find_project(tmp_path / "a") == tmp_path.resolve() / "a" / "flowprobe.yaml"


def test_there_may_be_no_project(tmp_path: Path) -> None:
    found = find_project(tmp_path)
    assert found is None or tmp_path.resolve() not in found.parents

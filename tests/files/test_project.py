from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest

from flowprobe.core.auth import (
    ApiKey,
    Basic,
    Bearer,
    ClientCredentials,
    Hmac,
    OAuth2,
    PasswordGrant,
    SigV4,
)
from flowprobe.core.reading import FromCommand, FromFiles, FromJaeger, FromLoki, FromTempo
from flowprobe.core.scenario import Project, SecretRef
from flowprobe.errors import InvalidInput
from flowprobe.files.checks import check_scenario
from flowprobe.files.project import find_project, load_project
from flowprobe.files.scenarios import load_scenario
from tests.files.samples import GOOD

MINIMAL = "flowprobe: 1\nenvironments: {local: {target: http://127.0.0.1:0}}\n"


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(GOOD / "flowprobe.yaml")


def test_environments(project: Project) -> None:
    assert project.default == "local"
    local, staging, lab, production, _ = project.environments.values()
    assert list(local.targets) == ["api", "auth"]
    assert staging.targets == {"target": "https://api.acme.example"}
    assert (local.personas, staging.personas) == (("pro-eu", "staff", "signed-in", "keyed", "pooled"), None)
    assert (local.http2, local.tls, local.lab) == (False, None, False)
    assert staging.http2
    assert staging.tls is not None
    assert (staging.tls.verify, staging.tls.ca) == (True, "certs/lab-ca.pem")
    assert lab.tls is not None
    assert (lab.tls.verify, lab.tls.ca, lab.lab) == (False, None, True)
    assert (staging.production, production.production) == (False, True)


def test_the_product_is_heard_on_loopback_where_no_host_is_written_out(project: Project) -> None:
    local, staging, lab, *_ = project.environments.values()
    assert local.telemetry is not None
    assert staging.telemetry is not None
    assert (local.telemetry.otlp, local.telemetry.wait) == (("127.0.0.1", 0), 5.0)
    assert (staging.telemetry.otlp, staging.telemetry.wait) == (("::1", 4318), 10.0)
    assert lab.telemetry is None


def test_where_the_products_side_is_read(project: Project) -> None:
    side = project.environments["staging"].telemetry
    assert side is not None
    jaeger, tempo, loki, files, command = side.read
    assert isinstance(jaeger, FromJaeger)
    assert isinstance(jaeger.access.auth, Basic)
    assert isinstance(tempo, FromTempo)
    assert (tempo.access.url, tempo.access.headers) == ("https://tempo.example.com/tempo", {"X-Scope-OrgID": "7"})
    assert isinstance(tempo.access.auth, Bearer)
    assert isinstance(loki, FromLoki)
    assert loki.query == '{app="shop"} |= "${trace}"'
    assert isinstance(loki.access.auth, ApiKey)
    assert (loki.access.auth.place, loki.access.auth.name) == ("header", "X-Api-Key")
    assert isinstance(files, FromFiles)
    assert files.pattern == "traces/*.jsonl"
    assert isinstance(command, FromCommand)
    assert command.command == ("journalctl", "--grep", "${trace}")
    assert side.links == {"Grafana & Co": "https://grafana.example.com/explore?trace=${trace}"}


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


def test_a_token_is_asked_for_at_a_target_of_the_environment() -> None:
    project = load_project(GOOD / "flowprobe.yaml")
    scenario = load_scenario(Path("a.yaml"), text=(
        "flowprobe: 1\nscenario: A journey\npersonas: {admin: signed-in, other: signed-in}\nworkflow: [{step: look, call: GET /v1/seats}]\n"))
    (problem,) = check_scenario(scenario, project, project.environments["local"])
    assert (problem.id, problem.line, problem.column) == ("unknown-target", 103, 21)
    assert problem.found == "no target is called `sso` in the environment `local`"


def test_every_kind_of_auth_is_read() -> None:
    personas = load_project(GOOD / "flowprobe.yaml").personas
    oauth, hashed, pooled = personas["signed-in"].auth, personas["hashed"].auth, personas["pooled"]
    assert isinstance(oauth, OAuth2)
    assert (oauth.grant, oauth.client_in, oauth.scope, oauth.extra) == (
        PasswordGrant("acme", ANY), "body", ("seats.read", "seats.write"), {"audience": "https://api.acme.example"})
    assert str(oauth.client_secret) == "cmd:pass show acme/ci"
    assert isinstance(hashed, Hmac)
    assert (hashed.sign, hashed.join, hashed.id) == (("timestamp", "method", "path", "query", "body_digest", "header:Content-Type"), ".", "key_1")
    assert personas["keyed"].auth == ApiKey("cookie", "session", ANY)
    assert str(personas["keyed"].certificate and personas["keyed"].certificate.password) == "env:KEY_PASSWORD"
    assert personas["tokened"].auth == OAuth2(ANY, "ci", ClientCredentials(), ANY)
    assert [(a.name, a.fields, type(a.auth)) for a in pooled.accounts] == [
        ("00123", {"team": "t1"}, type(None)), ("acc_2", {"team": "t2"}, SigV4)]
    assert isinstance(pooled.auth, Basic)


def test_what_every_account_of_a_pool_has_can_be_looked_up() -> None:
    project = load_project(GOOD / "flowprobe.yaml")
    text = "flowprobe: 1\nscenario: A journey\npersonas: {admin: pooled}\nworkflow:\n  - step: look\n    call: GET /v1/${admin.account}/${admin.team}\n"
    assert check_scenario(load_scenario(Path("a.yaml"), text=text), project, project.environments["local"]) == ()
    pooled = project.personas["pooled"]
    lacking = replace(pooled, accounts=(pooled.accounts[0], replace(pooled.accounts[1], fields={})))
    (problem,) = check_scenario(load_scenario(Path("a.yaml"), text=text), replace(project, personas={"pooled": lacking}))
    assert problem.found == "the persona `pooled/acc_2` has nothing called `team`"

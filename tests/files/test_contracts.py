"""The documents that a project and a scenario name: found, read as their own formats say, and told from others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.contract import Contract
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.checks import check_scenario
from flowprobe.files.contracts import load_contract
from flowprobe.files.documents import local_name, read_documents
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_scenario, scenario_files
from tests.files.samples import GOOD

PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:0
    openapi: {file}
personas: {{admin: {{}}}}
"""
SMALL = "openapi: 3.0.3\npaths:\n  /a: {get: {operationId: read, responses: {200: {description: yes}}}}\n"


def load(folder: Path, file: str = "spec/openapi.yaml", **options: Any) -> Contract | None:
    (folder / "flowprobe.yaml").write_text(PROJECT.format(file=file))
    return load_contract(load_project(folder / "flowprobe.yaml").environments["local"], **options)


def write(folder: Path, text: str, name: str = "spec/openapi.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def problem(folder: Path, file: str = "spec/openapi.yaml", **options: Any) -> Problem:
    with pytest.raises(InvalidInput) as caught:
        load(folder, file, **options)
    (found,) = caught.value.problems
    return found


def test_a_document_is_found_from_the_folder_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    contract = load(tmp_path)
    assert contract is not None
    assert (contract.paths.names, contract.old) == (("read",), True)


def test_an_environment_without_a_document_has_no_contract() -> None:
    assert load_contract(load_project(GOOD / "flowprobe.yaml").environments["staging"]) is None


def test_a_document_that_is_not_there_is_said_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    found = problem(tmp_path, "spec/openap.yaml")
    assert (found.id, found.line, found.column, found.instead) == ("no-document", 5, 14, "did you mean `openapi.yaml`?")


@pytest.mark.parametrize(("text", "reason"), [
    ("swagger: '2.0'", "it is Swagger 2.0"), ("openapi: 3.2.0\npaths: {}", "its version is 3.2.0"),
    ("openapi: 3.0.0", "it has no `paths`"), ("openapi: 3.1.0\npaths: []", "`paths` is not a mapping"),
    ("info: {}", "it has no key `openapi`"), ("[]", "it is not a mapping"), ("just text", "it is not a mapping"),
])
def test_what_is_no_openapi_document_is_said_where_it_is_named(tmp_path: Path, text: str, reason: str) -> None:
    write(tmp_path, text)
    found = problem(tmp_path)
    assert (found.id, found.line) == ("not-openapi", 5)
    assert found.found.endswith(reason)


@pytest.mark.parametrize(("text", "name", "id", "line"), [
    ("openapi: 3.0.0\npaths: {", "a.yaml", "yaml-syntax", 3), ('{"openapi": "3.0.0",\n "paths" {}}', "a.json", "json-syntax", 2),
    ("", "a.yaml", "empty-document", 0), ("a: *b", "a.yaml", "unknown-anchor", 1), ("a: 1\n---\nb: 1", "a.yaml", "several-documents", 2),
    ("a: {[1]: 2}", "a.yaml", "key-not-text", 1), ("[" * 300, "a.yaml", "too-deep", 1), ("[" * 20_000, "a.json", "too-deep", 0),
    ("[" * 5_000 + "]" * 5_000, "a.json", "too-deep", 0),
    ("a: 1\n\tb: 2", "a.yaml", "tab-indentation", 2),
])
def test_a_document_that_cannot_be_read_is_said_in_its_own_line(tmp_path: Path, text: str, name: str, id: str, line: int) -> None:
    path = write(tmp_path, text, name)
    found = problem(tmp_path, name)
    assert (found.id, found.line, found.file) == (id, line, str(path))


def test_a_document_has_a_limit_and_an_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL + "#" * 2_000_000)
    assert problem(tmp_path, limit=1_000_000).found == "this document is larger than 1 MB"
    path.write_bytes(b"openapi: \xff")
    assert problem(tmp_path).id == "not-utf8"


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    levels = ["l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"] + [
        f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    write(tmp_path, "\n".join(levels))
    assert problem(tmp_path).id == "too-many-values"


def test_yaml_is_read_as_1_2_says_and_keys_are_text(tmp_path: Path) -> None:
    path = write(tmp_path, "200: a\nyes: yes\nnull: ~\nhex: 0x10\ndate: 2026-01-31\nhalf: .5\nbig: 1e3\nquoted: '7'\n"
                           "base: &base {a: 1, b: 2}\nmerged: {<<: *base, b: 3}\non: True\n")
    assert read_documents(path)["openapi.yaml"] == {
        "200": "a", "yes": "yes", "null": None, "hex": "0x10", "date": "2026-01-31", "half": 0.5, "big": 1000.0, "quoted": "7",
        "base": {"a": 1, "b": 2}, "merged": {"a": 1, "b": 3}, "on": True}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(
    "aä:#{}[]'\"-, ß", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=10))
@settings(max_examples=60, deadline=None)
def test_json_and_yaml_of_one_value_are_the_same(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.mktemp("same")
    (folder / "a.json").write_text(json.dumps(value))
    (folder / "a.yaml").write_text(yaml.safe_dump({"it": value}, allow_unicode=True))
    assert read_documents(folder / "a.json")["a.json"] == value
    assert read_documents(folder / "a.yaml")["a.yaml"] == {"it": value}


def test_files_below_the_folder_are_read_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, "secret: 1", "secret.yaml")
    (tmp_path / "spec" / "sub").mkdir(parents=True)
    (tmp_path / "spec" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    write(tmp_path, "{b: {$ref: '../openapi.yaml#/x'}, c: {$ref: two.json}}", "spec/sub/one.yaml")
    write(tmp_path, "{}", "spec/sub/two.json")
    path = write(tmp_path, "a: {$ref: sub/one.yaml#/b}\nb: {$ref: ../secret.yaml}\nc: {$ref: link.yaml}\n"
                           "d: {$ref: 'http://127.0.0.1:9/x.yaml'}\ne: {$ref: /etc/passwd}\nf: {example: {$ref: no.yaml}}\n")
    assert list(read_documents(path)) == ["openapi.yaml", "sub/one.yaml", "sub/two.json"]


def test_a_file_that_is_referred_to_has_to_be_there(tmp_path: Path) -> None:
    write(tmp_path, SMALL + "x: {$ref: absent.yaml}\n")
    found = problem(tmp_path)
    assert (found.id, Path(found.file).name) == ("file-not-found", "absent.yaml")


@pytest.mark.parametrize(("origin", "reference", "name"), [
    ("a.yaml", "b.yaml#/x", "b.yaml"), ("s/a.yaml", "../b.yaml", "b.yaml"), ("s/a.yaml", "./t/b%20c.yaml", "s/t/b c.yaml"),
    ("a.yaml", "../b.yaml", None), ("a.yaml", "/b.yaml", None), ("a.yaml", "https://h/b.yaml", None), ("a.yaml", "//h/b", None),
    ("a.yaml", "s/../../b.yaml", None), ("a.yaml", "%2e%2e/b.yaml", None),
])
def test_a_reference_stays_in_the_folder_or_leads_nowhere(origin: str, reference: str, name: str | None) -> None:
    assert local_name(origin, reference) == name


SCENARIO = """\
flowprobe: 1
scenario: A contract
personas: {admin: admin}
workflow:
  - step: one
    call: GET /a
    expect: {contract: openapi}
"""


def test_an_environment_without_a_document_is_said_where_the_contract_is_asked_for(tmp_path: Path) -> None:
    project = load_project(GOOD / "flowprobe.yaml")
    scenario = load_scenario(write(tmp_path, SCENARIO.replace("admin: admin", "admin: staff"), "a.yaml"))
    (found,) = check_scenario(scenario, project, project.environments["staging"])
    assert (found.id, found.line, found.column) == ("no-contract", 7, 14)


def test_documents_that_lie_among_scenarios_are_no_scenarios(tmp_path: Path) -> None:
    scenario = write(tmp_path, SCENARIO, "a.yaml")
    write(tmp_path, SMALL + "#" * 2_000_000, "openapi.yaml")
    write(tmp_path, '"$schema": https://json-schema.org/draft/2020-12/schema\ntype: object\n', "schemas/invite.yaml")
    assert scenario_files([tmp_path]) == (scenario,)


def test_a_matcher_reads_the_schema_beside_its_scenario(tmp_path: Path) -> None:
    text = SCENARIO.replace("contract: openapi", "json: {$schema: schemas/tree.yaml}")
    write(tmp_path, "properties: {kids: {items: {$ref: 'leaf.json'}}}", "schemas/tree.yaml")
    write(tmp_path, '{"type": "integer"}', "schemas/leaf.json")
    shape = load_scenario(write(tmp_path, text, "a.yaml")).workflow[0].expect.json
    (mismatch,) = shape["$schema"].mismatches({"kids": ["x"]}, "$")  # type: ignore[index, call-overload]
    assert (mismatch.path, mismatch.document) == ("$.kids[0]", "schemas/leaf.json#/type")


def test_a_matchers_file_that_cannot_be_read_is_said_in_its_own_line(tmp_path: Path) -> None:
    text = SCENARIO.replace("contract: openapi", "json: {$schema: bad.json}")
    path = write(tmp_path, "{", "bad.json")
    with pytest.raises(InvalidInput) as caught:
        load_scenario(write(tmp_path, text, "a.yaml"))
    assert [(p.id, p.file) for p in caught.value.problems] == [("json-syntax", str(path))]

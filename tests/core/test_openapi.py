"""Which operation a call means, and what references lead to."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.openapi import BrokenReference, Documents, Paths


def documents(root: Any, **files: Any) -> Documents:
    return Documents("openapi.yaml", {"openapi.yaml": root, **{name.replace("_", "/") + ".yaml": f for name, f in files.items()}})


GET: Any = {"get": {"responses": {}}}
PATHS: Any = {
    "/": GET,
    "/users": {"get": {"operationId": "listUsers"}, "post": {"operationId": "makeUser"}},
    "/users/me": {"get": {"operationId": "me"}},
    "/users/{id}": {"get": {"operationId": "showUser"}, "delete": {"operationId": "dropUser"}},
    "/users/{id}/files/{name}.{kind}": {"get": {"operationId": "file"}},
    "/users/{id}/files/{name}": {"get": {"operationId": "any file"}},
    "/moved": {"$ref": "#/components/pathItems/there"},
    "/elsewhere": {"$ref": "paths.yaml#/one"},
    "/broken": {"$ref": "#/components/pathItems/nowhere"},
}
ROOT: Any = {"openapi": "3.1.0", "paths": PATHS, "components": {"pathItems": {"there": {"put": {"operationId": "move"}}}},
        "servers": [{"url": "https://api.example.test/v1"}, {"url": "/api/{version}/"}]}
FOUND = Paths(documents(ROOT, paths={"one": {"get": {"operationId": "one"}}}))


@pytest.mark.parametrize(("method", "path", "name", "arguments"), [
    ("GET", "/users", "listUsers", {}), ("POST", "/users/", "makeUser", {}), ("HEAD", "/users", "listUsers", {}),
    ("GET", "/users/me", "me", {}), ("GET", "/users/u_1", "showUser", {"id": "u_1"}),
    ("DELETE", "/users/me", "dropUser", {"id": "me"}), ("GET", "/users/a%2Fb%20c", "showUser", {"id": "a/b c"}),
    ("GET", "/users/1/files/a.b.pdf", "file", {"id": "1", "name": "a", "kind": "b.pdf"}),
    ("GET", "/users/1/files/plain", "any file", {"id": "1", "name": "plain"}),
    ("GET", "/v1/users?page=2", "listUsers", {}), ("GET", "/api/2.0/users/7", "showUser", {"id": "7"}),
    ("PUT", "/moved", "move", {}), ("GET", "/elsewhere", "one", {}),
])
def test_a_call_means_the_operation_that_its_path_and_method_name(
        method: str, path: str, name: str, arguments: dict[str, str]) -> None:
    operation = FOUND.operation(method, f"http://127.0.0.1:8000{path}")
    assert operation is not None
    assert (operation.part.data["operationId"], operation.arguments) == (name, arguments)


@pytest.mark.parametrize(("method", "path"), [
    ("PATCH", "/users"), ("GET", "/user"), ("GET", "/users/1/2"), ("GET", "/v2/users"), ("GET", "/v1users"),
])
def test_what_no_path_and_method_names_is_no_operation(method: str, path: str) -> None:
    assert FOUND.operation(method, f"http://127.0.0.1:8000{path}") is None


def test_the_methods_of_a_path_can_be_told() -> None:
    assert FOUND.methods("http://x/users/me") == ("GET", "GET", "DELETE")
    assert FOUND.methods("http://x/nowhere") == ()


def test_an_operation_is_found_by_its_id_with_the_arguments_of_the_url() -> None:
    found = FOUND.named("showUser", "http://x/v1/users/me")
    assert found is not None
    assert (found.name, found.arguments) == ("GET /users/{id}", {"id": "me"})
    assert FOUND.named("absent", "http://x/users/me") is None
    assert "move" in FOUND.names
    assert "absent" not in FOUND.names


def test_a_path_whose_reference_is_broken_is_said_where_it_is_called() -> None:
    with pytest.raises(BrokenReference, match="nowhere"):
        FOUND.operation("GET", "http://x/broken")


@pytest.mark.parametrize(("file", "reference", "place"), [
    ("openapi.yaml", "#/a~1b/c~0d", "openapi.yaml#/a~1b/c~0d"), ("openapi.yaml", "#/list/1", "openapi.yaml#/list/1"),
    ("openapi.yaml", "#", "openapi.yaml#"), ("openapi.yaml", "sub/one.yaml#/x", "sub/one.yaml#/x"),
    ("sub/one.yaml", "../openapi.yaml#/list", "openapi.yaml#/list"), ("sub/one.yaml", "#/x", "sub/one.yaml#/x"),
    ("openapi.yaml", "#named", "openapi.yaml#/$defs/n"), ("openapi.yaml", "#/with%20space", "openapi.yaml#/with space"),
])
def test_a_reference_leads_to_a_place(file: str, reference: str, place: str) -> None:
    root = {"a/b": {"c~d": 1}, "list": [1, 2], "$defs": {"n": {"$anchor": "named"}}, "with space": 1}
    found = documents(root, sub_one={"x": 1}).target(file, reference)
    assert str(found) == place


@pytest.mark.parametrize("reference", [
    "http://127.0.0.1:9/x.yaml", "//host/x", "absent.yaml", "#/none", "#/list/7", "#/list/x", "#unnamed",
    "file:///etc/passwd",
])
def test_a_reference_that_leads_out_or_nowhere_is_none(reference: str) -> None:
    assert documents({"list": [1]}).target("openapi.yaml", reference) is None


def test_references_that_go_round_end() -> None:
    part = documents({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}).at("openapi.yaml", ("a",))
    assert part is not None
    with pytest.raises(BrokenReference):
        part.followed()

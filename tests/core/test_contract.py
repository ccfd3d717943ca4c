"""A call and its reply against a document: what the product may not do, what we may not, and what says so."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.contract import MOST_FINDINGS, Contract, judge_contract
from flowprobe.core.findings import Finding
from flowprobe.core.parsed import Parsed
from flowprobe.core.scenario import ContractTerms, Expect
from flowprobe.core.walk import walk
from flowprobe.core.wire import Body, Call, Reply
from tests.playbook import Playbook, ended
from tests.playbook import call as playbook_call
from tests.playbook import reply as playbook_reply
from tests.scenes import a_step, a_trial

PATHS = """
{"/items": {
  "parameters": [{"name": "X-Team", "in": "header", "required": true, "schema": {"type": "string", "pattern": "^t_"}}],
  "get": {"operationId": "list", "parameters": [
      {"name": "page", "in": "query", "required": true, "schema": {"type": "integer", "minimum": 1}},
      {"name": "state", "in": "query", "schema": {"type": "array", "items": {"enum": ["open", "paid"]}}},
      {"name": "ids", "in": "query", "explode": false, "schema": {"type": "array", "items": {"type": "integer"}}},
      {"name": "deep", "in": "query", "schema": {"anyOf": [{"type": "boolean"}, {"type": "integer"}]}},
      {"name": "filter", "in": "query", "required": true, "style": "deepObject", "schema": {"type": "object"}},
      {"name": "Accept", "in": "header", "required": true, "schema": {"type": "integer"}},
      {"name": "session", "in": "cookie", "required": true, "schema": {"type": "string"}}],
    "responses": {
      "200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}},
              "headers": {"X-Total": {"required": true, "schema": {"type": "integer"}}, "Content-Type": {"required": true}}},
      "4XX": {"description": "", "content": {"application/problem+json": {"schema": {"type": "object"}}}},
      "503": {"description": ""}}},
  "post": {"operationId": "make",
    "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}},
                                                  "text/*": {}}},
    "responses": {"201": {"$ref": "#/components/responses/Made"}, "default": {"description": "", "content": {"*/*": {}}}}}},
 "/items/{id}": {"get": {"operationId": "show", "parameters": [
     {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}], "responses": {"204": {"description": ""}}}},
 "/broken": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "http://127.0.0.1:9/x"}}}}}}},
 "/odd": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "strin"}}}}}}}
}"""
ROOT: Any = {"openapi": "3.0.3", "paths": json.loads(PATHS), "components": {
    "responses": {"Made": {"description": "", "content": {"application/json; charset=utf-8": {"schema": {
        "$ref": "#/components/schemas/Item"}}}}},
    "schemas": {"Item": {"type": "object", "required": ["id", "name"], "properties": {
        "id": {"type": "integer", "readOnly": True}, "name": {"type": "string", "maxLength": 5}}},
        "Page": {"type": "object", "required": ["items"], "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}}}}}}
CONTRACT = Contract("openapi.yaml", {"openapi.yaml": ROOT})
LIST = "/items?page=1&filter[a]=1"
JSON = (("content-type", "application/json"), ("x-total", "3"))


def call(method: str = "GET", path: str = LIST, body: bytes = b"", kind: str = "", **headers: str) -> Call:
    given = {"x-team": "t_1", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return Call("c", "t", "s", "p", method, f"http://127.0.0.1:8000{path}", given, Body(body, kind))


def reply(status: int = 200, body: bytes | Any = b'{"items": []}', headers: Any = JSON) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply("c", status, tuple(headers), content, 1.0, 1.0, 1.1)


def findings(sent: Call, answer: Reply, terms: ContractTerms | None = None, contract: Contract = CONTRACT) -> (
        tuple[Finding, ...]):
    return judge_contract(contract, terms or ContractTerms(), sent, Parsed(answer), "a.yaml:7:5")


def said(sent: Call, answer: Reply, terms: ContractTerms | None = None) -> list[str]:
    return [f"{f.sentence()} @ {f.document.removeprefix('openapi.yaml#')}" for f in findings(sent, answer, terms)]


def test_what_fits_has_no_findings() -> None:
    assert said(call(), reply()) == []
    assert said(call("HEAD"), reply(body=b"")) == []
    assert said(call("GET", "/items/7"), reply(204, b"", ())) == []
    assert said(call("POST", "/items", b'{"name": "a"}', "application/json"),
                reply(201, {"id": 1, "name": "a"}, [("content-type", "Application/JSON")])) == []


def test_a_finding_names_the_place_in_the_scenario_the_reply_and_the_document() -> None:
    (found,) = findings(call(), reply(body={"items": [{"id": 1, "name": 5}]}))
    assert found == Finding("contract", "$.items[0].name", "text", "5", "a.yaml:7:5",
                            document="openapi.yaml#/components/schemas/Item/properties/name/type")


GET, POST = "/paths/~1items/get", "/paths/~1items/post"


@pytest.mark.parametrize(("answer", "wanted"), [
    (reply(500), f"status: expected 200 or 4XX or 503, as GET /items declares, saw 500 @ {GET}/responses"),
    (reply(404, b"{}"), f"content-type: expected application/problem+json, saw application/json @ {GET}/responses/4XX/content"),
    (reply(headers=[JSON[1]]), f"content-type: expected application/json, saw nothing there @ {GET}/responses/200/content"),
    (reply(headers=[JSON[1], ("content-type", "text/html")]),
     f"content-type: expected application/json, saw text/html @ {GET}/responses/200/content"),
    (reply(headers=JSON[:1]), f"header X-Total: expected a required header, saw nothing there @ {GET}/responses/200/headers/X-Total"),
    (reply(headers=[JSON[0], ("x-total", "many")]),
     f'header X-Total: expected a whole number, saw "many" @ {GET}/responses/200/headers/X-Total/schema/type'),
    (reply(body=b""), f"body: expected a body of application/json, saw an empty body @ {GET}/responses/200/content"),
    (reply(body=b"<p>"), f"$: expected JSON, saw a body that is not JSON: '<p>' @ {GET}/responses/200/content/application~1json"),
    (reply(body=[]), "$: expected an object, saw [] @ /components/schemas/Page/type"),
    (reply(body={}), "$.items: expected a required property, saw nothing there @ /components/schemas/Page/required"),
])
def test_what_a_reply_may_not_be(answer: Reply, wanted: str) -> None:
    assert said(call(), answer) == [wanted]


def test_a_status_without_content_says_nothing_of_the_body() -> None:
    assert said(call(), reply(503, b"<p>", ())) == []


def test_an_undeclared_property_is_a_finding_where_only_declared_ones_may_be() -> None:
    answer = reply(body={"items": [{"id": 1, "name": "a", "secret": 5}]})
    assert said(call(), answer) == []
    assert said(call(), answer, ContractTerms(declared=True)) == [
        "$.items[0].secret: expected no undeclared property, saw 5 @ /components/schemas/Item"]


P = f"{GET}/parameters"


@pytest.mark.parametrize(("query", "wanted"), [
    ("?filter=1", f"request query page: expected a required parameter, saw nothing there @ {P}/0"),
    ("?page=0&filter=", f"request query page: expected at least 1, saw 0 @ {P}/0/schema/minimum"),
    ("?page=one&filter=", f'request query page: expected a whole number, saw "one" @ {P}/0/schema/type'),
    ("?page=1&filter=&state=open&state=lost", f'request query state[1]: expected one of "open", "paid", saw "lost" @ {P}/1/schema/items/enum'),
    ("?page=1&filter=&ids=1,x", f'request query ids[1]: expected a whole number, saw "x" @ {P}/2/schema/items/type'),
    ("?page=1&filter=&deep=maybe", f'request query deep: expected true or false or a whole number, saw "maybe" @ {P}/3/schema/anyOf'),
    ("?page=1&filter=&state=open&ids=1,2&deep=true", None), ("?page=1&filter[a]=x&deep=7", None),
])
def test_what_the_query_may_not_be(query: str, wanted: str | None) -> None:
    assert said(call(path=f"/items{query}"), reply()) == ([wanted] if wanted else [])


def test_headers_and_path_of_a_call_are_judged_too() -> None:
    place = "/paths/~1items/parameters/0"
    assert said(call(x_team="x"), reply()) == [
        f"request header X-Team: expected text that matches '^t_', saw \"x\" @ {place}/schema/pattern"]
    assert said(replace(call(), headers={}), reply()) == [
        f"request header X-Team: expected a required parameter, saw nothing there @ {place}"]
    assert said(call("GET", "/items/seven"), reply(204, b"", ())) == [
        'request path id: expected a whole number, saw "seven" @ /paths/~1items~1{id}/get/parameters/0/schema/type']


@pytest.mark.parametrize(("body", "kind", "wanted"), [
    (b"", "", f"request body: expected a required body, saw nothing there @ {POST}/requestBody"),
    (b"{", "application/json", f"request body $: expected JSON, saw 1 bytes that are none @ {POST}/requestBody/content/application~1json"),
    (b"{}", "application/json", "request body $.name: expected a required property, saw nothing there @ /components/schemas/Item/required"),
    (b'{"name": "abcdef"}', "application/json",
     'request body $.name: expected at most 5 characters, saw 6 characters: "abcdef" @ /components/schemas/Item/properties/name/maxLength'),
    (b"a=b", "application/x-www-form-urlencoded",
     f"request content-type: expected application/json or text/*, saw application/x-www-form-urlencoded @ {POST}/requestBody/content"),
    (b"text", "text/plain", None),
])
def test_what_the_body_of_a_call_may_not_be(body: bytes, kind: str, wanted: str | None) -> None:
    assert said(call("POST", "/items", body, kind), reply(500, b"x", [("content-type", "a/b")])) == ([wanted] if wanted else [])


def test_a_body_that_is_not_described_is_a_finding() -> None:
    assert said(call(body=b"{}", kind="application/json"), reply()) == [f"request body: expected no body, saw 2 bytes @ {GET}"]


def test_a_call_that_the_document_does_not_have_is_one_finding() -> None:
    assert said(call("PUT"), reply()) == ["operation: expected PUT /items in the document, saw only GET, POST of that path @ /paths"]
    assert said(call(path="/none"), reply()) == ["operation: expected GET /none in the document, saw no such path @ /paths"]


def test_an_operation_that_is_named_judges_whatever_was_called() -> None:
    assert said(call("GET", "/elsewhere"), reply(204, b"", ()), ContractTerms("show")) == [
        "request path id: expected a required parameter, saw nothing there @ /paths/~1items~1{id}/get/parameters/0"]
    assert said(call("PUT", "/items/7"), reply(204, b"", ()), ContractTerms("show")) == [
        "request method: expected GET, as GET /items/{id} is called, saw PUT @ /paths/~1items~1{id}/get"]


def test_a_document_that_is_wrong_itself_is_said_and_the_rest_still_judged() -> None:
    found = said(call("GET", "/broken", b"x"), reply())
    assert found[0].startswith("request body: expected no body")
    assert "http://127.0.0.1:9/x" in found[1]
    (odd,) = said(call("GET", "/odd"), reply())
    assert odd.startswith("document: expected a schema that can be judged by, saw openapi.yaml#/paths/~1odd/get/responses/200")


def test_of_many_findings_the_first_are_shown_and_the_others_counted() -> None:
    found = findings(call(), reply(body={"items": [{}] * 50}))
    assert len(found) == MOST_FINDINGS + 1
    assert found[-1].sentence() == "contract: expected nothing else, saw 80 more findings like these"


def test_a_contract_is_plain_data_to_whoever_pickles_it() -> None:
    findings(call(), reply(body={}))
    again = pickle.loads(pickle.dumps(CONTRACT))
    assert again == CONTRACT
    assert len(pickle.dumps(again)) == len(pickle.dumps(Contract("openapi.yaml", {"openapi.yaml": ROOT})))
    assert findings(call(), reply(body={}), contract=again) == findings(call(), reply(body={}))


def test_a_step_that_asks_for_the_contract_is_judged_by_it_as_it_was_sent() -> None:
    trial = replace(a_trial(a_step("one", "GET /items/x", expect=Expect(contract=ContractTerms()))), contract=CONTRACT)
    book = Playbook(walk(trial))
    book << playbook_call("GET", "/items/x") >> playbook_reply(200)
    book << ended("one", "broken", "contract", "contract")


@given(status=st.integers(100, 599), body=st.binary(max_size=80) | st.sampled_from([b'{"items": [{"id": 1e999}]}', b'"\\ud800"']),
       kind=st.sampled_from(["application/json", "application/problem+json", "", "text/*", ";", "application/json;=", "\xff"]),
       path=st.text(max_size=8), query=st.text(max_size=8), sent=st.binary(max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_call_and_no_reply_is_an_exception(status: int, body: bytes, kind: str, path: str, query: str, sent: bytes) -> None:
    for method, where in (("GET", "/items"), ("POST", f"/items/{path}"), ("GET", f"/{path}"), ("POST", "/items")):
        made = call(method, f"{where}?{query}", sent, kind)
        findings(made, reply(status, body, [("content-type", kind), ("x-total", path)]), ContractTerms(declared=True))


JUNK = st.recursive(st.none() | st.booleans() | st.integers() | st.sampled_from(["#/x", "#", "", "string", "query"]),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                        ["$ref", "schema", "content", "in", "name", "parameters", "type", "items", "allOf", "properties",
                         "required", "application/json", "headers", "style", "requestBody", "nullable", "format"]), inner, max_size=4),
                    max_leaves=12)


@given(JUNK, JUNK, JUNK)
@settings(max_examples=200, deadline=None)
def test_no_document_is_an_exception(operation: Any, response: Any, schema: Any) -> None:
    described = {"responses": {"200": response, "default": {"content": {"*/*": {"schema": schema}}}},
                 **(operation if isinstance(operation, dict) else {"parameters": operation})}
    root = {"openapi": "3.0.0", "paths": {"/items": {"get": described, "post": operation}, "/x": operation, "/{": response}}
    contract = Contract("o", {"o": root})
    for status, sent in ((200, call()), (404, call("POST", "/items", b"{}", "application/json")), (200, call("GET", "/x"))):
        findings(sent, reply(status), ContractTerms(declared=True), contract)

"""Secrets of every length, told by the product wherever a report quotes it and cuts what it quotes."""

from __future__ import annotations

import random
import string
import sys
from pathlib import Path

from tests.end_to_end.conftest import Place, Result
from tests.end_to_end.test_canaries import OFF, written

PRODUCT = Path(__file__).parent / "telling_product.py"
LENGTHS = (20, 33, 47, 60, 75, 98, 104, 119, 130, 300, 1_500, 5_000)
SIGNS = string.ascii_letters + string.digits + "-_."
TOKENS = {f"t{length}": "".join(random.Random(length).choices(SIGNS, k=length)) for length in LENGTHS}
PIECE = 12
OPENAPI = """\
openapi: 3.1.0
info: {title: Told, version: "1"}
paths:
  /json:
    get:
      responses:
        "200": {description: Told, content: {application/json: {schema: {type: object, properties: {value: {type: integer}}, additionalProperties: false}}}}
"""
STEPS = """\
  - {step: hint-@, as: @, call: GET /hint, expect: {status: 401}, check: {status: 200}}
  - {step: described-@, as: @, call: GET /described, expect: {status: 400}, check: {status: 200}}
  - {step: json-@, as: @, call: GET /json, check: {json: {value: 1, ids: [2]}}}
  - {step: matched-@, as: @, call: GET /json, check: {json: {value: {$matches: ^nothing$}, ids: {$length: 2}, $.ids: {$equals: []}}}}
  - {step: exact-@, as: @, call: GET /json, check: {json: {value: {$in: [a]}}, exactly: true}}
  - {step: contract-@, as: @, call: GET /json, check: {contract: openapi}}
  - {step: text-@, as: @, call: GET /text, check: {text: nothing, json: {a: 1}}}
  - {step: header-@, as: @, call: GET /header, check: {headers: {X-Said: nothing}}}
  - {step: long-@, as: @, call: GET /long, check: {status: 200}}
  - {step: things-@, as: @, call: POST /things, capture: {id: $.id}, cleanup: "DELETE /things/${things-@.id}"}
"""
LAST = {"missing": "call: GET /json, capture: {x: $.nothing}", "regex": "call: GET /json, capture: {x: {json: $.value, regex: '^(nothing)$'}}",
        "absent": "call: GET /text, capture: {x: $.nothing}", "broken": "call: GET /broken"}
"""A capture that is not there and a reply that is none end a workflow: each has one of its own."""


def pieces(token: str) -> set[str]:
    return {token[at : at + PIECE] for at in range(len(token) - PIECE + 1)}


def leaking(text: str) -> set[str]:
    """The tokens of which a piece of twelve characters stands in a text."""
    held = {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}
    return {name for name, token in TOKENS.items() if held & pieces(token)}


def prepare(place: Place) -> None:
    personas = "".join(f"  {name}: {{auth: {{bearer: env:{name.upper()}}}}}\n" for name in TOKENS)
    (place.folder / "flowprobe.yaml").write_text(
        f'flowprobe: 1\nenvironments:\n  local:\n    target: http://127.0.0.1:0\n    openapi: openapi.yaml\n    start:\n'
        f'      - {{command: ["{sys.executable}", "{PRODUCT}"], env: {{PORT: "${{target.port}}"}}, ready: GET /health}}\npersonas:\n{personas}')
    (place.folder / "openapi.yaml").write_text(OPENAPI)
    roles = "{" + ", ".join(f"{name}: {name}" for name in TOKENS) + "}"
    place.scenario(f"flowprobe: 1\nscenario: All\npersonas: {roles}\nworkflow:\n" + "".join(STEPS.replace("@", name) for name in TOKENS), "all.yaml")
    for kind, what in LAST.items():
        place.scenario(f"flowprobe: 1\nscenario: {kind}\npersonas: {{one: [{', '.join(TOKENS)}]}}\nworkflow:\n  - {{step: last, {what}}}\n", f"{kind}.yaml")


def tried(place: Place, *program: str) -> Result:
    environ = {name.upper(): token for name, token in TOKENS.items()}
    result = place.finish(place.start_python(*program, "run", ".", "--junit", "junit.xml", **environ), deadline_s=120)
    assert result.code == 7, result.out + result.err  # what is made cannot be taken away again
    return result


def outputs(place: Place, result: Result) -> dict[str, str]:
    return {"screen": result.out + result.err, "junit.xml": (place.folder / "junit.xml").read_text(), **dict(written(place))}


def test_no_piece_of_a_secret_of_any_length_is_left_where_a_text_is_cut(place: Place) -> None:
    prepare(place)
    found = {name: held for name, text in outputs(place, tried(place, "-m", "flowprobe")).items() if (held := leaking(text))}
    assert not found


def test_without_the_redactor_every_one_of_them_is_there(place: Place) -> None:
    prepare(place)
    texts = outputs(place, tried(place, "-c", OFF))
    for end in ("screen", "junit.xml", "result.json", "runner.jsonl"):
        assert leaking("".join(text for name, text in texts.items() if name.endswith(end))) == set(TOKENS), end


def test_what_is_looked_up_in_the_surroundings_is_a_secret(place: Place) -> None:
    prepare(place)
    step = 'step: ask, call: "POST /hint?key=${env.KEY}", headers: {Authorization: "Bearer ${env.TOK}"}, json: {pin: "${env.PIN}"}'
    place.scenario(f"flowprobe: 1\nscenario: Asked\npersonas: {{one: t20}}\nworkflow:\n  - {{{step}}}\n", "env.yaml")
    words = {"TOK": "planted-by-env", "KEY": "planted key/of?the env", "PIN": "planted-pin", "T20": "t20-token"}
    for program, shown in (("-m", "flowprobe"), False), (("-c", OFF), True):
        process = place.start_python(*program, "run", "env.yaml", "--junit", "junit.xml", **words)
        result = place.finish(process)
        assert result.code == 1, result.out + result.err
        texts = outputs(place, result)
        assert any("planted" in text for text in texts.values()) == shown, {name: text for name, text in texts.items() if "planted" in text}

"""What the parts of a fault say together. The messages are in `wrong/faults.err` and `wrong/profile-faults.err`."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.faults.fault import Burst, Flap, Opening, Ramp
from flowprobe.errors import InvalidInput
from flowprobe.files.scenarios import load_profile, load_scenario

SCENARIO = """\
flowprobe: 1
scenario: One
personas: {{admin: pro-eu}}
account:
  card: {{default: valid}}
  seats: {{default: 3, integers: {{min: 0, max: 9}}}}
given:
  - {{step: before, call: PUT /test}}
workflow:
  - {{step: one, call: GET /}}
  - {{parallel: [[{{step: two, call: GET /}}], [{{step: three, call: GET /}}]], step: both}}
  - {{use: sign-in.yaml, step: login, with: {{user: a}}}}
faults:
  p: {{payments: {{latency: 1s, {fault}}}}}
"""
INNER = "flowprobe: 1\nscenario: In\npersonas: {admin: pro-eu}\ninputs: {user: {}}\nworkflow: [{step: token, call: POST /t}]\n"


def ids(fault: str, folder: Path) -> list[str]:
    (folder / "sign-in.yaml").write_text(INNER)
    try:
        load_scenario(folder / "a.yaml", text=SCENARIO.format(fault=fault))
    except InvalidInput as invalid:
        return [problem.id for problem in invalid.problems]
    return []


def profile_ids(text: str) -> list[str]:
    try:
        load_profile(Path("p.yaml"), text=text)
    except InvalidInput as invalid:
        return [problem.id for problem in invalid.problems]
    return []


@pytest.mark.parametrize("fault", [
    "match: {step: [one, two, login, login/token]}",
    "match: {account: {card: valid, seats: {$gt: 3}}}",
    "match: {json: {$equals: {$schema: 1}}}",
    "match: {call: [1, 2]}, when: {probability: 0.5}",
    "when: {between: [2, 2]}",
    "when: {flap: {up: 1, down: 1}, burst: {every: 10s, for: 1s}, ramp: {over: 3, from: 1, to: 0}}",
    "limit: {share: 0.5%, max_active: 1}",
])
def test_what_can_fall_is_no_problem(fault: str, tmp_path: Path) -> None:
    assert ids(fault, tmp_path) == []


@pytest.mark.parametrize(("fault", "expected"), [
    ("match: {step: before}", ["unknown-step"]),
    ("match: {step: login/tokens}", ["unknown-step"]),
    ("match: {step: both}", ["unknown-step"]),
    ("match: {account: {card: {$in: [expired]}}}", ["never-falls"]),
    ("match: {account: {cards: valid}}", ["unknown-field"]),
    ("match: {path: '/v1/charges?expand=customer'}", ["query-in-path"]),
    ("match: {path: '/v1/charges?', query: {limt: {more: 3}}}", ["query-in-path", "unknown-matcher"]),
    ("match: {text: {$.a: b}}", ["unknown-matcher"]),
    ("match: {json: [{a: {$schema: {}}}]}", ["matcher-not-here"]),
    ("when: {flap: {up: 1, down: 1s}}, limit: {share: 0%}", ["mixed-units"]),
    ("when: {between: []}", ["not-a-pair"]),
    ("match: {call: 1}, when: {after: 1, every: 2}", ["call-and-count", "call-and-count"]),
    ("when: {probability: 2}", ["out-of-range"]),
])
def test_one_mistake_makes_one_message(fault: str, expected: list[str], tmp_path: Path) -> None:
    assert ids(fault, tmp_path) == expected


@pytest.mark.parametrize(("header", "expected"), [
    ("Content-Length", ["framing-header"]), ("TRANSFER-ENCODING", ["framing-header"]), ("Connection", ["framing-header"]),
    ("Retry-After", []), ("Content-Type", []), ("Upgrade", []),
])
def test_the_proxy_itself_says_where_an_answer_ends(header: str, expected: list[str]) -> None:
    text = f"flowprobe: 1\nprofile: p\nfaults: {{mail: {{status: {{code: 503, headers: {{{header}: '9'}}}}}}}}\n"
    assert profile_ids(text) == expected


@pytest.mark.parametrize(("status", "expected"), [
    ("{code: 204, body: x}", ["bodiless"]), ("{code: 304, body: {a: 1}}", ["bodiless"]), ("{code: 204, body: 0}", ["bodiless"]),
    ("{code: 204, recipe: nginx/bad-gateway}", ["bodiless"]), ("{code: 204, recipe: nginx/bad-gateway, body: x}", ["bodiless"]),
    ("204", []), ("{code: 304, headers: {ETag: a}}", []), ("{code: 204, body: ''}", []), ("{code: 204, body: null}", []),
    ("{code: 205, body: x}", []), ("{code: 200, body: x}", []), ("{recipe: nginx/bad-gateway, body: x}", []),
])
def test_a_body_needs_a_code_that_has_one(status: str, expected: list[str]) -> None:
    assert profile_ids(f"flowprobe: 1\nprofile: p\nfaults: {{mail: {{status: {status}}}}}\n") == expected


def test_a_bare_number_is_so_many_calls_and_a_duration_is_a_time() -> None:
    plan = load_profile(Path("p.yaml"), text="""\
flowprobe: 1
profile: p
faults:
  mail:
    - {status: 503, when: {flap: {up: 5, down: 2}, burst: {every: 10s, for: 500ms}}}
    - {status: 503, when: {ramp: {over: 30s}, window: {from: 2s}}}
    - {status: 503, when: {ramp: {over: 20, from: 1, to: 0.5}, window: [{to: 1m}, {from: 2m, to: 3m}]}}
""")
    whens = [fault.when for fault in plan.faults]
    assert (whens[0].flap, whens[0].burst) == (Flap(5, 2, by_calls=True), Burst(10.0, 0.5))
    assert (whens[1].ramp, whens[1].window) == (Ramp(30.0), (Opening(2.0),))
    assert whens[2].ramp == Ramp(20, 1, 0.5, by_calls=True)
    assert whens[2].window == (Opening(0.0, 60.0), Opening(120.0, 180.0))


def test_a_profile_may_speak_of_steps_and_personas_of_any_scenario() -> None:
    text = "flowprobe: 1\nprofile: p\nfaults:\n  mail: {status: 503, match: {step: s, persona: p, account: {a: 1}}}\n"
    (fault,) = load_profile(Path("p.yaml"), text=text).faults
    assert (fault.match.step, fault.match.persona, fault.match.account) == (("s",), ("p",), {"a": 1})

"""The journey that is measured: five chained calls with their checks, as files for FlowProbe. `raw_loop.py` is the same in
plain Python, `loopback.py` answers it."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["CALLS", "SECRETS", "secrets", "write_journey"]

CALLS = 5
SECRETS = 12
"""How many personas the scenario binds, each with a secret of its own."""

_STEPS = """\
  - step: me-{n}
    call: GET /v1/me
    expect: {{status: 200, json: {{account: "${{admin.account}}", role: admin}}}}
    capture: {{team: $.team}}
  - step: before-{n}
    call: GET /v1/billing/summary
    expect: {{status: 200, json: {{currency: EUR, card: {{state: valid}}}}}}
    capture: {{seats: $.seats}}
  - step: invite-{n}
    call: POST /v1/teams/${{me-{n}.team}}/invites
    headers: {{Idempotency-Key: "${{trial.id}}-invite-{n}"}}
    json: {{email: "guest+${{trial.id}}@example.test", role: member}}
    expect: {{status: 201, json: {{id: {{$type: string}}, state: pending}}, within: 5s}}
    capture: {{id: $.id, role: "$.items[0].role"}}
  - step: invited-{n}
    call: GET /v1/invites/${{invite-{n}.id}}
    expect: {{status: 200, json: {{id: "${{invite-{n}.id}}", state: pending, seats: "${{before-{n}.seats}}"}}}}
  - step: search-{n}
    call: GET /v1/search
    query: {{q: europe}}
    expect: {{status: 200, json: {{query: europe, hits: {{$length: {{$gt: 1}}}}}}}}
    capture: {{first: "$.hits[0].id"}}
"""


def write_journey(folder: Path, target: str, steps: int) -> Path:
    """A scenario of that many steps, with its `flowprobe.yaml`. It binds all personas, so that all secrets are
    registered; with `--persona admin=NAME` only one of them walks, without it each one does."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"account-{number}" for number in range(SECRETS)]
    personas = {name: {"account": "acc_eu_pro", "plan": "pro", "region": "eu", "team": "team_eu",
                       "auth": {"bearer": f"env:{_variable(number)}"}} for number, name in enumerate(names)}
    project = {"flowprobe": 1, "default": "loopback", "environments": {"loopback": {"target": target}},
               "personas": personas}
    (folder / "flowprobe.yaml").write_text(json.dumps(project, indent=1))
    workflow = "".join(_STEPS.format(n=number) for number in range(steps // CALLS))
    file = folder / f"journey-{steps}.yaml"
    file.write_text(f"flowprobe: 1\nscenario: A key account invites a teammate\npersonas: {{admin: [{', '.join(names)}]}}\n"
                    f"\nworkflow:\n{workflow}")
    return file


def secrets() -> dict[str, str]:
    """The variables that the personas refer to: keys of a usual length."""
    return {_variable(number): f"sk_live_{number:02d}aB3+dE5/gH7iJ9kL1mN3oP5qR7sT9{number:02d}" for number in range(SECRETS)}


def _variable(number: int) -> str:
    return f"BENCH_TOKEN_{number}"

"""A folder with a project and a journey, for what is told from files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = """\
flowprobe: 1
default: staging
environments:
  staging:
    target: http://127.0.0.1:9
    providers: {payments: {url: "https://api.payments.example"}}
    start: {command: [acme]}
  production:
    production: true
    targets: {api: "https://api.acme.example", auth: "https://auth.acme.example"}
    providers: {payments: {url: "https://api.payments.example"}}
    identity: {call: GET /health, json: {environment: production}}
    personas: [pro-eu]
    allow: [GET /v1/**, POST /v1/teams/*/invites]
    budget: {calls: 40, writes: 8}
    windows:
      - {days: [mon-fri], from: "09:00", to: "17:00"}
      - {from: "10:00", to: "11:00", for: faults}
    freeze: 2026-12-20..2027-01-04
    zone: Europe/Berlin
  named:
    target: https://staging.acme.example
    providers: {payments: {url: "https://api.payments.example"}}
personas:
  pro-eu: {team: t_1, auth: {bearer: env:ACME_TOKEN}}
  staff: {team: t_2}
"""
JOURNEY = """\
flowprobe: 1
scenario: A customer invites a teammate
personas: {admin: pro-eu}
workflow:
  - {step: look, call: GET /v1/team, poll: {until: {json: {seats: 3}}, every: 1s, for: 10s}}
  - step: invite
    call: POST /v1/teams/${admin.team}/invites
    capture: {id: $.id}
    cleanup: DELETE /v1/invites/${invite.id}
faults:
  slow: {user: {latency: 50ms}}
  slow-payments: {payments: [{latency: 500ms}, {status: 503}]}
"""
WIPE = """\
flowprobe: 1
scenario: The suite starts afresh
personas: {admin: staff}
workflow:
  - {step: wipe, call: DELETE /v1/accounts}
  - {step: refill, call: POST /v1/accounts}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    (tmp_path / "journey.yaml").write_text(JOURNEY)
    (tmp_path / "wipe.yaml").write_text(WIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path

"""What a person would write by hand: the five calls of the journey with one httpx client, checked in plain Python.

    python -m tests.bench.raw_loop http://127.0.0.1:1234 1000

It sends what FlowProbe sends (credentials, trace context, an idempotency key) and holds the replies against the
same expectations.
"""

from __future__ import annotations

import sys
from typing import Any

import httpx

__all__ = ["loop"]

TOKEN = "sk_live_00aB3+dE5/gH7iJ9kL1mN3oP5qR7sT900"
TRIAL = "d0c7042d0c7042d0"


def loop(base: str, steps: int) -> None:
    with httpx.Client(trust_env=False) as client:
        for number in range(steps // 5):
            _journey(client, base, number)


def _journey(client: httpx.Client, base: str, number: int) -> None:
    me = _read(client.get(f"{base}/v1/me", headers=_headers(number, 1)), 200)
    _must(me["account"] == "acc_eu_pro" and me["role"] == "admin")
    before = _read(client.get(f"{base}/v1/billing/summary", headers=_headers(number, 2)), 200)
    _must(before["currency"] == "EUR" and before["card"]["state"] == "valid")
    answer = client.post(
        f"{base}/v1/teams/{me['team']}/invites", json={"email": f"guest+{TRIAL}@example.test", "role": "member"},
        headers={**_headers(number, 3), "idempotency-key": f"{TRIAL}-invite-{number}"})
    invite = _read(answer, 201)
    _must(isinstance(invite["id"], str) and invite["state"] == "pending" and answer.elapsed.total_seconds() < 5)
    _must(invite["items"][0]["role"] == "member")
    invited = _read(client.get(f"{base}/v1/invites/{invite['id']}", headers=_headers(number, 4)), 200)
    _must((invited["id"], invited["state"], invited["seats"]) == (invite["id"], "pending", before["seats"]))
    found = _read(client.get(f"{base}/v1/search", params={"q": "europe"}, headers=_headers(number, 5)), 200)
    _must(found["query"] == "europe" and len(found["hits"]) > 1 and found["hits"][0]["id"] == "doc_1")


def _headers(number: int, step: int) -> dict[str, str]:
    call = f"{number * 5 + step:08x}{1:08x}{TRIAL}"
    return {"authorization": f"Bearer {TOKEN}", "traceparent": f"00-{call}-{call[:16]}-01",
            "baggage": f"flowprobe.call={call}"}


def _read(reply: httpx.Response, status: int) -> Any:
    _must(reply.status_code == status)
    return reply.json()


def _must(held: bool) -> None:
    if not held:
        raise SystemExit("a check of the raw loop does not hold")


if __name__ == "__main__":
    loop(sys.argv[1], int(sys.argv[2]))

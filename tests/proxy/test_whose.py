"""Whose calls are faulted: each rung of the ladder with real calls, and those below it that pass."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowprobe.core import tracing
from flowprobe.core.carriers import CARRIERS, carriers
from flowprobe.core.clues import Clue, Customer, ExclusiveWindow, OwnListener, ProxyUser, digest
from flowprobe.core.events import ExchangeEnded, Injected
from flowprobe.core.faults.status import Status
from flowprobe.errors import ToolFailed
from flowprobe.proxy.process import EdgeSpec
from tests.proxy.rig import Origin, Rig, fault, marks, new_trial, run_proxy, until

CHARGE = "ch_3MmlLrLkdIwHu7ix28a3tqPc"
FOREIGN = "ch_9zYxWvUtSrQpOnMlKjIhGfEd"
BUSY = fault(Status(503))


def last(rig: Rig) -> ExchangeEnded:
    return [event for event in rig.events() if isinstance(event, ExchangeEnded)][-1]


def jwt(trial: str) -> str:
    parts = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ("{}", json.dumps({"sub": trial}))]
    return ".".join([*parts, "signature"])


@contextmanager
def standing(folder: Path, origin: Origin, *clues: Clue, edge: str = "reverse", **options: Any) -> Iterator[Rig]:
    """A proxy of its own, whose edge `payments` has these clues."""
    hosts = {"http://payments.example": origin.url}
    spec = (EdgeSpec("payments", "reverse", origin.url, clues=clues) if edge == "reverse"
            else EdgeSpec("payments", "forward", hosts=hosts, clues=clues))
    origin.calls.clear()
    with run_proxy(folder, origin, edges=[spec], **options) as rig:
        yield rig


# --- marks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARRIERS)
def test_each_carrier_says_whose_a_call_is(rig: Rig, trial: str, name: str) -> None:
    header = carriers(tracing.call_id(trial, 1, 1))[name]
    with rig.armed(trial, BUSY), rig.client() as client:
        assert client.post("/v1/charges", headers={name: header}).status_code == 503
    assert [(x.evidence, x.call) for x in rig.exchanges(trial)] == [(name, tracing.call_id(trial, 1, 1))]
    assert [receipt.evidence for receipt in rig.receipts(trial)] == [name]


def test_an_id_is_found_in_whatever_the_product_makes_of_it(rig: Rig, trial: str) -> None:
    packed = gzip.compress(json.dumps({"ref": trial}).encode())
    requests: list[dict[str, Any]] = [
        {"params": {"q": trial}}, {"headers": {"Authorization": f"Bearer {jwt(trial)}"}}, {"data": {"reference": trial}},
        {"files": {"upload": ("a.txt", f"for {trial}")}}, {"content": packed, "headers": {"Content-Encoding": "gzip"}},
        {"json": {"raw": base64.b64encode(f"To: guest+{trial}@example.test".encode()).decode()}},
    ]
    with rig.armed(trial, BUSY), rig.client() as client:
        assert [client.post("/v1/send", **request).status_code for request in requests] == [503] * len(requests)
    assert {x.evidence for x in rig.exchanges(trial)} == {"trial-id"}


def test_a_batch_with_somebody_elses_items_passes(rig: Rig, trial: str) -> None:
    with rig.armed(trial, BUSY), rig.client() as client:
        mixed = client.post("/v1/batch", json=[{"to": f"guest+{trial}@example.test"}, {"to": "someone@else.test"}])
        assert mixed.status_code == 200
        assert (last(rig).evidence, last(rig).spared) == ("ambiguous", "ambiguous")
        assert client.post("/v1/batch", json=[{"to": f"a+{trial}@b.test"}, {"to": f"c+{trial}@b.test"}]).status_code == 503


def test_our_member_of_tracestate_reaches_nobody_and_a_products_request_id_stays(rig: Rig, trial: str) -> None:
    sent = carriers(tracing.call_id(trial, 1, 1))
    with rig.armed(trial), rig.client() as client:
        seen = client.get("/echo", headers={**sent, "tracestate": f"a=1,{sent['tracestate']}"}).json()["headers"]
    assert seen["tracestate"] == "a=1"
    assert "baggage" not in seen
    assert seen["x-request-id"] == sent["x-request-id"]


# --- learned --------------------------------------------------------------------------------------


def test_an_id_that_the_provider_gave_makes_later_calls_ours(rig: Rig, trial: str) -> None:
    made = {"X-Makes": json.dumps({"id": CHARGE})}
    with rig.armed(trial, fault(Status(503), when=BUSY.when)), rig.client() as client:
        client.get(f"/v1/charges/{CHARGE}")
        assert last(rig).evidence == "none"
    other = new_trial()
    fresh = CHARGE.replace("3Mml", "4Nnm")
    with rig.armed(other), rig.client() as client:
        client.post("/v1/made", headers={**marks(other), "X-Makes": json.dumps({"id": fresh})})
        client.post("/v1/made", headers={**marks(other), **made})
    with rig.armed(other, BUSY), rig.client() as client:
        assert client.get(f"/v1/charges/{fresh}").status_code == 503
        assert client.get(f"/v1/charges/{CHARGE}").status_code == 200, "a stranger was seen with it before"
    assert [receipt.evidence for receipt in rig.receipts(other)] == ["learned"]


def test_an_id_is_forgotten_once_somebody_else_uses_it(rig: Rig, trial: str) -> None:
    token, other = "sub_1MowQVLkdIwHu7ixeRlqHVzs", new_trial()
    with rig.armed(trial, fault(Status(503), id="off", edge="dead")), rig.client() as client:
        client.post("/v1/made", headers={**marks(trial), "X-Makes": json.dumps({"id": token})})
        client.get(f"/v1/subscriptions/{token}")
        assert (last(rig).trial, last(rig).evidence) == (trial, "learned")
        with rig.armed(other):
            client.get(f"/v1/subscriptions/{token}", headers=marks(other))
            assert last(rig).evidence == "ambiguous"
            client.get(f"/v1/subscriptions/{token}")
            assert last(rig).evidence == "none"


# --- the minimum ----------------------------------------------------------------------------------


def test_what_is_below_the_minimum_passes_and_says_so(tmp_path: Path, origin: Origin, trial: str) -> None:
    with standing(tmp_path, origin, minimum="trace") as rig, rig.armed(trial, BUSY), rig.client() as client:
        assert client.post("/v1/charges", json={"ref": trial}).status_code == 200
        assert (last(rig).trial, last(rig).evidence, last(rig).spared) == (trial, "trial-id", "below trace")
        assert client.post("/v1/charges", headers=marks(trial)).status_code == 503
        assert client.post("/v1/charges").status_code == 200
        assert last(rig).spared == "unattributed"


def test_a_call_that_nobody_wants_to_fault_is_not_spared(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503), edge="dead")), rig.client() as client:
        client.post("/v1/charges")
        client.post("/v1/charges", json={"ref": trial})
    assert {event.spared for event in rig.events()[-3:] if isinstance(event, ExchangeEnded)} == {""}


def test_on_the_user_edge_our_own_call_is_ours_whatever_the_minimum(tmp_path: Path, origin: Origin, trial: str) -> None:
    edge = EdgeSpec("user", "forward", hosts={origin.url: None})
    with run_proxy(tmp_path, origin, edges=[edge], minimum="owned") as rig, \
         rig.armed(trial, fault(Status(503), edge="user")), rig.client("user") as client:
        assert client.get(f"{origin.url}/x", headers=marks(trial)).status_code == 503


# --- clues ----------------------------------------------------------------------------------------


def test_the_customer_that_a_call_is_for_makes_it_ours(tmp_path: Path, origin: Origin, trial: str) -> None:
    clue = Customer("header", "stripe_account", "Stripe-Account")
    with standing(tmp_path, origin, clue) as rig, rig.client() as client:
        other = new_trial()
        with rig.armed(trial, BUSY, customers={"payments": [digest("acct_1")]}), \
             rig.armed(other, fault(Status(429)), customers={"payments": [digest("acct_2")]}):
            codes = [client.get("/x", headers={"Stripe-Account": f"acct_{n}"}).status_code for n in (1, 2, 3)]
            mixed = client.get("/x", headers={"Stripe-Account": "acct_2", **marks(trial)})
        assert (codes, mixed.status_code) == ([503, 429, 200], 200)
        assert [receipt.evidence for receipt in rig.receipts(trial)] == ["credentials"]


def test_an_instance_of_its_own_is_known_by_its_listener(tmp_path: Path, origin: Origin, trial: str) -> None:
    with standing(tmp_path, origin, OwnListener()) as rig, rig.client() as client:
        assert client.get("/x").status_code == 200
        with rig.armed(trial, BUSY):
            assert client.get("/x").status_code == 503
            with rig.armed(new_trial()):
                assert client.get("/x").status_code == 200, "of two trials it may be either's"
        assert [receipt.evidence for receipt in rig.receipts(trial)] == ["listener"]


@pytest.mark.parametrize(("user", "status"), [("canary", 503), ("somebody", 200), ("", 200)])
def test_an_instance_of_its_own_is_known_by_its_proxy_user(tmp_path: Path, origin: Origin, trial: str, user: str,
                                                           status: int) -> None:
    with standing(tmp_path, origin, ProxyUser("canary"), edge="forward") as rig, rig.armed(trial, BUSY):
        proxy = rig.ready.edges["payments"].replace("://", f"://{user}:x@" if user else "://")
        with httpx.Client(proxy=proxy, trust_env=False) as client:
            reply = client.get("http://payments.example/echo")
        assert reply.status_code == status
        assert status == 503 or "proxy-authorization" not in reply.json()["headers"]


def test_a_window_is_open_while_a_call_of_ours_is_and_says_how_sure_it_is(tmp_path: Path, origin: Origin,
                                                                           trial: str) -> None:
    with standing(tmp_path, origin, ExclusiveWindow(0.0)) as rig, rig.client() as client, rig.armed(trial, BUSY):
        assert client.get("/x").status_code == 200
        rig.proxy.busy(trial, 1, known=True)
        assert client.get("/x").status_code == 503
        rig.proxy.busy(trial, 0, known=True)
        assert client.get("/x").status_code == 200
        (receipt,) = rig.receipts(trial)
        assert receipt.evidence == "window"
        assert receipt.collision is not None
        assert 0 < receipt.collision <= 1


def test_a_window_is_one_trials_at_a_time(tmp_path: Path, origin: Origin, trial: str) -> None:
    with standing(tmp_path, origin, ExclusiveWindow(1.0)) as rig, rig.armed(trial, BUSY):
        with pytest.raises(ToolFailed, match="exclusive"), rig.armed(new_trial(), BUSY):
            pass
        with rig.armed(new_trial()):
            pass  # it faults nothing there


# --- a product that we started --------------------------------------------------------------------


def test_background_work_of_our_own_product_is_left_alone(tmp_path: Path, origin: Origin, trial: str) -> None:
    with standing(tmp_path, origin, owned=True, linger_s=0.05) as rig, rig.client() as client, rig.armed(trial, BUSY):
        assert client.get("/x").status_code == 503, "nobody told of any call"
        rig.proxy.busy(trial, 1, known=True)
        assert client.get("/x").status_code == 503
        rig.proxy.busy(trial, 0, known=True)
        until(lambda: client.get("/x").status_code == 200)
        assert (last(rig).trial, last(rig).evidence, last(rig).spared) == (trial, "owned", "background")
        assert client.get("/x", headers=marks(trial)).status_code == 503


# --- probes and controls --------------------------------------------------------------------------


def test_a_probe_records_what_came_through_and_keeps_it_from_third_parties(tmp_path: Path, origin: Origin,
                                                                            trial: str) -> None:
    sent = carriers(tracing.call_id(trial, 1, 1))
    kept = {name: sent[name] for name in ("traceparent", "x-request-id", "sentry-trace")}
    with standing(tmp_path, origin, owned=True) as rig, rig.client() as client, rig.armed(trial, probing=True):
        seen = client.post("/echo", headers={**kept, "b3": "0", "x-tenant": "7"}, json={"ref": trial}).json()["headers"]
        client.get("/echo")
    first, second = rig.exchanges(trial)
    assert first.carriers == {"traceparent": "survived", "x-request-id": "survived", "sentry-trace": "survived",
                              "b3": "changed", "trial-id": "survived"}
    assert second.carriers == {}
    assert (seen["b3"], seen["x-tenant"], seen["traceparent"]) == ("0", "7", sent["traceparent"])
    assert not {"x-request-id", "sentry-trace"} & seen.keys()


def test_a_probe_beside_others_looks_at_its_own_calls_alone(rig: Rig, trial: str) -> None:
    other = new_trial()

    def seen(whose: str) -> dict[str, str]:
        sent = carriers(tracing.call_id(whose, 1, 1))
        with rig.client() as client:
            return client.get("/echo", headers={name: sent[name] for name in ("baggage", "b3", "x-request-id")}
                              ).json()["headers"]

    with rig.armed(other):
        with rig.armed(trial, probing=True):
            probed, beside, stranger = seen(trial), seen(other), seen(new_trial())
        late, after = seen(trial), seen(other)
    assert [{"b3", "x-request-id"} & found.keys() for found in (probed, late)] == [set(), set()], "ours, also afterwards"
    assert all({"b3", "x-request-id"} < found.keys() for found in (beside, stranger, after))
    assert not any("baggage" in found for found in (probed, beside, stranger, late, after))
    survived = {"baggage": "survived", "b3": "survived", "x-request-id": "survived"}
    assert [x.carriers for x in rig.exchanges(trial)] == [survived, {}], "who asks, for as long as it asks"
    assert [x.carriers for x in rig.exchanges(other)] == [{}, {}]
    assert not any(x.carriers for x in rig.exchanges(None))


def test_with_attribution_off_strangers_suffer_and_it_is_counted(tmp_path: Path, origin: Origin, trial: str) -> None:
    """The positive control of every zero above."""
    with standing(tmp_path, origin, attribution=False) as rig, rig.armed(trial, BUSY), rig.client() as client:
        assert client.get("/x").status_code == 503
        assert [event.trial for event in rig.events() if isinstance(event, Injected)] == [""]

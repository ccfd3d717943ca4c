"""Which kinds are offered at a call, and what is said of the others."""

from __future__ import annotations

import pytest

from flowprobe.core.exploring.catalogue import FAMILIES, ORDER, Offer, family, offers
from flowprobe.core.exploring.model import Reached, Site
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import KIND_NAMES, Kind, kind_name
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.webhook import Webhook

WRITE = Reached(Site("payments", "POST /charges", "pay"), 200, 0.1, True, True, 300)
READ = Reached(Site("crm", "GET /customers/*", "pay"), 200, 0.1, reply_bytes=50_000)
HOOK = Reached(Site("payments.webhooks", "POST /hook", "pay"), 200, 0.1)


def offered(seen: Reached, *, connections: bool = False) -> dict[str, Offer]:
    return {offer.name: offer for offer in offers([seen], connections=connections, cap_s=7.0)[seen.site]}


def test_every_kind_has_its_place_in_the_order_and_is_offered_or_explained() -> None:
    assert sorted(ORDER) == sorted(KIND_NAMES)
    for seen in (WRITE, READ, HOOK):
        found = offered(seen)
        assert tuple(found) == ORDER
        assert all(bool(offer.kinds) != bool(offer.why_not) for offer in found.values())
        assert all(kind_name(kind) == offer.name for offer in found.values() for kind in offer.kinds)


def test_a_write_may_be_lost_and_repeated_and_a_read_may_not() -> None:
    assert {"lost_reply", "duplicate"} <= {name for name, offer in offered(WRITE).items() if offer.kinds}
    assert offered(READ)["lost_reply"].why_not == "it only reads: a reply that is lost is a close"
    assert not offered(READ)["duplicate"].kinds


def test_only_a_long_reply_is_slowed_and_only_one_with_a_body_spoilt() -> None:
    assert offered(READ)["bandwidth"].kinds
    assert offered(WRITE)["bandwidth"].why_not == "its reply is too short to be slow"
    bare = Reached(WRITE.site, 204, 0.1)
    assert offered(bare)["body"].why_not == offered(bare)["field"].why_not == "its reply has no body"


def test_what_a_provider_sends_has_faults_of_its_own_and_no_others() -> None:
    assert [name for name, offer in offered(HOOK).items() if offer.kinds] == ["webhook"]
    assert not offered(WRITE)["webhook"].kinds


def test_a_second_call_may_get_an_old_reply() -> None:
    assert offered(WRITE)["stale"].why_not == "nothing is older than the first reply"
    for ordinal in (0, 2):
        assert offered(Reached(Site("crm", "GET /x", "s", ordinal), 200, 0.1))["stale"].kinds


def test_what_only_http2_and_websockets_have_is_for_those() -> None:
    assert offered(WRITE)["h2"].why_not == "the product speaks HTTP/1.1 there"
    assert offered(Reached(WRITE.site, 200, 0.1, protocol="HTTP/2"))["h2"].kinds
    assert offered(Reached(WRITE.site, 101, 0.1))["websocket"].kinds


def test_connections_are_refused_once_for_an_edge_and_only_where_nobody_else_has_them() -> None:
    second = Reached(Site("payments", "POST /refunds", "pay"), 200, 0.1)
    found = offers([WRITE, second], connections=True, cap_s=1.0)
    refused = {site: next(each for each in some if each.name == "refuse") for site, some in found.items()}
    assert refused[WRITE.site].kinds
    assert refused[second.site].why_not.endswith("it is tried at payments POST /charges in pay")
    assert offered(WRITE)["refuse"].why_not == "others may connect there: it needs a product that we start"


def test_a_hang_lasts_no_longer_than_is_said() -> None:
    assert offered(WRITE)["hang"].kinds == (Hang(7.0),)


def test_what_had_no_reply_is_not_cut_within_it() -> None:
    assert offered(Reached(WRITE.site, None, 0.1))["close"].kinds == (Close("request"),)


@pytest.mark.parametrize(("kind", "expected"), [
    (LostReply(), "lost"), (Close("headers"), "lost"), (Close("request"), "error"), (Reset("headers"), "lost"),
    (Status(503), "error"), (Hang(1.0), "slow"), (Webhook(drop=True), "lost"), (Webhook(duplicate=2), "twice"),
    (Webhook(delay=1.0), "slow"), (Status(429), "busy"), (Status(503, retry_after=1.0), "busy"),
])
def test_what_a_fault_is_to_the_product(kind: Kind, expected: str) -> None:
    assert family(kind) == expected


def test_every_family_is_offered_at_a_write() -> None:
    assert {family(kind) for offer in offered(WRITE).values() for kind in offer.kinds} == set(FAMILIES)

"""Edges become listeners, and requests find their edge."""

from __future__ import annotations

import pytest

from flowprobe.errors import ToolFailed
from flowprobe.proxy.edges import EdgeSpec, Origin, edge_urls, listeners

PAYMENTS = EdgeSpec("payments", "reverse", "https://api.payments.example/v1/")
MAIL = EdgeSpec("mail", "forward", hosts={"https://api.mail.example": "http://127.0.0.1:9025"})
MAPS = EdgeSpec("maps", "forward", hosts={"https://maps.example": None, "http://maps.example:8080": None})
USER = EdgeSpec("user", "forward", hosts={"http://127.0.0.1:8000": None})


def test_each_reverse_edge_has_a_listener_even_with_one_upstream() -> None:
    both = listeners([PAYMENTS, EdgeSpec("refunds", "reverse", PAYMENTS.upstream)])
    assert len({listener.spec for listener in both}) == 2
    route = both[0].route("edge-0.invalid", 80)
    assert route
    assert (route.edge, route.upstream) == ("payments", Origin("https", "api.payments.example", 443, "/v1"))


def test_the_path_of_an_upstream_is_in_the_url_of_its_edge() -> None:
    (listener,) = listeners([PAYMENTS])
    assert edge_urls(listener, ("127.0.0.1", 81)) == {"payments": "http://127.0.0.1:81/v1"}
    assert edge_urls(listener, ("::1", 81)) == {"payments": "http://[::1]:81/v1"}


def test_forward_edges_share_a_listener_and_the_user_has_its_own() -> None:
    shared, user = listeners([MAIL, MAPS, USER])
    assert (shared.edges, shared.door) == (("mail", "maps"), "")
    assert (user.edges, user.door) == (("user",), "run")
    assert shared.spec != user.spec
    assert edge_urls(shared, ("127.0.0.1", 82)) == {"mail": "http://127.0.0.1:82", "maps": "http://127.0.0.1:82"}


def test_a_forward_edge_with_a_port_of_its_own_has_its_own_listener() -> None:
    fixed = EdgeSpec("maps", "forward", hosts=MAPS.hosts, listen=("127.0.0.1", 9100))
    assert [listener.spec for listener in listeners([MAIL, fixed])] == ["regular@127.0.0.1:0", "regular@127.0.0.1:9100"]


@pytest.mark.parametrize(("host", "port", "edge"), [
    ("api.mail.example", 443, "mail"), ("API.Mail.Example", 443, "mail"), ("maps.example", 8080, "maps"),
    ("api.mail.example", 80, None), ("maps.example", 80, None), ("evil.example", 443, None),
])
def test_only_declared_hosts_and_ports_have_an_edge(host: str, port: int, edge: str | None) -> None:
    (listener,) = listeners([MAIL, MAPS])
    route = listener.route(host, port)
    assert (route.edge if route else None) == edge


@pytest.mark.parametrize(("edges", "says"), [
    ([PAYMENTS, PAYMENTS], "given twice"),
    ([MAIL, EdgeSpec("post", "forward", hosts=MAIL.hosts)], "declared by mail and by post"),
    ([EdgeSpec("x", "reverse", "https://x.example:port")], "must be a URL"),
    ([EdgeSpec("x", "forward", hosts={"x.example": None})], "must be a URL"),
    ([EdgeSpec("x", "forward", listen=("example.com", 0))], "use 127"),
])
def test_edges_that_contradict_are_refused(edges: list[EdgeSpec], says: str) -> None:
    with pytest.raises(ToolFailed, match=says):
        listeners(edges)

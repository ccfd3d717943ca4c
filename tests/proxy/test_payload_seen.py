"""What is done to the payload, as an HTTP client and a raw socket see it."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import pytest

from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.error_envelope import ErrorEnvelope
from flowprobe.core.faults.expired_token import ExpiredToken
from flowprobe.core.faults.field import Field
from flowprobe.core.faults.kinds import Kind, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.quota import Quota
from flowprobe.core.faults.redirect_loop import RedirectLoop
from flowprobe.core.faults.spoiling import Malform, Mislabel, Misname, Pad, Recharset
from flowprobe.core.faults.stale import Stale
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import When
from tests.proxy.rig import BODY, Rig, fault, marks, until
from tests.proxy.test_kinds_seen import EDGES, Caller

MB = 1_000_000
DOCUMENT = {"user": {"email": "a@b.example", "age": 30}, "items": [{"p": 1}, {"p": 2}], "state": "paid"}
EVERY_KIND = (
    Status(429, retry_after=2), Status(recipe="stripe/card-declined"), Body(Malform("garbage")), Body(Pad(MB)),
    Body(Mislabel("text/html")), Body(Recharset("utf-16")), Body(Misname("gzip")), Field("$.state", "drop"),
    LostReply(), LostReply("hang"), Duplicate(), RedirectLoop(), ErrorEnvelope(), ExpiredToken(),
)


@pytest.fixture(params=EDGES)
def caller(request: pytest.FixtureRequest, rig: Rig, trial: str) -> Iterator[Caller]:
    assert rig.tls_origin
    rig.tls_origin.calls.clear()
    made = Caller(rig, request.param, trial)
    with made.client:
        yield made


@pytest.fixture
def provider(rig: Rig, trial: str) -> Iterator[Caller]:
    made = Caller(rig, "payments", trial)
    with made.client:
        yield made


@contextlib.contextmanager
def connection(rig: Rig) -> Iterator[socket.socket]:
    where = urlsplit(rig.ready.edges["payments"])
    with socket.create_connection((where.hostname, where.port), timeout=10) as found:
        yield found


def raw(rig: Rig, trial: str, path: str = "/v1/charges", *, method: str = "GET") -> bytes:
    """Every byte that comes back, until the end of the connection."""
    head = "".join(f"{name}: {value}\r\n" for name, value in marks(trial).items())
    with connection(rig) as sock:
        sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n".encode())
        found = bytearray()
        while chunk := sock.recv(65536):
            found += chunk
    return bytes(found)


# --- status ---------------------------------------------------------------------------------------


def test_a_recipe_answers_as_the_provider_would(caller: Caller) -> None:
    with caller.under(Status(recipe="stripe/card-declined")):
        reply = caller.call()
    assert (reply.status_code, reply.json()["error"]["code"]) == (402, "card_declined")
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["request-id"].startswith("req_")
    assert caller.asked() == 0
    assert caller.receipt().kind == "status"


def test_what_stands_beside_a_recipe_replaces_that_part(provider: Caller) -> None:
    with provider.under(Status(code=503, headers={"server": "mine"}, body="own", recipe="aws/s3-slow-down")):
        reply = provider.call()
    assert (reply.status_code, reply.text, reply.headers.get_list("server")) == (503, "own", ["mine"])
    assert reply.headers["content-type"] == "application/xml"


def test_a_recipe_of_xml_is_xml_on_the_wire(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(recipe="aws/s3-slow-down"))):
        head, _, body = raw(rig, trial).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code>')


@pytest.mark.parametrize(("method", "kind"), [
    ("HEAD", ErrorEnvelope()), ("HEAD", Status(recipe="nginx/bad-gateway")), ("GET", Status(204, body="x")),
    ("GET", Status(304, body="x")),
], ids=str)
def test_no_body_is_written_where_none_may_be(rig: Rig, trial: str, method: str, kind: Kind) -> None:
    with rig.armed(trial, fault(kind)):
        head, _, body = raw(rig, trial, method=method).partition(b"\r\n\r\n")
    assert body == b""
    assert (b"content-length" in head.lower()) is (method == "HEAD")


def test_retry_after_is_in_whole_seconds(provider: Caller) -> None:
    with provider.under(Status(429, retry_after=1.2)):
        reply = provider.call()
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "2")
    assert "x-ratelimit-limit" not in reply.headers


def test_retry_after_can_be_a_date(provider: Caller) -> None:
    with provider.under(Status(503, retry_after=60, retry_after_as="date")):
        reply = provider.call()
    until_then = parsedate_to_datetime(reply.headers["retry-after"]) - parsedate_to_datetime(reply.headers["date"])
    assert 60 <= until_then.total_seconds() <= 61


def test_a_quota_serves_so_many_and_refuses_the_rest(caller: Caller) -> None:
    with caller.under(Status(429, quota=Quota(2, 60.0))):
        before = time.time()
        replies = [caller.call() for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 429, 429]
    assert (replies[0].content, caller.asked()) == (BODY, 2)
    refused = replies[2].headers
    assert (refused["x-ratelimit-limit"], refused["x-ratelimit-remaining"]) == ("2", "0")
    assert 1 <= int(refused["retry-after"]) <= 60
    assert before < int(refused["x-ratelimit-reset"]) <= time.time() + 61
    assert len(caller.rig.receipts(caller.trial)) == 2


def test_after_its_window_a_quota_serves_again(provider: Caller) -> None:
    with provider.under(Status(429, quota=Quota(1, 0.4))):
        assert [provider.call().status_code for _ in range(2)] == [200, 429]
        until(lambda: provider.call().status_code == 200)


def test_a_quota_is_counted_by_lease(provider: Caller) -> None:
    for _ in range(2):
        with provider.under(Status(429, quota=Quota(1, 60.0))):
            assert [provider.call().status_code for _ in range(2)] == [200, 429]


# --- body -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cut-brace", "trailing-comma", "garbage"])
def test_malformed_json_cannot_be_read(caller: Caller, how: str) -> None:
    with caller.under(Body(Malform(how))):
        reply = caller.call()
    assert reply.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert caller.receipt().detail == how


def test_a_body_that_is_no_json_gets_damaged_bytes(provider: Caller) -> None:
    with provider.under(Body(Malform("cut-brace"))):
        reply = provider.call("/chunks")
    assert len(reply.content) == len(b"one,two,three")
    assert reply.content != b"one,two,three"
    assert "no JSON" in provider.receipt().detail


@pytest.mark.parametrize("path", ["/document", "/chunked", "/gzip"])
def test_an_oversized_body_is_the_same_json(caller: Caller, path: str) -> None:
    with caller.under(Body(Pad(MB))):
        reply = caller.call(path)
    assert (len(reply.content), reply.json()) == (MB, DOCUMENT)
    assert caller.receipt().detail.endswith("bytes more")


def test_a_body_that_is_large_already_is_left_alone(provider: Caller) -> None:
    with provider.under(Body(Pad(10))):
        assert provider.call().content == BODY
    assert provider.rig.receipts(provider.trial) == []


def test_an_oversized_body_streams(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Body(Pad(40 * MB)))):
        found = raw(rig, trial)
    head, _, body = found.partition(b"\r\n\r\n")
    assert b"Content-Length: 40000000" in head
    assert len(body) == 40 * MB
    assert body[:len(BODY)] == BODY


def test_a_wrong_label_leaves_the_body(caller: Caller) -> None:
    with caller.under(Body(Mislabel("text/html"))):
        reply = caller.call()
    assert (reply.headers["content-type"], reply.content) == ("text/html", BODY)


def test_a_wrong_charset_is_named(provider: Caller) -> None:
    with provider.under(Body(Recharset("utf-16"))):
        reply = provider.call()
    assert (reply.headers["content-type"], reply.content) == ("application/json; charset=utf-16", BODY)


@pytest.mark.parametrize("path", ["/document", "/gzip"])
def test_a_wrong_encoding_cannot_be_decoded(caller: Caller, path: str) -> None:
    with caller.under(Body(Misname("gzip"))), pytest.raises(httpx.DecodingError):
        caller.call(path)
    assert caller.receipt().kind == "body"


def test_a_wrong_encoding_on_the_wire_is_the_plain_body(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Body(Misname("br")))):
        head, _, body = raw(rig, trial, "/gzip").partition(b"\r\n\r\n")
    assert b"content-encoding: br" in head.lower()
    assert head.lower().count(b"content-encoding") == 1
    assert json.loads(body) == DOCUMENT


@pytest.mark.parametrize(("kind", "start", "length"), [
    (Body("empty"), "", 0),
    (Body("html"), "<!DOCTYPE html>", None),
    (Body(Truncate(50, "right")), '{"user": ', len(json.dumps(DOCUMENT)) // 2),
], ids=["empty", "html", "short"])
def test_an_encoded_body_is_spoilt_in_what_it_means(
    provider: Caller, kind: Kind, start: str, length: int | None
) -> None:
    with provider.under(kind):
        reply = provider.call("/gzip")
    assert reply.status_code == 200
    assert reply.text.startswith(start)
    assert length in (None, len(reply.text))


def test_an_encoded_body_stays_encoded_where_it_was(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Field("$.state", "set", "open"))):
        head, _, body = raw(rig, trial, "/gzip").partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head.lower()
    assert json.loads(gzip.decompress(body)) == {**DOCUMENT, "state": "open"}


# --- field ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "seen"), [
    (Field("$.user.email", "drop"), {**DOCUMENT, "user": {"age": 30}}),
    (Field("$.user", "null"), {**DOCUMENT, "user": None}),
    (Field("$.user.age", "retype"), {**DOCUMENT, "user": {"email": "a@b.example", "age": "30"}}),
    (Field("$.state", "unknown_enum"), {**DOCUMENT, "state": "not_a_known_value"}),
    (Field("$.items", "set", []), {**DOCUMENT, "items": []}),
    (Field("$.items[*].p", "null"), {**DOCUMENT, "items": [{"p": None}, {"p": None}]}),
    (Field("$.items[*]", "drop"), {**DOCUMENT, "items": []}),
], ids=lambda value: value.describe() if isinstance(value, Field) else "")
def test_a_field_is_changed_and_nothing_else(provider: Caller, kind: Field, seen: object) -> None:
    with provider.under(kind):
        reply = provider.call("/document")
    assert (reply.status_code, reply.json()) == (200, seen)
    assert "place" in provider.receipt().detail


def test_a_field_is_changed_on_every_edge(caller: Caller) -> None:
    with caller.under(Field("$.state", "drop")):
        assert "state" not in caller.call().json()
    assert caller.receipt().kind == "field"


@pytest.mark.parametrize("path", ["/document", "/chunks", "/empty", "/nothing"])
def test_a_path_that_leads_nowhere_leaves_no_receipt(provider: Caller, path: str) -> None:
    with provider.under(Field("$.nobody.here", "drop")):
        reply = provider.call(path)
    assert reply.status_code in (200, 204)
    assert provider.rig.receipts(provider.trial) == []


@pytest.mark.parametrize("kind", [Body(Malform("garbage")), Body(Pad(MB)), Field("$.a", "drop")], ids=kind_name)
def test_a_stream_of_events_is_never_held_back(provider: Caller, kind: Kind) -> None:
    with (
        provider.under(kind),
        provider.client.stream("GET", "/events", headers=marks(provider.trial)) as reply,
    ):
        assert next(reply.iter_raw()) == b"data: first\n\n"
        provider.origin.gate.set()
    assert provider.rig.receipts(provider.trial) == []


# --- lost replies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["close", "reset"])
@pytest.mark.parametrize("path", ["/v1/charges", "/big", "/events"])
def test_a_lost_reply_was_given_and_never_arrives(caller: Caller, ends: str, path: str) -> None:
    errors = caller.reset_errors if ends == "reset" else (httpx.RemoteProtocolError,)
    with caller.under(LostReply(ends)), pytest.raises(errors):
        caller.call(path)
    caller.origin.gate.set()
    assert caller.asked(path) == 1
    assert caller.receipt().detail == "the provider answered 200"
    exchange = caller.rig.exchanges(caller.trial)[-1]
    assert (exchange.status, exchange.upstream_status) == (None, 200)
    assert "lost" in exchange.error


def test_of_a_lost_reply_nothing_is_on_the_wire(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(LostReply())):
        assert raw(rig, trial) == b""


def test_a_lost_reply_can_hang_until_the_caller_gives_up(provider: Caller) -> None:
    with provider.under(LostReply("hang", 20.0)):
        with pytest.raises(httpx.ReadTimeout):
            provider.call(timeout=1.5)
        until(lambda: provider.rig.receipts(provider.trial))
    receipt = provider.receipt()
    assert provider.asked() == 1
    assert receipt.gave_up_s > 0.1
    assert receipt.detail == "the provider answered 200; the caller gave up"


def test_a_lost_reply_hangs_for_no_longer_than_its_ceiling(provider: Caller) -> None:
    with provider.under(LostReply("hang", 0.2)), pytest.raises(httpx.RemoteProtocolError):
        provider.call()
    assert provider.receipt().detail.endswith("the ceiling was reached")


# --- twice, again, elsewhere ----------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "heard"), [("first", 1), ("last", 3)])
def test_a_duplicate_is_delivered_and_one_answer_heard(caller: Caller, answer: str, heard: int) -> None:
    with caller.under(Duplicate(3, answer)):
        reply = caller.call("/count", content=b"amount=1")
    assert reply.json() == {"count": heard}
    assert [call.body for call in caller.origin.calls] == [b"amount=1"] * 3
    assert len({json.dumps(call.headers, sort_keys=True) for call in caller.origin.calls}) == 1
    assert caller.receipt().detail == "delivered 2 more times, answered 200, 200"
    (exchange,) = caller.rig.exchanges(caller.trial)
    assert (exchange.status, exchange.upstream_status) == (200, 200)


@pytest.mark.parametrize(("answer", "heard"), [("first", 201), ("last", 409)])
def test_what_one_delivery_brought_about_counts_whichever_is_heard(provider: Caller, answer: str, heard: int) -> None:
    with provider.under(Duplicate(2, answer)):
        assert provider.call("/once").status_code == heard
    (exchange,) = provider.rig.exchanges(provider.trial)
    assert (exchange.status, exchange.upstream_status) == (heard, 201)


def test_a_duplicate_to_a_dead_provider_leaves_no_receipt(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Duplicate(), edge="dead")), httpx.Client(base_url=rig.ready.edges["dead"]) as client:
        assert client.get("/", headers=marks(trial)).status_code == 502
    assert rig.receipts(trial) == []


def test_a_duplicate_falls_only_on_what_is_forwarded(provider: Caller) -> None:
    with provider.rig.armed(provider.trial, fault(Status(503), id="a"), fault(Duplicate(), id="b")):
        assert provider.call().status_code == 503
    assert (provider.asked(), [each.fault for each in provider.rig.receipts(provider.trial)]) == (0, ["a"])


def test_a_stale_reply_is_the_first_one_again(caller: Caller) -> None:
    with caller.under(Stale()):
        seen = [caller.call("/count").json()["count"] for _ in range(3)]
        other = caller.call("/count?of=another").json()["count"]
    assert (seen, other) == ([1, 1, 1], 2)
    assert len(caller.rig.receipts(caller.trial)) == 2


def test_a_call_with_nothing_earlier_is_left_to_the_next_fault(provider: Caller) -> None:
    failing = fault(Status(503), when=When(first=1), id="b")
    with provider.rig.armed(provider.trial, fault(Stale(), id="a"), failing):
        seen = [provider.call("/count") for _ in range(3)]
    assert [reply.status_code for reply in seen] == [503, 200, 200]
    assert [reply.json()["count"] for reply in seen[1:]] == [1, 1]
    assert [each.fault for each in provider.rig.receipts(provider.trial)] == ["b", "a"]


def test_a_reply_is_stale_in_its_own_trial_only(provider: Caller) -> None:
    for count in (1, 2):
        with provider.under(Stale()):
            assert provider.call("/count").json() == {"count": count}
    assert provider.rig.receipts(provider.trial) == []


def test_a_redirect_leads_back_to_itself(caller: Caller) -> None:
    with caller.under(RedirectLoop(307)):
        reply = caller.call("/v1/charges?page=2")
        assert (reply.status_code, reply.headers["location"]) == (307, "/v1/charges?page=2")
        with pytest.raises(httpx.TooManyRedirects):
            caller.call(follow_redirects=True)
    assert caller.asked() == 0


def test_a_redirect_can_lead_elsewhere(provider: Caller) -> None:
    with provider.under(RedirectLoop(302, "https://login.example")):
        assert provider.call("/a?b=c").headers["location"] == "https://login.example/a?b=c"


def test_an_error_in_an_envelope_is_a_200(caller: Caller) -> None:
    with caller.under(ErrorEnvelope("graphql", message="No")):
        reply = caller.call()
    assert (reply.status_code, reply.json()["data"]) == (200, None)
    assert reply.json()["errors"][0]["message"] == "No"
    assert caller.asked() == 0


def test_an_expired_token_is_challenged(caller: Caller) -> None:
    with caller.under(ExpiredToken("api")):
        reply = caller.call()
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_token")
    assert reply.headers["www-authenticate"].startswith('Bearer realm="api", error="invalid_token"')


# --- HTTP/2 ---------------------------------------------------------------------------------------


class OnlyH2(ssl.SSLContext):
    """httpx offers HTTP/1.1 first, and our proxy takes the first that it knows."""

    def set_alpn_protocols(self, _: object) -> None:
        super().set_alpn_protocols(["h2"])


@pytest.fixture
def h2_caller(rig: Rig, trial: str) -> Iterator[Caller]:
    assert rig.tls_origin
    rig.tls_origin.calls.clear()
    made = Caller(rig, "user over https", trial)
    made.client.close()
    context = OnlyH2(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(rig.ready.ca_cert)
    made.client = httpx.Client(proxy=rig.ready.user_proxy, verify=context, http2=True, trust_env=False, timeout=10)
    with made.client:
        yield made


def test_over_http2_a_field_is_changed_and_a_body_grows(h2_caller: Caller) -> None:
    with h2_caller.under(Field("$.state", "drop")):
        reply = h2_caller.call("/gzip")
    assert (reply.http_version, "state" in reply.json()) == ("HTTP/2", False)
    with h2_caller.under(Body(Pad(MB))):
        reply = h2_caller.call("/document")
    assert (reply.http_version, len(reply.content), reply.json()) == ("HTTP/2", MB, DOCUMENT)


@pytest.mark.parametrize("ends", ["close", "reset"])
def test_over_http2_a_lost_reply_ends_its_stream_alone(h2_caller: Caller, ends: str) -> None:
    with h2_caller.under(LostReply(ends), When(first=1)):
        with pytest.raises(httpx.RemoteProtocolError, match="StreamReset"):
            h2_caller.call()
        assert h2_caller.call().content == BODY
    assert h2_caller.asked() == 2
    assert h2_caller.receipt().detail == "the provider answered 200"


def test_over_http2_a_duplicate_is_delivered(h2_caller: Caller) -> None:
    with h2_caller.under(Duplicate()):
        reply = h2_caller.call("/count", content=b"a")
    assert (reply.http_version, reply.json(), h2_caller.asked("/count")) == ("HTTP/2", {"count": 1}, 2)


# --- off ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*EVERY_KIND, Stale()], ids=lambda kind: kind.describe())
def test_at_probability_zero_nothing_happens(provider: Caller, kind: Kind) -> None:
    with provider.under(kind, When(probability=0.0)):
        assert [provider.call().content for _ in range(2)] == [BODY, BODY]
    assert provider.asked() == 2
    assert provider.rig.receipts(provider.trial) == []


@pytest.mark.parametrize("kind", [*EVERY_KIND, Stale()], ids=lambda kind: kind.describe())
def test_after_release_nothing_happens(provider: Caller, kind: Kind) -> None:
    with provider.under(kind):
        pass
    assert provider.call().content == BODY
    assert provider.rig.receipts(provider.trial) == []
    assert provider.rig.exchanges(provider.trial)[-1].status == 200


def test_a_lease_that_ends_lets_go_of_a_lost_reply(provider: Caller) -> None:
    with provider.under(Latency(0.01)):
        pass  # the proxy is warm
    with contextlib.ExitStack() as stack:
        stack.enter_context(provider.under(LostReply("hang", 20.0)))
        sock = stack.enter_context(connection(provider.rig))
        head = "".join(f"{name}: {value}\r\n" for name, value in marks(provider.trial).items())
        sock.sendall(f"GET /v1/charges HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
        until(lambda: provider.asked() == 1)
        provider.rig.proxy.release(f"lease-{provider.trial}")
        assert sock.recv(1) == b""
    assert "the lease ended" in provider.receipt().detail

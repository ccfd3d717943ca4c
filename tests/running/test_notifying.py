"""Alerts that are sent to receivers which misbehave, on loopback."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowprobe.core.nights.alerting import Telling, Why
from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.nights.recipients import Apprise, Heartbeat, PagerDuty, Recipient, Slack, Teams, Wants, Webhook
from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import Position, SecretRef
from flowprobe.core.verdict import Blame
from flowprobe.report.alert_schema import alert_schema
from flowprobe.running.notifying import Delivery, Notifier, Patience
from flowprobe.running.outbox import Outbox
from flowprobe.secrets.references import Vault
from tests.http.servers import OK, Authority, Server, always, authority, replies, serving, silent, with_tls

HERE = Position("flowprobe.yaml", 3, 7)
HOOK = "T0000000/B0000000/verysecretpath"
ALERT = Alert("prod", "product/invite", Severity.PAGE, Blame.PRODUCT, "invite: 500 where 201 was promised", ("seats",),
              "2026-11-01", "2026-11-01", link="https://ci.example/7/report.html")
OPENED = Telling(ALERT, Why.OPENED, "2026-11-01")
RESOLVED = Telling(replace(ALERT, resolved="2026-11-02"), Why.RESOLVED, "2026-11-02")
OTHER = Telling(replace(ALERT, key="product/refund"), Why.OPENED, "2026-11-01")


def answer(status: int, *headers: str, body: str = "") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(body)}", "", body)).encode()


def ref(name: str) -> SecretRef:
    return SecretRef("env", name, HERE)


class Post:
    """A notifier whose pauses are noted and not waited for."""

    def __init__(self, folder: Path, recipients: Sequence[Recipient], *, ca: Path | None = None, each: float = 5.0,
                 **secrets: str) -> None:
        self.outbox = Outbox(folder / "outbox")
        self.pauses: list[float] = []
        vault = Vault(Redactor(), folder=folder, environ=secrets)
        self.notifier = Notifier(recipients, vault, self.outbox, ca=ca, sleep=self.pauses.append,
                                 patience=Patience(each=each))

    def send(self, *tellings: Telling) -> Delivery:
        self.notifier.post(tellings)
        return self.notifier.deliver("prod")


def bodies(server: Server) -> list[Any]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


@pytest.fixture
def lab(tmp_path: Path) -> Authority:
    (tmp_path / "lab").mkdir()
    return authority(tmp_path / "lab")


def test_each_service_is_told_in_its_own_form(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        recipients = (Slack("slack", ref("HOOK")), Teams("teams", ref("HOOK")),
                      PagerDuty("pagerduty", ref("KEY"), url=server.url("/v2/enqueue")),
                      Webhook("webhook", server.url("/hook"), {"Authorization": ref("TOKEN"), "X-Team": "nights"}),
                      Apprise("apprise", ref("APPRISE")))
        post = Post(tmp_path, recipients, HOOK=server.url(f"/{HOOK}"), KEY="integration-key", TOKEN="Bearer hunter22",
                    APPRISE=f"json://127.0.0.1:{server.port}/apprise")
        delivery = post.send(OPENED)
        slack, teams, event, own, apprised = bodies(server)
        head = server.requests[3].lower()
    assert ([each.problem for each in delivery.answers], delivery.waiting, delivery.exit_code) == ([""] * 5, (), 0)
    assert post.outbox.letters("prod") == ()
    assert slack["blocks"][0]["text"]["text"] == ALERT.sentence
    assert teams["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (event["routing_key"], event["event_action"]) == ("integration-key", "trigger")
    Draft202012Validator(alert_schema()).validate(own)
    assert b"authorization: bearer hunter22" in head
    assert b"x-team: nights" in head
    assert f"idempotency-key: {own['id']}".encode() in head
    assert apprised["message"].startswith(ALERT.sentence)


def test_who_wants_other_alerts_is_not_told(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        notices = Webhook("notices", server.url(), wants=Wants(frozenset({Severity.NOTICE})))
        assert Post(tmp_path, [notices]).send(OPENED) == Delivery()
        assert server.requests == []


def test_an_alert_that_is_over_ends_its_incident(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        Post(tmp_path, [PagerDuty("p", ref("KEY"), url=server.url())], KEY="integration-key").send(OPENED, RESOLVED)
        opened, over = bodies(server)
    assert (opened["event_action"], over["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == over["dedup_key"]


def test_a_test_leaves_no_incident_behind(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        recipient = PagerDuty("p", ref("KEY"), url=server.url())
        post = Post(tmp_path, [recipient], KEY="integration-key")
        assert post.notifier.tell(recipient, replace(OPENED, why=Why.TEST)).said == "200 ok"
        assert [body["event_action"] for body in bodies(server)] == ["trigger", "resolve"]


def test_who_asks_to_wait_is_given_the_time(tmp_path: Path) -> None:
    with serving(replies(answer(429, "Retry-After: 7"), answer(503), OK)) as server:
        post = Post(tmp_path, [Webhook("w", server.url())])
        # the driver keeps a connection for its next call, so that one play answers all of them
        assert post.send(OPENED).waiting == ()
        assert len(server.requests) == 3
    assert post.pauses == [7.0, 2.0]


def test_who_asks_to_wait_longer_than_we_may_is_told_the_next_time(tmp_path: Path) -> None:
    with serving(always(answer(429, "Retry-After: 3600"))) as server:
        post = Post(tmp_path, [Webhook("w", server.url())])
        delivery = post.send(OPENED)
        assert (len(server.requests), post.pauses) == (1, [])
    assert "it answered 429" in delivery.waiting[0]


def test_a_receiver_that_is_broken_is_tried_four_times_and_the_alert_is_kept(tmp_path: Path) -> None:
    with serving(always(answer(500, body="boom"))) as server:
        post = Post(tmp_path, [Webhook("w", server.url())])
        delivery = post.send(OPENED)
        assert len(server.requests) == 4
    assert post.pauses == [1.0, 2.0, 4.0]
    assert delivery.exit_code == 3
    assert delivery.waiting == (
        "w was not told (opened: invite: 500 where 201 was promised): it answered 500 boom",)
    assert [each.because for each in post.outbox.letters("prod")] == ["it answered 500 boom"]


def test_what_was_kept_is_sent_the_next_time(tmp_path: Path) -> None:
    with serving(replies(*[answer(500)] * 4, OK)) as server:
        post = Post(tmp_path, [Webhook("w", server.url())])
        assert post.send(OPENED).exit_code == 3
    with serving(always(OK)) as server:
        again = Post(tmp_path, [Webhook("w", server.url())])
        assert again.notifier.deliver("prod").exit_code == 0
        assert [body["why"] for body in bodies(server)] == ["opened"]
        assert again.notifier.deliver("prod") == Delivery()


def test_a_receiver_that_is_down_is_told_of_and_keeps_nobody_else_from_being_told(tmp_path: Path) -> None:
    with serving(always(OK)) as gone:
        pass
    with serving(always(OK)) as server:
        post = Post(tmp_path, [Webhook("down", gone.url()), Webhook("up", server.url())])
        delivery = post.send(OPENED, OTHER)
        assert len(server.requests) == 2
    assert [each.to for each in delivery.answers if not each.problem] == ["up", "up"]
    assert delivery.waiting[0].startswith("down was not told (opened: invite: 500 where 201 was promised): no reply: ")
    assert "it waits behind what was not taken" in delivery.waiting[1], "nobody is asked twice in vain"
    assert post.pauses == [1.0, 2.0, 4.0]


def test_a_receiver_that_hangs_costs_its_budget_and_no_more(tmp_path: Path) -> None:
    with serving(silent) as server:
        post = Post(tmp_path, [Webhook("w", server.url())], each=0.1)
        delivery = post.send(OPENED)
        assert server.connections == 4
    assert "no reply: " in delivery.waiting[0]


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with serving(always(OK)) as elsewhere, serving(always(answer(302, f"Location: {elsewhere.url()}"))) as server:
        delivery = Post(tmp_path, [Webhook("w", server.url(), {"Authorization": ref("TOKEN")})], TOKEN="hunter22").send(OPENED)
        assert (len(server.requests), elsewhere.requests) == (1, [])
    assert "it answered 302, a redirect, which is not followed" in delivery.waiting[0]


def test_a_receiver_whose_certificate_is_anothers_gets_nothing(tmp_path: Path, lab: Authority) -> None:
    with serving(with_tls(always(OK), lab.context("other.example.test"))) as server:
        delivery = Post(tmp_path, [Webhook("w", server.url(scheme="https"))], ca=lab.ca).send(OPENED)
        assert server.requests == []
    assert "IP address mismatch" in delivery.waiting[0]


def test_the_authority_of_a_house_is_believed_where_it_is_named(tmp_path: Path, lab: Authority) -> None:
    with serving(with_tls(always(OK), lab.context("127.0.0.1"))) as server:
        recipient = Webhook("w", server.url(scheme="https"))
        assert Post(tmp_path / "a", [recipient], ca=lab.ca).send(OPENED).exit_code == 0
        assert Post(tmp_path / "b", [recipient]).send(OPENED).exit_code == 3


def test_what_a_receiver_refuses_for_good_is_not_repeated_and_holds_only_its_own_alert_back(tmp_path: Path) -> None:
    with serving(replies(answer(400, body="invalid_blocks"))) as server:
        post = Post(tmp_path, [Webhook("w", server.url())])
        delivery = post.send(OPENED, RESOLVED)
        assert (len(server.requests), post.pauses) == (1, [])
    assert [each.partition("): ")[2] for each in delivery.waiting] == [
        "it answered 400 invalid_blocks", "it waits behind what was not taken"]
    with serving(replies(answer(400))) as server:
        post = Post(tmp_path / "two", [Webhook("w", server.url())])
        post.send(OPENED, OTHER)
        assert len(server.requests) == 2 or server.connections == 2, "the other alert is tried"


def test_the_end_of_an_alert_does_not_arrive_before_its_beginning(tmp_path: Path) -> None:
    with serving(always(answer(500))) as server:
        recipient = Webhook("w", server.url())
        post = Post(tmp_path, [recipient])
        post.send(OPENED)
        post.send(RESOLVED)
    with serving(always(OK)) as server:
        Post(tmp_path, [Webhook("w", server.url())]).notifier.deliver("prod")
        assert [body["why"] for body in bodies(server)] == ["opened", "resolved"]


def test_a_secret_that_is_not_there_is_told_and_the_alert_kept(tmp_path: Path) -> None:
    delivery = Post(tmp_path, [Slack("slack", ref("NOWHERE"))]).send(OPENED)
    assert "the secret env:NOWHERE cannot be used: the environment variable NOWHERE is not set" in delivery.waiting[0]


def test_a_recipient_that_is_named_no_more_is_told_of(tmp_path: Path) -> None:
    with serving(always(answer(500))) as server:
        Post(tmp_path, [Webhook("w", server.url())]).send(OPENED)
    delivery = Post(tmp_path, []).notifier.deliver("prod")
    assert "no recipient is called w any more" in delivery.waiting[0]


def test_a_file_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "broken.json").write_text("{")
    delivery = Post(tmp_path, []).notifier.deliver("prod")
    assert "broken.json cannot be read" in delivery.waiting[0]


def test_while_another_delivers_what_waits_is_told_of(tmp_path: Path) -> None:
    post = Post(tmp_path, [])
    with Outbox(tmp_path / "outbox").alone():
        assert "somebody else delivers" in post.notifier.deliver("prod").waiting[0]


def test_no_secret_is_told_or_kept(tmp_path: Path) -> None:
    """Neither what reaches a recipient, echoed by it or by a product, nor what was in the alert."""
    with serving(always(answer(403, body=f"no such hook: /{HOOK} hunter22"))) as server:
        recipients = (Slack("slack", ref("HOOK")), Webhook("w", server.url(), {"X-Key": ref("TOKEN")}))
        post = Post(tmp_path, recipients, HOOK=server.url(f"/{HOOK}"), TOKEN="hunter22")
        leaky = replace(OPENED, alert=replace(ALERT, sentence="it said hunter22", key="product/hunter22"))
        delivery = post.send(OPENED, leaky)
        again = post.notifier.deliver("prod")
        said = b"".join(request.partition(b"\r\n\r\n")[2] for request in server.requests[-1:])
    assert b"hunter22" not in said
    told = repr((delivery.answers, again.answers, [each.because for each in post.outbox.letters("prod")]))
    assert "hunter22" not in told
    assert HOOK not in told
    assert "«redacted»" in told
    assert not [file for file in (tmp_path / "outbox").iterdir() if "hunter22" in file.read_text()]


def test_a_heartbeat_is_told_of_nights_and_of_no_alert(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        post = Post(tmp_path, [Heartbeat("watch", ref("BEAT"))], BEAT=server.url("/ping/secretuuid"))
        assert post.send(OPENED) == Delivery()
        (answer_,) = post.notifier.beat("2026-11-01: pass")
        assert (answer_.said, answer_.problem) == ("200 ok", "")
        assert server.requests[0].startswith(b"POST /ping/secretuuid ")
        assert server.requests[0].endswith(b"2026-11-01: pass")

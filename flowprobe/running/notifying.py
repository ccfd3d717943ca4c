"""Alerts on their way: into the outbox first, then to whoever wants them, with patience and within a budget.

Who does not take an alert is not asked for the next one in vain, and what is told of one alert arrives in its order:
a service that hears of the end before the beginning would stay open. Whatever was not taken waits in the outbox for
the next night, or for `flowprobe alert send`; to have somebody not told is never quiet (`Delivery.exit_code`).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from flowprobe.core.nights.alerting import Telling, Why
from flowprobe.core.nights.payloads import (
    Payload,
    identity,
    lead,
    on_one_line,
    pagerduty,
    plain_text,
    resolution,
    slack,
    teams,
    webhook,
)
from flowprobe.core.nights.recipients import (
    Apprise,
    Heartbeat,
    PagerDuty,
    Recipient,
    Slack,
    Teams,
    Webhook,
    named,
    secrets_of,
)
from flowprobe.core.redact import CUT, SHORTEST
from flowprobe.core.retry_after import asked_to_wait
from flowprobe.core.scenario import SecretRef
from flowprobe.core.verdict import ExitCode
from flowprobe.core.wire import Body, Call, NoReply, Outcome, Reply
from flowprobe.errors import FlowProbeError, InvalidInput
from flowprobe.http import Driver, Limits, Trust
from flowprobe.notify.by_apprise import tell
from flowprobe.running.outbox import Letter, Outbox, letter
from flowprobe.secrets.references import Vault

__all__ = ["Answer", "Delivery", "Notifier", "Patience"]

_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
_SILENT = ("connect", "timeout", "closed")
_SHOWN = 200
_KEPT, _LARGEST = 4096, 1 << 20
"""How many bytes of an answer are looked at, and how many it may have."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one alert may take to be told, in seconds: `each` for one call, `whole` for all that it takes; `times`
    how often it is tried, after pauses that begin with `pause` and double."""

    each: float = 10.0
    whole: float = 60.0
    times: int = 4
    pause: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of telling somebody: `problem` is '' where it was taken, else a sentence; `said` what was answered.
    `away`: nobody is there at all, for this alert or for another."""

    to: str
    said: str
    problem: str = ""
    away: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who was told, and what still waits."""

    answers: tuple[Answer, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """3 where somebody was not told."""
        return ExitCode.INCONCLUSIVE if self.waiting else ExitCode.OK


class Notifier:
    """Tells the recipients of an environment. `ca` is a PEM file that is believed beside the roots of the system."""

    def __init__(self, recipients: Sequence[Recipient], vault: Vault, outbox: Outbox, *,
                 patience: Patience | None = None, ca: Path | None = None, sleep: Callable[[float], None] = time.sleep,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._recipients = tuple(recipients)
        self._vault = vault
        self._outbox = outbox
        self._patience = patience or Patience()
        self._ca = ca
        self._sleep = sleep
        self._clock = clock

    def post(self, tellings: Iterable[Telling]) -> None:
        """Put what is to be told into the outbox: after this a crash loses nothing. Raises ToolFailed."""
        self._learn()
        for telling in tellings:
            clean = self._clean(telling)
            for recipient in self._recipients:
                if not isinstance(recipient, Heartbeat) and recipient.wants.takes(telling.alert):
                    self._outbox.put(letter(recipient.name, clean))

    def deliver(self, environment: str) -> Delivery:
        """Send whatever waits for this environment. Never raises for what a recipient does."""
        with self._outbox.alone() as alone:
            if not alone:
                return Delivery(waiting=("somebody else delivers alerts just now: what they leave is sent by "
                                         "`flowprobe alert send`",))
            self._learn()
            answers: list[Answer] = []
            waiting = [f"{path} cannot be read, and was not sent: look at it, and remove it"
                       for path in self._outbox.unreadable()]
            held: set[tuple[str, str]] = set()
            for each in self._outbox.letters(environment):
                answer = self._delivered(each, held)
                if answer.said or answer.problem:
                    answers.append(answer)
                if answer.problem or answer.away:
                    waiting.append(_waiting(each, answer))
            return Delivery(tuple(answers), tuple(waiting))

    def _delivered(self, each: Letter, held: set[tuple[str, str]]) -> Answer:
        """`held` are those who get nothing more now: whole recipients, and alerts of them."""
        key = each.telling.alert.key
        if (each.to, "") in held or (each.to, key) in held:
            return Answer(each.to, "", "it waits behind what was not taken", away=True)
        recipient = named(self._recipients, each.to)
        if recipient is None:
            return Answer(each.to, "", f"no recipient is called {each.to} any more: remove its files from "
                                       f"{self._outbox.folder}, or name one so", away=True)
        answer = self.tell(recipient, each.telling)
        if answer.problem:
            held.add((each.to, "" if answer.away else key))
            self._outbox.failed(each, answer.problem)
        else:
            self._outbox.taken(each)
        return answer

    def tell(self, recipient: Recipient, telling: Telling) -> Answer:
        """Tell one recipient now, past the outbox."""
        if problem := self._unusable(recipient):
            return Answer(recipient.name, "", problem, away=True)
        return self._told(recipient, self._clean(telling))

    def _learn(self) -> None:
        """Know every secret before the first of them is sent: one recipient may say what another's is."""
        for recipient in self._recipients:
            self._unusable(recipient)

    def _unusable(self, recipient: Recipient) -> str:
        """Read its secrets: '' or why that cannot be. The path of a URL is where the secret of most of them stands."""
        try:
            for reference in secrets_of(recipient):
                path = urlsplit(self._vault.value(reference)).path
                if len(path) > SHORTEST:
                    self._vault.conceal(path)
        except InvalidInput as unusable:
            return unusable.problems[0].found
        except ValueError:
            return "its URL cannot be understood"
        return ""

    def beat(self, text: str) -> tuple[Answer, ...]:
        """After a night that was made: ping whoever raises the alarm when nothing comes, with what came of it."""
        watching = (each for each in self._recipients if isinstance(each, Heartbeat))
        return tuple(self._pinged(each, text) for each in watching)

    def _pinged(self, recipient: Heartbeat, text: str) -> Answer:
        if problem := self._unusable(recipient):
            return Answer(recipient.name, "", problem, away=True)
        body = Body(self._vault.redacted(text).encode("utf-8", "replace"), "text/plain; charset=utf-8")
        return self._posted(recipient, self._vault.value(recipient.url), body)

    def _told(self, recipient: Recipient, telling: Telling) -> Answer:
        match recipient:
            case Slack(url=url):
                return self._json(recipient, self._vault.value(url), slack(telling))
            case Teams(url=url):
                return self._json(recipient, self._vault.value(url), teams(telling))
            case PagerDuty():
                return self._paged(recipient, telling)
            case Webhook():
                headers = {name: self._value(value) for name, value in recipient.headers.items()}
                headers.setdefault("Idempotency-Key", identity(telling))
                return self._json(recipient, self._value(recipient.url), webhook(telling), headers)
            case Apprise(url=url):
                kind = "resolved" if telling.why is Why.RESOLVED else str(telling.alert.severity)
                problem = tell(self._vault.value(url), title=lead(telling), body=plain_text(telling), kind=kind)
                return Answer(recipient.name, "" if problem else "taken", self._vault.redacted(problem))
            case Heartbeat():
                return self._pinged(recipient, plain_text(telling))
            case _:
                assert_never(recipient)

    def _paged(self, recipient: PagerDuty, telling: Telling) -> Answer:
        """A test opens an incident of no gravity, and ends it."""
        key = self._vault.value(recipient.key)
        answer = self._json(recipient, recipient.url, pagerduty(telling, key))
        if telling.why is Why.TEST and not answer.problem:
            return self._json(recipient, recipient.url, pagerduty(resolution(telling), key))
        return answer

    def _json(self, recipient: Recipient, url: str, payload: Payload,
              headers: Mapping[str, str] | None = None) -> Answer:
        body = Body(json.dumps(payload, ensure_ascii=True).encode(), "application/json")
        return self._posted(recipient, url, body, headers)

    def _posted(self, recipient: Recipient, url: str, body: Body, headers: Mapping[str, str] | None = None) -> Answer:
        """POST until it is taken, refused for good, or the time is up."""
        until = self._clock() + self._patience.whole
        pause = self._patience.pause
        try:
            with Driver(tls=Trust(ca=self._ca), limits=Limits(wire=_LARGEST, inflated=_LARGEST, keep=_KEPT),
                        clock=self._clock) as driver:
                for number in range(1, self._patience.times + 1):
                    left = until - self._clock()
                    outcome = driver.send(_call(url, body, headers or {}, min(self._patience.each, left), number))
                    answer, again = self._judged(recipient, outcome)
                    wait = max(pause, _asked(outcome))
                    if not again or number == self._patience.times or self._clock() + wait >= until:
                        return answer
                    self._sleep(wait)
                    pause *= 2
        except FlowProbeError as failed:
            return Answer(recipient.name, "", self._vault.redacted(str(failed)), away=True)
        raise AssertionError("it is tried at least once")

    def _judged(self, recipient: Recipient, outcome: Outcome) -> tuple[Answer, bool]:
        """What came of it, and whether to try again. A redirect is not followed: it would take the secret elsewhere."""
        match outcome:
            case Reply(status=status) if 200 <= status < 300:
                return Answer(recipient.name, self._answered(outcome)), False
            case Reply(status=status) if 300 <= status < 400:
                return Answer(recipient.name, self._answered(outcome), f"it answered {status}, a redirect, which is "
                              "not followed: give the URL that it leads to"), False
            case Reply(status=status):
                again = status in _AGAIN
                said = self._answered(outcome)
                return Answer(recipient.name, said, f"it answered {said}", away=again), again
            case NoReply(reason=reason, detail=detail):
                return Answer(recipient.name, "", f"no reply: {on_one_line(self._vault.redacted(detail))}",
                              away=True), reason in _SILENT
            case _:
                assert_never(outcome)

    def _answered(self, reply: Reply) -> str:
        text = self._vault.redacted(reply.body.decode("utf-8", "replace"))
        shown = on_one_line(text)
        return f"{reply.status} {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + CUT}".strip()

    def _clean(self, telling: Telling) -> Telling:
        """Without any secret that is known, before anything is cut."""
        alert, redacted = telling.alert, self._vault.redacted
        return replace(telling, alert=replace(
            alert, key=redacted(alert.key), sentence=redacted(alert.sentence), link=redacted(alert.link),
            journeys=tuple(map(redacted, alert.journeys))))

    def _value(self, text: SecretRef | str) -> str:
        return text if isinstance(text, str) else self._vault.value(text)


def _waiting(each: Letter, answer: Answer) -> str:
    return f"{each.to} was not told ({each.telling.why}: {on_one_line(each.telling.alert.sentence)}): {answer.problem}"


def _call(url: str, body: Body, headers: Mapping[str, str], budget: float, number: int) -> Call:
    return Call(id=secrets.token_hex(16), trial="alerts", step="alert", persona="", method="POST", url=url,
                headers=dict(headers), body=body, attempt=number, budget=budget, signed=False)


def _asked(outcome: Outcome) -> float:
    if not isinstance(outcome, Reply):
        return 0.0
    return asked_to_wait(outcome.header("retry-after"), outcome.header("date")) or 0.0

"""Notices to accounts, and what becomes of one that the mail provider did not take: three weaknesses live here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from flowprobe.demo.mail import Mail, Taken
from flowprobe.demo.state import Terms
from flowprobe.demo.weaknesses import OUTBOX_CUTS_SUBJECTS, OUTBOX_IN_LATIN_1, OUTBOX_NEEDS_A_PHONE

__all__ = ["Delivery", "Notice", "Outbox"]

_COLUMN: Final = 64


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to an account; the key names it for good, so that it can be sent again."""

    key: str
    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What has become of a notice. `call` is the number to call about one that waits; '' where there is none."""

    state: Literal["sent", "queued"]
    subject: str
    call: str = ""

    def to_json(self) -> dict[str, str]:
        return {"state": self.state, "subject": self.subject, "call": self.call}


class Outbox:
    """Sends a notice; one that was not taken gets a row of its own, is sent once more unless mail asks to be left
    alone, and waits."""

    def __init__(self, mail: Mail, weaknesses: Collection[str]) -> None:
        self._mail = mail
        self._in_latin_1 = OUTBOX_IN_LATIN_1 in weaknesses
        self._cuts = OUTBOX_CUTS_SUBJECTS in weaknesses
        self._needs_phone = OUTBOX_NEEDS_A_PHONE in weaknesses

    async def deliver(self, notice: Notice, terms: Terms, trace: Mapping[str, str]) -> Delivery:
        first = await self._send(notice, trace)
        if first == "taken":
            return Delivery("sent", notice.subject)
        row = Notice(notice.key, notice.to, self._column(notice.subject), notice.text)
        call = self._number(terms.phone)
        taken = first == "not-taken" and await self._send(row, trace) == "taken"
        return Delivery("sent" if taken else "queued", row.subject, call)

    async def _send(self, notice: Notice, trace: Mapping[str, str]) -> Taken:
        return await self._mail.send(notice.to, notice.subject, notice.text, trace, key=notice.key)

    def _column(self, subject: str) -> str:
        """The subject as the outbox keeps it."""
        if self._cuts:
            subject = subject[:_COLUMN]
        codec = "latin-1" if self._in_latin_1 else "utf-8"
        return subject.encode(codec).decode(codec)

    def _number(self, phone: str | None) -> str:
        """The number without its spaces; an account may have none."""
        if phone is None and not self._needs_phone:
            return ""
        return phone.replace(" ", "")  # type: ignore[union-attr]

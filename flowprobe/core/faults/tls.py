"""`tls: expired`: the handshake is slow or fails, before the provider's name is worth anything."""

from __future__ import annotations

from flowprobe.core.faults.connecting import Forge, Handshake, SlowHandshake
from flowprobe.core.faults.durations import in_words
from flowprobe.core.fields import As, Choice, Duration, Field, OneOf, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "WORDS", "Slow", "Tls"]

WORDS = ("handshake", "expired", "wrong_host", "unknown_ca")


@plain
class Slow(Plain):
    """The handshake stands still for `seconds`, and then goes on."""

    seconds: float


@plain
class Tls(Plain):
    """`how` is handshake (a fatal alert in place of an answer), expired, wrong_host, unknown_ca (what is wrong with
    the certificate that is shown) or `Slow`."""

    how: str | Slow

    def action(self) -> Handshake:
        match self.how:
            case Slow(seconds):
                return SlowHandshake(seconds)
            case "handshake":
                return Forge("")
            case wrong:
                return Forge(wrong)

    def describe(self) -> str:
        match self.how:
            case Slow(seconds):
                return f"tls slow {in_words(seconds)}"
            case how:
                return f"tls {how.replace('_', ' ')}"


FIELD = Field(
    "tls",
    OneOf(
        scalar=As(Choice(WORDS), Tls),
        mapping=Record("tls fault", lambda slow: Tls(Slow(slow)), (
            Field("slow", Duration(positive=True), "Let each handshake stand still for this long.", required=True,
                  example="2s"),
        ), parts=lambda tls: {"slow": tls.how.seconds} if isinstance(tls.how, Slow) else None),
    ),
    "Slow down or spoil the TLS handshake with the provider.",
    example="expired",
)

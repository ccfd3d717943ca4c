"""`redirect_loop: 307`: wherever the caller follows, it is sent on."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.answers import Redirect
from flowprobe.core.fields import As, Field, OneOf, Record, Special, Text
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "REDIRECT_CODE", "REDIRECT_CODES", "RedirectLoop"]

REDIRECT_CODES = (301, 302, 303, 307, 308)
REDIRECT_CODE = Special("redirect-code", {"enum": list(REDIRECT_CODES)})


@plain
class RedirectLoop(Plain):
    """Send each call to itself again, or to the same path of the origin `to`; the provider is not asked."""

    code: int = 302
    to: str = ""

    def action(self) -> Action:
        return Redirect(self.code, self.to)

    def describe(self) -> str:
        return f"redirect {self.code} to {self.to or 'itself'}"


FIELD = Field("redirect_loop", OneOf(
    scalar=As(REDIRECT_CODE, RedirectLoop),
    mapping=Record("redirect loop", RedirectLoop, (
        Field("code", REDIRECT_CODE, "The status code of the redirect.", example="307"),
        Field("to", Text(pattern=r"https?://[^\s/?#@]+", described="an origin, without a path"),
              "Where to, with the same path; to itself where it is not said.", example="https://login.example"),
    ), filled=True),
), "Redirect each call to itself, so that who follows comes back.", example="307")

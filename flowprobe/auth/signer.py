"""What every way of signing has in common: a call goes in, the same call comes out with what authorises it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from flowprobe.core.plain import changed
from flowprobe.core.wire import Call

__all__ = ["NOBODY", "Fixed", "SignInFailed", "Signer", "with_headers"]


class SignInFailed(Exception):
    """The call cannot be authorised. The message says why, in a sentence without secrets."""


class Signer(Protocol):
    """Of one persona (and account), for the length of a run. Both are called from any thread."""

    def sign(self, call: Call) -> Call:
        """The call as it is to leave. Raises SignInFailed; then it must not leave."""

    def answered(self, call: Call, status: int) -> None:
        """The product answered the call that `sign` gave."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A signer that learns nothing from replies."""

    add: Callable[[Call], Call]

    def sign(self, call: Call) -> Call:
        return self.add(call)

    def answered(self, call: Call, status: int) -> None:
        """A secret that was refused stays the only one there is."""


NOBODY: Signer = Fixed(lambda call: call)
"""Signs nothing: a persona without `auth`."""


def with_headers(call: Call, headers: Mapping[str, str]) -> Call:
    """The call with these credentials, where it does not state them itself: a step may want to be somebody else. They
    are kept apart from its headers: what signs a call does not go to another origin."""
    stated = {name.lower() for name in call.headers}
    return changed(call, credentials={n: v for n, v in headers.items() if n.lower() not in stated})

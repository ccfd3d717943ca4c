"""How the two ends of a control connection show that they know its token, which itself never crosses it.

Each end names a number that is used once; the other answers with the HMAC of both under the token. So whoever has
taken the place of a proxy that is gone learns nothing, and one that was overheard cannot be repeated.
"""

from __future__ import annotations

import hmac
import secrets

__all__ = ["agrees", "fresh", "proof"]


def fresh() -> str:
    """A number that is used once."""
    return secrets.token_hex(16)


def proof(token: str, *, of: str, theirs: str, ours: str) -> str:
    """What the end `of` (client or proxy) shows; `theirs` and `ours` are the two numbers, as it sees them."""
    return hmac.new(token.encode(), f"{of}\n{theirs}\n{ours}".encode(), "sha256").hexdigest()


def agrees(shown: object, wanted: str) -> bool:
    """Whether a proof is the one that is wanted, in a time that does not tell how much of it is."""
    return isinstance(shown, str) and hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode())

"""The stages of an exchange, in which its faults compose."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Stage"]


class Stage(IntEnum):
    """Where in an exchange an action happens, in this order."""

    CONNECT = 5   # there is a connection at the most, and no request yet
    DELAY = 10    # the whole request is here, and is forwarded later
    PACE = 20     # from here on the bytes move more slowly
    INSTEAD = 30  # the caller has its end or its answer without the provider
    FORWARD = 40  # the request is forwarded, and something beside it
    LOST = 50     # the provider has answered, and the caller does not hear of it
    HEAD = 60     # the answer is here, and goes on later
    SPOIL = 70    # the answer is here, whole, and is changed
    CUT = 80      # the answer goes on, and ends within

"""`websocket`: what comes of messages."""

from __future__ import annotations

import pytest

from flowprobe.core.faults.kinds import action_of, describe
from flowprobe.core.faults.messages import CutMessages, SleepMessages
from flowprobe.core.faults.websocket import Websocket
from flowprobe.errors import InvalidInput
from tests.core.faults.reading import kind_of


@pytest.mark.parametrize(("text", "kind", "words", "action"), [
    ("websocket: {latency: 200ms}", Websocket(latency=0.2), "websocket messages 200ms late", SleepMessages(0.2)),
    ("websocket: {close: 3}", Websocket(close=3), "websocket closed after 3 messages", CutMessages(3, False)),
    ("websocket: {reset: 1}", Websocket(reset=1), "websocket reset after 1 messages", CutMessages(1, True)),
])
def test_a_message_fault_is_read_told_and_done(text: str, kind: Websocket, words: str, action: object) -> None:
    assert kind_of(text) == kind
    assert (describe(kind), action_of(kind)) == (words, action)


@pytest.mark.parametrize("text", ["websocket: {close: 0}", "websocket: {}", "websocket: {close: 1, reset: 1}"])
def test_anything_else_is_a_problem(text: str) -> None:
    with pytest.raises(InvalidInput):
        kind_of(text)

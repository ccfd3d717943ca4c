"""`tls`: what is wrong with a handshake."""

from __future__ import annotations

import pytest

from flowprobe.core.faults.connecting import Connecting, Forge, SlowHandshake
from flowprobe.core.faults.kinds import action_of, before_calls, describe
from flowprobe.core.faults.tls import WORDS, Slow, Tls
from flowprobe.errors import InvalidInput
from tests.core.faults.reading import kind_of


@pytest.mark.parametrize(("text", "kind", "words", "action"), [
    ("tls: handshake", Tls("handshake"), "tls handshake", Forge("")),
    ("tls: expired", Tls("expired"), "tls expired", Forge("expired")),
    ("tls: wrong_host", Tls("wrong_host"), "tls wrong host", Forge("wrong_host")),
    ("tls: unknown_ca", Tls("unknown_ca"), "tls unknown ca", Forge("unknown_ca")),
    ("tls: {slow: 2s}", Tls(Slow(2)), "tls slow 2s", SlowHandshake(2)),
])
def test_a_handshake_fault_is_read_told_and_done(text: str, kind: Tls, words: str, action: Connecting) -> None:
    assert kind_of(text) == kind
    assert (describe(kind), action_of(kind)) == (words, action)
    assert before_calls(kind)


@pytest.mark.parametrize("text", ["tls: slow", "tls: {slow: 2}", "tls: {expired: true}", "tls: true"])
def test_anything_else_is_a_problem(text: str) -> None:
    with pytest.raises(InvalidInput):
        kind_of(text)


def test_only_a_slow_one_leaves_the_rest_to_happen() -> None:
    assert [Tls(how).action().ends for how in (*WORDS, Slow(1))] == [True, True, True, True, False]

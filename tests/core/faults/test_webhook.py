"""`webhook`: what comes of one on its way to the product."""

from __future__ import annotations

import pytest

from flowprobe.core.faults.kinds import action_of, describe
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.webhooks import Again, Delivery, Drop, Later, Shuffle
from flowprobe.errors import InvalidInput
from tests.core.faults.reading import kind_of


@pytest.mark.parametrize(("text", "kind", "words", "action"), [
    ("webhook: {delay: 2s}", Webhook(delay=2), "webhook 2s late", Later(2, 200)),
    ("webhook: {delay: 2s, answer: 202}", Webhook(delay=2, answer=202), "webhook 2s late", Later(2, 202)),
    ("webhook: {duplicate: 3}", Webhook(duplicate=3), "webhook delivered 3 times", Again(3)),
    ("webhook: {reorder: 2}", Webhook(reorder=2), "webhooks reordered by 2", Shuffle(2, 200)),
    ("webhook: {drop: true}", Webhook(drop=True), "webhook dropped", Drop(200)),
])
def test_a_webhook_fault_is_read_told_and_done(text: str, kind: Webhook, words: str, action: Delivery) -> None:
    assert kind_of(text) == kind
    assert (describe(kind), action_of(kind)) == (words, action)


@pytest.mark.parametrize("text", [
    "webhook: {duplicate: 1}", "webhook: {reorder: 1}", "webhook: {drop: false}", "webhook: {answer: 200}",
    "webhook: {delay: 1s, drop: true}", "webhook: drop",
])
def test_anything_else_is_a_problem(text: str) -> None:
    with pytest.raises(InvalidInput):
        kind_of(text)


def test_only_a_copy_leaves_the_first_one_alone() -> None:
    assert [action.ends for action in (Later(1, 200), Shuffle(2, 200), Drop(200), Again(2))] == [True, True, True, False]

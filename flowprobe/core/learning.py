"""Ids that a provider gave to what a trial has made: the reply to an attributed write brings `cus_…` or a UUID, and
from then on a call that bears it is that trial's, be it a webhook or the product asking again.

An id is learned only where it was born: it stands in the reply and not in the request, nobody else's call was seen
with it, and it is long and mixed enough to be one by chance of nothing. It is forgotten for good once it is seen in an
exchange that is not its trial's, and with its trial.
"""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable

__all__ = ["LEARNED", "Learned", "ids_in"]

LEARNED = 4096
"""So many ids are known at once; the oldest go first. As many again that are everybody's."""
_FOREIGN = 4 * LEARNED
_OF_ONE_TEXT = 64
_READ_BYTES = 64 << 10
_SHORTEST, _LONGEST = 12, 128
_LEAST_BITS = 40.0
"""What an id has to be worth, by the mixture of its own signs: less may be a word, a slug or a date."""

_WORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_-]{11,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PREFIX = re.compile(r"[A-Za-z]{1,16}_")
_WORDS = re.compile(r"[A-Za-z]+(?:[_-][A-Za-z]+)*|[0-9-]+|[0-9]{8}T[0-9]{6,9}Z?")


def ids_in(text: bytes) -> frozenset[str]:
    """What may be an id in a text, at most 64 of the first 64 KiB."""
    found: set[str] = set()
    for word in _WORD.findall(text[:_READ_BYTES]):
        if len(word) <= _LONGEST and _is_id(token := word.decode("ascii")):
            found.add(token)
            if len(found) >= _OF_ONE_TEXT:
                break
    return frozenset(found)


def _is_id(token: str) -> bool:
    """A UUID, or a long enough mixture of letters and digits after its prefix."""
    if _UUID.fullmatch(token):
        return len(set(token)) > 4  # neither the nil UUID nor one made up for a test
    rest = token[len(prefix[0]) :] if (prefix := _PREFIX.match(token)) else token
    if len(rest) < _SHORTEST - 2 or _WORDS.fullmatch(rest) or rest.count("-") > 1:
        return False
    return _bits(rest) >= _LEAST_BITS


def _bits(text: str) -> float:
    """Shannon's entropy of its signs, times its length."""
    counts = Counter(text).values()
    return -sum(count * math.log2(count / len(text)) for count in counts)


class Learned:
    """What is known of ids: whose they are, and which of them are everybody's. Bounded."""

    def __init__(self) -> None:
        self._trials: OrderedDict[str, str] = OrderedDict()
        self._foreign: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._trials)

    def learn(self, trial: str, reply: bytes, request: bytes = b"") -> None:
        """Take up the ids that a reply to a write of this trial brought, and that its request did not."""
        for token in ids_in(reply) - ids_in(request):
            if token in self._foreign or trial in token:
                continue
            if self._trials.get(token, trial) != trial:
                self._forget(token)
                continue
            self._trials[token] = trial
            if len(self._trials) > LEARNED:
                self._trials.popitem(last=False)

    def whose(self, text: bytes) -> frozenset[str]:
        """The trials of which an id stands in a text."""
        if not self._trials:
            return frozenset()
        known = (self._trials.get(word.decode("ascii")) for word in _WORD.findall(text))
        return frozenset(trial for trial in known if trial is not None)

    def saw(self, trial: str | None, text: bytes) -> None:
        """An exchange of this trial, or of nobody, was seen with this in it: ids of another one are everybody's, and
        those of nobody's exchange can never be learned."""
        if trial is None:
            for token in ids_in(text):
                self._forget(token)
        elif self._trials:
            words = (word.decode("ascii") for word in _WORD.findall(text))
            for token in [word for word in words if self._trials.get(word, trial) != trial]:
                self._forget(token)

    def drop(self, trials: Iterable[str]) -> None:
        """Forget what these trials have taught: nothing of theirs is expected any more."""
        gone = frozenset(trials)
        for token in [token for token, trial in self._trials.items() if trial in gone]:
            del self._trials[token]

    def _forget(self, token: str) -> None:
        self._trials.pop(token, None)
        self._foreign[token] = None
        self._foreign.move_to_end(token)
        if len(self._foreign) > _FOREIGN:
            self._foreign.popitem(last=False)

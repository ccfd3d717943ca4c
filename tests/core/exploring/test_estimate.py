"""What is left unseen."""

from __future__ import annotations

from flowprobe.core.exploring.estimate import unseen


def test_the_chance_of_something_new_is_that_of_what_was_seen_once() -> None:
    found = unseen(seen=20, once=5, twice=4, tries=200)
    assert found is not None
    assert (found.chance, found.outcomes, found.words) == (0.025, 2.0, "fair")


def test_few_tries_tell_little() -> None:
    words = [found.words for tries, once in ((10, 1), (100, 90), (100, 5)) if (found := unseen(100, once, 1, tries))]
    assert words == ["a guess: 10 tries are too few to tell", "a guess: most tries still show something new", "rough"]
    assert unseen(0, 0, 0, 0) is None

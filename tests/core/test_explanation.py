"""From what a trial is put down to, as a value, to the sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.explanation import Explanation, Origin, Sure, Suspect, sentence, subject, what_broke

SLOW = Suspect("search", "search", "latency", "latency 500ms", 1, True, 0.5)
DOWN = Suspect("mail", "mail", "status", "status 503", 2, False)
LATE = Explanation("A journey", ("pro-eu",), "search", "took 612 ms where at most 400 ms was promised", Origin.FAULT,
                   Sure.LIKELY, (SLOW,), without="200 in 45 ms")


@pytest.mark.parametrize(("found", "said"), [
    (LATE, ", while latency 500ms was injected into 'search'; without the fault it was answered 200 in 45 ms."),
    (replace(LATE, sure=Sure.SURE, without=""), ", because latency 500ms was injected into 'search'."),
    (replace(LATE, sure=Sure.UNKNOWN, origin=Origin.UNKNOWN, without=""),
     ", while latency 500ms was injected into 'search', and nobody can tell whether that is why."),
    (replace(LATE, because=(replace(SLOW, edge="user"),), without=""),
     ", while latency 500ms was injected between the user and the product."),
    (replace(LATE, because=(DOWN,), without=""), ", after status 503 was injected into 'mail' (2 times)."),
    (replace(LATE, beside=(DOWN,), without=""),
     ", while latency 500ms was injected into 'search', and status 503 was injected into 'mail' (2 times) as well."),
    (replace(LATE, sure=Sure.SURE, beside=(DOWN,), without=""),
     ", because latency 500ms was injected into 'search', and not because status 503 was injected into 'mail' (2 times)."),
    (replace(LATE, because=(replace(SLOW, did="waited"),), beside=(replace(SLOW, edge="mail", did="waited"),), without=""),
     ", while latency 500ms was injected into 'search', and not because latency 500ms was injected into 'mail'."),
    (replace(LATE, because=(), beside=(DOWN,), origin=Origin.PROVIDER, provider="maps", failed="answered 503", without=""),
     ", while 'maps' itself answered 503, and status 503 was injected into 'mail' (2 times) as well."),
    (replace(LATE, because=(), beside=(DOWN,), origin=Origin.PRODUCT, without=""),
     ", though status 503 was injected into 'mail' (2 times), which does not explain it."),
    (replace(LATE, because=(), origin=Origin.PROVIDER, provider="mail", failed="answered 503", without=""),
     ", while 'mail' itself answered 503; nothing had been injected by then."),
])
def test_what_is_sure_is_said_with_because_and_the_rest_with_while_and_after(found: Explanation, said: str) -> None:
    assert sentence(found) == f"'A journey' for pro-eu fails: step 'search' took 612 ms where at most 400 ms was promised{said}"


def test_the_twin_is_not_held_against_a_fault_that_did_not_fall() -> None:
    assert sentence(replace(LATE, because=(), origin=Origin.PRODUCT)).endswith(
        "was promised; nothing had been injected by then, and the trial without faults was answered 200 in 45 ms.")


@pytest.mark.parametrize("sure", [Sure.LIKELY, Sure.UNKNOWN])
@pytest.mark.parametrize("did", ["ended", "gave up", "went on", "tried again", ""])
def test_a_failure_is_acquitted_by_nothing_that_was_only_seen_together(sure: Sure, did: str) -> None:
    for because in ((SLOW,), (replace(SLOW, did="waited"),), (DOWN,)):
        assert "not because" not in sentence(replace(LATE, sure=sure, because=because, beside=(replace(DOWN, did=did),)))


def test_what_is_promised_of_the_whole_journey_names_no_step() -> None:
    found = replace(LATE, step="", broke="never 'paid twice'", because=(), without="")
    assert sentence(found) == "'A journey' for pro-eu fails its promise never 'paid twice'; nothing had been injected by then."


def test_what_is_still_promised_under_its_faults_does_not_fail() -> None:
    assert sentence(replace(LATE, eased=True)).startswith("'A journey' for pro-eu comes out degraded: step 'search' took")


def test_what_the_product_gave_up_is_said_with_when() -> None:
    given_up = replace(LATE, because=(replace(SLOW, times=2, gave_up_s=0.8), DOWN))
    assert "into 'search' (2 times, given up after 800 ms), after" in sentence(given_up)
    assert sentence(given_up).endswith("; without the faults it was answered 200 in 45 ms.")


def test_a_journey_of_nobody_is_named_and_a_long_name_is_cut_where_that_is_asked_for() -> None:
    assert subject("A journey", ()) == "'A journey'"
    assert subject("A journey", ("pro-eu", "guest"), longest=4) == "'A jo…' for pro-eu, guest"
    assert sentence(LATE, longest=4).startswith("'A jo…' for pro-eu fails: step")


def test_what_broke_says_nothing_of_why() -> None:
    assert what_broke(LATE) == "'A journey' for pro-eu fails: step 'search' took 612 ms where at most 400 ms was promised"

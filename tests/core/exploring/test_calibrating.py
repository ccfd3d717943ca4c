"""Which calls are made each time."""

from __future__ import annotations

from collections.abc import Sequence

from flowprobe.core.exploring.calibrating import calibrate
from flowprobe.core.exploring.exploration import Baseline
from flowprobe.core.exploring.model import Break, Learned, Reached, Site
from flowprobe.core.exploring.notebook import Notebook

PAY, POLL = Site("payments", "POST /charges", "pay"), Site("payments", "GET /charges/*", "wait")


def calibrated(*runs: Learned) -> tuple[Baseline, Notebook]:
    left = list(runs)
    notebook = Notebook(lambda _tried: left.pop(0), {})
    return calibrate(notebook, len(runs)), notebook


def run(sites: Sequence[Site], seconds: float = 0.1, signature: str = "") -> Learned:
    return Learned("pass", reached=tuple(Reached(site, 200, seconds) for site in sites), signature=signature)


def test_a_call_that_is_not_made_each_time_is_meant_without_its_ordinal() -> None:
    second = Site(POLL.edge, POLL.call, POLL.step, 2)
    baseline, _ = calibrated(run([PAY, POLL], signature="a"), run([PAY, POLL, second], signature="b"), run([PAY, POLL]))
    loose = Site(POLL.edge, POLL.call, POLL.step, 0)
    assert [each.site for each in baseline.sites] == [PAY, POLL, loose]
    assert baseline.unstable == {loose}
    assert baseline.signatures == {"a", "b", ""}


def test_a_typical_time_is_the_middle_one() -> None:
    baseline, _ = calibrated(run([PAY], 0.1), run([PAY], 9.0), run([PAY], 0.2))
    assert baseline.sites[0].seconds == 0.2


def test_without_a_pass_there_is_nothing_to_compare_with() -> None:
    baseline, notebook = calibrated(*[Learned("inconclusive", because="the product did not start")] * 3)
    assert baseline.broken == "without any fault the journey was no pass, 3 of 3 times: the product did not start"
    assert not notebook.causes.flaky


def test_a_pass_that_is_not_one_each_time_is_flaky_with_its_rate() -> None:
    failed = Learned("fail", (Break("pay", "status", "status", "saw 500"),))
    baseline, notebook = calibrated(run([PAY]), failed, run([PAY]))
    assert baseline.broken.endswith("1 of 3 times: saw 500")
    assert (baseline.failed, baseline.fails) == (1, False)
    assert [(each.broke, each.of) for each in notebook.causes.flaky] == [(1, 3)]


def test_what_fails_each_time_is_told_from_what_cannot_be_judged() -> None:
    failing, _ = calibrated(*[Learned("fail", because="saw 500")] * 3)
    assert (failing.failed, failing.fails) == (3, True)
    untold, _ = calibrated(*[Learned("inconclusive", because="the product did not start")] * 3)
    assert (untold.failed, untold.fails) == (0, False)

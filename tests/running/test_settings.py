from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.running.settings import VARIABLES, Settled, settle

EVERYTHING = {"FLOWPROBE_ENV": "staging", "FLOWPROBE_FAULTS": "none", "FLOWPROBE_SEED": "7", "FLOWPROBE_TIMEOUT": "5s",
              "FLOWPROBE_OUTPUT": "out", "FLOWPROBE_HISTORY": "nights.db"}


def test_without_a_word_the_defaults_hold() -> None:
    settings = settle(environ={"FLOWPROBE_ENV": ""})
    assert settings.environment == Settled(None, "default")
    assert (settings.seed.value, settings.timeout_s.value, settings.output.value) == (None, 30.0, None)


def test_a_variable_stands_in_for_a_flag() -> None:
    settings = settle(environ=EVERYTHING)
    assert settings.environment == Settled("staging", "FLOWPROBE_ENV")
    assert settings.faults == Settled("none", "FLOWPROBE_FAULTS")
    assert settings.seed == Settled(7, "FLOWPROBE_SEED")
    assert settings.timeout_s == Settled(5.0, "FLOWPROBE_TIMEOUT")
    assert settings.output == Settled(Path("out"), "FLOWPROBE_OUTPUT")
    assert settings.history == Settled("nights.db", "FLOWPROBE_HISTORY")
    assert set(EVERYTHING) == set(VARIABLES.values())


def test_a_flag_is_stronger_than_a_variable() -> None:
    settings = settle(environ=EVERYTHING, environment="local", faults="slow", seed=0, timeout="2m", output=Path("x"))
    assert settings.environment == Settled("local", "--env")
    assert settings.faults == Settled("slow", "--faults")
    assert settings.seed == Settled(0, "--seed")
    assert settings.timeout_s == Settled(120.0, "--timeout")
    assert settings.output == Settled(Path("x"), "--output")


@pytest.mark.parametrize(("variable", "value"), [("FLOWPROBE_SEED", "x"), ("FLOWPROBE_SEED", "-1"), ("FLOWPROBE_TIMEOUT", "5"),
                                                 ("FLOWPROBE_TIMEOUT", "0s")])
def test_a_value_that_is_none_names_whose_it_is(variable: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        settle(environ={variable: value})
    (problem,) = caught.value.problems
    assert (problem.file, repr(value) in problem.found) == (variable, True)

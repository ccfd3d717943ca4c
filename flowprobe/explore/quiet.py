"""Hypothesis as a library among others: it writes no folder, reads no sources, prints nothing, and what it draws
depends on nothing but its seed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, Verbosity, configuration, settings

__all__ = ["hushed", "only_asking"]

_HOME, _IS_LOCAL = "__hypothesis_home_directory", "is_local_module_file"
"""It has no setting for either: where a later version calls them otherwise, tests/explore/test_quiet.py says so."""


def only_asking(examples: int) -> settings:
    """It makes up examples and looks for worse ones, and leaves shrinking, repeating and keeping them to us. Everything
    is said, for a machine in CI has other defaults."""
    return settings(
        max_examples=examples, phases=(Phase.generate, Phase.target), database=None, deadline=None, derandomize=False,
        suppress_health_check=tuple(HealthCheck), verbosity=Verbosity.quiet, print_blob=False,
        report_multiple_bugs=False, backend="hypothesis")


@contextmanager
def hushed() -> Iterator[None]:
    """Where Hypothesis draws: its folder is told to be elsewhere. And no module counts as local: it would read the
    source of each, for seconds, to use the constants in it as examples, and the same seed would give others as soon as
    one module more is loaded."""
    home = getattr(configuration, _HOME, None)
    providers = sys.modules.get("hypothesis.internal.conjecture.providers")
    is_local = getattr(providers, _IS_LOCAL, None)
    with TemporaryDirectory(prefix="flowprobe-") as folder:
        configuration.set_hypothesis_home_dir(folder)
        if is_local:
            setattr(providers, _IS_LOCAL, lambda _: False)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(home)
            if is_local:
                setattr(providers, _IS_LOCAL, is_local)

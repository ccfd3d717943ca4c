import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from flowprobe.running.stopping import Stopper


class Said:
    """What the three callbacks said, and a way to wait for it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._changed = threading.Condition()

    def says(self, word: str) -> Callable[[], None]:
        def say() -> None:
            with self._changed:
                self.words.append(word)
                self._changed.notify_all()
        return say

    def stopper(self) -> Stopper:
        return Stopper(on_stop=self.says("stop"), on_again=self.says("again"), on_leave=self.says("leave"))

    def wait_for(self, *words: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.words == list(words), timeout=5), self.words


def test_the_first_signal_stops_the_second_tells_the_third_leaves() -> None:
    said = Said()
    with said.stopper() as stopper:
        os.kill(os.getpid(), signal.SIGTERM)
        assert (stopper.stopped(), stopper.leaving(), stopper.signal) == (True, False, "SIGTERM")
        said.wait_for("stop")
        os.kill(os.getpid(), signal.SIGINT)
        said.wait_for("stop", "again")
        assert not stopper.leaving()
        os.kill(os.getpid(), signal.SIGHUP)
        said.wait_for("stop", "again", "leave")
        assert (stopper.leaving(), stopper.signal) == (True, "SIGTERM")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_three_at_once_are_all_told_in_their_order() -> None:
    said = Said()
    with said.stopper():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        said.wait_for("stop", "again", "leave")


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Said().stopper():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_handler_never_waits_for_a_lock_that_the_main_thread_holds() -> None:
    lock = threading.Lock()
    told = threading.Event()

    def stop() -> None:
        with lock:
            told.set()

    with Stopper(on_stop=stop, on_again=lambda: None, on_leave=lambda: None) as stopper:
        with lock:
            os.kill(os.getpid(), signal.SIGINT)
            assert stopper.stopped()
            assert not told.is_set()
        assert told.wait(5)


def test_a_stop_ends_a_wait_and_leaving_ends_that_of_a_cleanup() -> None:
    said = Said()
    with said.stopper() as stopper:
        began = time.monotonic()
        stopper.request("test")
        stopper.wait(30)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        stopper.wait_cleaning(30)
        assert time.monotonic() - began < 5


NOHUP = """
import os, signal
from flowprobe.running.stopping import Stopper
with Stopper(on_stop=print, on_again=print, on_leave=print) as stopper:
    os.kill(os.getpid(), signal.SIGHUP)
    print("stopped" if stopper.stopped() else "goes on")
"""


@pytest.mark.parametrize(("nohup", "said"), [(True, b"goes on\n"), (False, b"stopped\n")])
def test_a_hangup_that_was_ignored_stays_ignored(nohup: bool, said: bytes) -> None:
    words = ["nohup"] if nohup else []
    done = subprocess.run([*words, sys.executable, "-c", NOHUP], capture_output=True, check=True, stdin=subprocess.DEVNULL)
    assert done.stdout.replace(b"\n\n", b"\n").lstrip(b"\n") == said

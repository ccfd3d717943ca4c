import os
import signal

import pytest

from flowprobe.running.stopping import Stopper


def test_the_first_signal_stops_the_second_tells_the_third_leaves() -> None:
    said: list[str] = []
    with Stopper(on_stop=lambda: said.append("stop"), on_again=lambda: said.append("again")) as stopper:
        os.kill(os.getpid(), signal.SIGTERM)
        assert (stopper.stopped(), stopper.signal, said) == (True, "SIGTERM", ["stop"])
        os.kill(os.getpid(), signal.SIGINT)
        assert said == ["stop", "again"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stopper(on_stop=lambda: None, on_again=lambda: None):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before

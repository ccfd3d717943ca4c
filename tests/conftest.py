"""What every test is given."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("flowprobe", deadline=None)  # a busy machine is no failure
settings.load_profile("flowprobe")

# Whoever starts the tests under nohup, or in the background of a script, lets all of them inherit a SIGHUP or a SIGINT
# that is ignored, which is a case of its own.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

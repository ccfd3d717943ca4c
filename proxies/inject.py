"""Faults for a mitmdump of your own: mitmdump -s proxies/inject.py --set profile=slow-payments

Every call that passes suffers what the profile says; `--set provider.payments=api.payments.example` limits it to a
host, and `--set seed=7` chooses the draws. See proxies/README.md.
"""

import logging
import sys
from functools import partial

try:
    from flowprobe.proxy.script import script
    from flowprobe.running.profiles import profile
except ImportError as error:
    # An error in the log while it starts is the end of mitmdump; an exception would show a traceback beside it.
    logging.getLogger("flowprobe").error(
        "FlowProbe is not installed where this mitmdump runs (%s): `%s -m pip install flowprobe`, or use the mitmdump "
        "that was installed with it", error, sys.executable)
    addons: list[object] = []
else:
    addons = [script(partial(profile, place="--set profile"))]

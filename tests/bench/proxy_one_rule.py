"""What a person would write for mitmdump in our place: one rule, one delay on every tenth call that it matches.

Used by proxy_cpu.py and proxy_latency.py as `mitmdump -q -s proxy_one_rule.py`; the latter sets how long and how often.
"""

import asyncio
import os
import re

RULE = {
    "method": "POST", "path": re.compile(r"/v1/charges(/[^/]+)?$"), "every": int(os.environ.get("RULE_EVERY", "10")),
    "delay_s": float(os.environ.get("RULE_DELAY_S", "0")),
}


class OneRule:
    def __init__(self) -> None:
        self.matched = 0

    async def request(self, flow) -> None:
        if flow.request.method == RULE["method"] and RULE["path"].match(flow.request.path):
            self.matched += 1
            if self.matched % RULE["every"] == 0:
                await asyncio.sleep(RULE["delay_s"])


addons = [OneRule()]

"""What a person would write for mitmdump in our place: one rule, one delay on every tenth call that it matches.

Used by proxy_cpu.py as `mitmdump -q -s proxy_one_rule.py`.
"""

import asyncio
import re

RULE = {"method": "POST", "path": re.compile(r"/v1/charges(/[^/]+)?$"), "every": 10, "delay_s": 0.0}


class OneRule:
    def __init__(self) -> None:
        self.matched = 0

    async def request(self, flow) -> None:
        if flow.request.method == RULE["method"] and RULE["path"].match(flow.request.path):
            self.matched += 1
            if self.matched % RULE["every"] == 0:
                await asyncio.sleep(RULE["delay_s"])


addons = [OneRule()]

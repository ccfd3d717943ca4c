"""What happens in a region: worked out anew from its days for each request, and a larger region has more of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.replies import ApiError
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import State

__all__ = ["RegionsApi"]

_DAYS: Final = {"eu": 2_000, "us": 500}
"""How many days a region has been in use."""


class RegionsApi:
    """The summary that a customer sees of the own region, and staff of each."""

    def __init__(self, state: State, sign_in: SignIn) -> None:
        self._state = state
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        return [Route("/v1/regions/{region}/summary", self._summary)]

    async def _summary(self, request: Request) -> Response:
        user, region = self._sign_in.user(request), request.path_params["region"]
        if region not in _DAYS:
            raise ApiError(404, "not_found", f"there is no such region; the regions are {', '.join(_DAYS)}")
        if user.account and self._state.accounts[user.account].region != region:
            raise ApiError(403, "forbidden", f"{user.email} belongs to another region")
        accounts = [account for account in self._state.accounts.values() if account.region == region]
        calls = list(_calls(region))
        return JSONResponse(
            {
                "region": region,
                "accounts": len(accounts),
                "seats": sum(account.seats for account in accounts),
                "days": len(calls),
                "calls": sum(calls),
                "busiest_day": calls.index(max(calls)),
            }
        )


def _calls(region: str) -> Iterator[int]:
    """The calls of each day: figures that look like traffic, and are the same in each process."""
    return (zlib.crc32(f"{region} {day}".encode()) % 1_000 for day in range(_DAYS[region]))

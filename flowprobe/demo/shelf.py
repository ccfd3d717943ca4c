"""What accounts own, by id; nobody but staff sees what another account owns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from starlette.requests import Request

from flowprobe.demo.replies import ApiError
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import State

__all__ = ["Owned", "Shelf"]


class Owned(Protocol):
    """Something with an id that belongs to an account."""

    @property
    def id(self) -> str: ...
    @property
    def account(self) -> str: ...


Thing = TypeVar("Thing", bound=Owned)


class Shelf(Generic[Thing]):
    """The things of one kind, in the order in which they came."""

    def __init__(self, kind: str, state: State, sign_in: SignIn) -> None:
        self._kind = kind
        self._state = state
        self._sign_in = sign_in
        self._things: dict[str, Thing] = {}

    def put(self, thing: Thing) -> None:
        self._things[thing.id] = thing

    def remove(self, thing: Thing) -> None:
        self._things.pop(thing.id, None)

    def find(self, thing_id: str) -> Thing | None:
        """Whoever asks; for callers that have checked who that is."""
        return self._things.get(thing_id)

    def of(self, account: str) -> Iterator[Thing]:
        return (thing for thing in self._things.values() if thing.account == account)

    def asked_for(self, request: Request) -> Thing:
        """The thing whose id is in the path, or a 401, 403 or 404."""
        self._sign_in.user(request)
        thing = self._things.get(request.path_params["id"])
        if thing is None:
            raise ApiError(404, "not_found", f"there is no such {self._kind}")
        self._sign_in.account(request, self._state.accounts[thing.account])
        return thing

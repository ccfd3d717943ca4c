"""Who is asking, and what they may touch."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.state import Account, State, User

__all__ = ["SignIn"]


class SignIn:
    """Bearer tokens: where they come from, and whom they stand for."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [
            Route("/v1/login", self._login, methods=["POST"]),
            Route("/v1/me", self._me),
        ]

    def user(self, request: Request) -> User:
        """The signed-in user of a request, or a 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self._state.user_with(token.strip())
        if scheme.lower() != "bearer" or user is None:
            message = "sign in: send `Authorization: Bearer <token>` with a token that is known"
            raise ApiError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
        return user

    def account(self, request: Request, account: Account | None) -> Account:
        """That account, where this user may touch it: staff all of them, others their own."""
        user = self.user(request)
        if account is None:
            raise ApiError(404, "not_found", "there is no such account or team")
        if not user.is_staff and user.account != account.id:
            raise ApiError(403, "forbidden", f"{user.email} does not belong to this account")
        return account

    async def _login(self, request: Request) -> Response:
        body = await read_object(request)
        # The password of a seeded user is its token: one secret less to set up in a demo.
        user = self._state.user_with(str(body.get("password")))
        if user is None or user.email != body.get("email"):
            raise ApiError(401, "invalid_credentials", "no user has this email and password")
        return JSONResponse({"token": user.token})

    async def _me(self, request: Request) -> Response:
        user = self.user(request)
        account = self._state.accounts[user.account] if user.account else None
        return JSONResponse(
            {
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "role": "admin" if account else "operator",
                "account": account.id if account else None,
                "team": account.team if account else None,
            }
        )

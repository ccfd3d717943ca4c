"""Who is asking, and what they may touch."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.oauth import Grants
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.state import Account, State, User

__all__ = ["SignIn"]


class SignIn:
    """Bearer tokens: where they come from, and whom they stand for."""

    def __init__(self, state: State, grants: Grants) -> None:
        self._state = state
        self._grants = grants

    def routes(self) -> list[Route]:
        return [
            Route("/v1/login", self._login, methods=["POST"]),
            Route("/v1/me", self._me),
        ]

    def user(self, request: Request) -> User:
        """The signed-in user of a request, or a 401."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        token = text.strip()
        user = self._state.user_with(token) or self._grants.user(token)
        if scheme.lower() != "bearer" or user is None:
            message = "sign in: send `Authorization: Bearer <token>` with a token that is known and has not expired"
            # RFC 6750, section 3.1: who sent no token is not told that it is wrong.
            challenge = 'Bearer error="invalid_token"' if token else "Bearer"
            raise ApiError(401, "unauthorized", message, {"WWW-Authenticate": challenge})
        return user

    def user_with_password(self, email: object, password: object) -> User:
        """The user of a name and a password, or a 401."""
        user = self._state.user_of(str(email))
        # The password of a seeded user is its token: one secret less to set up in a demo.
        good = (user.token, self._state.passwords.get(user.email)) if user else ()
        if user is None or not isinstance(password, str) or password not in good:
            raise ApiError(401, "invalid_credentials", "no user has this email and password")
        return user

    def account(self, request: Request, account: Account | None) -> Account:
        """That account, where this user may touch it: staff all of them, others their own."""
        user = self.user(request)
        if account is None:
            raise ApiError(404, "not_found", "there is no such account or team")
        if not user.is_staff and user.account != account.id:
            raise ApiError(403, "forbidden", f"{user.email} does not belong to this account")
        return account

    def own_account(self, request: Request) -> Account:
        """The account of the user, or a 403 for staff, who have none."""
        user = self.user(request)
        if user.account is None:
            raise ApiError(403, "forbidden", "staff have no account, and so nothing of their own")
        return self._state.accounts[user.account]

    async def _login(self, request: Request) -> Response:
        body = await read_object(request)
        user = self.user_with_password(body.get("email"), body.get("password"))
        return JSONResponse({"token": user.token})

    async def _me(self, request: Request) -> Response:
        user = self.user(request)
        account = self._state.accounts[user.account] if user.account else None
        return JSONResponse(
            {
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "role": user.role,
                "account": account.id if account else None,
                "team": account.team if account else None,
            }
        )

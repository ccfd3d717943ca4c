"""Signing in with a browser: a form, and a cookie that remembers it."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from flowprobe.demo.forms import InvalidForm, read_form
from flowprobe.demo.replies import ApiError
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import User

__all__ = ["LoginApi"]

_COOKIE: Final = "acme_session"
_SESSION_S: Final = 3600
_PAGE: Final = """<!doctype html>
<title>Acme Teams: sign in</title>
<form method="post" action="/login">
<label>E-mail <input name="user" type="email" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<input name="next" type="hidden" value="{next}">
<button>Sign in</button>
</form>
"""


class LoginApi:
    """The form, and who has signed in by it."""

    def __init__(self, sign_in: SignIn, clock: Callable[[], float]) -> None:
        self._sign_in = sign_in
        self._clock = clock
        self._sessions: dict[str, tuple[User, float]] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/login", self._form),
            Route("/login", self._login, methods=["POST"]),
            Route("/logout", self._logout, methods=["POST"]),
        ]

    def user(self, request: Request) -> User | None:
        """Who has signed in with this browser."""
        user, expires = self._sessions.get(request.cookies.get(_COOKIE, ""), (None, 0.0))
        return user if expires > self._clock() else None

    async def _form(self, request: Request) -> Response:
        page = _PAGE.format(next=html.escape(request.query_params.get("next", "")))
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    async def _login(self, request: Request) -> Response:
        try:
            form = await read_form(request)
        except InvalidForm as error:
            raise ApiError(422, "invalid_form", str(error)) from None
        user = self._sign_in.user_with_password(form.get("user"), form.get("password"))
        session = secrets.token_urlsafe(32)
        self._sessions[session] = user, self._clock() + _SESSION_S
        reply = _onwards(form.get("next", ""))
        # No `secure`: the demo is reached over plain HTTP on loopback, where a browser would drop the cookie.
        reply.set_cookie(_COOKIE, session, max_age=_SESSION_S, httponly=True, samesite="lax")
        return reply

    async def _logout(self, request: Request) -> Response:
        self._sessions.pop(request.cookies.get(_COOKIE, ""), None)
        reply = Response(status_code=204)
        reply.delete_cookie(_COOKIE, httponly=True, samesite="lax")
        return reply


def _onwards(next_page: str) -> Response:
    """On to a page of ours; anything else would let a link to our form lead to somebody else's."""
    if next_page.startswith("/") and not next_page.startswith(("//", "/\\")):
        return RedirectResponse(next_page, 303)
    return Response(status_code=204)

"""The guard before every page: only this machine's own browser, with a session, and only pages that load nothing else.

A page of another site can make a browser ask this server. Three things stop it. The server answers only under its own
names, so a name that another site binds to 127.0.0.1 gets nothing (DNS rebinding). A request that changes something
must come from the server's own pages. And the session's cookie is not sent along with requests of other sites.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_urlsafe

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from renderer.web.sessions import Sessions

LOGIN = "/login"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with `no-referrer`, a browser sends no Origin with a form
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def policy(nonce: str) -> str:
    """The Content-Security-Policy of a page: its own style and script by their nonce, and its own server."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src 'nonce-{nonce}'",
            f"script-src 'nonce-{nonce}'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


class Guard:
    """Refuses requests that are not from a page of this server, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, sessions: Sessions, port: int) -> None:
        self.app = app
        self.sessions = sessions
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self.cookie = cookie_name(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = token_urlsafe(16)
        headers = Headers(scope=scope)
        session = _cookie(headers, self.cookie)
        scope["state"] = {**scope.get("state", {}), "nonce": nonce, "session": session}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update({**_HEADERS, "Content-Security-Policy": policy(nonce)})
            await send(message)

        refusal = self._refusal(scope["method"], scope["path"], headers, session)
        answer = PlainTextResponse(refusal[1], refusal[0]) if refusal else self.app
        await answer(scope, receive, guarded)

    def _refusal(self, method: str, path: str, headers: Mapping[str, str], session: str) -> tuple[int, str] | None:
        """The status and the reason; None for a request that is answered."""
        host = headers.get("host", "")
        if host not in self.hosts:
            return 421, "This server answers only under the address that it printed.\n"
        origin = headers.get("origin")
        if method not in ("GET", "HEAD") and origin is None:
            return 403, "This request does not say which page it comes from.\n"
        if origin is not None and origin != f"http://{host}":
            return 403, "This request comes from a page of another site.\n"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and path != LOGIN:
            return 403, "This request comes from another site.\n"
        if path != LOGIN and self.sessions.form_token(session) is None:
            return 401, "This browser has no session. Open the address that the server printed last.\n"
        return None


def cookie_name(port: int) -> str:
    """The session's cookie. Browsers share cookies between the ports of a host, so the name has the port."""
    return f"rollspec-board-{port}"


def _cookie(headers: Mapping[str, str], name: str) -> str:
    """The cookie of that name; the others may be of any form, since all servers of this machine share them."""
    pairs = (each.strip().partition("=") for each in headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")

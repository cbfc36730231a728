"""The addresses of the board, and what each of them answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from renderer.board.actions import Action, WrongField, read_action
from renderer.board.page import Served, app_page, index_page, message_page, preview_page, reading_page
from renderer.web.guard import LOGIN, Guard, cookie_name
from renderer.web.sessions import Sessions
from renderer.web.source import Reading, Source, UnreadProject
from renderer.web.stream import Follower, events_text

_LONGEST_FORM = 20_000  # bytes
_SEE_OTHER = 303
_NOT_YET = 202


def application(source: Source, sessions: Sessions, port: int) -> Starlette:
    """The application that a server on this port runs."""
    pages = _Pages(source, sessions, port)
    return Starlette(
        routes=[
            Route("/", pages.index),
            Route("/index.html", pages.index),
            Route("/apps/{env}/{app}.html", pages.app, name="app"),
            Route("/apps/{env}/{app}/{verb}", pages.preview, methods=["GET"]),
            Route("/apps/{env}/{app}/{verb}", pages.commit, methods=["POST"]),
            Route("/events", pages.events),
            Route(LOGIN, pages.login),
        ],
        middleware=[Middleware(Guard, sessions=sessions, port=port)],
        exception_handlers={_StoppedError: pages.stopped},
    )


class _StoppedError(Exception):
    """Why a request has no answer."""

    def __init__(self, title: str, status: int, *lines: str) -> None:
        super().__init__(title)
        self.title = title
        self.status = status
        self.lines = lines


class _Pages:
    def __init__(self, source: Source, sessions: Sessions, port: int) -> None:
        self.source = source
        self.sessions = sessions
        self.port = port

    async def login(self, request: Request) -> Response:
        """Turn the address that was printed into a session.

        The browser continues from a page of ours, not by a redirect: it would leave the cookie out of a redirect that
        began at another site, such as a terminal in a browser.
        """
        cookie = self.sessions.open(request.query_params.get("token", ""))
        if cookie is None:
            lines = ["An address works once. Open the address that the server printed last."]
            return self._message(request, "This address was used already", lines, 401)
        answer = HTMLResponse(message_page("The board", [], self._served(request), onward="/"))
        answer.set_cookie(cookie_name(self.port), cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def index(self, request: Request) -> Response:
        """All environments and apps."""
        version, board = await self.source.board()
        if isinstance(board, Reading):
            return HTMLResponse(reading_page(board.what, board.done, board.total, self._served(request)), _NOT_YET)
        if isinstance(board, UnreadProject):
            return self._message(request, "The project cannot be read", board.said, version=version)
        return HTMLResponse(index_page(board, self._served(request, version)))

    async def app(self, request: Request) -> Response:
        """One app in one environment."""
        env, app = await self._known(request)
        version = await self.source.version()
        page = await self.source.page(env, app)
        if isinstance(page, UnreadProject):
            return self._message(request, "The app cannot be read", page.said, version=version)
        return HTMLResponse(app_page(page, self._served(request, version)))

    async def preview(self, request: Request) -> Response:
        """What an action would change."""
        action = await self._action(request, dict(request.query_params))
        version = await self.source.version()
        preview = await self.source.preview(action)
        return HTMLResponse(preview_page(preview, self._served(request, version)))

    async def commit(self, request: Request) -> Response:
        """Carry out an action; the app's page then shows its outcome."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_FORM:
                raise _StoppedError("The form is too long", 413)
        fields = dict(parse_qsl(body.decode("utf-8", "replace")))
        if not self.sessions.is_form(request.state.session, fields.pop("token", "")):
            raise _StoppedError("This form is not of this session", 403, "Load the page again.")
        head = fields.pop("head", "")
        action = await self._action(request, fields)
        outcome = await self.source.commit(action, head)
        self.sessions.keep(request.state.session, outcome)
        return RedirectResponse(request.url_for("app", env=action.env, app=action.app).path, _SEE_OTHER)

    async def events(self, request: Request) -> Response:
        """What changes, as server-sent events; for the page of one app, if the address names one."""
        asked = request.query_params
        own = (asked["env"], asked["app"]) if "env" in asked and "app" in asked else None

        async def lines() -> AsyncIterator[str]:
            yield "retry: 1000\n\n"
            follower = Follower(own)
            async for change in self.source.changes(asked.get("version", ""), own):
                yield events_text(follower, change) or ": still here\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def _known(self, request: Request) -> tuple[str, str]:
        """The environment and the app of the address, which is only ever compared with the names that there are."""
        env, app = request.path_params["env"], request.path_params["app"]
        if not await self.source.has(env, app):
            raise _StoppedError("There is no such app here", 404)
        return env, app

    async def _action(self, request: Request, fields: dict[str, str]) -> Action:
        """The action that the address and the fields name."""
        if not self.source.may_commit:
            raise _StoppedError("This board only shows", 403, "Start it with --allow-commits to act from the board.")
        env, app = await self._known(request)
        action = read_action(request.path_params["verb"], env, app, fields)
        if isinstance(action, WrongField):
            raise _StoppedError("This cannot be done", 400, action.message)
        return action

    async def stopped(self, request: Request, error: Exception) -> Response:
        """The page of a request that was refused."""
        assert isinstance(error, _StoppedError)  # noqa: S101 - the only one that this is registered for
        return self._message(request, error.title, error.lines, error.status)

    def _served(self, request: Request, version: str = "") -> Served:
        session, names = request.state.session, request.path_params
        return Served(
            nonce=request.state.nonce,
            form_token=self.sessions.form_token(session) or "",
            version=version,
            may_commit=self.source.may_commit,
            outcome=self.sessions.outcome(session, names.get("env", ""), names.get("app", "")),
        )

    def _message(
        self, request: Request, title: str, lines: list[str] | tuple[str, ...], status: int = 200, version: str = ""
    ) -> Response:
        return HTMLResponse(message_page(title, lines, self._served(request, version)), status)

"""Who may use the board: tokens that open one session each, and what a session must show with every form."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from secrets import token_urlsafe
from time import monotonic

from renderer.board.actions import Outcome

_SHOWN = 120.0  # seconds for which the pages of an app show the outcome of the last action


class Sessions:
    """The sessions of one server. They are kept in memory, so they end with it."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, on_open: Callable[[str], None] = lambda token: None
    ) -> None:
        self._clock = clock
        self._on_open = on_open  # hears of the next token
        self._token = token_urlsafe(24)
        self._forms: dict[str, str] = {}  # the token of a session's forms, by the session's cookie
        self._outcomes: dict[str, tuple[float, Outcome]] = {}

    @property
    def token(self) -> str:
        """The token that opens the next session. It works once."""
        return self._token

    def open(self, token: str) -> str | None:
        """The cookie of a new session, if the token is right. There is a new token then."""
        if not compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = token_urlsafe(24)
        self._on_open(self._token)
        cookie = token_urlsafe(32)
        self._forms[cookie] = token_urlsafe(24)
        return cookie

    def form_token(self, cookie: str) -> str | None:
        """What the forms of a session must send; None if there is no such session."""
        return self._forms.get(cookie)

    def is_form(self, cookie: str, token: str) -> bool:
        """Whether a form was made for this session."""
        wanted = self._forms.get(cookie)
        return wanted is not None and compare_digest(token.encode(), wanted.encode())

    def keep(self, cookie: str, outcome: Outcome) -> None:
        """Keep the outcome of the session's last action."""
        self._outcomes[cookie] = (self._clock(), outcome)

    def outcome(self, cookie: str, env: str, app: str) -> Outcome | None:
        """The outcome of the last action, if it is recent and about this app."""
        time, outcome = self._outcomes.get(cookie, (0.0, None))
        is_shown = outcome and (outcome.action.env, outcome.action.app) == (env, app)
        return outcome if is_shown and self._clock() - time < _SHOWN else None

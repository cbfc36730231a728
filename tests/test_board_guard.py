"""The served board against what a page of another site, another user of the machine, or a stranger's text may try."""

from __future__ import annotations

import re
from typing import Any

import pytest

from renderer.board.actions import Action, Preview, WrongField, read_action
from renderer.web.guard import cookie_name
from renderer.web.sessions import Sessions
from renderer.web.source import UnreadProject
from tests.support.board import ADDRESS, EVIL, PORT, Browser, Tags, Values, board

PAGES = ("/", "/apps/production/web.html", "/apps/production/web/weight?weight=50", "/events", "/apps/a/b.html")


def browser(text: str = "web", **changes: Any) -> Browser:
    return Browser(Values(board(text), **changes)).log_in()


@pytest.mark.parametrize("address", PAGES)
def test_without_a_session_there_is_nothing(address: str) -> None:
    stranger = Browser(Values(board()))
    assert stranger.get(address).status_code == 401
    stranger.cookies.set(cookie_name(PORT), "made-up")
    assert stranger.get(address).status_code == 401


def test_an_address_opens_one_session() -> None:
    sessions = Sessions()
    first = Browser(Values(board()), sessions)
    token = sessions.token
    assert first.get("/login", params={"token": token}).status_code == 200
    assert first.get("/").status_code == 200
    second = Browser(Values(board()), sessions)
    for wrong in (token, "", "é", token[:-1]):
        assert second.get("/login", params={"token": wrong}).status_code == 401
    assert second.get("/").status_code == 401
    assert second.log_in().get("/").status_code == 200


def test_the_cookie_is_kept_from_scripts_and_from_other_sites() -> None:
    sessions = Sessions()
    answer = Browser(Values(board()), sessions).get("/login", params={"token": sessions.token})
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} == attributes


@pytest.mark.parametrize(
    "host", ["evil.example:8765", "127.0.0.1:80", "127.0.0.1", "[::1]:8765", "127.0.0.1.evil.example:8765"]
)
def test_a_name_of_another_site_gets_nothing(host: str) -> None:
    assert browser().get("/", headers={"Host": host}).status_code == 421


def test_the_name_localhost_is_ours() -> None:
    sessions = Sessions()
    own = Browser(Values(board()), sessions)
    own.base_url = f"http://localhost:{PORT}"
    assert own.log_in().get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://127.0.0.1:{PORT}"},
        {"Origin": f"http://localhost:{PORT}"},
        {"Origin": ADDRESS, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ADDRESS, "Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_a_form_of_another_page_changes_nothing(headers: dict[str, str]) -> None:
    values = Values(board())
    own = Browser(values).log_in()
    fields = own.fields("/apps/production/web/weight?weight=50")
    assert own.post("/apps/production/web/weight", data=fields, headers=headers).status_code == 403
    assert values.asked == []


@pytest.mark.parametrize("sent", [None, "", "wrong", "of another session"])
def test_a_form_needs_the_token_of_its_session(sent: str | None) -> None:
    values, sessions = Values(board()), Sessions()
    other = Browser(values, sessions).log_in().fields("/apps/production/web/weight?weight=50")["token"]
    own = Browser(values, sessions).log_in()
    fields = own.fields("/apps/production/web/weight?weight=50")
    del fields["token"]
    if sent is not None:
        fields["token"] = other if sent == "of another session" else sent
    status, _ = own.submit("/apps/production/web/weight", fields)
    assert (status, values.asked) == (403, [])


def test_a_right_form_is_carried_out_once_and_its_outcome_is_shown() -> None:
    values = Values(board())
    own = Browser(values).log_in()
    fields = own.fields("/apps/production/web/weight?weight=50")
    status, _ = own.submit("/apps/production/web/weight", fields)
    assert status == 303
    assert values.asked == [Action("weight", "production", "web", share=50)]
    assert "Done: weight web in production" in own.get("/apps/production/web.html").text


def test_a_form_that_is_too_long_is_not_read() -> None:
    status, _ = browser().submit("/apps/production/web/weight", {"tag": "x" * 30_000})
    assert status == 413


@pytest.mark.parametrize("address", ["/apps/production/web/weight?weight=50", "/apps/production/web/promote"])
def test_a_board_that_only_shows_has_no_actions(address: str) -> None:
    own = browser(may_commit=False)
    assert "Change the share" not in own.get("/apps/production/web.html").text
    assert own.get(address).status_code == 403
    token = own.sessions.form_token(own.cookies[cookie_name(PORT)]) or ""
    status, _ = own.submit(address.partition("?")[0], {"token": token})
    assert status == 403


@pytest.mark.parametrize(
    "address",
    [
        "/apps/production/..%2f..%2f..%2fetc%2fpasswd.html",
        "/apps/../../etc/passwd.html",
        "/apps/production/%2e%2e%2fweb.html",
        "/apps/production/web%00.html",
        "/apps/nowhere/web.html",
        "/apps/production/other.html",
        "/apps/production/other/promote",
        "/static/../app.py",
        "/index.html/../../etc/passwd",
    ],
)
def test_no_address_becomes_a_path(address: str) -> None:
    assert browser().get(address).status_code == 404


@pytest.mark.parametrize("address", PAGES[:3])
def test_a_page_allows_only_its_own_style_and_script(address: str) -> None:
    own = browser()
    first, second = own.get(address), own.get(address)
    nonces = []
    for answer in (first, second):
        policy = answer.headers["content-security-policy"]
        (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", policy))
        nonces.append(nonce)
        parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert parts["default-src"] == "'none'"
        assert parts["frame-ancestors"] == parts["base-uri"] == "'none'"
        assert parts["connect-src"] == parts["form-action"] == "'self'"
        assert "unsafe" not in policy
        tags = Tags(answer.text).tags
        assert {attributes.get("nonce") for tag, attributes in tags if tag in ("script", "style")} == {nonce}
        assert not [name for _, attributes in tags for name in attributes if name.startswith("on") or name == "style"]
    assert nonces[0] != nonces[1]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("address", PAGES[:3])
def test_a_page_names_no_other_address(address: str) -> None:
    tags = Tags(browser().get(address).text).tags
    linked = [
        value
        for _, attributes in tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset", "data", "formaction") and value
    ]
    assert [each for each in linked if re.match(r"[a-z]+:|//", each)] == []


@pytest.mark.parametrize("address", PAGES[:3])
def test_no_text_becomes_a_tag(address: str) -> None:
    assert Tags(browser(EVIL).get(address).text).shape == Tags(browser().get(address).text).shape


def test_the_lines_of_a_failure_become_no_tag() -> None:
    shapes = [Tags(Browser(Values(UnreadProject((text,)))).log_in().get("/").text).shape for text in ("x", EVIL)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", ["tag", "mode", "to", "router", "break-glass"])
def test_what_a_browser_sends_becomes_no_tag(name: str) -> None:
    own = browser()
    answer = own.get("/apps/production/web/release", params={name: EVIL, "tag": EVIL})
    assert answer.status_code == 400
    assert "<img" not in answer.text


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("remove", {}),
        ("weight", {}),
        ("weight", {"weight": "101"}),
        ("weight", {"weight": "-1"}),
        ("weight", {"weight": "٣"}),
        ("weight", {"weight": "1e1"}),
        ("release", {"tag": "1.0\nkind: Secret"}),
        ("release", {"tag": "x" * 301}),
        ("undo", {"mode": "--to"}),
        ("promote", {"mode": "--redo"}),
        ("switch", {"to": "Other"}),
        ("switch", {"router": "/etc/passwd"}),
    ],
)
def test_a_field_that_no_form_sends_is_refused(verb: str, fields: dict[str, str]) -> None:
    assert isinstance(read_action(verb, "production", "web", fields), WrongField)


def test_an_action_says_what_to_type() -> None:
    action = read_action("release", "production", "web", {"tag": "1.0 $(id)", "weight": "20"})
    assert isinstance(action, Action)
    assert action.command == "rollspec release web '1.0 $(id)' --weight 20 --env production --commit"
    assert read_action("release", "production", "web", action.fields) == action


def test_a_preview_names_the_version_that_it_began_with() -> None:
    class Edited(Values):
        number = 1

        async def version(self) -> str:
            return str(self.number)

        async def preview(self, action: Action) -> Preview:
            self.number += 1  # somebody edits a file while it is worked out
            return await super().preview(action)

    page = Browser(Edited(board("web"))).log_in().get("/apps/production/web/promote").text
    assert 'data-version="1"' in page


def test_a_stream_names_the_new_version() -> None:
    with browser().stream("GET", "/events?version=1") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "event: files\ndata: 2\n" in "".join(answer.iter_text())


def test_a_cookie_of_another_server_of_this_machine_does_not_end_the_session() -> None:
    with browser() as own:  # begins and ends the server, which is no request
        session = own.cookies[cookie_name(PORT)]
        for cookies in (f"a/b=1; {cookie_name(PORT)}={session}", f"{cookie_name(PORT)}={session};x"):
            own.cookies.clear()
            assert own.get("/", headers={"Cookie": cookies}).status_code == 200
            own.cookies.clear()
            assert own.get("/", headers={"Cookie": cookies.replace(session, "x")}).status_code == 401

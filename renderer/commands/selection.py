"""Which apps and environments a command is about, and which others it must look at beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from renderer.build import Rendered
from renderer.commands.project import Opened
from renderer.failure import Failure

_MAY_CLASH = re.compile(rb"extraResources|^\s*selector\s*:", re.MULTILINE)


def chosen(wanted: Sequence[str], known: Sequence[str], what: str) -> list[str]:
    """The names asked for, or all; an unknown one is a usage failure that says what was probably meant."""
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(sorted(known)) or 'none'}"
            raise Failure(f"there is no {what} `{name}`{hint if len(known) <= 20 or near else ''}", 2)
    return sorted(set(wanted)) if wanted else sorted(known)


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """`i/n`, counted from 1 (`2/4`): the second of four shards; None for no sharding."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise Failure(f"--shard wants i/n with i from 1 to n, such as 2/4, not {text}", 2)
    return number, count


def in_shard(apps: Sequence[str], shard: tuple[int, int] | None) -> list[str]:
    """Every n-th of the apps in the order of their names: the same on each machine, and every app in one shard."""
    return list(apps) if shard is None else list(apps)[shard[0] - 1 :: shard[1]]


def neighbours(opened: Opened, rendered: Sequence[Rendered], apps: Sequence[str]) -> list[str]:
    """Other apps that could claim what these claim, found by their texts; a few too many do no harm."""
    others = sorted(set(opened.apps) - set(apps))
    words = {key.encode() for each in rendered for key in _hosts(each)}
    custom = any(_MAY_CLASH.search(text) for app in apps for text in opened.texts(app)[0].values())
    found = []
    for other in others:
        texts = opened.texts(other)[0].values()
        if (
            _related(other, apps)
            or any(word in text for word in words for text in texts)
            or any(custom or _MAY_CLASH.search(text) for text in texts)
        ):
            found.append(other)
    return found


def _hosts(rendered: Rendered) -> set[str]:
    """Hosts beyond the Service's own name, which no other app can have by chance."""
    return {host for host in rendered.hosts if not host.startswith(f"{rendered.app}.")}


def _related(other: str, apps: Sequence[str]) -> bool:
    """`web-preview` beside `web`: the preview Service of one may be the Service of the other."""
    return any(other == f"{app}-preview" or app == f"{other}-preview" for app in apps)

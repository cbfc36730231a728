"""What a command says when the base of a comparison has commits that the head lacks."""

from __future__ import annotations

from renderer.git import merge_base_of, resolve
from renderer.git.read import commits_between

_SHORT = 12


def not_an_ancestor(
    root: str, base: str, commit: str, head: str | None, command: str, takes_back: str
) -> tuple[str, ...]:
    """The remark, for a comparison shows these commits as taken back; nothing where the base is an ancestor.

    `commit` is that of `base`. `takes_back` says what the command does with them: `this plan takes {it} back`.
    Raises GitError.
    """
    name, tip = head or "HEAD", resolve(root, head or "HEAD")
    missing = commits_between(root, tip, commit)
    if not missing:
        return ()
    parted = merge_base_of(root, commit, tip)
    cure = f" `rollspec {command} --into {base}` {_SHOWS[command]} what a merge will do" if parted != tip else ""
    cure += f", and `rollspec {command} --base {parted[:_SHORT]}` this branch alone" if cure and parted else ""
    has, it = ("a commit", "it") if missing == 1 else (f"{missing} commits", "them")
    what = f"{base} is not an ancestor of {name}: it has {has} that {name} lacks, and {takes_back.format(it=it)}."
    return (f"{what}{cure}{'.' if cure else ''}",)


_SHOWS = {"plan": "shows", "validate": "judges"}

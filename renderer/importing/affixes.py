"""Apps that are one app under another name in each environment, as a prefix of kustomize makes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple

_Names = Mapping[str, str]  # the name of each app's image, without registry and tag, by the app's name


class Pair(NamedTuple):
    """The name of an app in one environment, and in another one."""

    here: str
    there: str


class _Change(NamedTuple):
    """What the names of two environments have before or behind what is equal in them."""

    is_prefix: bool
    here: str
    there: str


def renamed(here: _Names, there: _Names) -> list[Pair]:
    """The apps of two environments that have one image, and names that differ by a prefix or a suffix.

    It is the same prefix or suffix for all of them; apps with one name in both environments are not among them.
    """
    found: dict[_Change, list[Pair]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)  # by their image
    for other, image in there.items():
        if other not in here:
            others[image].append(other)
    for name, image in here.items():
        for other in others.get(image, ()) if name not in there else ():
            for change in _changes(name, other):
                found[change].append(Pair(name, other))
    return max(found.values(), key=len, default=[])


def _changes(here: str, there: str) -> Iterator[_Change]:
    """How one name becomes the other one; words are divided by `-`."""
    for is_prefix in (True, False):
        words, others = (name.split("-")[:: -1 if is_prefix else 1] for name in (here, there))
        count = len([*takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False))])
        if count:
            yield _Change(is_prefix, "-".join(words[count:]), "-".join(others[count:]))

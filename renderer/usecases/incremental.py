"""`rollspec render` where earlier runs are known: what did not change is neither read nor made again.

What is kept of an app enters the same judgements as what is made now, so there is one set of rules, and the outcome is
that of a run without a cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from operator import itemgetter
from typing import Any, NamedTuple

from renderer import cache, tree
from renderer.argocd import Driven
from renderer.cache import Cache, Folder, Row, clock, digest, settled, stamps_text
from renderer.pipeline import Rendered, is_in
from renderer.pipeline.fleet import clusters_shared
from renderer.pipeline.in_step import groups
from renderer.problem import Problem
from renderer.rules import Claim, could_clash
from renderer.tree import Difference, Stamp, Summary, stamp_of
from renderer.usecases.project import Opened, build_read
from renderer.workers import Tick

_GONE: Stamp = (0, 0, 0)  # of a file that is not there
Counts = Callable[[str, str], bool]  # whether a claim of that kind and key matters
_AT_ONCE = 500  # texts that are parsed together
_FEW = 60  # apps and environments: beyond, each claim would be held against too many
_SOME = {"": b""}  # stands for files that are there
_CLAIM = itemgetter(0, 1, 3, 4)  # all but the owner, which is the app


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier runs left, beside the files as they are at `now` (ns).

    `rows` by environment and app; `inputs` and `outputs` are the stamps by folder, of the project and of the output
    folder `place`; `company` tells with which others of this run an environment is judged; `fine` are the apps nothing
    of which changed by the stamps.
    """

    cache: Cache
    place: str
    rows: Mapping[str, Mapping[str, Row]]
    inputs: Mapping[str, Folder]
    outputs: Mapping[str, Folder]
    now: int
    company: Mapping[str, str] = field(default_factory=dict)
    fine: frozenset[str] = frozenset()

    def of(self, opened: Opened, app: str) -> list[Row] | None:
        """The rows of an app in all environments that have it; None where there is more to do than to keep them."""
        found = []
        for env, rows in self.rows.items():
            if is_in(opened.setup.environments[env], app):
                if app not in rows:
                    return None
                found.append(rows[app])
            elif self.folder(env, app):  # what lies there is left over
                return None
        return found or None

    def stamps(self, opened: Opened, app: str, beside: Iterable[str]) -> dict[str, Stamp]:
        """The stamps of an app's input files."""
        layout = opened.layout
        names = [layout.partial(env, app) for env in opened.setup.environments]
        paths = [layout.app(app), *(name for name in names if name in opened.partials)]
        found = {path: self._input(path) for path in paths}
        return found | {path: _stamp(os.path.join(opened.root, path)) for path in beside}

    def _input(self, path: str) -> Stamp:
        folder, _, name = path.rpartition("/")
        return self.inputs.get(folder, {}).get(name, _GONE)

    def folder(self, env: str, app: str) -> Folder:
        """The stamps of what lies in the output folder of an app."""
        return self.outputs.get(f"{env}/{app}", {})


def look(opened: Opened, envs: Sequence[str], place: str) -> Known | None:
    """The known state of whole environments; None where the disk does not let us look as simply as that."""
    key = digest({**opened.setup.texts, "": f"{cache.program()} {opened.setup.project!r}".encode()})
    kept = Cache(opened.root, key)
    try:
        inputs = _inputs(opened)
        outputs = cache.walk(place)
    except OSError:
        return None
    rows = {env: kept.rows(env) for env in envs}
    known = Known(kept, place, rows, inputs, outputs, clock(), _company(opened, envs))
    return replace(known, fine=frozenset(app for app in opened.apps if _is_fine(opened, known, app)))


def _company(opened: Opened, envs: Sequence[str]) -> dict[str, str]:
    """By environment, those on its cluster that the run is about: judged alone, it is not judged with the others."""
    clusters = clusters_shared(opened.setup)
    return {
        env: " ".join(sorted(other for other in envs if clusters.get(other) == clusters[env]))
        for env in envs
        if env in clusters
    }


def _inputs(opened: Opened) -> dict[str, Folder]:
    layout = opened.layout
    folders = [layout.apps, *(f"{layout.overlays}/{env}/apps" for env in opened.setup.environments)]
    return {folder: cache.walk(os.path.join(opened.root, folder)).get("", {}) for folder in folders}


def _is_fine(opened: Opened, known: Known, app: str) -> bool:
    rows = known.of(opened, app)
    if rows is None:
        return False
    inputs = known.stamps(opened, app, rows[0].beside.splitlines())
    return all(row.stamps == stamps_text(inputs, known.folder(row.env, app)) for row in rows)


def existing(opened: Opened, known: Known) -> frozenset[str]:
    """What lies in the output folder, by project path, but for apps that did not change."""
    prefix = opened.layout.output
    skipped = {f"{env}/{app}" for env in known.rows for app in known.fine}
    return frozenset(
        f"{prefix}/{folder}/{name}" if folder else f"{prefix}/{name}"
        for folder, files in known.outputs.items()
        if folder not in skipped
        for name in files
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What one process found: `apps` made anew, and rows that hold by their contents though the stamps are others."""

    apps: list[str] = field(default_factory=list)
    made: list[Rendered] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    drafts: list[Row] = field(default_factory=list)  # for what was made; they get their stamps when it is written

    def report(self, made: list[Rendered]) -> Share:
        """What the other processes must know of it."""
        return Share([], made, self.held, [])


class End(NamedTuple):
    """What the second phase of a share did, and the rows to remember of it."""

    done: Difference | Summary
    rows: list[Row]


def work(opened: Opened, known: Known, apps: Sequence[str], tick: Tick) -> Share:
    """The first phase: each app read, compared with what is known of it, and made where that is not the same."""
    share = Share()
    envs = tuple(known.rows)
    wanted = dict.fromkeys(apps, envs)
    with tree.reader(opened.root) as read_some:
        for some in groups(apps):
            texts = {app: opened.texts(app, read_some) for app in some}
            held = {app: _held(opened, known, app, *texts[app]) for app in some}
            changed = {app: texts[app] for app in some if not held[app]}
            made = build_read(opened, changed, wanted)
            share.held.extend(row for rows in held.values() for row in rows)
            share.apps.extend(changed)
            share.made.extend(made)
            share.drafts.extend(_draft(opened, each, texts[each.app][0]) for each in made if each.files)
            for _ in some:
                tick()
    return share


def _held(opened: Opened, known: Known, app: str, texts: Mapping[str, bytes], problems: Sequence[Problem]) -> list[Row]:
    """The rows of an app, with the stamps of now, if they hold by the contents of all of its files."""
    rows = known.of(opened, app)
    if problems or not rows:
        return []
    inputs = digest(texts)
    if not all(row.inputs == inputs and _outputs_hold(known, row) for row in rows):
        return []
    return [_seen(opened, known, row) for row in rows]


def _outputs_hold(known: Known, row: Row) -> bool:
    paths = [f"{row.env}/{row.app}/{name}" for name in known.folder(row.env, row.app)]
    try:
        files, problems = tree.read(known.place, paths)
    except tree.TreeError:
        return False
    return not problems and digest(files) == row.outputs


def _seen(opened: Opened, known: Known, row: Row) -> Row:
    return row._replace(stamps=_stamps(opened, known, row, known.folder(row.env, row.app), known.now))


def _stamps(opened: Opened, known: Known, row: Row, outputs: Folder, now: int) -> str:
    """The text to compare with next time; empty where a file is so young that it may change under the same stamp."""
    inputs = known.stamps(opened, row.app, row.beside.splitlines())
    if not settled(inputs.values(), known.now) or not settled(outputs.values(), now):
        return ""
    return stamps_text(inputs, outputs)


def _draft(opened: Opened, made: Rendered, texts: Mapping[str, bytes]) -> Row:
    start = len(opened.layout.output) + 1
    outputs = digest({path[start:]: text for path, text in made.files.items()})
    own = {opened.layout.app(made.app), *(opened.layout.partial(env, made.app) for env in opened.setup.environments)}
    problems = json.dumps([astuple(problem) for problem in made.problems]) if made.problems else ""
    facts = [[*map(_CLAIM, made.claims)], sorted(made.matched), made.hosts, made.driven]
    beside = "\n".join(sorted(set(texts) - own))
    return Row(made.env, made.app, "", digest(texts), outputs, beside, problems, json.dumps(facts))


def ended(opened: Opened, known: Known, share: Share, done: Difference | Summary) -> End:
    """With the rows of what was made, if it was written."""
    return (
        End(done, [])
        if isinstance(done, Difference)
        else End(replace(done, stamps={}), _rows(opened, known, share, done))
    )


def _rows(opened: Opened, known: Known, share: Share, summary: Summary) -> list[Row]:
    """None for an app with a file in the way that is not ours."""
    foreign = {path.rpartition("/")[0] for path in summary.foreign}
    files = {(each.env, each.app): [path.rpartition("/")[2] for path in each.files] for each in share.made}
    now = clock()
    rows = []
    for row in share.drafts:
        folder = f"{row.env}/{row.app}"
        if folder not in foreign:
            before = known.folder(row.env, row.app)
            stamps = {
                name: summary.stamps.get(f"{folder}/{name}") or before.get(name, (now, 0, 0))
                for name in files[row.env, row.app]
            }
            rows.append(row._replace(stamps=_stamps(opened, known, row, stamps, now)))
    return rows


def kept(opened: Opened, known: Known, held: Iterable[Row]) -> list[Row]:
    """The rows that hold: those that did not change, and those found to hold by their contents."""
    fine = [row for app in sorted(known.fine) for row in known.of(opened, app) or ()]
    return [*fine, *held]


def stubs(known: Known, rows: Sequence[Row], made: Sequence[Rendered], *, whole: bool) -> list[Rendered] | None:
    """What is known of apps that were not made now; `whole`: with what matters to other apps.

    Claims that clash with none of the few that were `made` are left out, where an earlier run found that they do not
    clash with each other. None where another run changed what is known meanwhile.
    """
    facts = _facts(known, rows) if whole else None
    if facts is None:
        told = [(row, json.loads(row.problems)) for row in rows if row.problems]
        return None if whole else [Rendered(row.env, row.app, _SOME, _problems(found)) for row, found in told]
    counts = could_clash(claim for each in made for claim in each.claims) if _are_few(known, made) else _all_count
    return [_stub(row, counts, *fields) for row, fields in zip(rows, facts, strict=True)]


def _are_few(known: Known, made: Sequence[Rendered]) -> bool:
    """Whether to look only for clashes with what was made: all apps as they were before did not clash."""
    return len(made) <= _FEW and is_judged(known, [row for rows in known.rows.values() for row in rows.values()])


def _all_count(_kind: str, _key: str) -> bool:
    return True


def _facts(known: Known, rows: Sequence[Row]) -> Iterator[Any] | None:
    """What matters to other apps, row by row; None where it is of other inputs."""
    found = {env: known.cache.facts(env) for env in known.rows}
    texts = [found[row.env].get(row.app, ("", "")) for row in rows]
    if any(inputs != row.inputs for row, (inputs, _) in zip(rows, texts, strict=True)):
        return None
    return _parsed([text for _, text in texts])


def _parsed(texts: Sequence[str]) -> Iterator[Any]:
    """Many at once, which is five times as fast as one by one; not all, which would lie in memory together."""
    for start in range(0, len(texts), _AT_ONCE):
        yield from json.loads(f"[{','.join(texts[start : start + _AT_ONCE])}]")


def _stub(
    row: Row, counts: Counts, claims: list[list[str]], matched: list[str], hosts: list[str], driven: list[str]
) -> Rendered:
    problems = _problems(json.loads(row.problems)) if row.problems else ()
    own = tuple([Claim(kind, key, row.app, file, at) for kind, key, file, at in claims if counts(kind, key)])
    return Rendered(row.env, row.app, _SOME, problems, own, frozenset(matched), tuple(hosts), Driven(*driven))


def _problems(found: list[list[Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(*fields) for fields in found)


def is_judged(known: Known, rows: Iterable[Row]) -> bool:
    """Whether just these apps, made of just these inputs, were found to be without problems across apps."""
    return all(known.cache.judged(env) == view for env, view in _views(known, rows).items())


def remember(
    opened: Opened, known: Known, shares: Iterable[Share], rows: list[Row], made: list[Row], *, fine: bool
) -> None:
    """Store what this run made and found, for the next one; nothing where that is what is there already.

    `fine` says that nothing was found across apps: a warning must show again next time.
    """
    held = [row for share in shares for row in share.held]
    if made or held or not is_judged(known, rows):
        apps = frozenset(opened.apps)
        gone = [(env, app) for env, there in known.rows.items() for app in there.keys() - apps]
        known.cache.store(made, held, _views(known, [*rows, *made]) if fine else {}, gone)


def _views(known: Known, rows: Iterable[Row]) -> dict[str, str]:
    """What is judged together in each environment, as a digest."""
    pairs = {env: [known.cache.key, f"with {known.company.get(env, env)}"] for env in known.rows}
    for row in rows:
        pairs[row.env].append(f"{row.app} {row.inputs}")
    return {env: digest({"": "\n".join(sorted(listed)).encode()}) for env, listed in pairs.items()}


def unchanged(known: Known, rows: Iterable[Row]) -> Summary:
    """The files of apps that were not made now, as `write_all` would count them."""
    return Summary(unchanged=sum(len(known.folder(row.env, row.app)) for row in rows))


def _stamp(path: str) -> Stamp:
    try:
        return stamp_of(os.lstat(path))
    except OSError:
        return _GONE

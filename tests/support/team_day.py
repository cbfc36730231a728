"""A day of a team: random commits by several clones of one repository, with pulls, merges, reverts, trains and aborts.

`python -m tests.support.team_day SEED COMMITS APPS` plays one, and prints how often each action was done.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from renderer.release import verbs
from renderer.release.outcome import Refusal
from renderer.release.state import in_flight
from renderer.usecases.elsewhere import spec_in
from renderer.usecases.project import open_project
from renderer.yamlio import load
from tests.support.cases import Outcome, run
from tests.support.past import HEAD, PROJECT
from tests.support.repository import environment, init

ENVS = ("dev", "staging", "production-eu", "production-us")
PRODUCTION = ENVS[2:]
CLONES = 5
_SERVES = """\
  ports: [{name: http, port: 80, targetPort: 8080}]
  readinessProbe: {tcpSocket: {port: http}}
"""
_WORKS = "  ports: []\n"
# What the apps of a shop are like: each number of the list is an app in seven.
KINDS = (
    _SERVES + "  strategy: {type: Canary, router: istio}\n  istio: {canaryHeaders: {x-canary: {exact: '1'}}}\n",
    _SERVES + "  strategy: {type: Canary, initialWeight: 10}\n  disruptionBudget: {maxUnavailable: 1}\n",
    _SERVES + "  strategy: {type: Canary, router: istio, steps: [{setWeight: 20}, {pause: {}}]}\n",
    _SERVES + "  strategy: {type: BlueGreen}\n",
    _WORKS + "  strategy: {type: RollingUpdate}\n",
    _SERVES + "  strategy: {type: Canary, router: istio}\n",
    _WORKS + "  strategy: {type: Canary, router: replica}\n",
)
_ARGOCD = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: ApplicationSet}\n"
_OVERLAYS = {
    "dev": "  namespace: shop-dev\n  labels: {env: dev}\n  defaults: {replicas: 1}\n",
    "staging": "  namespace: shop-staging\n  labels: {env: staging}\n  defaults: {replicas: 2}\n",
    "production": "  abstract: true\n  namespace: shop\n  labels: {env: production}\n  defaults: {replicas: 4}\n",
    "production-eu": "  extends: production\n  cluster: {name: eu}\n  labels: {region: eu}\n",
    "production-us": "  extends: production\n  cluster: {name: us}\n  labels: {region: us}\n",
}
Template = dict[str, Any]


class TeamDay:
    """`main` is where the remote's branch is looked at; `done` counts the actions that became commits on it.

    `tell` gets a line for each of them as it happens.
    """

    def __init__(self, folder: Path, seed: int, apps: int, tell: Callable[[str], object] = str) -> None:
        self.random = Random(seed)
        self.tell = tell
        self.clock = 0
        self.tags = 0
        self.done: Counter[str] = Counter()
        self.ran: dict[tuple[str, str, str], list[Template]] = {}  # templates by environment, app and stable version
        self.apps = [f"app-{number:02}" for number in range(apps)]
        self.remote = folder / "remote"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", self.remote], check=True)
        self.main = init(folder / "main")
        self._begin()
        self.git(self.main, "remote", "add", "origin", str(self.remote))
        self.git(self.main, "push", "--quiet", "--set-upstream", "origin", "main")
        self.clones = [folder / f"clone-{number}" for number in range(CLONES)]
        for clone in self.clones:
            self.git(folder, "clone", "--quiet", str(self.remote), str(clone))
        self._remember()

    def _begin(self) -> None:
        order = ", ".join((*ENVS[:2], f"[{', '.join(PRODUCTION)}]"))
        files = {"rollspec.yaml": f"{PROJECT}  promotion: [{order}]\n{_ARGOCD}"}
        for env, text in _OVERLAYS.items():
            files[f"overlays/{env}/overlay.yaml"] = HEAD.format(kind="Overlay", name=env) + text
        for number, app in enumerate(self.apps):
            head = HEAD.format(kind="App", name=app)
            image = f"  image: ghcr.io/acme/{app}\n  tag: 1.4.2\n  env: {{LOG: info}}\n"
            files[f"apps/{app}.yaml"] = head + image + KINDS[number % len(KINDS)]
            for env in PRODUCTION if number % 2 else ():
                files[f"overlays/{env}/apps/{app}.yaml"] = f"{head}  env: {{REGION: {env[-2:]}}}\n"
        for path, text in files.items():
            (self.main / path).parent.mkdir(parents=True, exist_ok=True)
            (self.main / path).write_text(text)
        done = run(self.main, "render")
        assert done.code == 0, done.err
        self.commit(self.main, "begin")

    def git(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Git with the day's clock; it may fail."""
        date = f"{1_767_225_600 + self.clock * 60} +0000"
        variables = environment(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date, GIT_EDITOR="true")
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, env=variables, check=False
        )

    def commit(self, folder: Path, message: str) -> bool:
        """Everything as one commit; False where there is nothing to commit."""
        self.git(folder, "add", "--all")
        return self.git(folder, "commit", "--quiet", "--no-verify", "--message", message).returncode == 0

    def play(self, commits: int) -> None:
        """Act until so many changes are on main; after each, nothing is broken and no app is at a dead end."""
        tries = 0
        while sum(self.done.values()) < commits:
            tries += 1
            assert tries < 20 * commits, f"hardly anything works: {self.done}"
            self.clock += 1
            clone = self.random.choice(self.clones)
            if self.random.random() < 0.7:  # others work on what they pulled a while ago
                self.reset(clone)
            name, action = self.random.choice(ACTIONS)
            before = self.head(clone)
            said = action(self, clone)
            if self.head(clone) != before and self._push(clone):
                self.done[name] += 1
                self.tell(f"{sum(self.done.values()):4} {name}")
                self._judge(name, said or "")

    def reset(self, clone: Path) -> None:
        """The clone as the remote is."""
        self.git(clone, "fetch", "--quiet")
        self.git(clone, "reset", "--quiet", "--hard", "origin/main")
        self.git(clone, "clean", "-fdq")

    def head(self, folder: Path) -> str:
        return self.git(folder, "rev-parse", "HEAD").stdout

    def _push(self, clone: Path) -> bool:
        """Rebase on what others pushed, or merge it, and push; what conflicts, or a check refuses, is given up."""
        how = self.random.choice(("--rebase", "--no-rebase"))
        if self.git(clone, "pull", "--quiet", "--no-edit", how).returncode:
            self.git(clone, "rebase" if how == "--rebase" else "merge", "--abort")
            self.reset(clone)
            return False
        run(clone, "render")
        if self.git(clone, "status", "--porcelain").stdout:
            self.commit(clone, "render what the rebase brought together")
        checked = run(clone, "validate", "--base", "origin/main")
        if checked.code:
            assert ": error: " in checked.err + checked.out or "error" in checked.err, checked
            self.reset(clone)
            return False
        return self.git(clone, "push", "--quiet").returncode == 0

    def _judge(self, name: str, said: str) -> None:
        self.git(self.main, "pull", "--quiet")
        checked = run(self.main, "render", "--check")
        assert checked.code == 0, f"{name}: {checked}"
        opened = open_project(str(self.main))
        for env in ENVS:
            for app in self.apps:
                ways = list(ways_out(spec_in(opened, app, env)))
                assert ways, f"{name} left {app} in {env} at a dead end"
        if name in ("abort", "undo"):
            self._as_it_ran(said)
        self._remember()

    def _as_it_ran(self, said: str) -> None:
        """What is stable alone again has the template that it had when it ran, or the verb says that it has not."""
        for key, template in self._alone().items():
            known = self.ran.get(key)
            if known is not None and template not in known:
                assert f"{key[1]} in {key[0]}" in said, f"{key} came back otherwise than it ran: {said}"

    def _remember(self) -> None:
        for key, template in self._alone().items():
            known = self.ran.setdefault(key, [])
            if template not in known:
                known.append(template)

    def _alone(self) -> dict[tuple[str, str, str], Template]:
        """The pod templates of apps with nothing in flight, by environment, app and version."""
        found = {}
        for path in sorted(self.main.glob("rendered/*/*/*.yaml")):
            if path.name in ("rollout.yaml", "deployment.yaml"):
                data, _ = load(path.read_bytes(), path.name)
                template = json.loads(json.dumps(data))["spec"]["template"]
                version = template["metadata"]["labels"]["version"]
                found[path.parts[-3], path.parts[-2], version] = template
        return found

    def verb(self, clone: Path, *words: str) -> str:
        """A verb that commits; it may be refused."""
        return told(run(clone, *words, "--commit"))

    def choose(self) -> tuple[str, list[str]]:
        """An app, and the words for an environment, or for both of production."""
        env = self.random.choice(ENVS)
        both = env in PRODUCTION and self.random.random() < 0.5
        return self.random.choice(self.apps), [
            word for each in (PRODUCTION if both else (env,)) for word in ("--env", each)
        ]

    def tag(self) -> str:
        """A version that nobody has seen."""
        self.tags += 1
        return f"1.{10 + self.tags}.0"


def told(done: Outcome) -> str:
    """What a command says; a defect or a failure to look fails the day."""
    assert done.code in (0, 1, 2), done
    return done.out + done.err


def ways_out(spec: dict[str, Any] | Any) -> Iterator[str]:
    """The verbs that lead on from a state."""
    if spec.get("paused"):
        yield from [] if isinstance(verbs.resume(spec), Refusal) else ["resume"]
    elif in_flight(spec):
        ends = {"abort": verbs.abort, "promote": verbs.promote}
        yield from (name for name, verb in ends.items() if not isinstance(verb(spec), Refusal))
    else:
        yield from [] if isinstance(verbs.release(spec, "9.9.9", weight=20), Refusal) else ["release"]


def release(day: TeamDay, clone: Path) -> str:
    app, _ = day.choose()
    return day.verb(clone, "release", app, day.tag(), "--env", "dev", "--weight", "20")


def onward(day: TeamDay, clone: Path) -> str:
    app, _ = day.choose()
    return day.verb(clone, "release", app, "--env", day.random.choice(ENVS[1:]), "--weight", "20")


def train(day: TeamDay, clone: Path) -> str:
    return day.verb(clone, "release", "--train", "--env", day.random.choice(ENVS[1:]), "--weight", "20")


def hotfix(day: TeamDay, clone: Path) -> str:
    app, _ = day.choose()
    env = day.random.choice(ENVS)
    return day.verb(clone, "release", app, day.tag(), "--env", env, "--weight", "50", "--hotfix", "--skip")


def simple(verb: str, *more: str) -> Callable[[TeamDay, Path], str]:
    """A verb for one app or, now and then, for all that it fits."""

    def act(day: TeamDay, clone: Path) -> str:
        app, env = day.choose()
        about = ["--all"] if day.random.random() < 0.5 else [app]
        return day.verb(clone, verb, *about, *more, *env)

    return act


def bot(day: TeamDay, clone: Path) -> str:
    """A bump of `tag` by a bot, and the commit that makes releases of it."""
    path = clone / f"apps/{day.choose()[0]}.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(f"  tag: {day.tag()}\n" if line.startswith("  tag: ") else line for line in lines))
    run(clone, "render")
    day.commit(clone, "bump")
    return day.verb(clone, "release", "--from-edits", "--base", "HEAD~1", "--weight", "5")


def configure(day: TeamDay, clone: Path) -> str:
    """An edit of the configuration by hand."""
    path = clone / f"apps/{day.choose()[0]}.yaml"
    text = path.read_text()
    start, end = text.index("env: {LOG: ") + 11, text.index("}", text.index("env: {LOG: "))
    path.write_text(text[:start] + f"level{day.random.randrange(1000)}" + text[end:])
    run(clone, "render")
    day.commit(clone, "configure")
    return ""


def revert(day: TeamDay, clone: Path) -> str:
    number = day.random.randrange(4)
    if day.git(clone, "revert", "--no-edit", f"HEAD~{number}").returncode:
        day.git(clone, "revert", "--abort")
        day.reset(clone)
    return ""


def merge(day: TeamDay, clone: Path) -> str:
    """A verb on a branch that began at an older commit, merged with a merge commit."""
    app, env = day.choose()
    day.git(clone, "switch", "--quiet", "--create", "work", "HEAD~3")
    said = day.verb(clone, "pause", app, *env)
    day.git(clone, "switch", "--quiet", "main")
    if day.git(clone, "merge", "--quiet", "--no-ff", "--no-edit", "work").returncode:
        day.git(clone, "merge", "--abort")
    day.git(clone, "branch", "--quiet", "--delete", "--force", "work")
    run(clone, "render")
    day.commit(clone, "render what the merge brought together")
    return said


def squash(day: TeamDay, clone: Path) -> str:
    """Two verbs on a branch, merged as one commit."""
    app, env = day.choose()
    day.git(clone, "switch", "--quiet", "--create", "work")
    said = day.verb(clone, "weight", app, "40", *env)
    said += day.verb(clone, "weight", app, "60", *env)
    day.git(clone, "switch", "--quiet", "main")
    day.git(clone, "merge", "--quiet", "--squash", "work")
    day.commit(clone, f"work on {app}")
    day.git(clone, "branch", "--quiet", "--delete", "--force", "work")
    return said


ACTIONS: tuple[tuple[str, Callable[[TeamDay, Path], str]], ...] = (
    ("release", release),
    ("release", release),
    ("onward", onward),
    ("train", train),
    ("hotfix", hotfix),
    ("weight", simple("weight", "50")),
    ("promote", simple("promote")),
    ("promote", simple("promote")),
    ("abort", simple("abort")),
    ("retry", simple("retry")),
    ("undo", simple("undo")),
    ("pause", simple("pause")),
    ("resume", simple("resume")),
    ("restart", simple("restart")),
    ("bot", bot),
    ("configure", configure),
    ("revert", revert),
    ("squash", squash),
    ("merge", merge),
)


if __name__ == "__main__":
    SEED, COMMITS, APPS = (int(word) for word in (*sys.argv[1:4], *("1", "200", "30")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as place:
        day = TeamDay(Path(place), SEED, APPS, partial(print, flush=True))
        day.play(COMMITS)
        print(f"{COMMITS} commits of {APPS} apps: {dict(day.done.most_common())}")
